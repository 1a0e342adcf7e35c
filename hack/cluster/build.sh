#!/usr/bin/env bash
# Builds the Kubernetes programs that the local cluster is made of, from the Go
# modules pinned in go/, because no release binaries can be downloaded on the
# machines this is for.
#
#   build.sh [NAME...]       build what is missing (default: everything)
#   build.sh --path NAME...  print where NAME lies or will lie; build nothing
#   build.sh --missing NAME... print the names that are not built yet
#
# A binary lies in the cache under a key made from all it depends on (go.mod,
# go.sum, the tools file, Go's version, flags), so switching branches is cheap.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# name, folder under go/, package, "static" for what runs in an image of nothing
# else. Those that --api needs come first; the peers' operators come last.
readonly PROGRAMS="
etcd                    etcd        go.etcd.io/etcd/server/v3
kube-apiserver          kubernetes  k8s.io/kubernetes/cmd/kube-apiserver
kube-controller-manager kubernetes  k8s.io/kubernetes/cmd/kube-controller-manager
kubectl                 kubernetes  k8s.io/kubernetes/cmd/kubectl
kubelet                 kubernetes  k8s.io/kubernetes/cmd/kubelet
kube-scheduler          kubernetes  k8s.io/kubernetes/cmd/kube-scheduler
kube-proxy              kubernetes  k8s.io/kubernetes/cmd/kube-proxy
coredns                 coredns     .
helm                    helm        helm.sh/helm/v4/cmd/helm
kuberay                 kuberay     github.com/ray-project/kuberay/ray-operator             static
jobset                  jobset      sigs.k8s.io/jobset                                      static
trainer                 trainer     github.com/kubeflow/trainer/v2/cmd/trainer-controller-manager static
"

field() { awk -v n="$1" -v f="$2" '$1 == n {print $f}' <<<"$PROGRAMS"; }

# The programs tell their version from these variables; unset, an API server
# calls itself v0.0.0 and charts with a kubeVersion refuse it.
link_flags() {
  local module=$1 version minor
  version=$(awk '$1 == "require" && NF == 3 {print $3; exit}' "$module/go.mod")
  case $(basename "$module") in
    kubernetes)
      minor=${version#v1.}
      local p=k8s.io/component-base/version
      echo "-s -w -X $p.gitVersion=$version -X $p.gitMajor=1 -X $p.gitMinor=${minor%%.*}" \
        "-X $p.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=$version"
      ;;
    *) echo "-s -w" ;;
  esac
}

# is_static MODULE: its programs need no C library.
is_static() { [[ $(awk -v f="$(basename "$1")" '$2 == f {print $4; exit}' <<<"$PROGRAMS") == static ]]; }

declare -A KEYS
# key_of MODULE: also in KEYS, since asking Go for its settings takes a moment.
key_of() {
  local module=$1 name
  name=$(basename "$module")
  if [[ -z ${KEYS[$name]:-} ]]; then
    [[ -n ${GO_SETTINGS:-} ]] || GO_SETTINGS=$(cd / && go env GOVERSION GOOS GOARCH CGO_ENABLED GOFLAGS)
    KEYS[$name]=$({
      cat "$module"/go.mod "$module"/go.sum "$module"/*.go
      echo "$GO_SETTINGS" "$(link_flags "$module")"
      ! is_static "$module" || echo static
    } | cache_key)
  fi
}

path_of() {
  local module
  module=$CLUSTER_DIR/go/$(field "$1" 2)
  [[ -d $module && $module != "$CLUSTER_DIR/go/" ]] || die "build.sh knows no program called $1."
  key_of "$module"
  printf -v PATH_OF '%s' "$CACHE_DIR/bin/$(basename "$module")-${KEYS[$(basename "$module")]}/$1"
}

any_missing() {
  local name
  for name in "$@"; do
    path_of "$name"
    [[ -x $PATH_OF ]] || return 0
  done
  return 1
}

# build NAME: into a temporary name first, so that a binary is there whole or not.
build() {
  local name=$1 module package part log pid began=$SECONDS
  module=$CLUSTER_DIR/go/$(field "$name" 2)
  package=$(field "$name" 3)
  path_of "$name"
  [[ ! -x $PATH_OF ]] || return 0
  part=$PATH_OF.part log=$PATH_OF.log
  mkdir -p "$(dirname "$PATH_OF")"
  say "building $name (cold: 1 to 6 minutes)"
  (
    cd "$module"
    ! is_static "$module" || export CGO_ENABLED=0
    exec go build -ldflags "$(link_flags "$module")" -o "$part" "$package"
  ) >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    # Ends with the build, or after half a minute for a word of progress.
    timeout 30 tail -s 0.2 --pid="$pid" -f /dev/null || say "still building $name, $((SECONDS - began)) s"
  done
  if ! wait "$pid"; then
    tail -n 20 "$log" >&2
    die "Building $name failed; the whole log is in $log."
  fi
  mv "$part" "$PATH_OF"
  rm -f "$log"
  say "built $name in $((SECONDS - began)) s"
}

main() {
  command -v go >/dev/null || die "Go is missing: install Go 1.26 or newer, on PATH or in /usr/local/go."
  local mode=build names=() name
  case ${1:-} in
    --path | --missing) mode=${1#--} && shift ;;
    -*) die "Usage: build.sh [--path | --missing] [NAME...]" ;;
  esac
  names=("$@")
  ((${#names[@]})) || mapfile -t names < <(awk 'NF {print $1}' <<<"$PROGRAMS")
  case $mode in
    path) for name in "${names[@]}"; do path_of "$name" && echo "$PATH_OF"; done ;;
    missing) for name in "${names[@]}"; do path_of "$name" && { [[ -x $PATH_OF ]] || echo "$name"; }; done ;;
    build)
      # What is there needs no lock: a cluster must not wait for another's build.
      if any_missing "${names[@]}"; then
        lock "the build of the cluster's programs"
        for name in "${names[@]}"; do build "$name"; done
      fi
      ;;
  esac
}

main "$@"
