#!/usr/bin/env bash
# Installs the platform of examples/watsonx-ai beside the CodeFlare Platform that is there,
# with what hack/my.secrets.sh says of its repository.
#   hack/platform.sh [--uninstall | HELM FLAG...]
# Can be run again at any time. hack/up.sh does it where hack/my.secrets.sh exists.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

EXAMPLE=examples/watsonx-ai
RELEASE=watsonx-ai
export KUBECONFIG=${KUBECONFIG:-$STATE_DIR/kubeconfig}

case ${1:-} in
  -h | --help) sed -n '2,5s/^# //p' "$0" && exit 0 ;;
esac

HELM=$(program helm)
if [[ ${1:-} == --uninstall ]]; then
  "$HELM" uninstall "$RELEASE" --namespace "$NAMESPACE" --wait
  exit
fi

# What the caller says goes before what is in the file.
if [[ -z ${WATSONX_REPO_URL:-} && -r hack/my.secrets.sh ]]; then
  # shellcheck source=/dev/null
  . hack/my.secrets.sh
fi

# Through a pipe: what stands among a program's arguments everybody may read.
values() {
  jq -n '{repository: ({url: env.WATSONX_REPO_URL, pattern: env.WATSONX_REPO_PATTERN,
    user: env.WATSONX_REPO_USER, token: env.WATSONX_REPO_TOKEN} | with_entries(select(.value != null)))}'
}

# From this tree: no repository of charts is asked.
"$HELM" dependency update --skip-refresh "$EXAMPLE" >/dev/null
"$HELM" upgrade --install "$RELEASE" "$EXAMPLE" --namespace "$NAMESPACE" --create-namespace \
  --set codeflare-platform.enabled=false --values <(values) "$@" >/dev/null
echo "$RELEASE is installed; tests/kind/deploy-tests.sh makes a Run of each of its Applications"
