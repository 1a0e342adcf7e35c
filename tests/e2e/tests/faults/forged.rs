//! Records that somebody else wrote, or changed.

use anyhow::{Result, ensure};
use codeflare_api::names;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde_json::json;

use crate::world::{World, state};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_written_by_somebody_else_is_refused() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let (namespace, maps) = begin(&world, "forged-new").await?;
    let run = world.run(&namespace, "run", json!({"size": "none-such"})).await?;
    world.until(&namespace, "run", "waiting for its size", |run| state(run).1 == "UnknownSize").await?;
    let uid = run.uid().unwrap();
    let forged: ConfigMap = serde_json::from_value(json!({
        "metadata": {
            "name": names::record(&names::base("run", &uid, 1)),
            "labels": {"codeflare.dev/run": "run", "codeflare.dev/run-uid": uid, "codeflare.dev/attempt": "1", "codeflare.dev/part": "record"},
        },
        "data": {"seal": "00".repeat(32)},
        "binaryData": {"record": "bm90IGEgcmVjb3Jk"},
    }))?;
    maps.create(&PostParams::default(), &forged).await?;
    refused(&world, &namespace).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_changed_by_somebody_else_is_refused() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let (namespace, maps) = begin(&world, "forged-changed").await?;
    world.run(&namespace, "run", json!({})).await?;
    world.until(&namespace, "run", "launched", |run| state(run).0 == "Starting").await?;
    world.host.kill().await;
    let records = maps.list(&ListParams::default().labels("codeflare.dev/part=record")).await?;
    let mut record = records.items.into_iter().next().unwrap();
    let bytes = record.binary_data.as_mut().unwrap().get_mut("record").unwrap();
    let middle = bytes.0.len() / 2;
    bytes.0[middle] ^= 1;
    // It is immutable: whoever changes it deletes it and writes another.
    maps.delete(&record.name_any(), &DeleteParams::default()).await?;
    record.metadata.uid = None;
    record.metadata.resource_version = None;
    maps.create(&PostParams::default(), &record).await?;
    refused(&world, &namespace).await?;
    let jobs = Api::<Job>::namespaced(world.client.clone(), &namespace).list_metadata(&ListParams::default()).await?;
    ensure!(jobs.items.len() == 1, "the workload that was launched before was doubled or deleted");
    Ok(())
}

async fn begin(world: &World, namespace: &str) -> Result<(String, Api<ConfigMap>)> {
    let namespace = world.fresh(namespace);
    world.namespace(&namespace).await?;
    world.application(&namespace).await?;
    world.proxy.begin(&namespace, None);
    let maps = Api::namespaced(world.client.clone(), &namespace);
    Ok((namespace, maps))
}

async fn refused(world: &World, namespace: &str) -> Result<()> {
    let forged = |run: &codeflare_api::Run| state(run) == ("Failed".into(), "RecordForged".into());
    world.until(namespace, "run", "Failed with RecordForged", forged).await?;
    Ok(())
}
