# shellcheck shell=bash
# The node: containerd, kubelet, kube-proxy and their configuration. Sourced,
# never run.

link_node_programs() { link_program containerd "$(command -v containerd)"; }

start_containerd() {
  write_containerd_config
  # A pull goes to a closed port of this machine, whatever the registry is
  # called: a missing image fails at once, and nothing is asked outside.
  (
    export HTTP_PROXY=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1
    start containerd --config "$CONF/containerd.toml"
  )
  wait_ready 30 containerd ctr --address "$RUN/containerd.sock" version
}

write_containerd_config() {
  local cri='plugins."io.containerd.grpc.v1.cri"' registry
  mkdir -p "$CONF/cni"
  cat >"$CONF/containerd.toml" <<TOML
version = 2
root = "$DATA/containerd"
state = "$RUN/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "$RUN/containerd.sock"
[$cri]
sandbox_image = "$PAUSE_IMAGE"
stream_server_address = "127.0.0.1"
stream_server_port = "$CONTAINERD_STREAM_PORT"
netns_mounts_under_state_dir = true
# Without CAP_SYS_RESOURCE runc may not lower a score, and every pod would die
# with "can't get final child's PID from pipe: EOF".
restrict_oom_score_adj = true
[$cri.cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$CONF/cni"
[$cri.registry]
config_path = "$CONF/registries"
[$cri.containerd]
snapshotter = "overlayfs"
discard_unpacked_layers = true
[$cri.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[$cri.containerd.runtimes.runc.options]
SystemdCgroup = false
Root = "$RUN/runc"
TOML
  # The [host] table is needed: with "server" alone a name is still looked up.
  for registry in _default docker.io; do
    mkdir -p "$CONF/registries/$registry"
    cat >"$CONF/registries/$registry/hosts.toml" <<'TOML'
server = "http://127.0.0.1:1"
[host."http://127.0.0.1:1"]
capabilities = ["pull", "resolve"]
TOML
  done
  # No masquerading, no port mapping: no firewall rules from here.
  cat >"$CONF/cni/10-codeflare.conflist" <<JSON
{"cniVersion": "1.0.0", "name": "codeflare", "plugins": [
  {"type": "bridge", "bridge": "$POD_LINK", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$DATA/cni", "ranges": [[{"subnet": "$POD_SUBNET"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
}

start_kubelet() {
  : >"$CONF/resolv.conf" # empty: pods must not see the machine's resolver
  cat >"$CONF/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$RUN/containerd.sock
imageServiceEndpoint: unix://$RUN/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false # 1.35 is the last version that is at ease with cgroup v1
failSwapOn: false
makeIPTablesUtilChains: false # nobody here uses iptables
address: $NODE_IP
port: $KUBELET_PORT
healthzBindAddress: 127.0.0.1
healthzPort: $KUBELET_HEALTH_PORT
readOnlyPort: 0
tlsCertFile: $PKI/kubelet-server.crt
tlsPrivateKeyFile: $PKI/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
clusterDNS: [$DNS_SERVICE_IP]
clusterDomain: cluster.local
resolvConf: $CONF/resolv.conf
podLogsDir: $LOG/pods
volumePluginDir: $DATA/volume-plugins
maxPods: 60
# Images come from files, so none may be thrown away.
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: 1Gi, nodefs.inodesFree: 1%, imagefs.available: 1Gi}
containerLogMaxSize: 10Mi
YAML
  start kubelet --config="$CONF/kubelet.yaml" --kubeconfig="$CONF/kubelet.kubeconfig" \
    --root-dir="$DATA/kubelet" --cert-dir="$RUN/kubelet" --runtime-cgroups=/ \
    --hostname-override="$NODE_NAME" --node-ip="$NODE_IP"
}

# kube-proxy leaves the machine's connection tracking and loopback alone.
start_kube_proxy() {
  keep_file "$CONF/kube-proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: $CONF/proxy.kubeconfig}
clusterCIDR: $POD_SUBNET
detectLocalMode: ClusterCIDR
bindAddress: $NODE_IP
healthzBindAddress: 127.0.0.1:$PROXY_HEALTH_PORT
metricsBindAddress: 127.0.0.1:$PROXY_METRICS_PORT
nodePortAddresses: [$NODE_IP/32]
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {localhostNodePorts: false}
# Answers of a pod on the same bridge must come back through the machine.
nftables: {masqueradeAll: true, minSyncPeriod: 0s, syncPeriod: 30s}
YAML
  start kube-proxy --config="$CONF/kube-proxy.yaml" --hostname-override="$NODE_NAME"
}

node_ready() {
  [[ $(kube get node "$NODE_NAME" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

wait_node() {
  wait_ready 60 kubelet node_ready
  wait_ready 30 kube-proxy curl -fsS "http://127.0.0.1:$PROXY_HEALTH_PORT/healthz"
  wait_ready 30 coredns curl -fsS "http://127.0.0.1:$DNS_READY_PORT/ready"
  say "node, proxy and DNS ready"
}
