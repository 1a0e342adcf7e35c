# shellcheck shell=bash
# What peers.sh knows of each peer: where its CRDs and manifests lie in its Go
# module, and how to ask it whether it is well. Sourced, never run.
# shellcheck disable=SC2034 # names used by peers.sh

readonly PEERS="kuberay jobset trainer"

declare -A PEER_MODULE=(
  [kuberay]=github.com/ray-project/kuberay/ray-operator
  [jobset]=sigs.k8s.io/jobset
  [trainer]=github.com/kubeflow/trainer/v2
)
declare -A PEER_CRDS=(
  [kuberay]=config/crd/bases
  [jobset]=config/components/crd/bases
  [trainer]=manifests/base/crds
)
declare -A PEER_NAMESPACE=(
  [kuberay]=kuberay-system
  [jobset]=jobset-system
  [trainer]=kubeflow-system
)
declare -A PEER_DEPLOYMENT=(
  [kuberay]=kuberay-operator
  [jobset]=jobset-controller-manager
  [trainer]=kubeflow-trainer-controller-manager
)
# Folders of the module that make up the operator; CRDs among them are left out.
declare -A PEER_MANIFESTS=(
  [kuberay]="config/rbac config/manager"
  [jobset]="config/default"
  [trainer]="manifests/base/manager manifests/base/rbac manifests/base/webhook"
)
# A peer that does nothing without another.
declare -A PEER_NEEDS=([trainer]=jobset)

peer_version() { awk '$1 == "require" && NF == 3 {print $3; exit}' "$CLUSTER_DIR/go/$1/go.mod"; }
operator_image() { echo "localhost/codeflare/$1-operator:$(peer_version "$1")"; }

check_peer() { [[ " $PEERS " == *" $1 "* ]] || die "There is no peer called $1, only $PEERS."; }

# module_folder PEER: in Go's module cache, fetched there if missing.
module_folder() {
  (cd "$CLUSTER_DIR/go/$1" && go mod download -json "${PEER_MODULE[$1]}") | jq -er .Dir ||
    die "The Go module ${PEER_MODULE[$1]} cannot be had; is the module proxy within reach?"
}

# crd_files PEER: one path a line.
crd_files() {
  local folder
  folder=$(module_folder "$1")
  # A folder may hold a kustomization too, whose name has no underscore.
  printf '%s\n' "$folder/${PEER_CRDS[$1]}"/*_*.yaml
}

crd_names() {
  # The file is named GROUP_PLURAL.yaml.
  crd_files "$1" | sed -E 's|.*/([^/_]+)_([^/_]+)\.yaml$|\2.\1|'
}

# write_overlay PEER FOLDER: a kustomization over the module's own manifests,
# with our image, small requests (their own would not fit into two cores beside
# the pods under test) and a probe that does not wait before it asks.
write_overlay() {
  local peer=$1 folder=$2 module path
  module=$(module_folder "$peer")
  printf '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "%s"}}\n' \
    "${PEER_NAMESPACE[$peer]}" >"$folder/namespace.yaml"
  {
    echo "namespace: ${PEER_NAMESPACE[$peer]}"
    echo "resources:"
    [[ $peer == jobset ]] || echo "- namespace.yaml" # JobSet's manifests have theirs
    for path in ${PEER_MANIFESTS[$peer]}; do
      # kustomize takes no absolute paths.
      echo "- $(realpath --relative-to="$folder" "$module/$path")"
    done
    cat <<YAML
patches:
- target: {kind: Deployment}
  patch: |
    - {op: add, path: /spec/template/spec/containers/0/image, value: "$(operator_image "$peer")"}
    - {op: add, path: /spec/template/spec/containers/0/imagePullPolicy, value: IfNotPresent}
    - {op: add, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 1Gi}}}
    - {op: add, path: /spec/template/spec/containers/0/readinessProbe/initialDelaySeconds, value: 1}
    - {op: add, path: /spec/template/spec/containers/0/readinessProbe/periodSeconds, value: 1}
    - {op: add, path: /spec/template/spec/containers/0/readinessProbe/failureThreshold, value: 30}
YAML
    case $peer in
      jobset)
        cat <<'YAML'
- target: {kind: CustomResourceDefinition}
  patch: |
    $patch: delete
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: any}
YAML
        ;;
      trainer)
        # Its certificates go into this Secret; the ConfigMap tells clients the version.
        cat <<YAML
generatorOptions: {disableNameSuffixHash: true}
secretGenerator:
- name: kubeflow-trainer-webhook-cert
configMapGenerator:
- name: kubeflow-trainer-public
  literals: [kubeflow_trainer_version=$(peer_version trainer)]
YAML
        ;;
    esac
  } >"$folder/kustomization.yaml"
}

# peer_question PEER: an object that is only tried (a dry run), so that the
# peer's webhooks are asked; nothing for a peer without.
peer_question() {
  case $1 in
    jobset)
      cat <<'YAML'
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: is-it-well, namespace: default}
spec:
  replicatedJobs:
  - name: node
    template: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: node, image: none}]}}}}
YAML
      ;;
    trainer)
      cat <<'YAML'
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata: {name: is-it-well, namespace: default}
spec: {runtimeRef: {apiGroup: trainer.kubeflow.org, kind: TrainingRuntime, name: none}}
YAML
      ;;
  esac
}
