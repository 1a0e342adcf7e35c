# shellcheck shell=bash
# What can be told to be wrong before anything is changed: one clear sentence
# each, exit 1. Sourced, never run.

# check_root: only the full cluster makes links, mounts and rules.
check_root() {
  [[ $MODE == api ]] || ((EUID == 0)) ||
    die "The full cluster makes links, mounts and firewall rules and needs root; run it as root, or use up.sh --api."
}

check_tools() {
  local missing
  command -v go >/dev/null || die "Go is missing: install Go 1.26 or newer, on PATH or in /usr/local/go."
  ((EUID == 0)) && return
  missing=$("$CLUSTER_DIR/packages.sh" --check --api | tr '\n' ' ')
  [[ -z $missing ]] || die "Packages are missing (${missing% }); run hack/cluster/packages.sh --api as root once."
}

check_state_folder() {
  [[ ! -e $STATE || -e $STATE/$STATE_MARKER || -z $(ls -A "$STATE" 2>/dev/null) ]] ||
    die "$STATE is not empty and not a state folder of this cluster; choose another."
  [[ $STATE != *[[:space:]]* ]] || die "The path $STATE contains a blank, which not every part of Kubernetes bears."
  # containerd's sockets lie three levels below; the kernel allows 107 bytes.
  ((${#STATE} <= 75)) || die "The path $STATE is longer than 75 bytes, too long for the sockets in it."
}

# check_disk: an API-only state stays below 200 MiB; the full one holds images.
check_disk() {
  local need=512 free missing
  [[ $MODE == api ]] || need=3072
  free=$(free_mib "$STATE")
  ((free >= need)) || die "The disk is full: $STATE needs $need MiB and there are $free MiB free."
  missing=$("$CLUSTER_DIR/build.sh" --missing "$@")
  if [[ -n $missing ]]; then
    free=$(free_mib "$CACHE_DIR")
    ((free >= 8192)) || die "The disk is full: building ${missing//$'\n'/, } needs 8192 MiB for $CACHE_DIR and Go's caches, and there are $free MiB free."
  fi
}

# listeners_on ADDRESS PORT: "pid program" of whoever listens where we want to
# ("? ?" when ss may not tell).
listeners_on() {
  ss -H -ltunp "sport = :$2" | awk -v address="$1" '
    { local = $5; sub(/:[0-9]+$/, "", local); sub(/%.*/, "", local)
      if (local == address || local == "0.0.0.0" || local == "*" || local == "[::]") {
        program = pid = "?"
        if (match($0, /\(\("[^"]*"/)) program = substr($0, RSTART + 3, RLENGTH - 4)
        if (match($0, /pid=[0-9]+/)) pid = substr($0, RSTART + 4, RLENGTH - 4)
        print pid, program } }'
}

# check_port ADDRESS PORT: free, or held by a process of this very state.
check_port() {
  local pid program first
  while read -r pid program; do
    first=''
    { IFS= read -r -d '' first <"/proc/$pid/cmdline"; } 2>/dev/null || true
    [[ $first == "$STATE/bin/"* ]] ||
      die "Port $2 on $1 is taken by $program (process $pid); end it or free the port."
  done < <(listeners_on "$1" "$2")
}

# check_ranges: the pods' and services' addresses lead nowhere else yet.
check_ranges() {
  local range route
  for range in "$POD_RANGE" "$SERVICE_SUBNET"; do
    route=$(ip -4 -o route show root "$range" 2>/dev/null | grep -vE " dev ($NODE_LINK|$POD_LINK) " | head -n 1 || true)
    [[ -z $route ]] ||
      die "The address range $range is in use on this machine: $route."
  done
}

# check_kubelet: two on one machine would end each other's pods.
check_kubelet() {
  local procs
  [[ ! -e $STATE/$STATE_MARKER ]] || return 0
  for procs in /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods; do
    [[ ! -d $procs || -z $(find "$procs" -name cgroup.procs -exec cat {} + 2>/dev/null) ]] ||
      die "Another Kubernetes runs pods on this machine (processes in $procs); take it down first."
  done
}

check_ports() {
  local port
  command -v ss >/dev/null || return 0 # iproute2 comes with the packages
  check_port "$API_ADDRESS" "$API_PORT"
  for port in "$ETCD_PORT" "$ETCD_PEER_PORT" "$CONTROLLERS_PORT"; do check_port 127.0.0.1 "$port"; done
  [[ $MODE == full ]] || return 0
  check_ranges
  check_kubelet
  check_port "$NODE_IP" 53
  check_port "$NODE_IP" "$KUBELET_PORT"
  for port in "$SCHEDULER_PORT" "$KUBELET_HEALTH_PORT" "$PROXY_HEALTH_PORT" "$PROXY_METRICS_PORT" \
    "$DNS_HEALTH_PORT" "$DNS_READY_PORT" "$CONTAINERD_STREAM_PORT"; do
    check_port 127.0.0.1 "$port"
  done
}

# choose_ports: the mode's own, or for a private state the recorded or a free
# range. A lock keeps two scripts from choosing the same one.
choose_ports() {
  local from taken
  if [[ $MODE == full ]]; then
    use_ports "$FULL_PORTS_FROM"
  elif [[ $STATE == "$API_STATE" ]]; then
    use_ports "$API_PORTS_FROM"
  elif [[ -s $STATE/ports ]]; then
    use_ports "$(cat "$STATE/ports")"
  else
    # Reserved ranges are files in the cache that name their state folder.
    mkdir -p "$CACHE_DIR/ports"
    exec {PORTS_FD}>"$CACHE_DIR/ports/lock"
    flock "$PORTS_FD"
    taken=" $(ss -H -ltn | awk '{sub(/.*:/, "", $4); printf "%s ", $4}')"
    for ((from = PRIVATE_PORTS_FROM; from <= PRIVATE_PORTS_TO; from += PORTS_PER_CLUSTER)); do
      range_is_free "$from" "$taken" && break
    done
    ((from <= PRIVATE_PORTS_TO)) || die "No free range of ports between $PRIVATE_PORTS_FROM and $PRIVATE_PORTS_TO."
    echo "$STATE" >"$CACHE_DIR/ports/$from"
    # A range counts as reserved while its state is there, so make it now.
    mkdir -p "$STATE"
    touch "$STATE/$STATE_MARKER"
    echo "$from" >"$STATE/ports"
    exec {PORTS_FD}>&-
    use_ports "$from"
  fi
}

# range_is_free FROM TAKEN
range_is_free() {
  local offset owner
  owner=$(cat "$CACHE_DIR/ports/$1" 2>/dev/null || true)
  [[ -z $owner || $owner == "$STATE" || ! -e $owner/$STATE_MARKER ]] || return 1
  for offset in 0 1 2 3; do
    [[ $2 != *" $(($1 + offset)) "* ]] || return 1
  done
}
