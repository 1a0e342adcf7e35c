//! A plugin is upgraded, and taken away, while Runs that it launched are under way: each of
//! them stays with the version that launched it.
//!
//! The plugin `marker` bears the mark of its version in all that it says; a chart ships One,
//! then a Broken one, then Three.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use codeflare_api::{Plugin, Run};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::runtime::conditions::is_deleted;
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use crate::chart::Chart;
use crate::kubelet;
use crate::world::{LOOK, PATIENCE, World, state};

/// Runs that are under way while their plugin is upgraded.
const RUNS: usize = 20;
/// Of them, the one that is suspended after the upgrade, and the one that is tried again.
const SUSPENDED: &str = "early-18";
const RETRIED: &str = "early-19";

/// A namespace with a chart that brings the plugin, and Runs.
pub(crate) struct Upgrade {
    pub(crate) world: World,
    pub(crate) namespace: String,
    pub(crate) chart: Chart,
}

impl Upgrade {
    /// A namespace with the plugin One, and Runs that it has launched and that run.
    pub(crate) async fn begin(name: &str, runs: usize) -> Result<Option<(Upgrade, String)>> {
        let Some(world) = World::given().await? else { return Ok(None) };
        let namespace = world.fresh(name);
        world.namespace(&namespace).await?;
        world.proxy.begin(&namespace, None);
        world.host.ensure().await?;
        let chart = Chart::new(&namespace)?;
        let upgrade = Upgrade { world, namespace, chart };
        let one = upgrade.chart.ship("One").await?;
        upgrade.plugin("ready", |plugin| ready(plugin) == Some(true)).await?;
        upgrade.world.apply(&application(&upgrade.namespace)).await?;
        for index in 0..runs {
            let name = format!("early-{index:02}");
            let retries = if name == RETRIED { 1 } else { 0 };
            upgrade.run(&name, json!({"retries": retries})).await?;
        }
        for index in 0..runs {
            upgrade.says(&format!("early-{index:02}"), "StartingOne").await?;
        }
        upgrade.pods(&|_, _| None).await?;
        for index in 0..runs {
            upgrade.says(&format!("early-{index:02}"), "RunningOne").await?;
        }
        Ok(Some((upgrade, one)))
    }

    pub(crate) async fn run(&self, name: &str, more: Value) -> Result<()> {
        let mut spec = json!({"application": {"name": "marked"}});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.world.run(&self.namespace, name, spec).await.map(drop)
    }

    /// Waits for the reason that a Run shows: the plugin's own word, with its mark.
    pub(crate) async fn says(&self, name: &str, reason: &str) -> Result<()> {
        self.world.until(&self.namespace, name, reason, |run| state(run).1 == reason).await.map(drop)
    }

    pub(crate) async fn pods(&self, exit: &dyn Fn(&str, u32) -> Option<i32>) -> Result<()> {
        kubelet::look(&self.world.client, &self.namespace, exit).await
    }

    /// Waits until the Plugin is as wanted; brings the host back where it was killed.
    pub(crate) async fn plugin(&self, what: &str, wanted: impl Fn(&Plugin) -> bool) -> Result<()> {
        let api = Api::<Plugin>::all(self.world.client.clone());
        let until = Instant::now() + PATIENCE;
        loop {
            self.world.host.ensure().await?;
            let plugin = api.get_opt("marker").await?;
            if plugin.as_ref().is_some_and(&wanted) {
                return Ok(());
            }
            if Instant::now() > until {
                let status = plugin.and_then(|plugin| plugin.status);
                anyhow::bail!("Plugin/marker is not {what}: {status:#?}\nhost: {}", self.world.host.last_words());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Lets the pods of one Run end well, and waits until a version has said so.
    pub(crate) async fn end(&self, name: &str, mark: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !succeeded(&self.world.runs(&self.namespace).get(name).await?, mark) {
            self.world.host.ensure().await?;
            self.pods(&|run, _| (run == name).then_some(0)).await?;
            ensure!(Instant::now() < until, "{name} has not ended: {}", self.world.host.last_words());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Digest of the launcher that a Run names, and UID of its Job.
    async fn launch(&self, name: &str) -> Result<(String, String)> {
        let run = self.world.runs(&self.namespace).get(name).await?;
        let launch = run.status.and_then(|status| status.launch).with_context(|| format!("{name} was not launched"))?;
        let digest = launch.launcher.context("no launcher")?.digest;
        Ok((digest, launch.object.and_then(|object| object.uid).unwrap_or_default()))
    }

    async fn launches(&self) -> Result<BTreeMap<String, (String, String)>> {
        let mut all = BTreeMap::new();
        for index in 0..RUNS {
            let name = format!("early-{index:02}");
            all.insert(name.clone(), self.launch(&name).await?);
        }
        Ok(all)
    }

    fn jobs_created(&self) -> usize {
        self.world.proxy.requests().iter().filter(|line| line.starts_with("POST") && line.ends_with("/jobs")).count()
    }

    async fn suspend(&self, name: &str, suspend: bool) -> Result<()> {
        let patch = Patch::Merge(json!({"spec": {"suspend": suspend}}));
        self.world.runs(&self.namespace).patch(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }
}

/// Whether a Run has ended well, as the version with this mark says.
fn succeeded(run: &Run, mark: &str) -> bool {
    let message = run.status.as_ref().and_then(|status| status.message.as_deref()).unwrap_or_default();
    state(run).0 == "Succeeded" && message == format!("{mark} says that it is Succeeded")
}

fn application(namespace: &str) -> Value {
    json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
        "metadata": {"name": "marked", "namespace": namespace},
        "spec": {"api": "marker", "image": "none", "command": "true", "size": "xs"},
    })
}

/// Whether it is Ready, of the generation that it has now.
pub(crate) fn ready(plugin: &Plugin) -> Option<bool> {
    let status = plugin.status.as_ref()?;
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready")?;
    (ready.observed_generation == plugin.metadata.generation).then(|| ready.status == "True")
}

pub(crate) fn serves(plugin: &Plugin) -> &str {
    plugin.status.as_ref().and_then(|status| status.digest.as_deref()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_stay_with_the_version_that_launched_them() -> Result<()> {
    let Some((upgrade, one)) = Upgrade::begin("upgrade", RUNS).await? else { return Ok(()) };
    let before = upgrade.launches().await?;
    ensure!(before.values().all(|(digest, _)| *digest == one), "not all were launched by One: {before:#?}");

    // A version that cannot serve: the last good one goes on, for new Runs too.
    upgrade.chart.ship("Broken").await?;
    upgrade.plugin("refused", |plugin| ready(plugin) == Some(false) && serves(plugin) == one).await?;
    upgrade.run("second", json!({})).await?;
    upgrade.says("second", "StartingOne").await?;

    let three = upgrade.chart.ship("Three").await?;
    upgrade.plugin("Three", |plugin| ready(plugin) == Some(true) && serves(plugin) == three).await?;
    upgrade.run("third", json!({})).await?;
    upgrade.says("third", "StartingThree").await?;
    ensure!(upgrade.launch("third").await?.0 == three, "the third was not launched by Three");

    // Nothing of One is left but what the host itself has kept in the cluster.
    let maps = Api::<ConfigMap>::namespaced(upgrade.world.client.clone(), &upgrade.namespace);
    let of = format!("marker-{}", &one["sha256:".len()..][..12]);
    ensure!(maps.get_opt(&of).await?.is_none(), "Helm has left {of}");
    upgrade.world.host.kill().await;
    upgrade.world.host.lose_cache()?;

    // Suspend, resume and end are One's.
    upgrade.suspend(SUSPENDED, true).await?;
    upgrade.says(SUSPENDED, "SuspendedOne").await?;
    ensure!(upgrade.launches().await? == before, "an upgrade or a restart has changed what runs");
    upgrade.suspend(SUSPENDED, false).await?;
    upgrade.says(SUSPENDED, "StartingOne").await?;

    // So is another attempt.
    upgrade.pods(&|run, attempt| (run == RETRIED && attempt == 1).then_some(7)).await?;
    upgrade
        .world
        .until(&upgrade.namespace, RETRIED, "tried again", |run| attempt(run) == 2 && state(run).1 == "StartingOne")
        .await?;
    ensure!(upgrade.launch(RETRIED).await?.0 == one, "the second attempt is not One's");

    // Pods that were made meanwhile run first, and end then.
    let until = Instant::now() + PATIENCE;
    loop {
        upgrade.pods(&|_, _| Some(0)).await?;
        let runs = upgrade.world.runs(&upgrade.namespace).list(&ListParams::default()).await?;
        if runs.items.iter().all(|run| state(run).0 == "Succeeded") {
            break;
        }
        ensure!(Instant::now() < until, "not all Runs have ended");
        tokio::time::sleep(LOOK).await;
    }
    for run in upgrade.world.runs(&upgrade.namespace).list(&ListParams::default()).await? {
        let mark = if run.metadata.name.as_deref() == Some("third") { "Three" } else { "One" };
        ensure!(succeeded(&run, mark), "it did not end as {mark} would say: {:#?}", run.status);
    }
    // One for each Run, and one for the second attempt.
    let jobs = upgrade.jobs_created();
    ensure!(jobs == RUNS + 3, "{jobs} Jobs were created for {} Runs and one retry", RUNS + 2);
    println!("{RUNS} Runs in flight: {jobs} Jobs created, each Run on its own digest; new Runs on One, One, Three");
    upgrade.chart.uninstall().await
}

fn attempt(run: &Run) -> u32 {
    run.status.as_ref().and_then(|status| status.launch.as_ref()).map_or(0, |launch| launch.attempt)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_uninstalled_leaves_its_runs_alone() -> Result<()> {
    let Some((upgrade, one)) = Upgrade::begin("uninstall", 2).await? else { return Ok(()) };
    upgrade.chart.uninstall().await?;
    upgrade.world.host.kill().await;
    upgrade.world.host.lose_cache()?;
    // The Runs go on without their Plugin; a new one says what is missing.
    upgrade.run("late", json!({})).await?;
    upgrade.says("late", "NoLauncher").await?;
    upgrade.end("early-00", "One").await?;
    ensure!(upgrade.launch("early-01").await?.0 == one);

    // The host goes too, with a Run in flight: nothing of it holds on to what is left.
    upgrade.world.host.kill().await;
    let client = upgrade.world.client.clone();
    upgrade.world.runs(&upgrade.namespace).delete("early-01", &DeleteParams::default()).await?;
    let jobs = Api::<Job>::namespaced(client.clone(), &upgrade.namespace);
    for job in jobs.list(&ListParams::default().labels("codeflare.dev/run=early-01")).await? {
        let (name, uid) = (job.metadata.name.unwrap_or_default(), job.metadata.uid.unwrap_or_default());
        let gone = await_condition(jobs.clone(), &name, is_deleted(&uid));
        tokio::time::timeout(PATIENCE, gone).await.with_context(|| format!("Job/{name} stays"))??;
    }
    let namespaces = Api::<Namespace>::all(client);
    let uid = namespaces.get(&upgrade.namespace).await?.metadata.uid.unwrap_or_default();
    namespaces.delete(&upgrade.namespace, &DeleteParams::default()).await?;
    let gone = await_condition(namespaces, &upgrade.namespace, is_deleted(&uid));
    tokio::time::timeout(PATIENCE, gone).await.context("the namespace stays")??;
    Ok(())
}
