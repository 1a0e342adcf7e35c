//! Plugins that serve: fetched, verified, compiled, each with its last good version.
//!
//! A bad plugin is a condition on its Plugin object and on the Runs that need it, and
//! never more: nothing here fails the host.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use codeflare_api::Plugin;
use codeflare_api::plugin::Grant;
use codeflare_engine::Engine;
use codeflare_plan::seen::{PluginRole, SeenPlugin, Serving};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::runtime::reflector::Store;
use kube::{Client, ResourceExt};
use tokio::sync::Notify;

use crate::served::Served;
use crate::watch::{Wake, Waker};

mod load;
mod report;

/// How often a Plugin that could not be loaded is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Plugins that serve.
pub(crate) struct Catalog {
    client: Client,
    engine: Engine,
    /// Folder of the image that `source.file` names files of.
    folder: PathBuf,
    served: Served,
    waker: Waker,
    /// Told when what serves has changed: Applications show it.
    changed: Arc<Notify>,
    entries: RwLock<BTreeMap<String, Entry>>,
    /// Every version that was loaded, by digest: Runs in flight keep theirs.
    versions: Mutex<HashMap<String, codeflare_engine::Plugin>>,
    /// Told whenever a Plugin has been loaded, or not.
    settled: Notify,
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
    serving: Option<codeflare_engine::Plugin>,
    /// Why nothing serves, or not the newest.
    trouble: String,
    loading: bool,
    tried: std::time::Instant,
}

impl Catalog {
    /// An empty catalog.
    pub(crate) fn new(
        client: Client,
        engine: Engine,
        folder: PathBuf,
        served: Served,
        waker: Waker,
        changed: Arc<Notify>,
    ) -> Catalog {
        Catalog {
            client,
            engine,
            folder,
            served,
            waker,
            changed,
            entries: RwLock::default(),
            versions: Mutex::default(),
            settled: Notify::new(),
        }
    }

    /// Kinds that the cluster serves.
    pub(crate) fn served(&self) -> &Served {
        &self.served
    }

    /// Every Plugin, as a decision sees it, by name.
    pub(crate) fn seen(&self) -> Vec<SeenPlugin> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .map(|(name, entry)| SeenPlugin {
                name: name.clone(),
                role: entry.role.clone(),
                priority: entry.priority,
                settings: entry.settings.clone(),
                namespace_selector: entry.namespace_selector.clone(),
                grants: entry.grants.clone(),
                ready: entry.serving.as_ref().map(|plugin| Serving {
                    digest: plugin.digest().to_owned(),
                    description: plugin.description().clone(),
                }),
                trouble: entry.trouble.clone(),
            })
            .collect()
    }

    /// The plugin at a digest: loaded before, kept on disk, or else the present version
    /// of the same Plugin.
    pub(crate) async fn at(&self, name: &str, digest: &str) -> Option<codeflare_engine::Plugin> {
        let loaded = self.versions.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        if loaded.is_some() {
            return loaded;
        }
        if let Some(kept) = self.load_kept(name, digest).await {
            return Some(kept);
        }
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(name).and_then(|entry| entry.serving.clone())
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
                uid,
                generation,
                role: role.clone(),
                priority: plugin.spec.priority,
                settings: plugin.spec.settings.clone().unwrap_or_default(),
                namespace_selector: plugin.spec.namespace_selector.clone(),
                grants: plugin.spec.grants.clone(),
                serving,
                trouble: "it is being loaded".to_owned(),
                loading: true,
                tried: std::time::Instant::now(),
            };
            entries.insert(plugin.name_any(), entry);
            tokio::spawn(load::load(self.clone(), plugin, role));
        }
    }

    /// Takes in what came of loading a Plugin, unless the object has changed meanwhile.
    fn settle(&self, plugin: &Plugin, result: Result<codeflare_engine::Plugin, String>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = entries.get_mut(&plugin.name_any()) else {
            return;
        };
        if entry.uid != plugin.uid().unwrap_or_default() || Some(entry.generation) != plugin.metadata.generation {
            return;
        }
        entry.loading = false;
        match result {
            Ok(loaded) => {
                let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
                versions.insert(loaded.digest().to_owned(), loaded.clone());
                entry.serving = Some(loaded);
                entry.trouble = String::new();
            }
            Err(trouble) => entry.trouble = trouble,
        }
        drop(entries);
        self.settled.notify_one();
        self.changed.notify_one();
        self.waker.wake(Wake::Everything);
    }
}
