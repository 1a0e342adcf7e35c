#!/usr/bin/env bash
# The chart of the example platform without a cluster: lint, what it renders, what its
# schema refuses, and that tests/runs has a Run of each of its Applications.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

HELM=$(program helm)
EXAMPLE=examples/watsonx-ai
# Our chart has tests of its own.
ALONE=(--set codeflare-platform.enabled=false)
render() { "$HELM" template watsonx-ai "$EXAMPLE" --namespace "$NAMESPACE" "$@"; }

# refuses FLAG VALUE WORDS: the values are refused, in words that name the field.
refuses() {
  local words
  words=$(render "$1" "$2" 2>&1 >/dev/null) && die "$EXAMPLE: $1 $2 was accepted"
  [[ $words == *"$3"* ]] || die "$EXAMPLE: $1 $2 is refused without naming $3: $words"
}

# renders COUNT PATTERN FLAGS...: so many lines of the manifests match.
renders() {
  local wanted=$1 pattern=$2 found
  shift 2
  found=$(render "$@" | grep -cE -- "$pattern" || true)
  [[ $found == "$wanted" ]] || die "$EXAMPLE: $* renders '$pattern' $found times, not $wanted"
}

"$HELM" dependency update --skip-refresh "$EXAMPLE" >/dev/null
"$HELM" lint --quiet --strict "$EXAMPLE"

refuses --set repository.url=http://git.example.com/a url
refuses --set repository.url=https://user:password@git.example.com/a url
refuses --set repository.user=somebody token
refuses --set repository.token=geheim token
refuses --set namespaces.training=Team training
refuses --set sizes.config.BIG.workers=1 BIG
refuses --set unknownMember=1 unknownMember
refuses --set codeflare-platform.unknownMember=1 unknownMember
renders 1 '^kind: Deployment$'
renders 0 '^kind: Deployment$|^kind: ClusterRole$' "${ALONE[@]}"
renders 2 '^kind: Namespace$'
renders 2 '^kind: Application$'
renders 6 '^    (xs|sm|md|lg|xl|xxl):$' "${ALONE[@]}"
renders 0 '^kind: (Secret|PlatformRepoSecret)$' "${ALONE[@]}"
renders 2 '^kind: (Secret|PlatformRepoSecret)$' "${ALONE[@]}" --set repository.user=somebody,repository.token=geheim
renders 1 'geheim' --set repository.user=somebody,repository.token=geheim
renders 2 'repo: https://git.example.com/a/b/tree/main/(ray|torch)$' --set repository.url=https://git.example.com/a/b/tree/main
# A Run of each Application that it brings.
for run in tests/runs/*.yaml; do
  read -r namespace name < <(render "${ALONE[@]}" |
    awk -v wanted="$(awk '/^  application:/ {getline; print $2}' "$run")" '
      /^kind: / {kind = $2} /^  name: / {name = $2} /^  namespace: / {
        if (kind == "Application" && name == wanted) print $2, name}')
  [[ -n ${name:-} ]] || die "$run is of an Application that $EXAMPLE does not bring"
  grep -qx "  namespace: $namespace" "$run" || die "$run is not in $namespace, where its Application is"
done
echo "$EXAMPLE: brings what it says, and a Run of each Application"
