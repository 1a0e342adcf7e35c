# shellcheck shell=bash
# Taking a node's containers, mounts and cgroups away, whether or not the
# processes that made them still live. Sourced, never run.

# remove_containers: containerd first, then its shims, then what runc started.
# runc's own records under STATE say which processes those are.
remove_containers() {
  local pids id root=$RUN/runc/k8s.io
  end_named containerd
  mapfile -t pids < <(shim_pids)
  end "${pids[@]}"
  if [[ -d $root ]] && command -v runc >/dev/null; then
    for id in "$root"/*; do
      [[ -e $id ]] || continue
      id=$(basename "$id")
      runc --root "$root" delete --force "$id" 2>/dev/null || say "container $id does not end"
    done
  fi
  remove_shim_sockets
  say "containers are gone"
  remove_cni_results
  remove_kubelet_files
  remove_cgroups
}

# shim_pids: shims name their containerd's socket on their command line.
shim_pids() {
  local dir arguments
  for dir in /proc/[0-9]*; do
    { mapfile -d '' -t arguments <"$dir/cmdline"; } 2>/dev/null || continue
    [[ ${arguments[0]:-} == *containerd-shim-runc-v2 &&
      " ${arguments[*]} " == *" -address $RUN/containerd.sock "* ]] && echo "${dir#/proc/}"
  done
  return 0
}

# A shim's socket lies in a folder that all containerds share. One that nobody
# listens on any more, and that was not there before us, goes.
remove_shim_sockets() {
  local socket listening
  listening=$(ss -H -lx)
  for socket in /run/containerd/s/*; do
    [[ -e $socket && $listening != *"$socket "* ]] || continue
    grep -qxF "$socket" "$STATE/shims.before" 2>/dev/null || rm -f "$socket"
  done
}

# CNI keeps a file per pod outside our folder, ours under our network's name,
# and one for the pod's loopback.
remove_cni_results() {
  local file id
  for file in /var/lib/cni/results/codeflare-*-eth0; do
    [[ -e $file ]] || continue
    id=$(basename "$file" -eth0)
    rm -f "$file" "/var/lib/cni/results/cni-loopback-${id#codeflare-}-lo"
  done
}

remove_kubelet_files() {
  local link
  for link in /var/log/containers/*.log; do
    [[ $(readlink "$link") != "$LOG/pods/"* ]] || rm -f "$link"
  done
  # Made by every kubelet at a fixed place; dead once nobody listens on it.
  ss -H -lx | grep -qF /var/lib/kubelet/device-plugins/kubelet.sock ||
    rm -f /var/lib/kubelet/device-plugins/kubelet.sock /var/lib/kubelet/device-plugins/kubelet_internal_checkpoint
}

# remove_cgroups: kubelet's, in one hierarchy (v2) or in each (v1). Whatever
# still runs in them is a container's whose record was lost: "up" refuses a
# machine where another kubelet has pods, so they are ours. A killed process
# stays in its cgroup until it is reaped, hence the wait.
remove_cgroups() {
  wait_for 10 "the pods' cgroups to be empty" cgroups_removed ||
    die "Processes of pods do not end; see $(kubepods | head -n 1)."
}

kubepods() { find /sys/fs/cgroup -maxdepth 2 -type d -name kubepods; }

cgroups_removed() {
  local dir pid left=0
  while read -r dir; do
    while read -r pid; do kill -9 "$pid" || true; done < <(find "$dir" -name cgroup.procs -exec cat {} +)
    find "$dir" -depth -type d -exec rmdir {} + || true
    [[ ! -d $dir ]] || left=1
  done < <(kubepods)
  return "$left"
}

unmount_state() {
  local mount
  while read -r mount; do
    umount -l "$mount" || say "could not unmount $mount"
  done < <(awk -v dir="$STATE/" 'index($2, dir) == 1 {print $2}' /proc/mounts | sort -r)
}
