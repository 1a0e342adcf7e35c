#!/usr/bin/env bash
# The image for the torch launcher: a minimal Debian 12 with its PyTorch 1.13
# (CPU, gloo), localhost/codeflare/torch:1.13. Prints the path of the image's
# tar. Takes 3 to 4 minutes the first time and needs root.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=images/archive.sh
. "$CLUSTER_DIR/images/archive.sh"
# shellcheck source=images/debian.sh
. "$CLUSTER_DIR/images/debian.sh"

# Since Python 3.11, going over a Flag leaves out its member 0, so that
# Std.from_str("0") finds nothing and torch 1.13's launcher dies of it.
readonly API=usr/lib/python3/dist-packages/torch/distributed/elastic/multiprocessing/api.py
readonly BEFORE='for s in Std:' AFTER='for s in Std.__members__.values():'

# torchrun, where the package has none, as PyTorch's own wheel writes it.
torchrun() {
  cat <<'PYTHON'
#!/usr/bin/python3
import sys
from torch.distributed.run import main
sys.exit(main())
PYTHON
}

# shellcheck disable=SC2317 # called by cached_image
make_image() {
  local out=$1 work=$2
  torchrun >"$work/torchrun"
  debian_layer "$work/layer.tar" python3,python3-pip,python3-torch \
    --dpkgopt='path-exclude=/usr/lib/*/libtorch_test*' \
    --customize-hook="grep -q '$BEFORE' \"\$1/$API\" && sed -i 's/$BEFORE/$AFTER/' \"\$1/$API\"" \
    --customize-hook="test -x \"\$1/usr/bin/torchrun\" || install -m 755 '$work/torchrun' \"\$1/usr/local/bin/torchrun\"" \
    --customize-hook="$COMPILE"
  write_image localhost/codeflare/torch:1.13 "$(jq -cn --arg path "$(path_setting)" \
    '{Cmd: ["python3"], User: "1000", Env: [$path, "HOME=/home/codeflare", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"]}')" \
    "$out" "$work/layer.tar"
}

cached_image torch "3 to 4 minutes" "${BASH_SOURCE[0]}"
