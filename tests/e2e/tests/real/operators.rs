//! Operators come and go: the same Application and Run go on without them, and what needs
//! one says so until it is back.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::shapes::{self, RAY, TORCH};
use crate::world::{World, kind, message, phase, reason};

const RAY_PROGRAM: &str = r#"
import ray, time, sys

ray.init()

@ray.remote(num_cpus=0)
def square(number):
    return number * number

print("SUM", sum(ray.get([square.remote(number) for number in range(4)])), flush=True)
time.sleep(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
"#;

const TORCH_PROGRAM: &str = r#"
import torch, torch.distributed as dist

dist.init_process_group("gloo")
total = torch.ones(1)
dist.all_reduce(total)
print("SUM", int(total.item()), flush=True)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_run_goes_on_a_cluster_with_operators_and_on_one_without() -> Result<()> {
    let Some(world) = World::given("anywhere").await? else { return Ok(()) };
    let applications = [
        shapes::application("ray", "ray", RAY, RAY_PROGRAM),
        shapes::application("torch", "torch", TORCH, TORCH_PROGRAM),
    ];
    let mut kinds = Vec::new();
    for without in [false, true] {
        if without {
            world.peers(&["down", "kuberay", "trainer", "jobset"]).await?;
        }
        for (application, workers) in applications.iter().zip([0, 2]) {
            let name = application["metadata"]["name"].as_str().unwrap();
            world.apply(application).await?;
            world.run(name, json!({"workers": workers})).await?;
            kinds.push(kind(&world.succeeded(name).await?));
            world.runs().delete(name, &kube::api::DeleteParams::default()).await?;
        }
    }
    world.peers(&["up", "kuberay", "jobset"]).await?;
    println!("launched as {kinds:?}");
    ensure!(kinds[0] == "RayJob" && kinds[1] != "Job", "{kinds:?}");
    ensure!(kinds[2] == "Job" && kinds[3] == "Job", "{kinds:?}");
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_operator_is_away_says_so_and_goes_on_when_it_is_back() -> Result<()> {
    let Some(world) = World::given("operator").await? else { return Ok(()) };
    let shape = shapes::shape("shape-ray-rayjob");
    for name in ["during", "before", "undefined"] {
        world.apply(&shape.application(name, RAY_PROGRAM)).await?;
    }
    // Uninstalled while the program runs: it goes on, and its end is told once somebody
    // is there who notices it.
    world.run("during", json!({"workers": 0, "options": "5"})).await?;
    world.says("during", shape.log, "SUM 14").await?;
    world.peers(&["down", "--keep-crds", "kuberay"]).await?;
    world.until("during", "told that its operator is away", |run| message(run).contains("has not noticed")).await?;
    // Submitted while nobody is there.
    world.run("before", json!({"workers": 0})).await?;
    world.until("before", "told that its operator is away", |run| reason(run) == "NotTakenUp").await?;
    world.peers(&["up", "kuberay"]).await?;
    world.succeeded("during").await?;
    world.succeeded("before").await?;
    // Not even the kind is served.
    world.peers(&["down", "kuberay"]).await?;
    world.run("undefined", json!({"workers": 0})).await?;
    let run = world
        .until("undefined", "waiting for the kind", |run| phase(run) == "Pending" && reason(run) == "PluginWaiting")
        .await?;
    ensure!(message(&run).contains("RayJob"), "{:?}", run.status);
    world.peers(&["up", "kuberay"]).await?;
    world.succeeded("undefined").await?;
    world.end().await
}
