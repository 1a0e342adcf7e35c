//! A budget that is never exceeded: Runs that are created at once, a host that is killed,
//! a watch that lags; and Runs that wait are woken, the oldest first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use codeflare_api::run::Phase;
use codeflare_api::{Plugin, Run, labels};
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;

use crate::kubelet;
use crate::world::{LOOK, PATIENCE, World, state};

/// How soon a Run goes for which there is room: well below the time after which it would
/// look by itself.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How far the watch of Runs lags where it does.
const LAG: Duration = Duration::from_millis(700);

/// A namespace whose Runs have a budget of so many; the Plugin goes with it.
struct Budget {
    world: World,
    namespace: String,
    books: Books,
}

impl Budget {
    async fn of(runs: u32, name: &str) -> Result<Option<Budget>> {
        let Some(world) = World::given().await? else { return Ok(None) };
        let namespace = world.fresh(name);
        world.namespace(&namespace).await?;
        world.application(&namespace).await?;
        world.proxy.begin(&namespace, None);
        world
            .apply(&json!({
                "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": namespace},
                "spec": {
                    "source": {"file": {"path": "budget.wasm"}}, "sizingPolicy": {}, "priority": 50,
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                    "settings": {"limits": {"runs": runs, "cpu": "1"}},
                },
            }))
            .await?;
        let books = Books::open(&world, &namespace);
        let budget = Budget { world, namespace, books };
        budget.ready().await?;
        Ok(Some(budget))
    }

    async fn ready(&self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            self.world.host.ensure().await?;
            let plugin = self.plugins().get(&self.namespace).await?;
            let conditions = plugin.status.unwrap_or_default().conditions;
            if conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True") {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the budget did not become ready\nhost: {}", self.world.host.last_words())
    }

    fn plugins(&self) -> Api<Plugin> {
        Api::all(self.world.client.clone())
    }

    async fn runs(&self) -> Result<Vec<Run>> {
        Ok(self.world.runs(&self.namespace).list(&ListParams::default()).await?.items)
    }

    /// Plays the kubelet until the Runs are as wanted; pods end if `end` says so.
    async fn until(&self, what: &str, end: bool, wanted: impl Fn(&[Run]) -> bool) -> Result<Duration> {
        let start = Instant::now();
        let mut runs = Vec::new();
        while start.elapsed() < PATIENCE {
            self.world.host.ensure().await?;
            kubelet::look(&self.world.client, &self.namespace, |_, _| end.then_some(0)).await?;
            runs = self.runs().await?;
            if wanted(&runs) {
                return Ok(start.elapsed());
            }
            tokio::time::sleep(LOOK).await;
        }
        let states: Vec<_> = runs.iter().map(|run| (run.name_any(), state(run))).collect();
        bail!("not {what} within {PATIENCE:?}: {states:#?}\nhost: {}", self.world.host.last_words())
    }

    /// Takes the Plugin away and answers what was recorded and ended, in order.
    async fn close(self) -> Result<Vec<Entry>> {
        self.plugins().delete(&self.namespace, &DeleteParams::default()).await?;
        self.books.entries()
    }
}

/// What happened to a Run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Recorded,
    Ended,
}

/// When something happened, as the revision of the store behind the API server: one
/// counter for all objects, so that it tells the order of everything.
type Entry = (u64, What, String);

/// Every record of a namespace and every end of its Runs, from watches of our own.
struct Books {
    entries: Arc<Mutex<BTreeMap<(String, u8), Entry>>>,
    tasks: [tokio::task::JoinHandle<()>; 2],
}

impl Books {
    fn open(world: &World, namespace: &str) -> Books {
        let entries: Arc<Mutex<BTreeMap<(String, u8), Entry>>> = Arc::default();
        let note = |entries: &Arc<Mutex<BTreeMap<(String, u8), Entry>>>| {
            let entries = entries.clone();
            // The first sight of each counts.
            move |version: Option<String>, what: What, run: String| {
                let revision = version.and_then(|text| text.parse().ok()).unwrap_or(0);
                entries.lock().unwrap().entry((run.clone(), what as u8)).or_insert((revision, what, run));
            }
        };
        let (recorded, ended) = (note(&entries), note(&entries));
        let records = Api::<ConfigMap>::namespaced(world.client.clone(), namespace);
        let of_records = watcher::Config::default().labels(&format!("{}={}", labels::PART, labels::RECORD));
        let records =
            tokio::spawn(watcher(records, of_records).default_backoff().applied_objects().for_each(move |record| {
                if let Ok(record) = record {
                    let run = record.labels().get(labels::RUN).cloned().unwrap_or_default();
                    recorded(record.resource_version(), What::Recorded, run);
                }
                std::future::ready(())
            }));
        let runs = world.runs(namespace);
        let runs = tokio::spawn(
            watcher(runs, watcher::Config::default()).default_backoff().applied_objects().for_each(move |run| {
                if let Ok(run) = run
                    && phase(&run).is_some_and(Phase::is_terminal)
                {
                    ended(run.resource_version(), What::Ended, run.name_any());
                }
                std::future::ready(())
            }),
        );
        Books { entries, tasks: [records, runs] }
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries: Vec<_> = self.entries.lock().unwrap().values().cloned().collect();
        entries.sort_by_key(|(revision, what, _)| (*revision, *what as u8));
        ensure!(entries.iter().all(|(revision, _, _)| *revision > 0), "something has no revision: {entries:?}");
        Ok(entries)
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

fn phase(run: &Run) -> Option<Phase> {
    run.status.as_ref()?.phase
}

fn ended(runs: &[Run]) -> usize {
    runs.iter().filter(|run| phase(run).is_some_and(Phase::is_terminal)).count()
}

fn running(runs: &[Run]) -> usize {
    runs.iter().filter(|run| phase(run) == Some(Phase::Running)).count()
}

fn waiting(runs: &[Run]) -> usize {
    runs.iter().filter(|run| state(run) == ("Pending".into(), "PluginWaiting".into())).count()
}

/// The most Runs that were recorded and had not ended at any moment.
fn most(entries: &[Entry]) -> usize {
    let mut now = 0_usize;
    let mut most = 0;
    for (_, what, _) in entries {
        match what {
            What::Recorded => now += 1,
            What::Ended => now = now.saturating_sub(1),
        }
        most = most.max(now);
    }
    most
}

/// Ten Runs at once with room for three; the host is killed while they wait, and twice
/// while they end.
async fn ten_at_once(name: &str, lag: Option<Duration>) -> Result<()> {
    let Some(budget) = Budget::of(3, name).await? else { return Ok(()) };
    if let Some(lag) = lag {
        budget.world.proxy.hold("/runs", lag);
        // Watches that are open do not lag yet.
        budget.world.host.kill().await;
        budget.ready().await?;
    }
    let names: Vec<_> = (0..10).map(|number| format!("run-{number}")).collect();
    let created = names.iter().map(|name| budget.world.run(&budget.namespace, name, json!({})));
    futures::future::try_join_all(created).await?;
    budget.until("three running, seven waiting", false, |runs| running(runs) == 3 && waiting(runs) == 7).await?;
    let waits = budget.runs().await?.into_iter().find(|run| waiting(std::slice::from_ref(run)) == 1);
    let message = waits.and_then(|run| run.status?.message).context("nobody waits with a message")?;
    ensure!(message.contains("uses 3 of 3 runs; this Run needs 1"), "{message}");
    budget.world.host.kill().await;
    for so_many in [2, 5] {
        budget.until("ending", true, |runs| ended(runs) >= so_many).await?;
        budget.world.host.kill().await;
    }
    budget.until("ended, all of them", true, |runs| ended(runs) == 10).await?;
    let runs = budget.runs().await?;
    ensure!(runs.iter().all(|run| phase(run) == Some(Phase::Succeeded)), "{runs:#?}");
    let entries = budget.close().await?;
    ensure!(entries.iter().filter(|(_, what, _)| *what == What::Recorded).count() == 10, "{entries:?}");
    let most = most(&entries);
    println!("{name}: at most {most} of 3 Runs at a time, all 10 ended");
    ensure!(most == 3, "{most} Runs were recorded and unfinished at one moment: {entries:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_runs_at_once_never_exceed_a_budget_for_three_though_the_host_is_killed() -> Result<()> {
    ten_at_once("budget-killed", None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_runs_at_once_never_exceed_a_budget_for_three_though_the_watch_lags() -> Result<()> {
    ten_at_once("budget-lags", Some(LAG)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_are_woken_at_once_and_the_oldest_goes_first() -> Result<()> {
    let Some(budget) = Budget::of(1, "budget-order").await? else { return Ok(()) };
    // Names against the alphabet: the age decides, and its grain is a second.
    for name in ["d", "c", "b", "a"] {
        let run = budget.world.run(&budget.namespace, name, json!({})).await?;
        let created = run.creation_timestamp().context("no time of creation")?.0.as_second();
        budget
            .until("launched or waiting, a second old", false, |runs| {
                running(runs) + waiting(runs) == runs.len() && now() > created
            })
            .await?;
    }
    let runs = budget.world.runs(&budget.namespace);
    // A Run that is deleted makes room as one that ends.
    runs.delete("d", &DeleteParams::background()).await?;
    let took = budget.until("c running", false, |runs| is_running(runs, "c")).await?;
    ensure!(took < AT_ONCE, "c was launched {took:?} after d was gone");
    for (next, after) in [("b", "c"), ("a", "b")] {
        let ends =
            |runs: &[Run]| runs.iter().any(|run| run.name_any() == after && phase(run) == Some(Phase::Succeeded));
        budget.until("ended", true, ends).await?;
        let took = budget.until("running", false, |runs| is_running(runs, next)).await?;
        ensure!(took < AT_ONCE, "{next} was launched {took:?} after {after} had ended");
    }
    let entries = budget.close().await?;
    let order: Vec<_> =
        entries.iter().filter(|(_, what, _)| *what == What::Recorded).map(|(_, _, run)| run.as_str()).collect();
    ensure!(order == ["d", "c", "b", "a"], "{order:?}");
    Ok(())
}

/// Seconds of this machine's clock, which is the API server's too.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn is_running(runs: &[Run], name: &str) -> bool {
    runs.iter().any(|run| run.name_any() == name && phase(run) == Some(Phase::Running))
}
