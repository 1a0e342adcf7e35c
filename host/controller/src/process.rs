//! The process: clients, watches, lease, admin port, and an orderly end.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::Client;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::store::Writer;
use kube::runtime::{Controller, controller};
use tokio::sync::watch as channel;

use crate::admin::Readiness;
use crate::admission::Admission;
use crate::catalog::{Catalog, Sources, keeper};
use crate::context::Context;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::reconcile::{Published, again, reconcile};
use crate::record::Records;
use crate::served::Served;
use crate::turns::Turns;
use crate::watch::children::Children;
use crate::watch::{AnyRun, Wake, Waker};
use crate::{admin, lease, show, sources, watch};

/// How long a connection may take to come about, and an answer to begin.
const CONNECT: Duration = Duration::from_secs(5);

/// How long Runs wait at the start for the first plugins.
const FIRST_LOADS: Duration = Duration::from_secs(5);

/// Resolved settings of the host.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the plugins that `source.file` names.
    pub plugins: PathBuf,
    /// Folder for compiled plugins; may be lost at any time.
    pub cache: PathBuf,
    /// Namespace of the host: lease and record key.
    pub namespace: String,
    /// Address of `/live`, `/ready` and `/metrics`.
    pub admin: SocketAddr,
    /// Whether a lease decides who acts.
    pub leader_elect: bool,
    /// Name of this host in the lease and in events: the pod's.
    pub identity: String,
    /// Wake-ups at the same time.
    pub workers: u16,
    /// What is decided here for the pods of Runs.
    pub site: codeflare_plan::seen::Site,
    /// What plugins may be granted beside the kinds that the host knows itself.
    pub ceiling: codeflare_plan::lock::Ceiling,
    /// How long versions of plugins are kept that nobody needs any more.
    pub plugin_grace: Duration,
    /// Hosts that are read without TLS, as `host:port`.
    pub plain_http: Vec<String>,
    /// File with certificates (PEM) that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Source of Runs out of repositories.
    pub source: sources::SourceConfig,
    /// Command that compiles a plugin.
    pub compiler: Vec<OsString>,
    /// Where plugins run.
    pub isolation: codeflare_engine::Isolation,
    /// Memory that this container may use with all its processes, in bytes; none: no limit
    /// is known.
    pub memory: Option<u64>,
}

/// Runs the host until it is told to stop (SIGTERM, SIGINT). A second signal ends it at
/// once.
///
/// # Errors
/// [`Error`], where it cannot start or must not go on.
pub async fn run(config: Config) -> Result<(), Error> {
    let stop = on_signal();
    let metrics = Arc::new(Metrics::new());
    let readiness = Readiness::default();
    admin::serve(config.admin, readiness.clone(), metrics.clone(), stopped(stop.clone())).await?;

    let client = client()?;
    let (waker, wakes) = Waker::new();
    let changes = watch::Changes::default();
    let served = Served::new(config.ceiling.clone());
    served.refresh(&client).await;
    let children = Children::new(&client, &waker, &served);
    let runs = Writer::<AnyRun>::default();
    let stores = watch::start(&client, &waker, &changes, children.clone(), runs.as_reader());
    tokio::spawn(served.clone().follow(client.clone(), changes.kinds.clone(), {
        let (waker, changes) = (waker.clone(), changes.clone());
        move || {
            children.compare();
            waker.wake(Wake::Everything);
            changes.applications.notify_one();
        }
    }));
    let admission = Arc::new(Admission::new(waker.clone()));
    let turns = Turns::new(config.workers, waker.clone());
    let engine = engine(&config)?;
    let net = net(&config)?;
    let catalog = Arc::new(Catalog::new(
        client.clone(),
        engine,
        plugin_sources(&config, net.clone()),
        served,
        waker.clone(),
        changes.applications.clone(),
        metrics.clone(),
    ));
    let told = changes.plugins.clone();
    tokio::spawn(catalog.clone().follow(stores.plugins.clone(), told.clone()));

    tokio::select! {
        () = stores.ready() => {}
        () = stopped(stop.clone()) => return Ok(()),
    }
    // The first list is told of object by object, before the store has it: whoever compared
    // then has found nothing.
    told.notify_one();
    // Every host serves the source of every Run, whether it acts or not.
    let records = Arc::new(Records::with_key(&client, &config.namespace).await?);
    let with = sources::With {
        client: client.clone(),
        git: codeflare_source::Git::new(net),
        platform: stores.repo_secrets.clone(),
        waker,
        metrics: metrics.clone(),
        key: records.key().to_owned(),
    };
    let sources = sources::Sources::new(&config.source, with)?;
    if !config.source.url.is_empty() {
        sources::serve(config.source.listen, sources.clone(), records.clone(), client.clone()).await?;
    }
    readiness.set(true);

    let mut held = if config.leader_elect {
        tokio::select! {
            held = lease::take(self::client()?, &config.namespace, &config.identity) => Some(held?),
            () = stopped(stop.clone()) => return Ok(()),
        }
    } else {
        None
    };

    // From here on this host writes: what plugins have to show, and what is kept of them.
    catalog.lead();
    tokio::spawn(catalog.clone().show(stores.plugins.clone()));
    // Not before readiness, and not for long: a bad plugin hurts only those who need it.
    let tried = catalog.tried(&stores.plugins);
    if tokio::time::timeout(FIRST_LOADS, tried).await.is_err() {
        tracing::info!("not every plugin is loaded yet; Runs that need others go on");
    }
    tokio::spawn(show::follow(
        client.clone(),
        stores.clone(),
        catalog.clone(),
        config.site.pod_security,
        changes.applications,
    ));
    let reporter = Reporter { controller: "codeflare.dev/host".into(), instance: Some(config.identity.clone()) };
    let stored = stores.runs.clone();
    // Waiting for the store itself would take the place of the one other who does.
    let (listed, all_listed) = channel::channel(false);
    let watched = {
        let (admission, stored) = (admission.clone(), stored.clone());
        watch::runs(&client, runs, move |namespace| {
            if namespace.is_none() {
                listed.send_replace(true);
            }
            admission.fell(&stored, namespace);
        })
    };
    let context = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        client: client.clone(),
        stores,
        catalog,
        records,
        sources,
        admission,
        site: config.site,
        metrics,
        turns,
        published: Published::default(),
    });
    tokio::spawn(keeper::tend(context.clone(), config.plugin_grace, all_listed));
    let woken = watch::woken(wakes, stored.clone());
    let walking = Controller::for_stream(watched, stored)
        .with_config(controller::Config::default().concurrency(config.workers))
        .reconcile_on(woken)
        .graceful_shutdown_on(stopped(stop.clone()))
        .run(reconcile, again, context)
        .for_each(|walked| async {
            if let Err(error) = walked {
                tracing::debug!(%error, "a wake-up ended with an error");
            }
        });
    tracing::info!("watching Runs");
    let lost = async {
        match &mut held {
            Some(held) => held.lost().await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        () = walking => Ok(()),
        error = lost => Err(error),
    };
    readiness.set(false);
    if let (Ok(()), Some(held)) = (&ended, held) {
        held.release().await;
    }
    tracing::info!("stopped");
    ended
}

fn engine(config: &Config) -> Result<codeflare_engine::Engine, Error> {
    let mut settings = codeflare_engine::Config {
        cache: config.cache.clone(),
        compiler: config.compiler.clone(),
        isolation: config.isolation.clone(),
        ..codeflare_engine::Config::default()
    };
    if let Some(bytes) = config.memory {
        settings = settings.within(bytes);
    }
    codeflare_engine::Engine::new(settings).map_err(|error| Error::Engine(Box::new(error)))
}

/// Reaches everything that is fetched. Proxies are those of the environment.
fn net(config: &Config) -> Result<codeflare_net::Client, Error> {
    let read = |path: &PathBuf| std::fs::read(path).map_err(|source| Error::Authorities { path: path.clone(), source });
    let settings = codeflare_net::Settings {
        plain_http: config.plain_http.clone(),
        authorities: config.ca_file.as_ref().map(read).transpose()?,
        proxies: codeflare_net::Proxies::Environment,
    };
    codeflare_net::Client::new(&settings).map_err(Error::Network)
}

/// Where plugins come from.
fn plugin_sources(config: &Config, net: codeflare_net::Client) -> Sources {
    let registry = codeflare_registry::Registry::new(net);
    Sources { folder: config.plugins.clone(), registry, namespace: config.namespace.clone() }
}

/// A client that neither repeats a request unseen nor waits for ever.
fn client() -> Result<Client, Error> {
    let inferred = futures::executor::block_on(kube::Config::infer());
    let mut config = inferred.map_err(|error| Error::Configure(Box::new(error)))?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    Client::try_from(config).map_err(Error::Connect)
}

/// True from the first signal on; the second one ends the process.
fn on_signal() -> channel::Receiver<bool> {
    let (sender, receiver) = channel::channel(false);
    tokio::spawn(async move {
        signal().await;
        tracing::info!("stopping: no new wake-ups, those under way end first");
        let _ = sender.send(true);
        signal().await;
        std::process::abort();
    });
    receiver
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = async { tokio::signal::ctrl_c().await.is_ok() };
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt => {}
            }
        }
        Err(_) => {
            interrupt.await;
        }
    }
}

async fn stopped(mut stop: channel::Receiver<bool>) {
    // A lost sender means that the runtime goes down.
    let _ = stop.wait_for(|stop| *stop).await;
}
