"""Trains a small model for a number of epochs, on as many workers as there are."""

import argparse
import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--max_epochs", type=int, default=3)
parser.add_argument("--steps", type=int, default=20)
options = parser.parse_args()

# Each worker may have GPUs or none; gloo works without.
gpus = torch.cuda.is_available()
dist.init_process_group("nccl" if gpus else "gloo")
rank, world = dist.get_rank(), dist.get_world_size()
device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpus else torch.device("cpu")

torch.manual_seed(0)
model = DistributedDataParallel(torch.nn.Linear(16, 1).to(device))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
data = torch.Generator().manual_seed(rank)
for epoch in range(options.max_epochs):
    for step in range(options.steps):
        x = torch.randn(64, 16, generator=data).to(device)
        loss = ((model(x) - x.sum(1, keepdim=True)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if rank == 0:
        print(f"Epoch {epoch}: 100% loss={loss.item():.4f}", flush=True)

if rank == 0:
    print("trained", options.max_epochs, "epochs on", world, "workers", flush=True)
dist.destroy_process_group()
