//! A size that three have decided: each of them is named, and the workload has what came
//! of it.

use anyhow::{Context, Result, ensure};
use codeflare_api::RunSizeConfiguration;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams};
use serde_json::json;

use crate::world::{World, state};

#[tokio::test(flavor = "multi_thread")]
async fn gpus_refused_memory_raised_and_cut_are_told_with_who_decided() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let namespace = world.fresh("size");
    world.namespace(&namespace).await?;
    world.proxy.begin(&namespace, None);
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration", "metadata": {"name": namespace},
            "spec": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}, "priority": 0,
                "limits": {"memory": "192Mi"},
                "config": {"fast": {"workers": 2, "cpu": "10m", "memory": "64Mi", "gpu": 1}},
            },
        }))
        .await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"api": "job", "image": "none", "command": "true", "size": "fast", "minMemory": "256Mi"},
        }))
        .await?;
    world.run(&namespace, "run", json!({"supportsGpu": true})).await?;
    world.until(&namespace, "run", "launched", |run| state(run).0 == "Starting").await?;

    let status = world.runs(&namespace).get("run").await?.status.context("no status")?;
    let launch = status.launch.context("nothing was launched")?;
    let ceiling = format!("RunSizeConfiguration/{namespace}");
    let wanted = [
        ("worker.gpu", "Application/app", json!(0), vec![ceiling.as_str()]),
        ("worker.memory", "Application/app", json!("256Mi"), vec![ceiling.as_str()]),
        ("worker.memory", ceiling.as_str(), json!("192Mi"), vec!["Application/app", ceiling.as_str()]),
        ("workers", ceiling.as_str(), json!(1), vec![ceiling.as_str()]),
    ];
    let records = Api::<ConfigMap>::namespaced(world.client.clone(), &namespace);
    let record = codeflare_plan::record::peek(&records.get(&launch.record).await?)?;
    for (place, choices) in [("status", &launch.choices), ("record", &record.plan.choices)] {
        for (field, by, value, over) in &wanted {
            let found = choices.iter().any(|choice| {
                let overruled: Vec<_> = choice.over.iter().map(|(who, _)| who.as_str()).collect();
                choice.field == *field && choice.by == *by && choice.value == *value && overruled == *over
            });
            ensure!(found, "the {place} does not say that {by} made {field} {value} over {over:?}: {choices:#?}");
        }
    }

    let object = launch.object.context("no object")?;
    let job = Api::<Job>::namespaced(world.client.clone(), &namespace).get(&object.name).await?;
    let template = serde_json::to_value(job.spec.context("no spec")?.template)?;
    let limits = &template["spec"]["containers"][0]["resources"]["limits"];
    ensure!(*limits == json!({"cpu": "10m", "memory": "192Mi"}), "{limits}");
    let policies = Api::<RunSizeConfiguration>::all(world.client.clone());
    policies.delete(&namespace, &DeleteParams::default()).await?;
    Ok(())
}
