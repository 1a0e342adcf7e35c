#!/usr/bin/env bash
# tests/kind/deploy-tests.sh against an API server without a host: Runs end as this script
# writes into their status.
#   hack/test/deploy.sh KUBECONFIG
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

KUBECONFIG=${1:?usage: hack/test/deploy.sh KUBECONFIG}
export KUBECONFIG
KUBECTL=$(program kubectl)
PATH=$(dirname "$KUBECTL"):$PATH
SPACE=deploy-tests-$$
work=$(mktemp -d)
trap 'rm -rf "$work"; "$KUBECTL" delete namespace "$SPACE" --wait=false >/dev/null 2>&1 || true' EXIT

# run NAME FILE: a file with a Run.
run() {
  cat >"$2" <<YAML
apiVersion: codeflare.dev/v1alpha1
kind: Run
metadata: {name: $1, namespace: $SPACE}
spec: {application: {name: any}}
YAML
}

# ends NAME PHASE REASON MESSAGE: what a host would write, once the Run of this moment is there.
ends() {
  "$KUBECTL" -n "$SPACE" wait --for=create --timeout=60s "run/$1" >/dev/null
  "$KUBECTL" -n "$SPACE" patch run "$1" --subresource=status --type=merge \
    --patch "{\"status\": {\"phase\": \"$2\", \"reason\": \"$3\", \"message\": \"$4\"}}" >/dev/null
}

# told CODE WORDS FILES...: the script ends with this code, and says this.
told() {
  local code=$1 words=$2 found=0
  shift 2
  tests/kind/deploy-tests.sh "$@" >"$work/out" 2>&1 || found=$?
  wait
  [[ $found == "$code" ]] || die "deploy-tests.sh $* ended with $found, not $code: $(cat "$work/out")"
  grep -qF -- "$words" "$work/out" || die "deploy-tests.sh $* does not say '$words': $(cat "$work/out")"
}

"$KUBECTL" apply --server-side --force-conflicts -f "$CHART/crds" >/dev/null
"$KUBECTL" wait --for=condition=Established --timeout=30s -f "$CHART/crds" >/dev/null
"$KUBECTL" create namespace "$SPACE" >/dev/null
for name in good also bad never; do run "$name" "$work/$name.yaml"; done

{ ends good Running Running '' && ends also Succeeded Succeeded '' && ends good Succeeded Succeeded ''; } &
told 0 'all 2 Runs have succeeded' --timeout 60 "$work/good.yaml" "$work/also.yaml"
grep -qF "$SPACE/good: Running" "$work/out" || die "what a Run does on its way is not shown: $(cat "$work/out")"

# The Runs of before go first: their ends are not those of today.
"$KUBECTL" -n "$SPACE" delete runs --all --wait >/dev/null
{ ends good Succeeded Succeeded '' && ends bad Failed ProgramFailed 'it exited with code 3'; } &
told 1 'Failed ProgramFailed: it exited with code 3' --timeout 60 "$work/good.yaml" "$work/bad.yaml"
grep -qF '1 of 2 Runs have not succeeded' "$work/out" || die "it does not count: $(cat "$work/out")"

# That it has succeeded before does not count either.
"$KUBECTL" create -f "$work/never.yaml" >/dev/null
ends never Succeeded Succeeded ''
told 1 "$SPACE/never has not ended within 3 s" --timeout 3 "$work/never.yaml"
told 1 'there is no file' "$work/none.yaml"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' >"$work/other.yaml"
told 1 'has no Run' "$work/other.yaml"
echo "deploy-tests.sh: succeeds with every Run, and says which did not"
