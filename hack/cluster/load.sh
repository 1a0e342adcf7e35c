#!/usr/bin/env bash
# Imports images into the running full cluster; no registry is involved.
#
#   load.sh TAR...   docker-archive files, as images/*.sh make them
#
# An image that is there with the same content is skipped.
set -euo pipefail
CLUSTER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
. "$CLUSTER/lib/common.sh"
# shellcheck source=lib/settings.sh
. "$CLUSTER/lib/settings.sh"

containerd() { ctr --address "$FULL_STATE/run/containerd.sock" --namespace k8s.io "$@"; }

# loaded_config NAME: digest of the configuration of the image of that name,
# which covers its layers too.
loaded_config() {
  local target
  target=$(containerd images ls "name==$1" | awk 'NR == 2 {print $3}')
  [[ -n $target ]] || return 0
  containerd content get "$target" | jq -r '.config.digest // empty'
}

# load TAR: its manifest names the image and its configuration, sha256.json.
load() {
  local manifest name config
  manifest=$(tar -xOf "$1" manifest.json) || die "$1 is not a docker-archive."
  name=$(jq -r '.[0].RepoTags[0]' <<<"$manifest")
  config=sha256:$(jq -r '.[0].Config | sub(".json$"; "")' <<<"$manifest")
  if [[ $(loaded_config "$name") == "$config" ]]; then
    say "$name is there"
    return
  fi
  containerd images import --snapshotter overlayfs "$1" >/dev/null || die "Importing $1 failed."
  say "loaded $name"
}

main() {
  (($#)) || die "Usage: load.sh TAR..."
  local tar
  for tar in "$@"; do
    [[ -r $tar ]] || die "There is no file $tar."
    if uses_kind; then
      # shellcheck source=lib/kind.sh
      . "$CLUSTER_DIR/lib/kind.sh"
      load_kind "$tar"
    else
      [[ -S $FULL_STATE/run/containerd.sock ]] || die "The full cluster is not up; run hack/cluster/up.sh first."
      load "$tar"
    fi
  done
}

main "$@"
