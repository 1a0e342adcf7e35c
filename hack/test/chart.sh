#!/usr/bin/env bash
# The chart without a cluster: lint, what it renders, what its schema refuses.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

HELM=$(program helm)
render() { "$HELM" template codeflare "$CHART" --namespace "$NAMESPACE" "$@"; }

# refuses FLAG VALUE WORDS: the values are refused, in words that name the field.
refuses() {
  local words
  words=$(render "$1" "$2" 2>&1 >/dev/null) && die "chart: $1 $2 was accepted"
  [[ $words == *"$3"* ]] || die "chart: $1 $2 is refused without naming $3: $words"
}

# renders COUNT PATTERN FLAGS...: so many lines of the manifests match.
renders() {
  local wanted=$1 pattern=$2 found
  shift 2
  found=$(render "$@" | grep -cE -- "$pattern" || true)
  [[ $found == "$wanted" ]] || die "chart: $* renders '$pattern' $found times, not $wanted"
}

"$HELM" lint --quiet "$CHART"

# What it renders by default is what was read and committed.
snapshot=$CHART/tests/default.yaml
if [[ ${1:-} == --update ]]; then
  mkdir -p "$(dirname "$snapshot")"
  render >"$snapshot"
fi
diff -u "$snapshot" <(render) || die "chart: the default manifests differ; read the difference, then hack/test/chart.sh --update"

# Closed at every level: each object of the values refuses a member that it does not know.
count=0
while IFS= read -r path; do
  refuses --set "${path:+$path.}unknownMember=1" unknownMember
  count=$((count + 1))
done < <(jq -r 'def walk($at): select(.additionalProperties == false) | $at,
    ((.properties // {}) | to_entries[] | .key as $k | .value | walk(if $at == "" then $k else $at + "." + $k end));
  walk("")' "$CHART/values.schema.json")
((count >= 10)) || die "chart: only $count closed objects were found in values.schema.json"

refuses --set host.replicas=many replicas
refuses --set runs.user=0 user
refuses --set source.maxSize=much maxSize
refuses --set 'source.secrets.only[0].names={git}' namespace
refuses --set 'plugins.ceiling[0].group=example.com' version
refuses --set 'plugins.ceiling[0].unknownMember=1' unknownMember
# The rights come from the chart: what can never be granted must not get that far.
kind='version":"v1","kind":"A","fields":{"a":{"text":1}}'
refuses --set-json "plugins.ceiling=[{\"group\":\"rbac.authorization.k8s.io\",\"plural\":\"roles\",\"$kind}]" group
refuses --set-json "plugins.ceiling=[{\"group\":\"apps\",\"plural\":\"deployments\",\"$kind}]" group
refuses --set-json "plugins.ceiling=[{\"group\":\"\",\"plural\":\"secrets\",\"$kind}]" plural
refuses --set-json "plugins.ceiling=[{\"group\":\"a.b\",\"plural\":\"*\",\"$kind}]" plural
refuses --set runs.podSecurity=privileged podSecurity
refuses --set runs.priorityClasses.high=A_B high
refuses --set host.image.pullPolicy=Sometimes pullPolicy
refuses --set sizes.config.BIG.workers=1 BIG
refuses --set sizes.config.sm.memory=lots memory

renders 0 '^kind: PodDisruptionBudget$'
renders 1 '^kind: PodDisruptionBudget$' --set host.replicas=2
renders 4 '^kind: Plugin$'
renders 3 '^kind: Plugin$' --set plugins.job.enabled=false
renders 5 '^kind: Plugin$' --set plugins.budget.enabled=true
renders 1 '^    runs: 3$|^      runs: 3$' --set plugins.budget.enabled=true,plugins.budget.settings.limits.runs=3
renders 1 '^      team: ml$' --set plugins.budget.enabled=true,plugins.budget.namespaceSelector.matchLabels.team=ml
renders 2 '^    variant: auto$'
renders 1 '^    variant: jobset$' --set plugins.torch.settings.variant=jobset
renders 1 '^    resources: \[secrets\]$' --set source.secrets.everywhere=false,serviceAccount.name=x \
  --set 'source.secrets.only[0].namespace=team,source.secrets.only[0].names={git}' --show-only templates/source.yaml
renders 0 '^    resources: \[secrets\]$' --set source.secrets.everywhere=false --show-only templates/clusterrole.yaml
renders 0 '^    resources: \[secrets\]$' --set source.enabled=false --show-only templates/clusterrole.yaml
renders 1 '^    resources: \[secrets\]$' --show-only templates/clusterrole.yaml
renders 0 'codeflare-source' --set source.enabled=false
renders 0 '^kind: RunSizeConfiguration$' --set sizes.enabled=false
renders 1 '^    huge:$' --set sizes.config.huge.workers=1,sizes.config.huge.cpu=1,sizes.config.huge.memory=1Gi
renders 0 '^    xxl:$' --set sizes.config.xxl=null
renders 1 'priorityClassName: high$' --set host.priorityClassName=high
# The host and the init steps of Runs have one image.
renders 2 'example.com/own:v7"?}?$' --set host.image.repository=example.com/own,host.image.tag=v7
renders 1 'name: CODEFLARE_USER, value: "2000000"' --set runs.user=2000000
renders 1 'name: CODEFLARE_POD_SECURITY, value: baseline' --set runs.podSecurity=baseline
renders 3 '^kind: PriorityClass$'
renders 1 'CODEFLARE_PRIORITY_CLASSES, value: "low=codeflare-low,normal=codeflare-normal,high=codeflare-high"'
renders 2 '^kind: PriorityClass$' --set runs.priorityClasses.low=
renders 1 'CODEFLARE_PRIORITY_CLASSES, value: "normal=codeflare-normal,high=urgent"' \
  --set runs.priorityClasses.low=,runs.priorityClasses.high=urgent,runs.priorityClasses.create=false
renders 0 '^kind: PriorityClass$' --set runs.priorityClasses.create=false
renders 0 'CODEFLARE_PRIORITY_CLASSES' --set runs.priorityClasses.low=,runs.priorityClasses.normal=,runs.priorityClasses.high=
renders 1 'readOnlyRootFilesystem: true'
renders 0 'aggregate-to-view' --set aggregatedRoles.enabled=false
# Each kind of the ceiling: a right, and a line of the file that the host reads.
ceiling=$(mktemp)
trap 'rm -f "$ceiling"' EXIT
cat >"$ceiling" <<'YAML'
plugins:
  ceiling:
    - {group: example.com, version: v1, kind: Widget, plural: widgets, fields: {spec.size: {integer: [1, 9]}}}
    - {group: "", version: v1, kind: PersistentVolumeClaim, plural: persistentvolumeclaims, fields: {spec.a: {text: 9}}}
YAML
renders 1 'resources: \[(widgets)\]' -f "$ceiling"
renders 1 'resources: \[(persistentvolumeclaims)\]' -f "$ceiling"
renders 2 '^    - fields:$' -f "$ceiling"
renders 1 'CODEFLARE_GRANT_CEILING' -f "$ceiling"
renders 0 'ceiling'
# No right on everything but in the role that says so.
renders 1 '\["\*"\]'
echo "chart: $count closed objects, default manifests as committed"

# Registries and repositories: what is not set leaves no trace; a pull secret is one Secret that may be read.
refuses --set network.plainHttp[0]=http://registry.example.com plainHttp
refuses --set network.proxy.https=proxy.example.com:3128 https
renders 0 'PLAIN_HTTP|CA_FILE|PROXY|/etc/codeflare-authorities'
renders 1 '^    resourceNames: \["pull","more"\]$' --set 'registries.pullSecrets={pull,more}'
renders 1 'CODEFLARE_PLAIN_HTTP, value: "a:5000,b:80"' --set 'network.plainHttp={a:5000,b:80}'
renders 2 '/etc/codeflare-authorities' --set network.caConfigMap=authority
renders 1 '^          configMap: {name: authority}$' --set network.caConfigMap=authority
renders 1 'HTTPS_PROXY, value: "http://proxy:3128"' --set network.proxy.https=http://proxy:3128

# Packages: what is not set leaves no trace but the room.
refuses --set packages.indexUrl=pypi.example.com/simple indexUrl
refuses --set packages.indexUrl=https://user:secret@pypi.example.com/simple indexUrl
refuses --set packages.size=0 size
renders 1 'CODEFLARE_PACKAGE'
renders 1 'CODEFLARE_PACKAGES_SIZE, value: "8Gi"'
renders 1 'CODEFLARE_PACKAGE_INDEX_URL, value: "https://pypi.example.com/simple"' \
  --set packages.indexUrl=https://pypi.example.com/simple
renders 1 'CODEFLARE_PACKAGE_EXTRA_INDEX_URLS, value: "https://a/b,https://c/d"' \
  --set 'packages.extraIndexUrls={https://a/b,https://c/d}'
renders 1 'CODEFLARE_PACKAGE_TRUSTED_HOSTS, value: "a.example.com,10.0.0.1:8080"' \
  --set 'packages.trustedHosts={a.example.com,10.0.0.1:8080}'
renders 2 '/etc/codeflare-packages' --set packages.caConfigMap=authority
renders 1 '^          configMap: {name: authority}$' --set packages.caConfigMap=authority
