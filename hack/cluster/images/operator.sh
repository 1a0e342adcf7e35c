#!/usr/bin/env bash
# The image of a peer's operator: its static program and nothing else, as user
# 65532; localhost/codeflare/NAME-operator:VERSION. Prints the path of its tar.
# Its program is built if missing.
#
#   operator.sh NAME          a peer of ../peers.sh
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"
# shellcheck source=lib/peers.sh
. "$CLUSTER_DIR/lib/peers.sh"

main() {
  (($# == 1)) || die "Usage: operator.sh NAME"
  local peer=$1 program key out work
  check_peer "$peer"
  "$CLUSTER_DIR/build.sh" "$peer"
  program=$("$CLUSTER_DIR/build.sh" --path "$peer")
  key=$({
    operator_image "$peer"
    echo "$program" # its folder bears the key of what it was built from
    cat "${BASH_SOURCE[0]}" "$CLUSTER_DIR/images/archive.sh"
  } | cache_key)
  out=$IMAGE_CACHE/$peer-operator-$key.tar
  if [[ ! -e $out ]]; then
    work=$(mktemp -d "$IMAGE_CACHE/.$peer.XXXXXX")
    install -D -m 755 "$program" "$work/root/manager"
    mkdir -m 1777 "$work/root/tmp"
    chmod 755 "$work/root"
    steady_tar "$work/root" "$work/layer.tar"
    write_image "$(operator_image "$peer")" '{"Entrypoint": ["/manager"], "User": "65532:65532"}' "$out" "$work/layer.tar"
    rm -rf "$work"
    say "made the image of $peer's operator"
  fi
  echo "$out"
}

main "$@"
