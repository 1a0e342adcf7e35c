#!/usr/bin/env bash
# Submits Runs and watches them to their end; ends with 0 only if every one has succeeded.
#   tests/kind/deploy-tests.sh [--timeout SECONDS] [FILE...]
#
# Without a FILE: every Run in tests/runs. A Run of the same name that is there goes first.
# A Run that fails, or has not ended after SECONDS (600 for all together), is told of with
# its reason, its message and the last lines of its pods.
#
# The cluster is that of KUBECONFIG, or else the one that hack/up.sh brought up; kind or any
# other. kubectl is the one of the path, or the one that hack/cluster/build.sh has made.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Last lines of each pod of a Run that has not succeeded.
readonly LINES_SHOWN=20

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }

LIMIT=600
FILES=()
while (($#)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --timeout)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--timeout needs a number of seconds, not '${2:-}'"
      LIMIT=$2
      shift
      ;;
    -*) die "there is no option $1; see $0 --help" ;;
    *) FILES+=("$1") ;;
  esac
  shift
done
((${#FILES[@]} > 0)) || FILES=(tests/runs/*.yaml)

KUBECTL=$(command -v kubectl || hack/cluster/build.sh --path kubectl) ||
  die "kubectl is missing; install it, or run hack/cluster/build.sh kubectl"
export KUBECONFIG=${KUBECONFIG:-$PWD/.local/kubeconfig}
"$KUBECTL" get --raw /readyz >/dev/null || die "no cluster answers at $KUBECONFIG; run hack/up.sh, or set KUBECONFIG"

# Runs that have not ended, as NAMESPACE/NAME, and how the others did.
declare -A LEFT=() UID_OF=()
FAILED=()

# submit FILE: makes its Runs anew.
submit() {
  local run namespace name uid count=0
  [[ -r $1 ]] || die "there is no file $1"
  while IFS= read -r run; do
    namespace=$(jq -r '.metadata.namespace // "default"' <<<"$run")
    name=$(jq -r .metadata.name <<<"$run")
    [[ -z ${LEFT[$namespace/$name]:-} ]] || die "$1: Run $namespace/$name is in two files"
    "$KUBECTL" --namespace "$namespace" delete run "$name" --ignore-not-found --wait --timeout=60s >/dev/null
    uid=$("$KUBECTL" create -f - -o 'jsonpath={.metadata.uid}' <<<"$run") || die "$1: Run $namespace/$name was refused"
    LEFT[$namespace/$name]=new
    UID_OF[$namespace/$name]=$uid
    count=$((count + 1))
    printf '%5d s  %s: submitted (%s)\n' "$SECONDS" "$namespace/$name" "$1"
  done < <("$KUBECTL" create -f "$1" --dry-run=client -o json |
    jq -c 'if .kind == "List" then .items[] else . end | select(.kind == "Run")')
  ((count > 0)) || die "$1 has no Run, or is none that this cluster knows"
}

# note NAMESPACE NAME PHASE REASON: what the watch has shown.
note() {
  local run=$1/$2
  [[ -n ${LEFT[$run]:-} && ${LEFT[$run]} != "$3 $4" ]] || return 0
  LEFT[$run]="$3 $4"
  printf '%5d s  %s: %s %s\n' "$SECONDS" "$run" "$3" "${4#<none>}"
  case $3 in
    Succeeded) unset "LEFT[$run]" ;;
    Failed)
      unset "LEFT[$run]"
      FAILED+=("$run")
      ;;
  esac
}

# Watches until all have ended or the time is up; a watch that the server ends is opened
# again, and begins with how everything is.
watch_runs() {
  local until=$((SECONDS + LIMIT)) out pid namespace name phase reason
  local columns='NAMESPACE:.metadata.namespace,NAME:.metadata.name,PHASE:.status.phase,REASON:.status.reason'
  while ((${#LEFT[@]} > 0 && SECONDS < until)); do
    exec {out}< <(exec "$KUBECTL" get runs --all-namespaces --watch --no-headers --output "custom-columns=$columns")
    pid=$!
    while ((${#LEFT[@]} > 0 && SECONDS < until)) &&
      read -r -t $((until - SECONDS)) -u "$out" namespace name phase reason; do
      note "$namespace" "$name" "$phase" "$reason"
    done
    kill "$pid" 2>/dev/null || true
    exec {out}<&-
    # One that cannot be opened is not tried without a pause.
    ((${#LEFT[@]} == 0 || SECONDS >= until)) || sleep 1
  done
}

# complain NAMESPACE/NAME WHAT: why a Run is no success, as far as the cluster says.
complain() {
  local namespace=${1%/*} name=${1#*/}
  printf '\nerror: Run %s %s\n' "$1" "$2"
  "$KUBECTL" --namespace "$namespace" get run "$name" \
    --output 'jsonpath={.status.phase} {.status.reason}: {.status.message}{"\n"}' || true
  "$KUBECTL" --namespace "$namespace" logs --selector "codeflare.dev/run-uid=${UID_OF[$1]}" \
    --all-containers --prefix --ignore-errors --tail="$LINES_SHOWN" || true
}

main() {
  local file run total
  for file in "${FILES[@]}"; do submit "$file"; done
  total=${#LEFT[@]}
  watch_runs
  for run in "${FAILED[@]}"; do complain "$run" "has failed" >&2; done
  for run in "${!LEFT[@]}"; do complain "$run" "has not ended within $LIMIT s" >&2; done
  if ((${#FAILED[@]} + ${#LEFT[@]} > 0)); then
    printf '\n' >&2
    die "$((${#FAILED[@]} + ${#LEFT[@]})) of $total Runs have not succeeded"
  fi
  echo "all $total Runs have succeeded"
}

main
