#!/usr/bin/env bash
# The image that examples run in: a minimal Debian 12 with its Python 3.11 and pip,
# localhost/codeflare/python:3.11. Prints the path of the image's tar. Takes
# half a minute the first time and needs root.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"
# shellcheck source=images/debian.sh
. "$CLUSTER_DIR/images/debian.sh"

# shellcheck disable=SC2317 # called by cached_image
make_image() {
  debian_layer "$2/layer.tar" python3,python3-pip
  write_image localhost/codeflare/python:3.11 "$(jq -cn --arg path "$(path_setting)" \
    '{Cmd: ["python3"], User: "1000", Env: [$path, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"]}')" \
    "$1" "$2/layer.tar"
}

cached_image python "half a minute" "${BASH_SOURCE[0]}"
