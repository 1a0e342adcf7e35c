# shellcheck shell=bash
# One certificate authority per state, a client certificate per identity, and
# kubeconfigs with the certificates inside. Sourced, never run.

make_pki() {
  mkdir -p "$PKI"
  chmod 700 "$PKI"
  if [[ ! -s $PKI/ca.crt ]]; then
    openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/ca.key"
    openssl genrsa -out "$PKI/service-accounts.key" 2048 2>/dev/null
    openssl rsa -in "$PKI/service-accounts.key" -pubout -out "$PKI/service-accounts.pub" 2>/dev/null
    openssl req -x509 -new -key "$PKI/ca.key" -subj /CN=codeflare-local -days 3650 -out "$PKI/ca.crt.part"
    mv "$PKI/ca.crt.part" "$PKI/ca.crt"
  fi
  certificate apiserver /CN=kube-apiserver \
    "IP:127.0.0.1,IP:$NODE_IP,IP:$KUBERNETES_SERVICE_IP,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
  identity admin /O=system:masters/CN=admin
  identity controllers /CN=system:kube-controller-manager
  if [[ $MODE == full ]]; then
    certificate kubelet-server "/O=system:nodes/CN=system:node:$NODE_NAME" "IP:$NODE_IP,DNS:$NODE_NAME"
    identity kubelet "/O=system:nodes/CN=system:node:$NODE_NAME"
    identity scheduler /CN=system:kube-scheduler
    identity proxy /CN=system:kube-proxy
    identity coredns /CN=coredns
  fi
  mkdir -p "$(dirname "$KUBECONFIG_FILE")"
  install -m 600 "$CONF/admin.kubeconfig" "$KUBECONFIG_FILE"
}

# certificate NAME SUBJECT [NAMES]: signed by our authority, for both ends.
certificate() {
  local name=$1 subject=$2 names=${3:-}
  [[ ! -s $PKI/$name.crt ]] || return 0
  openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/$name.key"
  openssl req -new -key "$PKI/$name.key" -subj "$subject" -out "$PKI/$name.csr"
  openssl x509 -req -in "$PKI/$name.csr" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" \
    -set_serial "0x$(openssl rand -hex 8)" -days 3650 -out "$PKI/$name.crt.part" 2>/dev/null -extfile <(
      echo "keyUsage = digitalSignature, keyEncipherment"
      echo "extendedKeyUsage = serverAuth, clientAuth"
      [[ -z $names ]] || echo "subjectAltName = $names"
    )
  mv "$PKI/$name.crt.part" "$PKI/$name.crt"
  rm "$PKI/$name.csr"
}

# identity NAME SUBJECT: a client certificate and its kubeconfig.
identity() {
  local name=$1
  certificate "$name" "$2"
  (umask 077 && cat >"$CONF/$name.kubeconfig") <<YAML
apiVersion: v1
kind: Config
current-context: codeflare
contexts: [{name: codeflare, context: {cluster: codeflare, user: $name}}]
clusters:
- name: codeflare
  cluster:
    server: $API_URL:$API_PORT
    certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")
users:
- name: $name
  user:
    client-certificate-data: $(base64 -w0 "$PKI/$name.crt")
    client-key-data: $(base64 -w0 "$PKI/$name.key")
YAML
}
