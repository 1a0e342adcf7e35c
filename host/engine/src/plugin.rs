//! A loaded plugin: permits in front of its calls, so that one plugin can keep neither
//! the others nor the runtime waiting.

use std::sync::Arc;
use std::time::Duration;

use codeflare_documents::call::{Answer, Request};
use codeflare_documents::describe::Description;
use tokio::sync::Semaphore;

use crate::call::{Callable, Question};
use crate::config::Role;
use crate::error::CallError;
use crate::store::LogLine;

/// A plugin that has described itself and can be asked. Cheap to clone; the compiled code
/// goes with the last clone.
#[derive(Clone)]
pub struct Plugin(pub(crate) Arc<Loaded>);

pub(crate) struct Loaded {
    pub(crate) digest: String,
    pub(crate) description: Description,
    pub(crate) callable: Arc<Callable>,
    /// Of this plugin.
    pub(crate) permits: Arc<Semaphore>,
    /// Of all plugins.
    pub(crate) threads: Arc<Semaphore>,
}

/// An answer and what it cost.
#[derive(Clone, Debug)]
pub struct Called {
    /// What the plugin answered.
    pub answer: Answer,
    /// Units of fuel; the same for the same request and plugin.
    pub fuel: u64,
    /// Wall time of the call itself, without waiting for a permit.
    pub elapsed: Duration,
    /// High-water of linear memory, in bytes.
    pub memory: u64,
    /// What it logged, cut to 100 lines of 1 KiB.
    pub log: Vec<LogLine>,
}

impl Plugin {
    /// `sha256:` and the SHA-256 of the component's bytes in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// What it was loaded as.
    pub fn role(&self) -> Role {
        self.0.callable.role
    }

    /// What it says of itself.
    pub fn description(&self) -> &Description {
        &self.0.description
    }

    /// Asks the plugin, in a fresh instance, on a thread that may be blocked. Waits for a
    /// permit first. A call that was begun runs to its end or its limits and keeps its
    /// permit until then, also if this future is dropped.
    ///
    /// # Errors
    /// Every way in which a plugin can fail, by class; none of them spoils the plugin.
    pub async fn call(&self, request: &Request) -> Result<Called, CallError> {
        let question = Question::new(request)?;
        // The plugin's own permit first: calls that wait for it hold nobody else up.
        let own = acquire(&self.0.permits).await?;
        let thread = acquire(&self.0.threads).await?;
        let callable = Arc::clone(&self.0.callable);
        let ended = tokio::task::spawn_blocking(move || {
            let called = callable.call(&question);
            drop((own, thread));
            called
        });
        let called = ended.await.map_err(|error| CallError::Host { why: error.to_string() })?;
        match &called {
            Ok(called) => tracing::debug!(
                plugin = %self.0.description.name,
                step = request.step(),
                fuel = called.fuel,
                memory = called.memory,
                micros = called.elapsed.as_micros(),
                "plugin answered"
            ),
            Err(error) => tracing::warn!(
                plugin = %self.0.description.name,
                step = request.step(),
                reason = error.reason(),
                %error,
                "plugin failed"
            ),
        }
        called
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
