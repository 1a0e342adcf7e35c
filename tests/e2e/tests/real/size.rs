//! Sizes as pods have them: who decided what, where a policy holds, which resource counts
//! the GPUs, and on which node a pod may run.

use anyhow::{Context, Result, ensure};
use codeflare_api::{Run, RunSizeConfiguration};
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::shapes::{self, PYTHON};
use crate::world::{World, message, reason};

/// Prints the memory that the kernel lets it have, in bytes; both kinds of cgroups.
const PROGRAM: &str = r#"
import pathlib
for name in ("memory/memory.limit_in_bytes", "memory.max"):
    limit = pathlib.Path("/sys/fs/cgroup", name)
    if limit.exists():
        print("LIMIT", limit.read_text().strip(), flush=True)
"#;

/// A resource that no other node has.
const GPU: &str = "example.com/gpu";

/// An Application of that name, changed.
fn application(name: &str, changes: &Value) -> Value {
    let mut application = shapes::application(name, "shape-job", PYTHON, PROGRAM);
    application["spec"].as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    application
}

/// A RunSizeConfiguration for the namespace of this test alone, or for one that is not.
async fn policy(world: &World, name: &str, here: bool, spec: Value) -> Result<String> {
    let of = if here { world.namespace.as_str() } else { "somewhere-else" };
    let mut all = json!({"priority": 1, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": of}}});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let name = format!("{name}-{}", world.namespace);
    let kind = json!({"apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration"});
    world
        .apply(
            &json!({"apiVersion": kind["apiVersion"], "kind": kind["kind"], "metadata": {"name": name}, "spec": all}),
        )
        .await?;
    Ok(name)
}

async fn forget(world: &World, names: &[String]) -> Result<()> {
    let policies = Api::<RunSizeConfiguration>::all(world.client.clone());
    for name in names {
        policies.delete(name, &DeleteParams::default()).await?;
    }
    Ok(())
}

/// The only pod of a Run.
async fn pod(world: &World, name: &str) -> Result<Pod> {
    let pods = world.pods(name, "worker").await?;
    ensure!(pods.len() == 1, "{name} has {} pods", pods.len());
    Ok(pods.into_iter().next().unwrap())
}

/// What the program of a pod may use.
fn limits(pod: &Pod) -> Value {
    serde_json::to_value(&pod.spec.as_ref().unwrap().containers[0].resources).unwrap()["limits"].clone()
}

/// Field and decider of every choice in the record of a Run.
async fn recorded(world: &World, run: &Run) -> Result<Vec<(String, String)>> {
    let launch = run.status.as_ref().and_then(|status| status.launch.as_ref()).context("nothing was launched")?;
    let records = Api::<ConfigMap>::namespaced(world.client.clone(), &world.namespace);
    let record = codeflare_plan::record::peek(&records.get(&launch.record).await?)?;
    Ok(record.plan.choices.into_iter().map(|choice| (choice.field, choice.by)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_three_who_decided_are_named_and_the_pod_has_that_memory() -> Result<()> {
    let Some(world) = World::given("size").await? else { return Ok(()) };
    // The ceiling first: a host that knows the size has seen it too.
    let ceiling = policy(&world, "ceiling", true, json!({"limits": {"memory": "192Mi"}})).await?;
    let shirt = json!({"workers": 2, "cpu": "100m", "memory": "64Mi", "gpu": 1});
    let own = policy(&world, "small", true, json!({"config": {"small": shirt}})).await?;
    world.apply(&application("sized", &json!({"minMemory": "256Mi"}))).await?;
    // GPUs are wanted by the Run alone.
    world.run("sized", json!({"size": "small", "supportsGpu": true})).await?;
    let run = world.succeeded("sized").await?;

    let wanted = [
        ("worker.gpu", "Application/sized".to_owned()),
        ("worker.memory", "Application/sized".to_owned()),
        ("worker.memory", format!("RunSizeConfiguration/{ceiling}")),
        ("workers", format!("RunSizeConfiguration/{ceiling}")),
    ];
    let told = run.status.as_ref().unwrap().launch.as_ref().unwrap();
    let shown: Vec<_> = told.choices.iter().map(|choice| (choice.field.clone(), choice.by.clone())).collect();
    let recorded = recorded(&world, &run).await?;
    for (field, by) in wanted {
        let choice = (field.to_owned(), by);
        ensure!(shown.contains(&choice), "the status does not name {choice:?}: {shown:?}");
        ensure!(recorded.contains(&choice), "the record does not name {choice:?}: {recorded:?}");
    }
    let small = |choice: &(String, String)| choice.1 == format!("RunSizeConfiguration/{own}");
    ensure!(recorded.iter().any(small), "who defines the size is not named: {recorded:?}");

    let pod = pod(&world, "sized").await?;
    ensure!(limits(&pod) == json!({"cpu": "100m", "memory": "192Mi"}), "{}", limits(&pod));
    let log = world.logs("sized", "worker").await?.join("\n");
    ensure!(log.contains(&format!("LIMIT {}", 192 << 20)), "{log}");
    forget(&world, &[own, ceiling]).await?;
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_holds_in_the_namespaces_that_it_selects() -> Result<()> {
    let Some(world) = World::given("size-of").await? else { return Ok(()) };
    let shirt = |cpu: &str| json!({"workers": 1, "cpu": cpu, "memory": "128Mi"});
    let both = json!({"priority": 0, "config": {"ours": shirt("50m"), "theirs": shirt("50m")}});
    // Theirs first: a host that knows ours has seen it too.
    let theirs = policy(&world, "theirs", false, both).await?;
    let ours = policy(&world, "ours", true, json!({"config": {"ours": shirt("70m")}})).await?;
    for name in ["held", "stranger"] {
        world.apply(&application(name, &json!({}))).await?;
    }
    world.run("held", json!({"size": "ours"})).await?;
    world.succeeded("held").await?;
    ensure!(limits(&pod(&world, "held").await?)["cpu"] == "70m", "another policy than ours held");
    world.run("stranger", json!({"size": "theirs"})).await?;
    let run = world.until("stranger", "UnknownSize", |run| reason(run) == "UnknownSize").await?;
    ensure!(message(&run).contains("`theirs` is unknown") && message(&run).contains("ours"), "{}", message(&run));
    forget(&world, &[ours, theirs]).await?;
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn gpus_are_asked_for_by_the_resource_that_the_size_names() -> Result<()> {
    let Some(world) = World::given("size-gpu").await? else { return Ok(()) };
    let nodes = Api::<Node>::all(world.client.clone());
    let node = nodes.list(&ListParams::default()).await?.items.remove(0).name_any();
    // What an admin does for a device that has no plugin; the kubelet makes it allocatable.
    let capacity = |count: Value| Patch::Merge(json!({"status": {"capacity": {GPU: count}}}));
    nodes.patch_status(&node, &PatchParams::default(), &capacity(json!("1"))).await?;
    let shirt = json!({"workers": 1, "cpu": "100m", "memory": "64Mi", "gpu": 1});
    let spec = json!({"gpuResource": GPU, "config": {"gpu": shirt}});
    let own = policy(&world, "gpu", true, spec).await?;
    world.apply(&application("fast", &json!({"supportsGpu": true}))).await?;
    world.run("fast", json!({"size": "gpu", "supportsGpu": true})).await?;
    world.succeeded("fast").await?;
    let limits = limits(&pod(&world, "fast").await?);
    ensure!(limits == json!({"cpu": "100m", "memory": "64Mi", GPU: "1"}), "{limits}");
    nodes.patch_status(&node, &PatchParams::default(), &capacity(Value::Null)).await?;
    forget(&world, &[own]).await?;
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_runs_on_the_nodes_that_its_run_chooses() -> Result<()> {
    let Some(world) = World::given("size-node").await? else { return Ok(()) };
    let nodes = Api::<Node>::all(world.client.clone());
    let node = nodes.list(&ListParams::default()).await?.items.remove(0).name_any();
    let label = |value: Value| Patch::Merge(json!({"metadata": {"labels": {"example.com/pool": value}}}));
    nodes.patch(&node, &PatchParams::default(), &label(json!("here"))).await?;
    let elsewhere = json!({"nodeSelector": {"example.com/pool": "nowhere"}});
    let shirt = json!({"workers": 1, "cpu": "100m", "memory": "64Mi", "scheduling": elsewhere});
    let own = policy(&world, "pool", true, json!({"config": {"pool": shirt}})).await?;
    for name in ["lost", "found"] {
        world.apply(&application(name, &json!({}))).await?;
    }
    world.run("lost", json!({"size": "pool"})).await?;
    world.until("lost", "Unschedulable", |run| reason(run) == "Unschedulable").await?;
    let here = json!({"nodeSelector": {"example.com/pool": "here"}});
    world.run("found", json!({"size": "pool", "scheduling": here})).await?;
    world.succeeded("found").await?;
    let spec = pod(&world, "found").await?.spec.unwrap();
    let selector = spec.node_selector.unwrap_or_default();
    ensure!(selector.get("example.com/pool").is_some_and(|pool| pool == "here"), "{selector:?}");
    ensure!(spec.node_name == Some(node.clone()), "{:?}", spec.node_name);
    nodes.patch(&node, &PatchParams::default(), &label(Value::Null)).await?;
    forget(&world, &[own]).await?;
    world.end().await
}
