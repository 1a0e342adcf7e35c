#!/usr/bin/env bash
# Peers of the platform, in earnest: their operators run as pods of the full local
# cluster, their CRDs in any cluster. CRDs and manifests come from the peers' own
# Go modules, the programs are built from those too. NAME: kuberay, jobset, trainer.
#
#   peers.sh up NAME...      install or repair, until webhooks answer; trainer
#                            brings jobset along
#   peers.sh down [--keep-crds] NAME...
#                            uninstall; with --keep-crds the API stays served and
#                            objects stay, with nobody to act on them
#   peers.sh crds --kubeconfig FILE NAME...
#                            only the CRDs, in any cluster, until Established
#   peers.sh crds-down --kubeconfig FILE NAME...
#                            takes them away, with all objects of their kinds
#
# Can be run again at any time.
set -euo pipefail
CLUSTER=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
. "$CLUSTER/lib/common.sh"
# shellcheck source=lib/settings.sh
. "$CLUSTER/lib/settings.sh"
# shellcheck source=lib/peers.sh
. "$CLUSTER/lib/peers.sh"

usage() { sed -n '2,/^set -e/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

kube() { "$KUBECTL" --kubeconfig "$KUBECONFIG_FILE" "$@"; }

# quietly COMMAND...: what it says is shown only when it fails.
quietly() {
  if ! "$@" >"$WORK/output" 2>&1; then
    tail -n 5 "$WORK/output" >&2
    return 1
  fi
}

apply_crds() {
  local peer=$1 files names
  mapfile -t files < <(crd_files "$peer")
  mapfile -t names < <(crd_names "$peer")
  quietly kube apply --server-side --force-conflicts "${files[@]/#/--filename=}" ||
    die "The CRDs of $peer could not be applied."
  # Asked again, because kubectl takes conditions that are not there yet amiss.
  wait_for 60 "the CRDs of $peer to be established" \
    kube wait --for=condition=Established --timeout=10s "${names[@]/#/crd/}" ||
    die "The CRDs of $peer were not established within a minute."
  say "$peer: ${#names[@]} CRDs established"
}

# remove_crds PEER SECONDS: the operator, if it runs, has SECONDS to do what its
# finalizers ask for; then they are taken off, for nobody else will.
remove_crds() {
  local peer=$1 seconds=$2 names
  mapfile -t names < <(crd_names "$peer")
  quietly kube delete --ignore-not-found --wait=false "${names[@]/#/crd/}" ||
    die "The CRDs of $peer could not be deleted."
  ((seconds == 0)) || wait_for "$seconds" "$peer to let its objects go" crds_gone "${names[@]}" || true
  wait_for 60 "the CRDs of $peer to go" crds_forced "${names[@]}" ||
    die "The CRDs of $peer are still there; see kubectl get crd ${names[*]} -o yaml."
  say "$peer: CRDs are gone"
}
crds_gone() { [[ -z $(kube get crd --ignore-not-found --output=name "$@") ]]; }

crds_forced() {
  local name namespace object
  for name in "$@"; do
    while read -r namespace object; do
      kube patch "$name" "$object" --namespace "$namespace" --type=merge --patch='{"metadata":{"finalizers":null}}' || true
    done < <(kube get "$name" --all-namespaces --output=json 2>/dev/null |
      jq -r '.items[] | select(.metadata.finalizers) | "\(.metadata.namespace // "default") \(.metadata.name)"')
  done
  crds_gone "$@"
}

overlay() {
  mkdir -p "$WORK/$1"
  write_overlay "$1" "$WORK/$1"
  # Its warnings are about the module's style.
  "$KUBECTL" kustomize "$WORK/$1" 2>"$WORK/output" >"$WORK/$1.yaml" || {
    tail -n 3 "$WORK/output" >&2
    die "The manifests of $1 could not be put together."
  }
}

up() {
  local peer=$1
  unlocked "$CLUSTER_DIR/load.sh" "$(unlocked "$CLUSTER_DIR/images/operator.sh" "$peer")"
  apply_crds "$peer"
  overlay "$peer"
  quietly kube apply --server-side --force-conflicts --filename="$WORK/$peer.yaml" ||
    die "The manifests of $peer could not be applied."
  wait_for 150 "the operator of $peer to be ready" operator_ready "$peer" || {
    kube --namespace "${PEER_NAMESPACE[$peer]}" logs --tail=5 "deployment/${PEER_DEPLOYMENT[$peer]}" >&2 || true
    die "The operator of $peer did not become ready; see kubectl -n ${PEER_NAMESPACE[$peer]} get pods."
  }
  wait_for 60 "the webhooks of $peer" answers "$peer" || {
    tail -n 3 "$WORK/answer" >&2
    die "The webhooks of $peer do not answer."
  }
  say "$peer is up"
}

# operator_ready PEER: an operator that makes its certificates puts them into a
# Secret and waits until they are in the folder where that is mounted. kubelet
# puts them there when it next looks at the pod, which is in a minute, or when
# the pod changes.
operator_ready() {
  local namespace=${PEER_NAMESPACE[$1]}
  kube --namespace "$namespace" rollout status --timeout=2s "deployment/${PEER_DEPLOYMENT[$1]}" || {
    kube --namespace "$namespace" annotate pods --all --overwrite "codeflare.dev/looked-at=$SECONDS"
    return 1
  }
}

# answers PEER: a webhook that refuses has answered too.
answers() {
  peer_question "$1" >"$WORK/question"
  [[ -s $WORK/question ]] || return 0
  kube create --dry-run=server --filename="$WORK/question" >"$WORK/answer" 2>&1 ||
    grep -q 'denied the request' "$WORK/answer"
}

is_up() { [[ -n $(kube get deployment --ignore-not-found --output=name --namespace "${PEER_NAMESPACE[$1]}" "${PEER_DEPLOYMENT[$1]}") ]]; }
runs() { [[ $(kube get deployment --namespace "${PEER_NAMESPACE[$1]}" "${PEER_DEPLOYMENT[$1]}" --output=jsonpath='{.status.readyReplicas}' 2>/dev/null) -gt 0 ]]; }

down() {
  local peer=$1 crds_left=1
  overlay "$peer"
  if [[ ! $KEEP_CRDS ]] && runs "$peer"; then
    remove_crds "$peer" 20
    crds_left=''
  fi
  quietly kube delete --ignore-not-found --timeout=90s --filename="$WORK/$peer.yaml" ||
    die "The operator of $peer could not be deleted."
  say "$peer: operator is gone"
  [[ $KEEP_CRDS || ! $crds_left ]] || remove_crds "$peer" 0
}

# in_order NAME...: as they are installed, each once, into PEER_LIST.
in_order() {
  local peer
  for peer in "$@"; do check_peer "$peer"; done
  PEER_LIST=()
  for peer in $PEERS; do
    if [[ " $* " == *" $peer "* ]]; then PEER_LIST+=("$peer"); fi
  done
}

parse() {
  COMMAND=${1:-} KEEP_CRDS='' KUBECONFIG_FILE=''
  local names=()
  case $COMMAND in
    up | down | crds | crds-down) shift ;;
    -h | --help | help)
      usage
      exit 0
      ;;
    *) die "Usage: peers.sh up | down [--keep-crds] | crds --kubeconfig FILE | crds-down --kubeconfig FILE, then NAME...; --help tells more." ;;
  esac
  while (($#)); do
    case $1 in
      -h | --help)
        usage
        exit 0
        ;;
      --keep-crds)
        [[ $COMMAND == down ]] || die "--keep-crds goes with down."
        KEEP_CRDS=1
        ;;
      --kubeconfig)
        [[ $COMMAND == crds* ]] || die "--kubeconfig goes with crds and crds-down; operators run in the full local cluster."
        [[ -r ${2:-} ]] || die "--kubeconfig needs a file that can be read."
        KUBECONFIG_FILE=$2
        shift
        ;;
      -*) die "peers.sh knows no option $1; see peers.sh --help." ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  ((${#names[@]})) || die "Which peers? There are $PEERS."
  in_order "${names[@]}"
}

main() {
  local peer needed index
  parse "$@"
  if [[ $COMMAND == crds* ]]; then
    [[ $KUBECONFIG_FILE ]] || die "$COMMAND needs --kubeconfig FILE."
  else
    KUBECONFIG_FILE=$FULL_KUBECONFIG
    [[ -r $KUBECONFIG_FILE ]] || die "The full cluster is not up; run hack/cluster/up.sh first."
  fi
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
  lock "peers in $KUBECONFIG_FILE"
  unlocked "$CLUSTER_DIR/build.sh" kubectl
  KUBECTL=$("$CLUSTER_DIR/build.sh" --path kubectl)
  # Clusters of ours are on this machine; no proxy may come between. Go needs it.
  NO_PROXY=${NO_PROXY:-${no_proxy:-}}
  export NO_PROXY=${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost,$NODE_IP
  quietly kube version || die "The cluster of $KUBECONFIG_FILE does not answer."

  case $COMMAND in
    up)
      for peer in "${PEER_LIST[@]}"; do
        needed=${PEER_NEEDS[$peer]:-}
        if [[ $needed && " ${PEER_LIST[*]} " != *" $needed "* ]]; then in_order "${PEER_LIST[@]}" "$needed"; fi
      done
      for peer in "${PEER_LIST[@]}"; do up "$peer"; done
      ;;
    down)
      for peer in "${!PEER_NEEDS[@]}"; do
        if [[ " ${PEER_LIST[*]} " == *" ${PEER_NEEDS[$peer]} "* && " ${PEER_LIST[*]} " != *" $peer "* ]] && is_up "$peer"; then
          die "${peer^} needs ${PEER_NEEDS[$peer]}; take it down too, or first."
        fi
      done
      for ((index = ${#PEER_LIST[@]} - 1; index >= 0; index--)); do down "${PEER_LIST[index]}"; done
      ;;
    crds) for peer in "${PEER_LIST[@]}"; do apply_crds "$peer"; done ;;
    crds-down) for peer in "${PEER_LIST[@]}"; do remove_crds "$peer" 0; done ;;
  esac
}

main "$@"
