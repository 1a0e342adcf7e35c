"""Says which version of a package every node of the cluster has.

The package is one that the image lacks: it comes by `requirements` of the Application, and
tasks find it on whatever node they run.
"""

import argparse
import importlib
import importlib.metadata
import socket

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--module", required=True, help="module of the package, such as humanize")
options = parser.parse_args()


def version(module):
    importlib.import_module(module)
    return socket.gethostname(), importlib.metadata.version(module.replace("_", "-"))


ray.init(logging_level="error")
print("driver", *version(options.module), flush=True)
remote = ray.remote(num_cpus=0)(version)
nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
on = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes]
found = ray.get([remote.options(scheduling_strategy=where).remote(options.module) for where in on])
for host, has in sorted(found):
    print("node", host, has, flush=True)
versions = {has for _, has in found}
assert len(versions) == 1, versions
print(options.module, *versions, "on", len(nodes), "nodes", flush=True)
