//! Ray, on its operator and without: work on three hosts, workers and heads that are lost.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::index::{self, Index};
use crate::shapes::{self, Shape};
use crate::world::{World, phase, reason};

/// Waits for its cluster, does work wherever there is room, and goes on for as long as a
/// file tells it to; a worker that is lost meanwhile is no reason to end.
const PROGRAM: &str = r#"
import ray, socket, sys, time

ray.init()
nodes = int(sys.argv[1])
while sum(node["Alive"] for node in ray.nodes()) < nodes:
    time.sleep(0.5)

@ray.remote(num_cpus=0, scheduling_strategy="SPREAD", max_retries=-1)
def work(number):
    time.sleep(0.2)
    return number * number, socket.gethostname()

def round():
    return ray.get([work.remote(number) for number in range(24)])

hosts = set()
while len(hosts) < nodes:
    done = round()
    hosts |= {host for _, host in done}
print("SUM", sum(square for square, _ in done), "HOSTS", len(hosts), *sorted(hosts), flush=True)
for _ in range(int(sys.argv[2])):
    assert sum(square for square, _ in round()) == 4324
    time.sleep(1)
print("DONE", flush=True)
"#;

/// Needs a package that its image has not, on the head and wherever it does work, until
/// every host has told of it.
const WITH_PACKAGE: &str = r#"
import codeflare_probe, importlib.metadata, ray, socket, sys, time

ray.init()
nodes = int(sys.argv[1])
while sum(node["Alive"] for node in ray.nodes()) < nodes:
    time.sleep(0.5)

@ray.remote(num_cpus=0, scheduling_strategy="SPREAD", max_retries=-1)
def probe(number):
    import codeflare_probe
    time.sleep(0.2)
    return codeflare_probe.VERSION, socket.gethostname()

hosts, versions = set(), {codeflare_probe.VERSION, importlib.metadata.version("codeflare-probe")}
while len(hosts) < nodes:
    for version, host in ray.get([probe.remote(number) for number in range(24)]):
        versions.add(version)
        hosts.add(host)
print("PROBE", *sorted(versions), "HOSTS", len(hosts), *sorted(hosts), flush=True)
"#;

fn both() -> [&'static Shape; 2] {
    [shapes::shape("shape-ray-rayjob"), shapes::shape("shape-ray-job")]
}

#[tokio::test(flavor = "multi_thread")]
async fn head_and_workers_share_the_work_and_a_lost_worker_does_not_end_it() -> Result<()> {
    for shape in both() {
        let Some(world) = World::given("ray-worker").await? else { return Ok(()) };
        world.apply(&shape.application("share", PROGRAM)).await?;
        world.run("share", json!({"workers": 2, "options": "3 15"})).await?;
        world.says("share", shape.log, "HOSTS 3").await?;
        let running = world.until("share", "Running", |run| phase(run) == "Running").await?;
        ensure!(running.status.unwrap().dashboard.is_some(), "{}: no dashboard", shape.api);
        let workers = world.pods("share", "worker").await?;
        ensure!(workers.len() == 2, "{} workers", workers.len());
        world.kill(&workers[0]).await?;
        world.succeeded("share").await?;
        let log = world.logs("share", shape.log).await?.join("\n");
        ensure!(log.contains("SUM 4324 HOSTS 3") && log.contains("DONE"), "{}:\n{log}", shape.api);
        world.end().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_head_is_named_and_another_attempt_can_help() -> Result<()> {
    for shape in both() {
        let Some(world) = World::given("ray-head").await? else { return Ok(()) };
        world.apply(&shape.application("once", PROGRAM)).await?;
        world.apply(&shape.application("twice", PROGRAM)).await?;
        world.run("once", json!({"workers": 0, "options": "1 600"})).await?;
        world.says("once", shape.log, "HOSTS 1").await?;
        world.kill(&world.pods("once", "head").await?[0]).await?;
        let run = world.until("once", "Failed", |run| phase(run) == "Failed").await?;
        ensure!(reason(&run) == "HeadLost", "{}: {:?}", shape.api, run.status);
        world.runs().delete("once", &kube::api::DeleteParams::default()).await?;

        world.run("twice", json!({"workers": 0, "options": "1 20", "retries": 1})).await?;
        world.says("twice", shape.log, "HOSTS 1").await?;
        world.kill(&world.pods("twice", "head").await?[0]).await?;
        // That it is being retried may show for less than a look lasts.
        let run = world.succeeded("twice").await?;
        ensure!(run.status.unwrap().launch.unwrap().attempt == 2, "{}: not the second attempt", shape.api);
        world.end().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn requirements_are_installed_on_the_head_and_on_every_worker() -> Result<()> {
    // With its operator Ray installs them, without it the host.
    for shape in both() {
        let Some(world) = World::given("ray-pip").await? else { return Ok(()) };
        let index = Index::start().await?;
        let mut application = shape.application("probe", WITH_PACKAGE);
        application["spec"]["requirements"] = json!(format!("{}=={}\n", index::PROJECT, index::VERSION));
        for (name, value) in index.environment() {
            application["spec"]["env"][name] = json!(value);
        }
        world.apply(&application).await?;
        world.run("probe", json!({"workers": 2, "options": "3"})).await?;
        world.succeeded("probe").await?;
        let log = world.logs("probe", shape.log).await?.join("\n");
        ensure!(log.contains(&format!("PROBE {} HOSTS 3 ", index::VERSION)), "{}: {log}", shape.api);
        world.end().await?;
    }
    Ok(())
}
