#!/usr/bin/env bash
# Takes everything away that hack/up.sh brought up: the cluster with all that runs in it,
# and its state. What was built stays in the caches.
set -euo pipefail
cd "$(dirname "$0")/.."
hack/cluster/down.sh
rm -rf .local/platform.tar .local/plugins .local/exec
rmdir .local 2>/dev/null || true
