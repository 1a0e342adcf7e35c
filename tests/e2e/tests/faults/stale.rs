//! Watches that lag by ten seconds while objects go and come back under their names.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams};
use serde_json::json;

use crate::world::{World, state};
use crate::{audit, kubelet};

/// How far a watch lags.
const LAG: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_comes_back_under_its_name_gets_nothing_of_the_old_one() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let namespace = &world.fresh("stale-run");
    world.namespace(namespace).await?;
    world.application(namespace).await?;
    world.proxy.begin(namespace, None);
    world.proxy.hold("/runs", LAG);
    let old = world.run(namespace, "run", json!({})).await?;
    world.until(namespace, "run", "launched", |run| state(run).0 == "Starting").await?;
    world.runs(namespace).delete("run", &DeleteParams::background()).await?;
    let new = world.run(namespace, "run", json!({})).await?;
    ensure!(old.uid() != new.uid());
    world.until(namespace, "run", "launched anew", |run| run.uid() == new.uid() && state(run).0 == "Starting").await?;
    let run = world.runs(namespace).get("run").await?;
    let launched = run.status.clone().unwrap_or_default().launch.and_then(|launch| launch.object).unwrap();
    let jobs = Api::<Job>::namespaced(world.client.clone(), namespace);
    let job = jobs.get(&launched.name).await?;
    ensure!(job.uid() == launched.uid, "the status names another Job than the one that is there");
    ensure!(job.owner_references()[0].uid == new.uid().unwrap(), "the Job belongs to the old Run");
    let created = audit::primaries(&world.audit, namespace)?;
    ensure!(created.len() == 2 && created.values().all(|times| *times == 1), "{created:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_deleted_by_hand_is_a_fault_and_not_launched_again() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let namespace = &world.fresh("stale-job");
    world.namespace(namespace).await?;
    world.application(namespace).await?;
    world.proxy.begin(namespace, None);
    world.proxy.hold("/jobs", LAG);
    world.run(namespace, "run", json!({})).await?;
    world.until(namespace, "run", "launched", |run| state(run).0 == "Starting").await?;
    kubelet::look(&world.client, namespace, |_, _| None).await?;
    let jobs = Api::<Job>::namespaced(world.client.clone(), namespace);
    for job in jobs.list(&ListParams::default()).await? {
        jobs.delete(&job.name_any(), &DeleteParams::background()).await?;
    }
    let gone = |run: &codeflare_api::Run| state(run) == ("Failed".into(), "WorkloadGone".into());
    world.until(namespace, "run", "Failed with WorkloadGone", gone).await?;
    let created = audit::primaries(&world.audit, namespace)?;
    ensure!(created.len() == 1 && created.values().all(|times| *times == 1), "{created:?}");
    Ok(())
}
