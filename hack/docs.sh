#!/usr/bin/env bash
# Builds the site of docs/.
#   hack/docs.sh [OUT_DIR [PAGES_DIR]]     (default: target/docs docs)
# A link that leads nowhere, a heading that is not there and a page that no other names
# are errors. The first time it installs what it needs, in seconds; later it works offline.
#
# Sphinx with MyST, from PyPI: it is kept well, its checks of links and headings are its
# own and strict, and it installs as wheels; mdBook takes minutes to compile and checks no
# link by itself, MkDocs has had no release for long. Versions and hashes are pinned in
# docs/requirements.txt. No font, script or style comes from another host.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-target/docs}
pages=${2:-docs}

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The folder with Sphinx, by what is in it.
tools() {
  local python key folder
  python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') || die "python3 is missing"
  [[ $(printf '3.11\n%s\n' "$python" | sort -V | head -n 1) == 3.11 ]] ||
    die "Python 3.11 or later is needed for the documentation; this is $python"
  key=$({ echo "$python"; cat docs/requirements.txt; } | sha256sum | cut -c1-16)
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/codeflare/docs-$key
  if [[ ! -e $folder/complete ]]; then
    echo "docs: installing Sphinx, once" >&2
    rm -rf "$folder"
    python3 -m venv "$folder" || die "python3 cannot make a venv; install the package python3-venv"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
      --requirement docs/requirements.txt >&2
    touch "$folder/complete"
  fi
  echo "$folder"
}

folder=$(tools)
"$folder/bin/sphinx-build" --fail-on-warning --keep-going --fresh-env --quiet -b html "$pages" "$out"
echo "docs: $out/index.html"
