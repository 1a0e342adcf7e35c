//! A loaded plugin: permits in front of its calls, so that one plugin can keep neither
//! the others nor the runtime waiting.

use std::sync::Arc;
use std::time::Duration;

use codeflare_documents::call::{Answer, Request};
use codeflare_documents::describe::Description;
use tokio::sync::Semaphore;

use crate::call::{Callable, Question};
use crate::config::{Limits, Role};
use crate::error::CallError;
use crate::isolation::{Remote, Turn};
use crate::store::LogLine;

/// A plugin that has described itself and can be asked. Cheap to clone; the compiled code
/// goes with the last clone.
#[derive(Clone)]
pub struct Plugin(pub(crate) Arc<Loaded>);

pub(crate) struct Loaded {
    pub(crate) digest: String,
    pub(crate) description: Description,
    pub(crate) role: Role,
    pub(crate) limits: Limits,
    pub(crate) place: Place,
    pub(crate) times: Times,
    /// Of this plugin.
    pub(crate) permits: Arc<Semaphore>,
    /// Of all plugins.
    pub(crate) threads: Arc<Semaphore>,
}

/// Where it is called.
#[derive(Clone)]
pub(crate) enum Place {
    /// On a thread of this process.
    Here(Arc<Callable>),
    /// In the child.
    Child(Arc<Remote>),
}

/// What came of a call, and what it cost; a failure has its price too, and what the plugin
/// logged on the way to it is the first thing that its author wants to see.
#[derive(Debug)]
pub struct Called {
    /// What the plugin answered, or how it failed, by class; no failure spoils the plugin.
    pub answer: Result<Answer, CallError>,
    /// Units of fuel; the same for the same request and plugin.
    pub fuel: u64,
    /// Wall time of the call itself, without waiting for a permit.
    pub elapsed: Duration,
    /// High-water of linear memory, in bytes.
    pub memory: u64,
    /// What it logged, cut to 100 lines of 1 KiB.
    pub log: Vec<LogLine>,
}

impl Called {
    /// A call that never reached the plugin.
    pub(crate) fn not_made(error: CallError) -> Self {
        Called { answer: Err(error), fuel: 0, elapsed: Duration::ZERO, memory: 0, log: Vec::new() }
    }
}

/// How long it took to make a plugin of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Code into memory, world checked and linked, described; without compiling and
    /// without waiting for others.
    pub load: Duration,
    /// The compile child from start to end; none where the code was in the cache.
    pub compile: Option<Duration>,
}

impl Plugin {
    /// `sha256:` and the SHA-256 of the component's bytes in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// What it was loaded as.
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// What it says of itself.
    pub fn description(&self) -> &Description {
        &self.0.description
    }

    /// How long loading and compiling it took.
    pub fn times(&self) -> Times {
        self.0.times
    }

    /// Asks the plugin, in a fresh instance, on a thread that may be blocked. Waits for a
    /// permit first. A call that was begun runs to its end or its limits and keeps its
    /// permit until then, also if this future is dropped.
    pub async fn call(&self, request: &Request) -> Called {
        let called = self.made(request).await.unwrap_or_else(Called::not_made);
        let plugin = &self.0.description.name;
        let (step, fuel, memory, micros) = (request.step(), called.fuel, called.memory, called.elapsed.as_micros());
        match &called.answer {
            Ok(_) => tracing::debug!(%plugin, step, fuel, memory, micros, "plugin answered"),
            Err(error) => {
                let reason = error.reason();
                tracing::warn!(%plugin, step, fuel, memory, micros, reason, %error, "plugin failed");
            }
        }
        called
    }

    /// # Errors
    /// Where the call cannot be made at all.
    async fn made(&self, request: &Request) -> Result<Called, CallError> {
        let question = Question::new(request)?;
        // The plugin's own permit first: calls that wait for it hold nobody else up.
        let own = acquire(&self.0.permits).await?;
        // Before a thread, which others can use meanwhile.
        let turn = match &self.0.place {
            Place::Here(_) => None,
            Place::Child(remote) => Some(remote.turn().await),
        };
        let thread = acquire(&self.0.threads).await?;
        let most = self.0.limits.output;
        // Of its own, so that it comes to its end also where nobody waits for it any more.
        let ended = match self.0.place.clone() {
            Place::Here(callable) => tokio::task::spawn_blocking(move || {
                let called = callable.call(&question).read(most);
                drop((own, thread));
                called
            }),
            Place::Child(remote) => tokio::spawn(async move {
                let called = remote.call(question, turn.unwrap_or(Turn::All)).await.read(most);
                drop((own, thread));
                called
            }),
        };
        ended.await.map_err(|error| CallError::Host { why: error.to_string() })
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.0.description.name)
            .field("digest", &self.0.digest)
            .finish_non_exhaustive()
    }
}

/// A permit, which nobody can close.
pub(crate) async fn acquire(semaphore: &Arc<Semaphore>) -> Result<tokio::sync::OwnedSemaphorePermit, CallError> {
    let permit = Arc::clone(semaphore).acquire_owned().await;
    permit.map_err(|error| CallError::Host { why: error.to_string() })
}
