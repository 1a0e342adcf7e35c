"""Head of a Ray cluster that no operator makes: starts Ray, waits for the other nodes and
becomes the program, so that the pod ends as the program ends.

    python3 -u -c HEAD NODES FLAG... -- PROGRAM...

NODES: how many nodes there must be, with this one. FLAG: passed to `ray start`. The
program finds Ray by RAY_ADDRESS. How long this may take is for the Run's deadline to say.
"""
import os
import signal
import subprocess
import sys
import time

EVERY = 10  # seconds between two lines of progress


def start(ip, flags):
    command = ["ray", "start", "--head", f"--node-ip-address={ip}", "--port=6379"]
    command += ["--dashboard-host=0.0.0.0", "--dashboard-port=8265", *flags]
    # Ray's greeting is long and speaks of this pod as if a person sat at it.
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.stdout.buffer.write(done.stdout)
        sys.exit(f"codeflare: ray start ended with code {done.returncode}")


def wait(address, nodes):
    import ray

    ray.init(address=address, logging_level="error", log_to_driver=False)
    spoken = time.monotonic()
    print(f"codeflare: Ray's head is up, {nodes} nodes are awaited", flush=True)
    while True:
        there = sum(node["Alive"] for node in ray.nodes())
        if there >= nodes:
            return print(f"codeflare: all {nodes} nodes are there", flush=True)
        if time.monotonic() - spoken >= EVERY:
            print(f"codeflare: {there} of {nodes} nodes are there", flush=True)
            spoken = time.monotonic()
        time.sleep(0.5)


def wait_apart(address, nodes):
    # In a process of its own: nothing of Ray's threads and sockets gets into the program.
    child = os.fork()
    if child == 0:
        try:
            wait(address, nodes)
        except BaseException as error:
            print(f"codeflare: waiting for the nodes failed: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit("codeflare: Ray's head is not well")


def become(program):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # which Python ignores, and would hand on
    try:
        os.execvp(program[0], program)
    except OSError as error:
        print(f"codeflare: cannot run {program[0]!r}: {error.strerror}", file=sys.stderr, flush=True)
        # As a shell would end.
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


def main():
    # The first process of a container is deaf to signals that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    end = sys.argv.index("--")
    nodes, flags, program = int(sys.argv[1]), sys.argv[2:end], sys.argv[end + 1 :]
    ip = os.environ["POD_IP"]
    start(ip, flags)
    wait_apart(f"{ip}:6379", nodes)
    os.environ["RAY_ADDRESS"] = f"{ip}:6379"
    become(program)


main()
