#!/usr/bin/env bash
# Brings everything up: a cluster, the platform, the example Runs; shows them to their end.
#   hack/up.sh [--no-examples]
# With hack/my.secrets.sh also the platform of examples/watsonx-ai (hack/my.secrets.sh.template).
# Can be run again at any time: what is there stays, what is missing or older is made.
# Ends with 0 if every example ended as it should. hack/down.sh takes it all away.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

EXAMPLES=yes
case ${1:-} in
  '') ;;
  --no-examples) EXAMPLES=no ;;
  -h | --help) sed -n '2,6s/^# //p' "$0" && exit 0 ;;
  *) die "unknown argument $1; see hack/up.sh --help" ;;
esac

# How long the Runs may take together.
PATIENCE=240
# The platform's image, as the chart names it.
IMAGE=localhost/codeflare/platform:dev
# Where the example Runs live.
RUNS=examples

build() {
  say "building the host and the plugins"
  # The whole workspace's features, as the tests build it: nothing is compiled twice.
  build_host
  hack/plugins.sh "$PLUGINS"
  hack/exec.sh "$STATE_DIR/exec"
  hack/cluster/images/host.sh "$HOST_BINARY" "$PLUGINS" "$STATE_DIR/platform.tar" "$IMAGE" "$STATE_DIR/exec"
}

install() {
  local digest
  say "installing the platform"
  hack/cluster/load.sh "$STATE_DIR/platform.tar"
  digest=$(sha256sum "$STATE_DIR/platform.tar" | cut -c1-16)
  # Helm leaves definitions alone that are there already.
  "$KUBECTL" apply --server-side --force-conflicts -f "$CHART/crds" >/dev/null
  "$KUBECTL" wait --for=condition=Established --timeout=30s -f "$CHART/crds" >/dev/null
  # Under one tag the image changes: its digest in the template makes new pods.
  "$HELM" upgrade --install codeflare "$CHART" --namespace "$NAMESPACE" --create-namespace \
    --set host.image.tag=dev --set host.image.pullPolicy=Never \
    --set-string "host.podAnnotations.codeflare\.dev/image=$digest" \
    --wait --timeout 120s >/dev/null ||
    {
      "$KUBECTL" -n "$NAMESPACE" get pods -o wide >&2
      "$KUBECTL" -n "$NAMESPACE" logs deployment/codeflare-host --tail=20 >&2 || true
      die "the platform did not become ready; the pods and the host's last lines are above"
    }
  "$KUBECTL" apply -f hack/small-sizes.yaml >/dev/null
}

# The frameworks' operators, and images to run programs in.
frameworks() {
  local image
  say "bringing up operators and images"
  for image in python ray torch; do
    hack/cluster/load.sh "$(hack/cluster/images/$image.sh | tail -n 1)"
  done
  # On kind, operators are installed as their projects say.
  [[ ! -d $STATE_DIR/cluster ]] || hack/cluster/peers.sh up kuberay jobset
}

# submit FILE: creates the objects of a file; its Run gets a name and a nonce of its own.
# Prints: RUN NONCE EXPECTED PODS, the last being how many pods must have written it.
submit() {
  local nonce objects run name expected pods
  nonce=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
  objects=$("$KUBECTL" -n "$RUNS" create -f "$1" --dry-run=client -o json |
    jq -cs '[.[] | if .kind == "List" then .items[] else . end]')
  jq -c '.[] | select(.kind != "Run")' <<<"$objects" | "$KUBECTL" apply -f - >&2
  run=$(jq -c --arg nonce "$nonce" 'map(select(.kind == "Run"))[0]
    | .metadata.name += "-" + $nonce | .spec.env.NONCE = $nonce' <<<"$objects")
  name=$(jq -r .metadata.name <<<"$run")
  expected=$(jq -r '.metadata.annotations["examples.codeflare.dev/ends"] // "Succeeded"' <<<"$run")
  pods=$(jq -r '.metadata.annotations["examples.codeflare.dev/pods"] // .spec.workers // 1' <<<"$run")
  "$KUBECTL" create -f - <<<"$run" >&2
  echo "$name $nonce $expected $pods"
}

phase_of() {
  "$KUBECTL" -n "$RUNS" get run "$1" -o jsonpath='{.status.phase}'
}

# wait_end RUN: until it has ended, or patience has.
wait_end() {
  local phase='' last='' until=$((SECONDS + PATIENCE))
  while ((SECONDS < until)); do
    phase=$(phase_of "$1")
    [[ $phase == "$last" ]] || say "$1: ${phase:-new}"
    last=$phase
    case $phase in Succeeded | Failed) return 0 ;; esac
    sleep 0.5
  done
  return 1
}

# check_run RUN NONCE EXPECTED PODS: how it ended, and what its pods wrote.
check_run() {
  local uid phase log pods
  wait_end "$1" || { complain "$1" "did not end within $PATIENCE s"; return 1; }
  phase=$(phase_of "$1")
  [[ $phase == "$3" ]] || { complain "$1" "ended $phase, and $3 was expected"; return 1; }
  uid=$("$KUBECTL" -n "$RUNS" get run "$1" -o jsonpath='{.metadata.uid}')
  log=$("$KUBECTL" -n "$RUNS" logs -l "codeflare.dev/run-uid=$uid" --prefix --tail=-1)
  grep -q "nonce $2" <<<"$log" || { complain "$1" "its log lacks the nonce $2"; return 1; }
  pods=$(grep "nonce $2" <<<"$log" | sed 's/^\[\([^]]*\)\].*/\1/' | sort -u | wc -l)
  ((pods >= $4)) || { complain "$1" "its log has lines of $pods pods, and $4 were expected"; return 1; }
}

complain() {
  printf 'error: Run/%s %s\n' "$1" "$2" >&2
  "$KUBECTL" -n "$RUNS" get run "$1" -o jsonpath='{.status.reason}: {.status.message}{"\n"}' >&2 || true
  "$KUBECTL" -n "$NAMESPACE" logs deployment/codeflare-host --tail=10 >&2 || true
}

examples() {
  local file line submitted=() wrong=0
  "$KUBECTL" create namespace "$RUNS" --dry-run=client -o yaml | "$KUBECTL" apply -f - >/dev/null
  # One after the other: two cores have no room for two frameworks, and each of two that
  # have half their pods would wait for the other.
  for file in examples/[0-9]*/*.yaml; do
    line=$(submit "$file")
    submitted+=("$line")
    # shellcheck disable=SC2086 # four words
    check_run $line || wrong=$((wrong + 1))
  done
  echo
  "$KUBECTL" -n "$RUNS" get runs
  echo
  ((wrong == 0)) || die "$wrong of ${#submitted[@]} example Runs did not end as they should"
  say "all ${#submitted[@]} example Runs ended as they should, each log with its nonce"
}

main() {
  mkdir -p "$STATE_DIR"
  hack/cluster/up.sh
  export KUBECONFIG=$STATE_DIR/kubeconfig
  KUBECTL=$(program kubectl)
  HELM=$(program helm)
  build
  install
  frameworks
  [[ $EXAMPLES == no ]] || examples
  # Only who has said where its repository is.
  [[ ! -r hack/my.secrets.sh ]] || hack/platform.sh
  say "up; export KUBECONFIG=.local/kubeconfig"
}

main
