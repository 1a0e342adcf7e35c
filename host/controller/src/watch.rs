//! What the host watches, and which Run each change wakes.
//!
//! Everything of a Run is watched by the label of its UID.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use codeflare_api::{Application, PlatformRepoSecret, Plugin, Run, RunSizeConfiguration, labels};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, PartialObjectMeta};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, Resource, ResourceExt};
use tokio::sync::Notify;

use children::Children;

pub(crate) mod children;

/// A Run that may not be readable: written past the schema, or by a newer version.
pub(crate) type AnyRun = DeserializeGuard<Run>;

/// Seconds of one watch: a connection that went silent is noticed this soon.
const WATCH_SECONDS: u32 = 25;

/// What the watches have seen.
#[derive(Clone)]
pub(crate) struct Stores {
    /// Applications.
    pub(crate) applications: Store<Application>,
    /// RunSizeConfigurations.
    pub(crate) sizes: Store<RunSizeConfiguration>,
    /// Plugins.
    pub(crate) plugins: Store<Plugin>,
    /// The platform's credentials for repositories.
    pub(crate) repo_secrets: Store<PlatformRepoSecret>,
    /// Runs; filled from when this host acts.
    pub(crate) runs: Store<AnyRun>,
    /// Pods of Runs.
    pub(crate) pods: Store<Pod>,
    /// Records of attempts, metadata only.
    pub(crate) records: Store<PartialObjectMeta<ConfigMap>>,
    /// Namespaces, metadata only: plugins may serve some of them.
    pub(crate) namespaces: Store<PartialObjectMeta<Namespace>>,
    /// PriorityClasses, metadata only: a pod that names one that is not there is not made.
    pub(crate) priority_classes: Store<PartialObjectMeta<PriorityClass>>,
    /// What Runs are launched as.
    pub(crate) children: Children,
}

impl Stores {
    /// Waits for the first list of everything.
    pub(crate) async fn ready(&self) {
        // A dropped writer means that the process is going down; nobody waits then.
        let _ = self.applications.wait_until_ready().await;
        let _ = self.sizes.wait_until_ready().await;
        let _ = self.plugins.wait_until_ready().await;
        let _ = self.repo_secrets.wait_until_ready().await;
        let _ = self.pods.wait_until_ready().await;
        let _ = self.records.wait_until_ready().await;
        let _ = self.namespaces.wait_until_ready().await;
        let _ = self.priority_classes.wait_until_ready().await;
        self.children.ready().await;
    }

    /// Labels of a namespace; none where it is not there.
    pub(crate) fn namespace_labels(&self, name: &str) -> BTreeMap<String, String> {
        self.namespaces.get(&ObjectRef::new(name)).map(|namespace| namespace.labels().clone()).unwrap_or_default()
    }
}

/// A change that wakes Runs.
#[derive(Clone, Debug)]
pub(crate) enum Wake {
    /// One Run.
    Run(ObjectRef<AnyRun>),
    /// Every Run of an Application, of whatever namespace.
    Application {
        /// Namespace of the Application.
        namespace: String,
        /// Name of the Application.
        name: String,
    },
    /// Every Run in a namespace.
    Namespace(String),
    /// Every Run that has not ended.
    Everything,
}

/// Wakes Runs.
#[derive(Clone)]
pub(crate) struct Waker(UnboundedSender<Wake>);

impl Waker {
    /// A waker and what it wakes.
    pub(crate) fn new() -> (Waker, UnboundedReceiver<Wake>) {
        let (sender, receiver) = unbounded();
        (Waker(sender), receiver)
    }

    /// Wakes; a host that is going down hears nothing any more.
    pub(crate) fn wake(&self, wake: Wake) {
        let _ = self.0.unbounded_send(wake);
    }
}

/// Told of changes that more than Runs wait for.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    /// A Plugin has changed.
    pub(crate) plugins: Arc<Notify>,
    /// An Application has changed, or what could launch it.
    pub(crate) applications: Arc<Notify>,
    /// A kind was defined, or is no more.
    pub(crate) kinds: Arc<Notify>,
}

/// Starts every watch but that of the Runs, whose store is given.
pub(crate) fn start(
    client: &Client,
    waker: &Waker,
    changes: &Changes,
    children: Children,
    runs: Store<AnyRun>,
) -> Stores {
    let Changes { plugins: plugins_changed, applications: applications_changed, kinds: kinds_changed } =
        changes.clone();
    let (by_plugin, by_namespace) = (applications_changed.clone(), applications_changed.clone());
    let all = || watcher::Config::default().timeout(WATCH_SECONDS);
    let pods = all().labels(labels::RUN_UID);
    let records = all().labels(&crate::record::selector());
    let definitions = Api::<PartialObjectMeta<CustomResourceDefinition>>::all(client.clone());
    // Nobody reads what it holds: a definition that comes or goes is a reason to ask, and one
    // that is being deleted takes its objects with it from now on.
    let of_kinds = children.clone();
    let _ = follow(watcher(definitions, all()), (), waker, move |definition| {
        of_kinds.defined(&definition.name_any(), definition.meta().deletion_timestamp.is_some());
        kinds_changed.notify_one();
        None
    });
    children.compare();
    Stores {
        applications: kept(follow(watcher(Api::all(client.clone()), all()), (), waker, move |one: &Application| {
            applications_changed.notify_one();
            Some(Wake::Application { namespace: one.namespace()?, name: one.name_any() })
        })),
        sizes: kept(follow(watcher(Api::all(client.clone()), all()), (), waker, |_: &RunSizeConfiguration| {
            Some(Wake::Everything)
        })),
        plugins: kept(follow(watcher(Api::all(client.clone()), all()), (), waker, move |_: &Plugin| {
            plugins_changed.notify_one();
            by_plugin.notify_one();
            None
        })),
        repo_secrets: kept(follow(watcher(Api::all(client.clone()), all()), (), waker, |_: &PlatformRepoSecret| {
            Some(Wake::Everything)
        })),
        pods: kept(follow(watcher(Api::all(client.clone()), pods), (), waker, owner)),
        records: kept(follow(
            watcher(Api::<PartialObjectMeta<ConfigMap>>::all(client.clone()), records),
            (),
            waker,
            owner,
        )),
        // Labels change seldom, and with them who launches: whoever waits looks again.
        namespaces: kept(follow(
            watcher(Api::<PartialObjectMeta<Namespace>>::all(client.clone()), all()),
            (),
            waker,
            move |namespace| {
                by_namespace.notify_one();
                Some(Wake::Namespace(namespace.name_any()))
            },
        )),
        // No Run waits for one: what is not there when it is planned is left out.
        priority_classes: kept(follow(
            watcher(Api::<PartialObjectMeta<PriorityClass>>::all(client.clone()), all()),
            (),
            waker,
            |_| None,
        )),
        runs,
        children,
    }
}

/// A watch that lives as long as the host.
fn kept<K: Resource + 'static>((store, _): (Store<K>, tokio::task::JoinHandle<()>)) -> Store<K>
where
    K::DynamicType: Eq + Hash + Clone,
{
    store
}

/// How a Run's children are watched; its records, which are read once, are not.
fn mine() -> watcher::Config {
    let selector = format!("{},{}!={}", labels::RUN_UID, labels::PART, labels::RECORD);
    watcher::Config::default().timeout(WATCH_SECONDS).labels(&selector)
}

/// The watch of Runs, which fills their store while it is followed. `fell` is told of the
/// namespace of each Run that has ended or is gone once the store shows it; of none where
/// it may have happened unseen.
pub(crate) fn runs(
    client: &Client,
    writer: Writer<AnyRun>,
    fell: impl Fn(Option<&str>) + Send + 'static,
) -> impl Stream<Item = Result<AnyRun, watcher::Error>> + Send + 'static {
    let config = watcher::Config::default().timeout(WATCH_SECONDS);
    let events = reflector(writer, watcher(Api::<AnyRun>::all(client.clone()), config));
    events
        .inspect_ok(move |event| match event {
            watcher::Event::Apply(run) if is_terminal(run) => fell(run.namespace().as_deref()),
            watcher::Event::Delete(run) => fell(run.namespace().as_deref()),
            watcher::Event::InitDone => fell(None),
            _ => {}
        })
        .applied_objects()
}

fn is_terminal(guard: &AnyRun) -> bool {
    guard.0.as_ref().is_ok_and(|run| {
        let phase = run.status.as_ref().and_then(|status| status.phase);
        phase.is_some_and(codeflare_api::run::Phase::is_terminal)
    })
}

/// Turns wakes into Runs, by what the store of Runs holds.
pub(crate) fn woken(wakes: UnboundedReceiver<Wake>, runs: Store<AnyRun>) -> impl Stream<Item = ObjectRef<AnyRun>> {
    wakes.flat_map(move |wake| {
        let refs = match wake {
            Wake::Run(run) => vec![run],
            Wake::Application { namespace, name } => unfinished(&runs, |run| {
                let of = &run.spec.application;
                of.name == name && (of.namespace.clone().or(run.namespace()).as_deref() == Some(namespace.as_str()))
            }),
            Wake::Namespace(name) => unfinished(&runs, |run| run.namespace().as_deref() == Some(name.as_str())),
            Wake::Everything => unfinished(&runs, |_| true),
        };
        futures::stream::iter(refs)
    })
}

fn unfinished(runs: &Store<AnyRun>, wanted: impl Fn(&Run) -> bool) -> Vec<ObjectRef<AnyRun>> {
    runs.state()
        .iter()
        .filter(|guard| !is_terminal(guard) && guard.0.as_ref().is_ok_and(&wanted))
        .map(|guard| ObjectRef::from_obj(guard.as_ref()))
        .collect()
}

/// The Run that a child's labels name. They are only a hint of whom to wake: what
/// belongs to a Run is decided by UID.
fn owner<K: Resource>(child: &K) -> Option<Wake> {
    let run = child.meta().labels.as_ref()?.get(labels::RUN)?;
    Some(Wake::Run(ObjectRef::new(run).within(child.meta().namespace.as_deref()?)))
}

/// Keeps a store up to date from a watch, and wakes for every change.
fn follow<K>(
    stream: impl Stream<Item = Result<watcher::Event<K>, watcher::Error>> + Send + 'static,
    dyntype: K::DynamicType,
    waker: &Waker,
    wakes: impl Fn(&K) -> Option<Wake> + Send + 'static,
) -> (Store<K>, tokio::task::JoinHandle<()>)
where
    K: Resource + Clone + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + Send + Sync,
{
    let writer = Writer::<K>::new(dyntype);
    let store = writer.as_reader();
    let waker = waker.clone();
    let task = tokio::spawn(async move {
        let stream = stream.default_backoff().modify(|object| {
            object.meta_mut().managed_fields = None;
        });
        let mut stream = Box::pin(reflector(writer, stream).touched_objects());
        while let Some(touched) = stream.next().await {
            match touched {
                Ok(object) => {
                    if let Some(wake) = wakes(&object) {
                        waker.wake(wake);
                    }
                }
                Err(error) => tracing::warn!(%error, "a watch failed; it is started again"),
            }
        }
    });
    (store, task)
}

/// Shares a store's object as a value of its own.
pub(crate) fn owned<K: Clone>(object: &Arc<K>) -> K {
    K::clone(object)
}
