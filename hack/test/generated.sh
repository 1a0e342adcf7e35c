#!/usr/bin/env bash
# Generated files are what their source makes of them.
#   hack/test/generated.sh [--update]
set -euo pipefail
cd "$(dirname "$0")/../.."

# shellcheck source=hack/lib.sh
. hack/lib.sh

build_host
codeflare=$HOST_BINARY
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for one in "crd charts/codeflare-platform/crds" "schema wit/schemas"; do
  read -r command folder <<<"$one"
  if [[ ${1:-} == --update ]]; then
    "$codeflare" "$command" --dir "$folder"
  fi
  "$codeflare" "$command" --dir "$out/$command"
  diff -ru "$folder" "$out/$command" || {
    echo "error: $folder is not what the sources make; write it with: codeflare $command --dir $folder" >&2
    exit 1
  }
done
