//! Plugins that serve: fetched, verified, compiled, kept, each with its last good version.
//!
//! A bad plugin is a condition on its Plugin object and on the Runs that need it, and
//! never more: nothing here fails the host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use codeflare_api::Plugin;
use codeflare_api::plugin::Grant;
use codeflare_engine::Engine;
use codeflare_plan::seen::{PluginRole, SeenPlugin, Serving};
use codeflare_registry::Registry;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::runtime::reflector::Store;
use kube::{Client, ResourceExt};
use tokio::sync::{Notify, watch};

use crate::metrics::Metrics;
use crate::served::Served;
use crate::watch::{Wake, Waker};
pub(crate) use call::Answered;
use collect::Needs;
use report::Outcome;
use said::Said;
use store::Store as Kept;
use versions::{Version, Versions};

mod call;
mod collect;
mod health;
pub(crate) mod keeper;
mod kept;
mod load;
mod proofs;
mod publish;
mod registry;
mod report;
mod said;
mod store;
mod versions;

/// How often a Plugin that could not be loaded is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Plugins that serve.
pub(crate) struct Catalog {
    client: Client,
    engine: Engine,
    sources: Sources,
    served: Served,
    waker: Waker,
    /// Told when what serves has changed: Applications show it.
    changed: Arc<Notify>,
    entries: RwLock<BTreeMap<String, Entry>>,
    /// Every version that was loaded: Runs in flight keep theirs.
    versions: Versions,
    /// Bytes of every version that a Run in flight may need.
    store: Kept,
    /// Whether this host acts: others write nothing.
    leading: watch::Sender<bool>,
    /// Told whenever a Plugin has been loaded, or not.
    settled: Notify,
    /// Told when a Plugin has something else to show.
    news: Notify,
    metrics: Arc<Metrics>,
}

/// Where plugins come from.
pub(crate) struct Sources {
    /// Folder of the image that `source.file` names files of.
    pub(crate) folder: PathBuf,
    /// For `source.oci`.
    pub(crate) registry: Registry,
    /// Namespace of the host: pull secrets, and what is kept of plugins.
    pub(crate) namespace: String,
}

/// One Plugin object.
struct Entry {
    uid: String,
    generation: i64,
    role: PluginRole,
    priority: i64,
    settings: serde_json::Map<String, serde_json::Value>,
    namespace_selector: Option<LabelSelector>,
    grants: Vec<Grant>,
    serving: Option<Version>,
    /// Why nothing serves, or not the newest.
    trouble: String,
    /// What came of loading it last; none before that.
    outcome: Option<Outcome>,
    /// What it said last, whichever version.
    said: Arc<Mutex<Said>>,
    loading: bool,
    tried: std::time::Instant,
}

impl Catalog {
    /// An empty catalog.
    pub(crate) fn new(
        client: Client,
        engine: Engine,
        sources: Sources,
        served: Served,
        waker: Waker,
        changed: Arc<Notify>,
        metrics: Arc<Metrics>,
    ) -> Catalog {
        Catalog {
            store: Kept::new(&client, &sources.namespace),
            client,
            engine,
            sources,
            served,
            waker,
            changed,
            entries: RwLock::default(),
            versions: Versions::default(),
            leading: watch::Sender::new(false),
            settled: Notify::new(),
            news: Notify::new(),
            metrics,
        }
    }

    /// This host acts from now on: it may write.
    pub(crate) fn lead(&self) {
        self.leading.send_replace(true);
    }

    /// Waits until this host acts.
    async fn leads(&self) {
        // The sender is ours: it is there for as long as we are.
        let _ = self.leading.subscribe().wait_for(|leads| *leads).await;
    }

    /// Kinds that the cluster serves.
    pub(crate) fn served(&self) -> &Served {
        &self.served
    }

    /// Every Plugin, as a decision sees it, by name. One that is held back is not ready.
    pub(crate) fn seen(&self) -> Vec<SeenPlugin> {
        let now = Timestamp::now();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .map(|(name, entry)| {
                let held = entry.serving.as_ref().and_then(|version| version.health().held_back(now));
                SeenPlugin {
                    name: name.clone(),
                    role: entry.role.clone(),
                    priority: entry.priority,
                    settings: entry.settings.clone(),
                    namespace_selector: entry.namespace_selector.clone(),
                    grants: entry.grants.clone(),
                    ready: entry.serving.as_ref().filter(|_| held.is_none()).map(|version| Serving {
                        digest: version.plugin.digest().to_owned(),
                        description: version.plugin.description().clone(),
                    }),
                    trouble: held.unwrap_or_else(|| entry.trouble.clone()),
                }
            })
            .collect()
    }

    /// Writes into what a Plugin said last; of one that is gone nobody reads it.
    fn said(&self, name: &str, write: impl FnOnce(&mut Said)) {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(name) {
            write(&mut entry.said.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// What serves of one Plugin.
    fn served_by(&self, name: &str) -> Option<Version> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(name)?.serving.clone()
    }

    /// Everything that serves.
    fn serving(&self) -> Vec<Version> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.values().filter_map(|entry| entry.serving.clone()).collect()
    }

    /// Lets go of versions that nobody needs.
    fn forget(&self, needs: &Needs) {
        self.versions.forget(needs);
    }

    /// Follows the Plugin objects for ever.
    pub(crate) async fn follow(self: Arc<Self>, plugins: Store<Plugin>, changed: Arc<Notify>) {
        loop {
            self.compare(&plugins);
            // Also without a change: what failed is tried again.
            let _ = tokio::time::timeout(AGAIN, changed.notified()).await;
        }
    }

    /// Waits until every Plugin was tried once: a Run that comes meanwhile would say that
    /// its launcher is not ready, and take it back a moment later.
    pub(crate) async fn tried(&self, plugins: &Store<Plugin>) {
        while !self.is_tried(plugins) {
            self.settled.notified().await;
        }
    }

    fn is_tried(&self, plugins: &Store<Plugin>) -> bool {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        plugins
            .state()
            .iter()
            .filter(|plugin| PluginRole::of(&plugin.spec).is_some())
            .all(|plugin| entries.get(&plugin.name_any()).is_some_and(|entry| !entry.loading))
    }

    /// Starts to load what is new or failed, and forgets what is gone.
    fn compare(self: &Arc<Self>, plugins: &Store<Plugin>) {
        let state = plugins.state();
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let before = entries.len();
        entries.retain(|name, _| state.iter().any(|plugin| plugin.name_any() == *name));
        if entries.len() != before {
            self.waker.wake(Wake::Everything);
        }
        for plugin in state {
            let Some(role) = PluginRole::of(&plugin.spec) else { continue };
            let uid = plugin.uid().unwrap_or_default();
            let generation = plugin.metadata.generation.unwrap_or_default();
            let entry = entries.get(&plugin.name_any());
            let current = entry.is_some_and(|entry| entry.uid == uid && entry.generation == generation);
            let waits =
                entry.is_some_and(|entry| entry.loading || entry.trouble.is_empty() || entry.tried.elapsed() < AGAIN);
            if current && waits {
                continue;
            }
            // The last good version of this very object goes on serving meanwhile.
            let same = entry.filter(|entry| entry.uid == uid && entry.role == role);
            let serving = same.and_then(|entry| entry.serving.clone());
            let entry = Entry {
                generation,
                role: role.clone(),
                priority: plugin.spec.priority,
                settings: plugin.spec.settings.clone().unwrap_or_default(),
                namespace_selector: plugin.spec.namespace_selector.clone(),
                grants: plugin.spec.grants.clone(),
                serving,
                trouble: "it is being loaded".to_owned(),
                outcome: same.and_then(|entry| entry.outcome.clone()),
                said: match entry.filter(|entry| entry.uid == uid) {
                    Some(entry) => entry.said.clone(),
                    None => {
                        Arc::new(Mutex::new(Said::of(plugin.status.as_ref().map_or(&[][..], |status| &status.log))))
                    }
                },
                loading: true,
                tried: std::time::Instant::now(),
                uid,
            };
            entries.insert(plugin.name_any(), entry);
            tokio::spawn(load::load(self.clone(), plugin, role));
        }
    }

    /// Takes in what came of loading a Plugin, and what serves from now on where that has
    /// changed; unless the object has changed meanwhile.
    fn settle(&self, plugin: &Plugin, outcome: Outcome, serves: Option<Version>) {
        let name = plugin.name_any();
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = entries.get_mut(&name) else {
            return;
        };
        if entry.uid != plugin.uid().unwrap_or_default() || Some(entry.generation) != plugin.metadata.generation {
            return;
        }
        entry.loading = false;
        entry.trouble = outcome.trouble().to_owned();
        entry.outcome = Some(outcome);
        if let Some(version) = serves {
            self.metrics.loaded(&name, version.plugin.times());
            self.versions.insert(&name, &version);
            entry.serving = Some(version);
        }
        drop(entries);
        self.settled.notify_one();
        self.changed.notify_one();
        self.news.notify_one();
        self.waker.wake(Wake::Everything);
    }
}
