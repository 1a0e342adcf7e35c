#!/usr/bin/env bash
# Brings a real Kubernetes up on a machine without Docker; see README.md.
#
#   up.sh                     full: one node that runs pods; state .local/cluster,
#                             kubeconfig .local/kubeconfig
#   up.sh --api               API server, etcd and controllers only; state .local/api
#   up.sh --api --state DIR   the same, private: in DIR, on a free range of ports
#
# Can be run again at any time: what runs stays, what is missing is started.
set -euo pipefail
CLUSTER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
. "$CLUSTER/lib/common.sh"
# shellcheck source=lib/settings.sh
. "$CLUSTER/lib/settings.sh"
# shellcheck source=lib/process.sh
. "$CLUSTER/lib/process.sh"
# shellcheck source=lib/checks.sh
. "$CLUSTER/lib/checks.sh"
# shellcheck source=lib/pki.sh
. "$CLUSTER/lib/pki.sh"
# shellcheck source=lib/control-plane.sh
. "$CLUSTER/lib/control-plane.sh"

# link_programs NAME...: the built ones of this version into STATE/bin.
link_programs() {
  local path
  while IFS= read -r path; do
    link_program "$(basename "$path")" "$path"
  done < <("$CLUSTER_DIR/build.sh" --path "$@")
}

make_state_folder() {
  mkdir -p "$STATE"/{bin,conf,data,log,pki,run}
  touch "$STATE/$STATE_MARKER"
  echo "$PORTS_FROM" >"$STATE/ports"
}

up_full() {
  # shellcheck source=lib/network.sh
  . "$CLUSTER_DIR/lib/network.sh"
  # shellcheck source=lib/node.sh
  . "$CLUSTER_DIR/lib/node.sh"
  # shellcheck source=lib/dns.sh
  . "$CLUSTER_DIR/lib/dns.sh"
  link_node_programs
  remember_machine
  make_network
  start_containerd
  start_control_plane
  "$CLUSTER_DIR/load.sh" "$("$CLUSTER_DIR/images/pause.sh")"
  start_kubelet
  start_kube_proxy
  start_dns
  wait_node
  wait_default_account
}

main() {
  parse_arguments "$@"
  local programs=("${API_PROGRAMS[@]}") packages=(--api)
  if [[ $MODE == full ]]; then
    if uses_kind; then
      # shellcheck source=lib/kind.sh
      . "$CLUSTER_DIR/lib/kind.sh"
      up_kind
      return
    fi
    programs=("${FULL_PROGRAMS[@]}") packages=()
  fi
  check_root
  check_tools
  check_state_folder
  lock "$STATE"
  check_disk "${programs[@]}"
  choose_ports
  check_ports

  unlocked "$CLUSTER_DIR/packages.sh" "${packages[@]}"
  unlocked "$CLUSTER_DIR/build.sh" "${programs[@]}"
  # From here on everything is local: no proxy may come between the parts.
  unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY KUBECONFIG
  make_state_folder
  link_programs "${programs[@]}"
  make_pki
  if [[ $MODE == full ]]; then
    up_full
  else
    start_control_plane
    wait_default_account
  fi
  say "up; kubeconfig $KUBECONFIG_FILE, audit log $STATE/audit.log"
}

main "$@"
