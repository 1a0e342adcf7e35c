//! Source out of repositories, beside the path of Runs: looked up, fetched once for each
//! commit and folder, kept on disk, and served to the pods of Runs.
//!
//! A Run is told what there is for it and woken when there is more; what a recorded Run needs
//! is fetched again wherever it is missing, by every replica.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use codeflare_api::{Application, PlatformRepoSecret, Reason, Run};
use codeflare_plan::seen::{FetchedSource, SeenSource};
use codeflare_plan::source::{Wanted, wanted};
use codeflare_plan::stop::Problem;
use codeflare_source::{Git, Limits};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, ResourceExt};

use crate::error::Error;
use crate::metrics::Metrics;
use crate::watch::{AnyRun, Wake, Waker, owned};
use book::{Book, Failure, Found, Look, Todo};
use cache::Cache;
use fetch::Flights;
use link::Of;

mod book;
mod cache;
mod fetch;
mod link;
mod places;
mod range;
mod secret;
mod serve;

pub(crate) use serve::serve;

/// How this installation fetches and serves source.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Address on which pods are served.
    pub listen: std::net::SocketAddr,
    /// How pods reach it, such as `http://NAME.NAMESPACE.svc:8081`; empty: no source is fetched.
    pub url: String,
    /// Folder for packs; may be lost at any time.
    pub cache: PathBuf,
    /// Most bytes in that folder.
    pub cache_bytes: u64,
    /// Most bytes of one source, packed and unpacked.
    pub most_bytes: u64,
}

/// What is looked up, fetched and kept. One for the whole process.
pub(crate) struct Sources {
    client: Client,
    git: Git,
    platform: Store<PlatformRepoSecret>,
    waker: Waker,
    metrics: Arc<Metrics>,
    url: String,
    key: Vec<u8>,
    cache: Cache,
    limits: Limits,
    flights: Flights,
    book: Mutex<Book<ObjectRef<AnyRun>>>,
}

/// What it works with.
pub(crate) struct With {
    /// Client for Secrets.
    pub(crate) client: Client,
    /// Client for repositories.
    pub(crate) git: Git,
    /// Credentials of the platform.
    pub(crate) platform: Store<PlatformRepoSecret>,
    /// Wakes Runs that wait.
    pub(crate) waker: Waker,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// The key of the seals, which makes the addresses of pods too.
    pub(crate) key: Vec<u8>,
}

impl Sources {
    /// Opens the cache.
    ///
    /// # Errors
    /// [`Error::SourceCache`].
    pub(crate) fn new(config: &SourceConfig, with: With) -> Result<Arc<Sources>, Error> {
        let With { client, git, platform, waker, metrics, key } = with;
        // What is being written does not count in the cache, as it comes and as it is packed:
        // room is left for both.
        let room = config.most_bytes.saturating_mul(2 * fetch::FETCHES.0 as u64);
        let most = config.cache_bytes.saturating_sub(room).max(config.most_bytes);
        let cache = open(config, most).map_err(|source| Error::SourceCache { path: config.cache.clone(), source })?;
        let limits = Limits { received: config.most_bytes, unpacked: config.most_bytes, ..Limits::default() };
        metrics.source_cache(cache.bytes());
        Ok(Arc::new(Sources {
            client,
            git,
            platform,
            waker,
            metrics,
            url: config.url.clone(),
            key,
            cache,
            limits,
            flights: Flights::default(),
            book: Mutex::new(Book::new()),
        }))
    }

    /// What there is of a Run's source; none where it has none in a repository. What is missing
    /// is looked up from now on, and the Run is woken.
    pub(crate) fn look(self: &Arc<Self>, run: &Run, application: &Application) -> Option<SeenSource> {
        // Most have none, and what cannot be read is told where the Application is resolved.
        application.spec.repo.as_ref()?;
        let wanted = self.wanted(application).ok()??;
        if self.url.is_empty() {
            let message = "the host has no address at which pods could get source; set source.enabled of the chart, or start the host with --source-url";
            return Some(SeenSource::Failed(Problem::new(Reason::NotConfigured, "", "", message)));
        }
        let waiting = ObjectRef::new(&run.name_any()).within(&run.namespace().unwrap_or_default());
        let (look, todo) = self.book().look(&run.uid().unwrap_or_default(), &waiting, &wanted, Instant::now());
        self.act(wanted, todo);
        Some(match look {
            Look::Pending => SeenSource::Pending,
            Look::Failed(problem) => SeenSource::Failed(named(problem, application)),
            Look::Found(found) => SeenSource::Fetched(self.fetched(run, found)),
        })
    }

    /// Forgets a Run that is recorded or gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.book().forget(uid);
    }

    fn act(self: &Arc<Self>, wanted: Wanted, todo: Option<Todo>) {
        let this = self.clone();
        match todo {
            None => {}
            Some(Todo::Attempt(number)) => {
                tokio::spawn(async move {
                    // In a task of its own: what a stranger sent must not leave Runs waiting for
                    // ever, whatever it does to the code that reads it.
                    let (asking, of) = (this.clone(), wanted.clone());
                    let attempt = tokio::spawn(async move { asking.attempt(&of).await });
                    let result = match attempt.await {
                        Ok(result) => result,
                        Err(_) => Err(Failure::of_host(&wanted)),
                    };
                    let (woken, next) = this.book().ended(&wanted, number, result, Instant::now());
                    woken.into_iter().for_each(|run| this.waker.wake(Wake::Run(run)));
                    this.act(wanted, next);
                });
            }
            Some(Todo::Secret) => {
                tokio::spawn(async move {
                    let Some(secret) = &wanted.secret else { return };
                    // Whatever is wrong with the answer, the slow look remains.
                    let Ok(version) = this.version(secret).await else { return };
                    let next = this.book().secret(&wanted, version.as_deref());
                    this.act(wanted, next);
                });
            }
        }
    }

    /// Where an Application's source is, with the credentials that are for it now.
    fn wanted(&self, application: &Application) -> Result<Option<Wanted>, Problem> {
        let platform: Vec<_> = self.platform.state().iter().map(owned).collect();
        wanted(application, &platform)
    }

    fn fetched(&self, run: &Run, found: Found) -> FetchedSource {
        let of = Of {
            namespace: run.namespace().unwrap_or_default(),
            run: run.name_any(),
            uid: run.uid().unwrap_or_default(),
        };
        let Found { repo, reference, commit, path, digest, bytes } = found;
        FetchedSource { repo, reference, commit, path, digest, bytes, url: link::link(&self.url, &of, &self.key) }
    }

    fn book(&self) -> MutexGuard<'_, Book<ObjectRef<AnyRun>>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A problem that Applications share, as one of them has it.
fn named(problem: Problem, application: &Application) -> Problem {
    if !problem.fault.object.is_empty() {
        return problem;
    }
    Problem::new(problem.reason, format!("Application/{}", application.name_any()), "/spec/repo", problem.fault.message)
}

/// No folder is made where nothing is fetched.
fn open(config: &SourceConfig, most: u64) -> io::Result<Cache> {
    if config.url.is_empty() { Ok(Cache::closed()) } else { Cache::open(&config.cache, most) }
}
