#!/usr/bin/env bash
# Takes the local cluster away: processes, containers, mounts, links, rules,
# routes, cgroups, files. The cache of binaries and images stays.
#
#   down.sh                    the full cluster
#   down.sh --api [--state DIR]  the API-only one
#
# Works also over the remains of a cluster whose processes were killed.
set -euo pipefail
CLUSTER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
. "$CLUSTER/lib/common.sh"
# shellcheck source=lib/settings.sh
. "$CLUSTER/lib/settings.sh"
# shellcheck source=lib/process.sh
. "$CLUSTER/lib/process.sh"

# remove_state: the folder, provided that it is ours and nothing is mounted in it.
remove_state() {
  ! awk -v dir="$STATE/" 'index($2, dir) == 1 {found = 1} END {exit !found}' /proc/mounts ||
    die "Something is still mounted under $STATE; its files were left alone."
  rm -rf --one-file-system "$STATE"
  rm -f "$KUBECONFIG_FILE"
  rmdir "$REPO_DIR/.local" 2>/dev/null || true
}

main() {
  parse_arguments "$@"
  if [[ $MODE == full ]] && uses_kind; then
    # shellcheck source=lib/kind.sh
    . "$CLUSTER_DIR/lib/kind.sh"
    down_kind
    return
  fi
  if [[ ! -e $STATE/$STATE_MARKER ]]; then
    say "nothing to take down: $STATE is not there"
    return
  fi
  [[ $MODE == api ]] || ((EUID == 0)) || die "The full cluster can only be taken down as root."
  lock "$STATE"
  local ports strays
  ports=$(cat "$STATE/ports" 2>/dev/null || true)
  if [[ $MODE == full ]]; then
    # shellcheck source=lib/node-down.sh
    . "$CLUSTER_DIR/lib/node-down.sh"
    # shellcheck source=lib/network.sh
    . "$CLUSTER_DIR/lib/network.sh"
    end_named kubelet kube-scheduler kube-controller-manager coredns kube-proxy
    say "node and controllers have ended"
    remove_containers
    end_named kube-apiserver etcd
    say "API server and etcd have ended"
    unmount_state
    remove_network
    restore_machine
  else
    end_named kube-controller-manager kube-apiserver etcd
  fi
  # What a killed "up" may have started without writing its id down.
  mapfile -t strays < <(own_pids)
  end "${strays[@]}"
  remove_state
  [[ -z $ports ]] || rm -f "$CACHE_DIR/ports/$ports"
  say "down; nothing is left of $STATE"
}

main "$@"
