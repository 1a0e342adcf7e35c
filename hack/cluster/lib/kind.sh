# shellcheck shell=bash
# The full cluster where a Docker engine and kind are at hand. NOT EXERCISED:
# the machines on which this project is developed have no Docker. Sourced,
# never run.

up_kind() {
  mkdir -p "$STATE"
  touch "$STATE/$STATE_MARKER" "$STATE/audit.log"
  if ! kind get clusters 2>/dev/null | grep -qx "$KIND_CLUSTER"; then
    cat >"$STATE/audit-policy.yaml" <<YAML
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
omitStages: [RequestReceived, ResponseStarted, Panic]
rules: [{level: Metadata}]
YAML
    kind create cluster --name "$KIND_CLUSTER" --kubeconfig "$KUBECONFIG_FILE" --wait 120s --config - <<YAML
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  extraMounts:
  - {hostPath: $STATE, containerPath: /codeflare}
  kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    apiServer:
      extraArgs: {audit-policy-file: /codeflare/audit-policy.yaml, audit-log-path: /codeflare/audit.log}
      extraVolumes:
      - {name: codeflare, hostPath: /codeflare, mountPath: /codeflare, readOnly: false}
YAML
  fi
  kind export kubeconfig --name "$KIND_CLUSTER" --kubeconfig "$KUBECONFIG_FILE"
  say "up, by kind; kubeconfig $KUBECONFIG_FILE, audit log $STATE/audit.log"
}

down_kind() {
  kind delete cluster --name "$KIND_CLUSTER" --kubeconfig "$KUBECONFIG_FILE"
  rm -rf --one-file-system "$STATE"
  rm -f "$KUBECONFIG_FILE"
  rmdir "$REPO_DIR/.local" 2>/dev/null || true
  say "down"
}

load_kind() { kind load image-archive --name "$KIND_CLUSTER" "$1"; }
