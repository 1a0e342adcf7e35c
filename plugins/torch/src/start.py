# torchrun, but for three things. It ends by the exit code of the program that failed
# first, where torchrun ends by 1, so that the Run can show it and a retry can depend on
# it. What it sets by itself, the user's environment overrules. The user's words pass as
# they are. All else is torch's own.
import os
import sys

# Without a limit, torch starts a thread for each core of the machine.
os.environ.setdefault("OMP_NUM_THREADS", sys.argv.pop(1))
# Lines arrive in the log when they are printed, as with torchrun's own `python -u`.
os.environ.setdefault("PYTHONUNBUFFERED", "1")
# Older launchers look at their processes every five seconds, newer ones ten times a second.
os.environ.setdefault("PET_MONITOR_INTERVAL", "0.1")

# The launcher takes the words behind the program for templates, in which `$$` is one dollar.
words = sys.argv.index("--") + 2
sys.argv[words:] = [word.replace("$", "$$") for word in sys.argv[words:]]

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main

try:
    main()
except ChildFailedError as error:
    print(error, file=sys.stderr)
    code = error.get_first_failure()[1].exitcode
    # Below 0 it is a signal, which shells and Kubernetes count from 128.
    sys.exit(code if code > 0 else 128 - code)
except SignalException as error:
    sys.exit(128 + error.sigval)
