//! What the host keeps of plugins: for as long as a Run needs it and no longer, whole
//! whatever request was the host's last, and not believed where somebody has changed it.

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, PostParams};

use crate::host::NAMESPACE;
use crate::proxy::{Fault, When};
use crate::upgrade::{Upgrade, ready, serves};
use crate::world::{LOOK, PATIENCE, World, state};

/// What is kept of a digest.
async fn kept(world: &World, digest: &str) -> Result<Vec<ConfigMap>> {
    let of = format!("codeflare.dev/digest={}", &digest["sha256:".len()..][..40]);
    let maps = Api::<ConfigMap>::namespaced(world.client.clone(), NAMESPACE);
    Ok(maps.list(&ListParams::default().labels(&of)).await?.items)
}

/// Waits until nothing is kept of a digest.
async fn forgotten(world: &World, digest: &str) -> Result<()> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        world.host.ensure().await?;
        let left: Vec<_> = kept(world, digest).await?.iter().map(ResourceExt::name_any).collect();
        if left.is_empty() {
            return Ok(());
        }
        ensure!(std::time::Instant::now() < until, "{left:?} are kept\nhost: {}", world.host.last_words());
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_kept_until_its_last_run_has_ended() -> Result<()> {
    let Some((upgrade, one)) = Upgrade::begin("kept", 2).await? else { return Ok(()) };
    let world = &upgrade.world;
    let objects = kept(world, &one).await?;
    ensure!(objects.len() == 2 && objects.iter().all(|map| map.immutable == Some(true)), "kept: {objects:#?}");
    // Nobody else needs it: a version that no Run was launched by goes, and tells that what
    // nobody needs has gone by then.
    let three = upgrade.chart.ship("Three").await?;
    upgrade.plugin("Three", |plugin| ready(plugin) == Some(true) && serves(plugin) == three).await?;
    upgrade.chart.uninstall().await?;
    forgotten(world, &three).await?;
    ensure!(kept(world, &one).await?.len() == 2, "it went while two Runs need it");

    upgrade.end("early-00", "One").await?;
    upgrade.chart.ship("Three").await?;
    upgrade.plugin("Three", |plugin| ready(plugin) == Some(true) && serves(plugin) == three).await?;
    upgrade.chart.uninstall().await?;
    forgotten(world, &three).await?;
    ensure!(kept(world, &one).await?.len() == 2, "it went while one Run needs it");

    upgrade.end("early-01", "One").await?;
    forgotten(world, &one).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_serves_a_host_that_finds_nothing_else() -> Result<()> {
    let Some((upgrade, one)) = Upgrade::begin("alone", 0).await? else { return Ok(()) };
    let world = &upgrade.world;
    // The bytes that the Plugin names, though their source is gone.
    let maps = Api::<ConfigMap>::namespaced(world.client.clone(), &upgrade.namespace);
    maps.delete(&format!("marker-{}", &one["sha256:".len()..][..12]), &DeleteParams::default()).await?;
    world.host.kill().await;
    world.host.lose_cache()?;
    let fetched = |plugin: &codeflare_api::Plugin| {
        let conditions = plugin.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        conditions.iter().any(|one| one.type_ == "Fetched" && one.status == "True" && one.reason == "Kept")
    };
    upgrade.plugin("ready again", |plugin| ready(plugin) == Some(true) && fetched(plugin)).await?;
    // The last good version, though the newest is bad and this host has never seen it serve.
    upgrade.chart.ship("Broken").await?;
    upgrade.plugin("refused", |plugin| ready(plugin) == Some(false) && serves(plugin) == one).await?;
    world.host.kill().await;
    world.host.lose_cache()?;
    upgrade.run("run", serde_json::json!({})).await?;
    upgrade.says("run", "StartingOne").await?;
    upgrade.chart.uninstall().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_changed_are_refused_and_told_of() -> Result<()> {
    let Some((upgrade, one)) = Upgrade::begin("changed", 1).await? else { return Ok(()) };
    let world = &upgrade.world;
    let three = upgrade.chart.ship("Three").await?;
    upgrade.plugin("Three", |plugin| ready(plugin) == Some(true) && serves(plugin) == three).await?;
    world.host.kill().await;
    world.host.lose_cache()?;
    let maps = Api::<ConfigMap>::namespaced(world.client.clone(), NAMESPACE);
    let objects = kept(world, &one).await?;
    let mut piece = objects.into_iter().find(|map| map.binary_data.is_some()).unwrap();
    let name = piece.name_any();
    piece.binary_data.as_mut().unwrap().get_mut("bytes").unwrap().0[100] ^= 1;
    // It is immutable: whoever changes it deletes it and writes another.
    maps.delete(&name, &DeleteParams::default()).await?;
    piece.metadata.uid = None;
    piece.metadata.resource_version = None;
    maps.create(&PostParams::default(), &piece).await?;

    // The present version of the same Plugin answers, and the Run says so.
    upgrade.says("early-00", "RunningThree").await?;
    let status = world.runs(&upgrade.namespace).get("early-00").await?.status.unwrap_or_default();
    let message = status.message.unwrap_or_default();
    for word in [one.as_str(), three.as_str(), &name, "was changed"] {
        ensure!(message.contains(word), "`{message}` does not say `{word}`");
    }
    // Without one the Run waits: no other Plugin speaks for it.
    upgrade.chart.uninstall().await?;
    world.host.kill().await;
    upgrade.says("early-00", "LauncherNotReady").await?;
    ensure!(state(&world.runs(&upgrade.namespace).get("early-00").await?).0 == "Running", "it has not stopped");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_at_any_request_to_the_store_keeps_all_and_forgets_all() -> Result<()> {
    let Some((upgrade, one)) = Upgrade::begin("points", 0).await? else { return Ok(()) };
    let world = &upgrade.world;
    upgrade.chart.uninstall().await?;
    forgotten(world, &one).await?;

    world.proxy.begin(NAMESPACE, None);
    kept_and_forgotten(&upgrade, &one).await?;
    let requests = world.proxy.requests();
    ensure!(requests.len() == 4, "two objects come and go: {requests:?}");
    for at in 1..=requests.len() {
        for when in [When::Before, When::Unanswered] {
            world.proxy.begin(NAMESPACE, Some(Fault { at, when }));
            kept_and_forgotten(&upgrade, &one).await?;
            ensure!(world.proxy.struck(), "request {at} did not come");
        }
    }
    println!("{} points held", 2 * requests.len());
    Ok(())
}

/// The plugin comes, serves with all that is kept of it, and goes.
async fn kept_and_forgotten(upgrade: &Upgrade, one: &str) -> Result<()> {
    let world = &upgrade.world;
    upgrade.chart.ship("One").await?;
    upgrade.plugin("ready", |plugin| ready(plugin) == Some(true)).await?;
    let objects = kept(world, one).await?;
    ensure!(objects.len() == 2, "it is ready without all that is kept of it: {objects:#?}");
    upgrade.chart.uninstall().await?;
    forgotten(world, one).await
}
