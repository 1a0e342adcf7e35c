#!/usr/bin/env bash
# The image of a peer's operator: its static program and nothing else, as user
# 65532; localhost/codeflare/NAME-operator:VERSION. Prints the path of its tar.
#
#   operator.sh NAME          a peer of ../peers.sh; its program is built if missing
#   operator.sh --name NAME   print what the image is called; make nothing
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"

main() {
  local only_name='' peer image program key out work
  if [[ ${1:-} == --name ]]; then only_name=1 && shift; fi
  (($# == 1)) || die "Usage: operator.sh [--name] NAME"
  peer=$1
  image=localhost/codeflare/$peer-operator:$(
    awk '$1 == "require" && NF == 3 {print $3; exit}' "$CLUSTER_DIR/go/$peer/go.mod"
  )
  if [[ $only_name ]]; then
    echo "$image"
    return
  fi
  "$CLUSTER_DIR/build.sh" "$peer"
  program=$("$CLUSTER_DIR/build.sh" --path "$peer")
  key=$({
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
    write_image "$image" '{"Entrypoint": ["/manager"], "User": "65532:65532"}' "$out" "$work/layer.tar"
    rm -rf "$work"
    say "made the image of $peer's operator"
  fi
  echo "$out"
}

main "$@"
