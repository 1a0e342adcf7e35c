#!/usr/bin/env bash
# The pause image: the process that holds a pod's namespaces, Debian's static
# catatonit. Prints the path of the image's tar.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"

main() {
  local program key out work
  program=$(command -v catatonit) || die "catatonit is missing; run hack/cluster/packages.sh as root once."
  key=$(cat "$program" "${BASH_SOURCE[0]}" "$CLUSTER_DIR/images/archive.sh" | cache_key)
  out=$IMAGE_CACHE/pause-$key.tar
  if [[ ! -e $out ]]; then
    work=$(mktemp -d "$IMAGE_CACHE/.pause.XXXXXX")
    install -D -m 755 "$program" "$work/root/pause"
    chmod 755 "$work/root"
    steady_tar "$work/root" "$work/layer.tar"
    write_image localhost/codeflare/pause:dev '{"Entrypoint": ["/pause", "-P"], "User": "65535"}' "$out" "$work/layer.tar"
    rm -rf "$work"
    say "made the pause image"
  fi
  echo "$out"
}

main "$@"
