#!/usr/bin/env bash
# The site of docs/ builds without a broken link, needs no other host, and a broken link
# would be found.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=target/docs
hack/docs.sh "$out"

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# What a browser would fetch by itself: scripts, styles, fonts, images.
foreign=$(grep -rEoh --include='*.html' '<(script|img|link)[^>]+(src|href)="(https?:)?//[^"]*"' "$out" | sort -u || true)
[[ -z $foreign ]] || die "pages fetch from other hosts: $foreign"
foreign=$(grep -rEoh --include='*.css' '(@import|url\()[^;)]*(https?:)?//[^;)]*' "$out" | grep -v 'www.w3.org' | sort -u || true)
[[ -z $foreign ]] || die "styles fetch from other hosts: $foreign"

# refused WHAT PAGE TEXT: the site with a line more is refused.
broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
refused() {
  rm -rf "$broken/docs"
  cp -r docs "$broken/docs"
  printf '\n%s\n' "$3" >>"$broken/docs/$2"
  ! hack/docs.sh "$broken/out" "$broken/docs" >"$broken/log" 2>&1 || die "docs: $1 was not found"
  grep -q "$2" "$broken/log" || die "docs: $1 was refused without its page: $(cat "$broken/log")"
}
refused "a link to no page" index.md '[nowhere](nowhere.md)'
refused "a link to no heading" index.md '[nowhere](reasons.md#nowhere)'
refused "a page that no other names" orphan.md '# Orphan'
echo "docs: the site has no broken link, and would not be built with one"
