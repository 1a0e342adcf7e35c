# shellcheck shell=bash
# The full cluster's network and its guard: nothing that a pod sends leaves the
# machine. Also what has to be put back afterwards. Sourced, never run.

# Kernel settings that kubelet, kube-proxy and the bridge plugin change.
readonly SYSCTLS=(kernel.keys.root_maxbytes kernel.keys.root_maxkeys kernel.panic
  kernel.panic_on_oops net.ipv4.conf.all.route_localnet net.ipv4.ip_forward
  net.netfilter.nf_conntrack_max net.netfilter.nf_conntrack_tcp_timeout_close_wait
  net.netfilter.nf_conntrack_tcp_timeout_established vm.overcommit_memory vm.panic_on_oom)
# Folders outside the state that containerd, CNI and kubelet make, deepest first.
readonly OUTSIDE_DIRS=(/run/containerd/s /run/containerd /var/lib/cni/results /var/lib/cni
  /var/lib/kubelet/device-plugins /var/lib/kubelet /var/log/containers /var/log/pods /opt/containerd)

# remember_machine: once per state, before the first change.
remember_machine() {
  local dir
  [[ ! -s $STATE/sysctl.before ]] || return 0
  nft list tables >"$STATE/tables.before"
  printf '%s\n' /run/containerd/s/* >"$STATE/shims.before"
  for dir in "${OUTSIDE_DIRS[@]}"; do [[ -e $dir ]] || echo "$dir"; done >"$STATE/dirs.absent"
  sysctl -e "${SYSCTLS[@]}" >"$STATE/sysctl.before.part" 2>/dev/null || true
  mv "$STATE/sysctl.before.part" "$STATE/sysctl.before"
}

restore_machine() {
  local family name dir
  if [[ -s $STATE/sysctl.before ]]; then sysctl -q -e -p "$STATE/sysctl.before" || true; fi
  # kube-proxy looks for rules of its other modes and may leave empty tables.
  while read -r _ family name; do
    grep -qx "table $family $name" "$STATE/tables.before" 2>/dev/null && continue
    nft list table "$family" "$name" | grep -qE 'jump|goto|accept$|drop|counter|masquerade' ||
      nft delete table "$family" "$name"
  done < <(nft list tables | grep -E '^table (ip|ip6) (filter|nat|mangle|raw)$')
  if [[ -e $STATE/dirs.absent ]]; then
    while read -r dir; do rmdir "$dir" 2>/dev/null || true; done <"$STATE/dirs.absent"
  fi
}

# make_network: a bridge without ports bears the node's address and swallows
# what is sent to a pod or service that does not exist.
make_network() {
  modprobe -qa overlay br_netfilter nf_tables 2>/dev/null || true # may be built in
  ip link show dev "$NODE_LINK" >/dev/null 2>&1 || ip link add "$NODE_LINK" type bridge
  ip link set "$NODE_LINK" up
  ip addr replace "$NODE_IP/32" dev "$NODE_LINK"
  ip route replace "$POD_RANGE" dev "$NODE_LINK" src "$NODE_IP"
  ip route replace "$SERVICE_SUBNET" dev "$NODE_LINK" src "$NODE_IP"
  sysctl -q -w net.ipv4.ip_forward=1
  make_guard
  say "network and its guard are there"
}

# Pods talk to each other, to the API server, to DNS, and to ports of NODE_IP
# that somebody adds to the set host_ports; to nothing else. Services are
# translated before these rules see a packet. What is not allowed is refused
# rather than dropped, so that a program notices at once.
make_guard() {
  local ours="{ \"lo\", \"$POD_LINK\", \"$NODE_LINK\" }" ranges="{ $POD_RANGE, $SERVICE_SUBNET }" others=accept
  # The machine must now forward between our links; if it forwarded nothing
  # before, it still forwards nothing between others.
  ! grep -qx 'net.ipv4.ip_forward = 0' "$STATE/sysctl.before" || others=drop
  nft -f - <<NFT
table inet $GUARD_TABLE {
  set host_ports { type inet_service; }
  chain forward { type filter hook forward priority -300; policy accept; }
  chain input { type filter hook input priority -300; policy accept; }
  chain arriving { type filter hook prerouting priority -300; policy accept; }
  chain leaving { type filter hook postrouting priority 300; policy accept; }
}
flush chain inet $GUARD_TABLE forward
flush chain inet $GUARD_TABLE input
flush chain inet $GUARD_TABLE arriving
flush chain inet $GUARD_TABLE leaving
add element inet $GUARD_TABLE host_ports { $API_PORT }
table inet $GUARD_TABLE {
  chain forward {
    iifname { "$POD_LINK", "$NODE_LINK" } oifname { "$POD_LINK", "$NODE_LINK" } accept
    iifname "$POD_LINK" meta l4proto tcp counter reject with tcp reset
    iifname "$POD_LINK" counter reject with icmpx admin-prohibited
    oifname "$POD_LINK" counter drop
    counter $others
  }
  chain input {
    iifname != "$POD_LINK" accept
    ct state established,related accept
    meta l4proto { icmp, icmpv6 } accept
    ip daddr $NODE_IP meta l4proto { tcp, udp } th dport 53 accept
    ip daddr $NODE_IP tcp dport @host_ports accept
    meta l4proto tcp counter reject with tcp reset
    counter reject with icmpx admin-prohibited
  }
  chain arriving {
    iifname != $ours ip daddr $ranges counter drop
  }
  chain leaving {
    oifname != $ours ip saddr $ranges counter drop
    oifname != $ours ip daddr $ranges counter drop
  }
}
NFT
}

# remove_network: routes go with their link, pod ends of a veth with the other.
remove_network() {
  local link
  for link in $(ip -o link show master "$POD_LINK" 2>/dev/null | awk -F'[ :@]+' '{print $2}'); do
    ip link del "$link" 2>/dev/null || true
  done
  ip link del "$POD_LINK" 2>/dev/null || true
  ip link del "$NODE_LINK" 2>/dev/null || true
  nft delete table ip kube-proxy 2>/dev/null || true
  nft delete table ip6 kube-proxy 2>/dev/null || true
  nft delete table inet "$GUARD_TABLE" 2>/dev/null || true
}
