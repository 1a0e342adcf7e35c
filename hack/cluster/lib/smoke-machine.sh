# shellcheck shell=bash
# What smoke.sh compares before and after. Sourced, never run.

# note_machine FILE: all that a cluster could leave behind. Processes and files
# of other people come and go, so only what could be the cluster's is listed.
note_machine() {
  {
    echo "processes:" "$(own_pids && shim_pids)"
    grep -F -e "$REPO_DIR/.local/cluster" -e kubepods /proc/mounts || true
    ip -o link show | awk -F'[ :@]+' '$2 ~ /^(cf-|veth)/ {print "link", $2}'
    ip -o route show | grep -E 'cf-|^10\.(244|96)\.' || true
    nft list ruleset
    for tool in iptables-legacy-save ip6tables-legacy-save; do
      ! command -v "$tool" >/dev/null || "$tool" | grep -E 'KUBE|CNI' || true
    done
    find /sys/fs/cgroup -maxdepth 2 -name 'kubepods*' -printf 'cgroup %p\n'
    find /var/lib/cni /var/lib/kubelet /run/containerd /var/log/containers /var/log/pods \
      "$FULL_STATE" "$FULL_KUBECONFIG" -printf 'file %p\n' 2>/dev/null || true
    ip netns list 2>/dev/null || true
    sysctl -e net.ipv4.ip_forward vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops \
      kernel.keys.root_maxkeys kernel.keys.root_maxbytes net.ipv4.conf.all.route_localnet \
      net.netfilter.nf_conntrack_max 2>/dev/null || true
  } >"$1"
}

# taken_port_told: another state's ports, held by somebody else's process.
taken_port_told() {
  local folder said holder
  folder=$(mktemp -d)
  touch "$folder/$STATE_MARKER"
  python3 -c 'import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()' < <(exec tail -s 0.1 --pid=$$ -f /dev/null) >"$folder/port" &
  holder=$!
  wait_for 5 "the port to be held" test -s "$folder/port"
  cp "$folder/port" "$folder/ports"
  said=$("$CLUSTER_DIR/up.sh" --api --state "$folder" 2>&1) && return 1
  kill "$holder"
  echo "$said"
  ls "$folder"
  [[ $said == *"Port $(cat "$folder/port") on 127.0.0.1 is taken by python3 (process $holder)"* && ! -e $folder/bin ]] || return 1
  rm -rf "$folder"
}
