# shellcheck shell=bash
# Names, addresses and ports of the two modes. Sourced, never run.
# shellcheck disable=SC2034 # names used by the scripts that source this file

# --- Full cluster. One per machine: links, routes and rules bear these names. ---
NODE_NAME=node1
# The API server and DNS listen on this address of a bridge without ports: pods
# reach it, and nothing outside the machine can.
NODE_IP=10.244.255.1
NODE_LINK=cf-node0
POD_LINK=cf-pods0
POD_RANGE=10.244.0.0/16      # routed to NODE_LINK, so that no stray packet leaves
POD_SUBNET=10.244.0.0/24     # the node's share of it
SERVICE_SUBNET=10.96.0.0/16
KUBERNETES_SERVICE_IP=10.96.0.1
DNS_SERVICE_IP=10.96.0.10
GUARD_TABLE=codeflare-guard
PAUSE_IMAGE=localhost/codeflare/pause:dev
KIND_CLUSTER=codeflare

FULL_STATE=$REPO_DIR/.local/cluster
FULL_KUBECONFIG=$REPO_DIR/.local/kubeconfig
FULL_PORTS_FROM=17400
# API mode has its own, so that it runs beside the full cluster. A private
# state folder gets a free range out of the third span.
API_STATE=$REPO_DIR/.local/api
API_PORTS_FROM=17440
PRIVATE_PORTS_FROM=20000
PRIVATE_PORTS_TO=29980
PORTS_PER_CLUSTER=20

readonly API_PROGRAMS=(etcd kube-apiserver kube-controller-manager kubectl)
readonly FULL_PROGRAMS=("${API_PROGRAMS[@]}" kubelet kube-scheduler kube-proxy coredns helm)
# A state folder holds this file; "down" removes no folder without it.
readonly STATE_MARKER=codeflare-cluster-state

# use_ports FROM: name the ports of one cluster.
use_ports() {
  PORTS_FROM=$1
  API_PORT=$1
  ETCD_PORT=$(($1 + 1))
  ETCD_PEER_PORT=$(($1 + 2))
  CONTROLLERS_PORT=$(($1 + 3))
  SCHEDULER_PORT=$(($1 + 4))
  KUBELET_PORT=$(($1 + 5))
  KUBELET_HEALTH_PORT=$(($1 + 6))
  PROXY_HEALTH_PORT=$(($1 + 7))
  PROXY_METRICS_PORT=$(($1 + 8))
  DNS_HEALTH_PORT=$(($1 + 9))
  DNS_READY_PORT=$(($1 + 10))
  CONTAINERD_STREAM_PORT=$(($1 + 11))
}

# parse_arguments "$@": [--api] [--state DIR], as up.sh and down.sh take them.
# Sets MODE (full or api), STATE, KUBECONFIG_FILE, API_ADDRESS.
parse_arguments() {
  MODE=full STATE=''
  while (($#)); do
    case $1 in
      --api) MODE=api ;;
      --state)
        [[ -n ${2:-} ]] || die "--state needs a folder."
        STATE=$(realpath -m "$2")
        shift
        ;;
      *) die "Usage: $(basename "$0") [--api [--state DIR]]" ;;
    esac
    shift
  done
  if [[ $MODE == api ]]; then
    API_ADDRESS=127.0.0.1
    STATE=${STATE:-$API_STATE}
    KUBECONFIG_FILE=$STATE/kubeconfig
  else
    [[ -z $STATE ]] || die "--state goes with --api: there is one full cluster per machine."
    API_ADDRESS=$NODE_IP
    STATE=$FULL_STATE
    KUBECONFIG_FILE=$FULL_KUBECONFIG
  fi
  API_URL=https://$API_ADDRESS
  PKI=$STATE/pki CONF=$STATE/conf RUN=$STATE/run LOG=$STATE/log DATA=$STATE/data
}
