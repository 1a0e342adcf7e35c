# shellcheck shell=bash
# etcd, API server, controllers, scheduler: what both modes start. Sourced,
# never run.

kube() { "$STATE/bin/kubectl" --kubeconfig "$CONF/admin.kubeconfig" "$@"; }

start_control_plane() {
  write_audit_policy
  start_etcd
  start_api_server
  wait_ready 90 kube-apiserver kube get --raw /readyz
  say "API server ready at $API_URL:$API_PORT"
  start_controllers
  if [[ $MODE == full ]]; then start_scheduler; fi
}

# One line per finished request, without bodies: tests count requests in it.
write_audit_policy() {
  cat >"$CONF/audit-policy.yaml" <<YAML
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
omitStages: [RequestReceived, ResponseStarted, Panic]
rules: [{level: Metadata}]
YAML
}

# etcd syncs every write to disk, as in earnest: what was answered survives kill -9.
start_etcd() {
  local client=http://127.0.0.1:$ETCD_PORT peer=http://127.0.0.1:$ETCD_PEER_PORT
  start etcd --name codeflare --data-dir "$DATA/etcd" --log-level warn \
    --heartbeat-interval 50 --election-timeout 500 \
    --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "codeflare=$peer"
}

start_api_server() {
  local flags=()
  if [[ $MODE == full ]]; then
    flags=(--advertise-address="$NODE_IP" --endpoint-reconciler-type=lease
      --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP
      --kubelet-client-certificate="$PKI/admin.crt" --kubelet-client-key="$PKI/admin.key")
  else
    # Nobody reaches it through a Service here; a loopback address in the
    # endpoints of "kubernetes" would be refused, time and again.
    flags=(--advertise-address=127.0.0.1 --endpoint-reconciler-type=none)
  fi
  start kube-apiserver --bind-address="$API_ADDRESS" --secure-port="$API_PORT" "${flags[@]}" \
    --etcd-servers="http://127.0.0.1:$ETCD_PORT" --service-cluster-ip-range="$SERVICE_SUBNET" \
    --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
    --client-ca-file="$PKI/ca.crt" --cert-dir="$RUN/apiserver" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$PKI/service-accounts.pub" \
    --service-account-signing-key-file="$PKI/service-accounts.key" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement \
    --allow-privileged=true --profiling=false \
    --audit-policy-file="$CONF/audit-policy.yaml" --audit-log-path="$STATE/audit.log" \
    --audit-log-maxsize=10240
}

start_controllers() {
  local controllers='*'
  # Without nodes, these would evict and collect the pods that a test plays
  # the kubelet for.
  if [[ $MODE == api ]]; then
    controllers='*,-node-lifecycle-controller,-taint-eviction-controller,-pod-garbage-collector-controller'
  fi
  start kube-controller-manager --kubeconfig="$CONF/controllers.kubeconfig" --controllers="$controllers" \
    --bind-address=127.0.0.1 --secure-port="$CONTROLLERS_PORT" --cert-dir="$RUN/controllers" \
    --leader-elect=false --use-service-account-credentials=true --root-ca-file="$PKI/ca.crt" \
    --kube-api-qps=200 --kube-api-burst=400 \
    --service-account-private-key-file="$PKI/service-accounts.key" \
    --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" \
    --flex-volume-plugin-dir="$DATA/volume-plugins"
}

start_scheduler() {
  start kube-scheduler --kubeconfig="$CONF/scheduler.kubeconfig" --leader-elect=false \
    --bind-address=127.0.0.1 --secure-port="$SCHEDULER_PORT" --cert-dir="$RUN/scheduler"
}

# A pod cannot be created before its namespace has a ServiceAccount.
wait_default_account() {
  wait_ready 60 kube-controller-manager kube get serviceaccount default
}
