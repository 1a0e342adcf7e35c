#!/usr/bin/env bash
# The image that examples run in: a minimal Debian 12 with its Python 3.11,
# localhost/codeflare/python:3.11. Prints the path of the image's tar. Takes
# half a minute the first time and needs root.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"

# shellcheck disable=SC2016 # the hooks' $1 is mmdebstrap's, the folder of the root
make_layer() {
  local out=$1
  # A fixed time makes mmdebstrap's tar the same for the same packages.
  SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --mode=root --variant=essential --include=python3 \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/zoneinfo/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*' \
    --customize-hook='find "$1"/usr -name __pycache__ -prune -exec rm -rf {} +' \
    --customize-hook='ln -s python3 "$1"/usr/bin/python' \
    --customize-hook='echo "user:x:1000:1000::/tmp:/usr/sbin/nologin" >>"$1"/etc/passwd' \
    bookworm "$out" >&2
}

main() {
  local key out layer
  key=$(cat "${BASH_SOURCE[0]}" "$CLUSTER_DIR/images/archive.sh" | cache_key)
  out=$IMAGE_CACHE/python-$key.tar
  if [[ ! -e $out ]]; then
    ((EUID == 0)) || die "Making the Python image needs root."
    command -v mmdebstrap >/dev/null || die "mmdebstrap is missing; run hack/cluster/packages.sh as root once."
    lock "the Python image"
  fi
  if [[ ! -e $out ]]; then
    say "making the Python image (half a minute)"
    layer=$(mktemp -d "$IMAGE_CACHE/.python.XXXXXX")
    make_layer "$layer/layer.tar" || die "mmdebstrap could not make the Python image."
    write_image localhost/codeflare/python:3.11 "$(jq -cn --arg path "$(path_setting)" \
      '{Cmd: ["python3"], User: "1000", Env: [$path, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"]}')" \
      "$out" "$layer/layer.tar"
    rm -rf "$layer"
    say "made the Python image"
  fi
  echo "$out"
}

main "$@"
