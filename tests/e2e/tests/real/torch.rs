//! Torch in each of its shapes: two ranks that add up what they have, and one that fails.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::world::{World, kind, phase, reason};

/// Each rank brings its number plus one; the sum of two ranks is 3 on both.
const PROGRAM: &str = r#"
import os, sys, torch
import torch.distributed as dist

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(2):
    loss = model(torch.ones(4, 2) * (rank + 1)).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"Epoch {epoch}: {50 * (epoch + 1)}%", flush=True)
weights = [torch.zeros(1, 2) for _ in range(size)]
dist.all_gather(weights, model.module.weight.data)
assert all(torch.equal(weights[0], other) for other in weights), "ranks came apart"
total = torch.tensor([rank + 1.0])
dist.all_reduce(total)
print(f"RANK {rank} OF {size} SUM {total.item():.0f}", flush=True)
if len(sys.argv) > 1 and rank == int(sys.argv[1]):
    sys.exit(7)
dist.barrier()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn two_ranks_agree_in_every_shape_and_one_that_fails_ends_the_attempt() -> Result<()> {
    let Some(world) = World::given("torch").await? else { return Ok(()) };
    for shape in world.shapes().await?.into_iter().filter(|shape| shape.plugin == "torch") {
        let good = shape.api;
        let bad = &format!("{good}-fails");
        world.apply(&shape.application(good, PROGRAM)).await?;
        world.apply(&shape.application(bad, PROGRAM)).await?;
        world.run(good, json!({"workers": 2})).await?;
        let run = world.succeeded(good).await?;
        ensure!(kind(&run) == shape.kind, "{good}: launched as {}", kind(&run));
        let logs = world.logs(good, "node").await?;
        ensure!(logs.len() == 2, "{} pods", logs.len());
        for rank in 0..2 {
            let line = format!("RANK {rank} OF 2 SUM 3");
            ensure!(logs.iter().any(|log| log.contains(&line) && log.contains("Epoch 1: 100%")), "{good}: {logs:#?}");
        }
        world.run(bad, json!({"workers": 2, "options": "1"})).await?;
        let run = world.until(bad, "Failed", |run| phase(run) == "Failed").await?;
        ensure!(reason(&run) == "ProgramFailed", "{bad}: {:?}", run.status);
    }
    world.end().await
}
