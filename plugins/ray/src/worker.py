"""Node of a Ray cluster that no operator makes: waits for the head and joins it.

    python3 -u -c WORKER HEAD FLAG...

HEAD: host name of the head, which may come up later than this one, and so may its name.
FLAG: passed to `ray start`, which stays until the head is gone. A node never ends well by
itself, so its Job replaces it.
"""
import os
import signal
import socket
import subprocess
import sys
import time

EVERY = 10  # seconds between two lines of progress
GONE = 75  # "try again": the node is gone, whatever Ray thinks of that


def wait(head):
    spoken = time.monotonic()
    while True:
        try:
            return socket.create_connection((head, 6379), timeout=5).close()
        except OSError as error:
            if time.monotonic() - spoken >= EVERY:
                print(f"codeflare: waiting for {head}: {error}", flush=True)
                spoken = time.monotonic()
            time.sleep(0.5)


def main():
    # The first process of a container is deaf to signals that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    head, flags = sys.argv[1], sys.argv[2:]
    wait(head)
    command = ["ray", "start", f"--address={head}:6379", "--block"]
    ray = subprocess.Popen([*command, f"--node-ip-address={os.environ['POD_IP']}", *flags])
    signal.signal(signal.SIGTERM, lambda *_: ray.terminate())
    sys.exit(ray.wait() or GONE)


main()
