//! Watches of what Runs are launched as: one a kind, for as long as the cluster serves it.
//!
//! Operators come and go while the host runs, and their kinds with them. A kind is watched
//! in full where the state of a Run is read from it, by metadata otherwise.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use codeflare_api::labels;
use codeflare_documents::describe::EmittedKind;
use codeflare_plan::live::Child;
use codeflare_plan::lock::{Watch, watched};
use kube::api::{Api, DynamicObject, PartialObjectMeta};
use kube::runtime::reflector::Store;
use kube::runtime::watcher;
use kube::{Client, Resource};
use serde_json::Value;

use super::{Wake, Waker, follow, mine, owner};
use crate::gather::child;
use crate::served::Served;

/// What lives of Runs, by kind.
#[derive(Clone)]
pub(crate) struct Children {
    client: Client,
    waker: Waker,
    served: Served,
    kinds: Arc<RwLock<BTreeMap<EmittedKind, Followed>>>,
}

/// A kind that is watched; its task ends with it.
struct Followed {
    store: Objects,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
enum Objects {
    Full(Store<DynamicObject>),
    Metadata(Store<PartialObjectMeta<DynamicObject>>),
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Children {
    /// Nothing is watched yet.
    pub(crate) fn new(client: &Client, waker: &Waker, served: &Served) -> Children {
        Children { client: client.clone(), waker: waker.clone(), served: served.clone(), kinds: Arc::default() }
    }

    /// Begins to watch the kinds that the cluster serves by now, and ends the watches of
    /// those that it serves no more.
    pub(crate) fn compare(&self) {
        let wanted = self.watched();
        let served = self.served.of(wanted.iter().map(|(kind, _)| kind.clone()));
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        let before = kinds.len();
        kinds.retain(|kind, _| served.contains(kind));
        if kinds.len() < before {
            // Their Runs must say that something is missing.
            self.waker.wake(Wake::Everything);
        }
        for (kind, watch) in wanted.into_iter().filter(|(kind, _)| served.contains(kind)) {
            kinds.entry(kind.clone()).or_insert_with(|| self.follow(&kind, watch));
        }
    }

    /// A definition was seen: what is being uninstalled counts as not served at once.
    pub(super) fn defined(&self, name: &str, going: bool) {
        if self.served.defined(name, going) {
            self.compare();
        }
    }

    fn follow(&self, kind: &EmittedKind, watch: Watch) -> Followed {
        tracing::info!(kind = kind.kind, version = kind.api_version(), "watching a kind");
        let of = self.served.resource(kind);
        match watch {
            Watch::Full => {
                let api = Api::<DynamicObject>::all_with(self.client.clone(), &of);
                let (store, task) = follow(watcher(api, mine()), of, &self.waker, owner);
                Followed { store: Objects::Full(store), task }
            }
            Watch::Metadata => {
                let api = Api::<PartialObjectMeta<DynamicObject>>::all_with(self.client.clone(), &of);
                let (store, task) = follow(watcher(api, mine()), of, &self.waker, owner);
                Followed { store: Objects::Metadata(store), task }
            }
        }
    }

    /// Waits for the first list of every kind that is watched now.
    pub(crate) async fn ready(&self) {
        let stores: Vec<_> = {
            let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
            kinds.values().map(|followed| followed.store.clone()).collect()
        };
        for store in stores {
            // A dropped writer means that the process is going down; nobody waits then.
            let _ = match store {
                Objects::Full(store) => store.wait_until_ready().await,
                Objects::Metadata(store) => store.wait_until_ready().await,
            };
        }
    }

    /// Kinds that have a closed list: the host's own, and those of the ceiling.
    fn watched(&self) -> Vec<(EmittedKind, Watch)> {
        watched().into_iter().chain(self.served.ceiling().watched()).collect()
    }

    /// Whether the cluster serves a kind, to us: one that an admin took from the ceiling is
    /// not watched any more, so that nobody could say whether its objects are there.
    pub(crate) fn is_served(&self, kind: &EmittedKind) -> bool {
        let watched = self.watched().iter().any(|(one, _)| one == kind);
        watched && !self.served.of([kind.clone()]).is_empty()
    }

    /// Objects of any attempt of a Run; its records are not among them.
    pub(crate) fn of(&self, uid: &str) -> Vec<Child> {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        let mut children = Vec::new();
        for (kind, followed) in kinds.iter() {
            match &followed.store {
                Objects::Full(store) => {
                    children.extend(store.state_filter(|object| is_of(object, uid)).iter().map(|object| {
                        child(kind, object.as_ref(), serde_json::to_value(object.as_ref()).unwrap_or(Value::Null))
                    }))
                }
                Objects::Metadata(store) => {
                    let found = store.state_filter(|object| is_of(object, uid));
                    children.extend(found.iter().map(|object| child(kind, object.as_ref(), Value::Null)));
                }
            }
        }
        children.sort_by(|a, b| (a.attempt, &a.kind, &a.name).cmp(&(b.attempt, &b.kind, &b.name)));
        children
    }
}

fn is_of<K: Resource>(object: &K, uid: &str) -> bool {
    let label = |name| object.meta().labels.as_ref().and_then(|all| all.get(name)).map(String::as_str);
    label(labels::RUN_UID) == Some(uid) && label(labels::PART) != Some(labels::RECORD)
}
