#!/usr/bin/env bash
# Shows that the full cluster does what README.md says, from nothing to nothing:
# takes a running one down first, and leaves none behind. Needs root; 2 minutes.
#
#   smoke.sh          one line per check, closing line "N passed, N failed"
set -euo pipefail
CLUSTER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
. "$CLUSTER/lib/common.sh"
# shellcheck source=lib/settings.sh
. "$CLUSTER/lib/settings.sh"
# shellcheck source=lib/process.sh
. "$CLUSTER/lib/process.sh"
# shellcheck source=lib/node-down.sh
. "$CLUSTER/lib/node-down.sh"
# shellcheck source=lib/smoke-objects.sh
. "$CLUSTER/lib/smoke-objects.sh"
# shellcheck source=lib/smoke-machine.sh
. "$CLUSTER/lib/smoke-machine.sh"

PASSED=0 FAILED=0
OUTPUT=$(mktemp)
trap 'rm -f "$OUTPUT" "$OUTPUT".*' EXIT

# check WHAT COMMAND...: one line; the command's output only when it fails.
check() {
  local what=$1 began status
  began=$(date +%s%N)
  shift
  # Not as a condition: bash would then go on after a command that fails.
  set +e
  (set -e && "$@") >"$OUTPUT" 2>&1
  status=$?
  set -e
  if ((status == 0)); then
    PASSED=$((PASSED + 1))
    printf 'ok    %5d ms  %s\n' $((($(date +%s%N) - began) / 1000000)) "$what"
  else
    FAILED=$((FAILED + 1))
    printf 'FAIL  %5d ms  %s\n' $((($(date +%s%N) - began) / 1000000)) "$what"
    sed 's/^/      | /' "$OUTPUT" | tail -n 30
  fi
}

kube() { "$STATE/bin/kubectl" --kubeconfig "$FULL_KUBECONFIG" "$@"; }
up() { "$CLUSTER_DIR/up.sh"; }
down() { "$CLUSTER_DIR/down.sh"; }
load_python() { "$CLUSTER_DIR/load.sh" "$("$CLUSTER_DIR/images/python.sh")"; }

# pod_succeeds NAME: runs to its end; its log is the output.
pod_succeeds() {
  local ended=0
  wait_for 60 "pod $1 to end" pod_ended "$1" || ended=1
  kube logs "$1" || true
  ((ended == 0)) && [[ $(phase_of "$1") == Succeeded ]]
}
phase_of() { kube get pod "$1" -o jsonpath='{.status.phase}'; }
pod_ended() { [[ $(phase_of "$1") =~ ^(Succeeded|Failed)$ ]]; }
pod_ready() { kube wait --for=condition=Ready --timeout=60s "pod/$1"; }

# run_probe NAME: a restricted pod that must end well.
run_probe() {
  kube delete pod "$1" --ignore-not-found --now >/dev/null
  "probe_$1" | kube apply -f -
  pod_succeeds "$1"
}

workers_meet() {
  two_workers | kube apply -f -
  kube wait --for=condition=Complete --timeout=90s job/meet || {
    kube get pods -o wide
    kube logs -l job-name=meet --prefix
    return 1
  }
  kube logs -l job-name=meet --prefix
}

missing_image_fails() {
  restricted_pod missing </dev/null | sed 's|image: .*|image: docker.io/library/nothing:1|' | kube apply -f -
  wait_for 30 "the pull to fail" pull_failed
  kube delete pod missing --now
}
pull_failed() {
  [[ $(kube get pod missing -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}') =~ ^(ErrImagePull|ImagePullBackOff)$ ]]
}

# A program without a single library, or the base could not be checked here.
host_image_made() {
  local folder image=$OUTPUT.tar
  folder=$(mktemp -d)
  printf '\0asm' >"$folder/probe.wasm"
  "$CLUSTER_DIR/images/host.sh" /usr/bin/true "$folder" "$image"
  tar -tf "$image"
  cp "$image" "$OUTPUT.first"
  rm -f "$IMAGE_CACHE_OF_HOST"/platform-*.tar
  "$CLUSTER_DIR/images/host.sh" /usr/bin/true "$folder" "$image"
  rm -rf "$folder"
  cmp "$image" "$OUTPUT.first"
  "$CLUSTER_DIR/load.sh" "$image"
}

audit_is_lean() {
  jq -es 'length > 50 and all(.stage == "ResponseComplete" and .level == "Metadata" and (.requestObject == null))' \
    "$STATE/audit.log"
}

# Everything dies at once; a ConfigMap written a moment before must survive.
kill_everything() {
  kube create configmap survivor --from-literal=nonce=42
  local pids
  mapfile -t pids < <(own_pids && shim_pids)
  echo "killing ${#pids[@]} processes"
  kill -9 "${pids[@]}"
}
survived() { [[ $(kube get configmap survivor -o jsonpath='{.data.nonce}') == 42 ]]; }

main() {
  (($# == 0)) || die "smoke.sh takes no arguments."
  parse_arguments "$@"
  ((EUID == 0)) || die "smoke.sh brings the full cluster up and down and needs root."
  ! uses_kind || die "smoke.sh looks at the local cluster; set CODEFLARE_CLUSTER=local."
  IMAGE_CACHE_OF_HOST=$CACHE_DIR/images
  down
  note_machine "$OUTPUT.before"

  check "up, from nothing" up
  check "the Python image is loaded" load_python
  check "a second load is skipped" load_python
  check "a taken port is told, with its process" taken_port_told
  check "restricted pod reaches https://kubernetes.default.svc and DNS" run_probe api
  check "nothing leaves the machine" run_probe outside
  check "a pod reaches another by its Service's address" service_reached
  check "two pods of an Indexed Job find each other by name" workers_meet
  check "kubectl exec" kube exec server -- python3 -c 'print("hello")'
  check "an unknown image fails at once, asking nobody" missing_image_fails
  check "the host's image: made twice, the same bytes, loaded" host_image_made
  check "audit log: finished requests only, without bodies" audit_is_lean
  check "up again is harmless" up
  check "the pod from before still runs" pod_ready server
  check "kill -9 of every process" kill_everything
  check "up over the remains" up
  check "what was written before is there" survived
  check "pods run again" run_probe api
  check "down" down
  check "down again is harmless" down
  note_machine "$OUTPUT.after"
  check "processes, mounts, links, routes, rules, cgroups, files, settings as before" \
    diff "$OUTPUT.before" "$OUTPUT.after"

  echo "$PASSED passed, $FAILED failed"
  ((FAILED == 0))
}

main "$@"
