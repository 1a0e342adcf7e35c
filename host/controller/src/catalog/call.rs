//! Asks a plugin: at the version that is wanted, unless it is held back, and takes in how
//! it did and what it said.

use std::time::Instant;

use codeflare_api::Reason;
use codeflare_documents::call::{Answer, Request};
use codeflare_engine::{CallError, Called, Role};
use codeflare_plan::stop::Problem;
use jiff::Timestamp;

use super::Catalog;
use super::health::Turn;
use super::versions::{Speaker, Version};
use crate::watch::Wake;

/// An answer, and why another version gave it than the one that was asked.
pub(crate) struct Answered {
    /// What the plugin says.
    pub(crate) answer: Answer,
    /// None where it is the version that was asked.
    pub(crate) instead: Option<String>,
}

impl Catalog {
    /// Asks a plugin at a digest.
    ///
    /// # Errors
    /// Where nothing answers for that version, where it is held back, or where it fails.
    pub(crate) async fn call(&self, name: &str, digest: &str, request: &Request) -> Result<Answered, Problem> {
        let object = format!("Plugin/{name}");
        let role = match request {
            Request::Decide { .. } => Role::SizingPolicy,
            Request::Launch(_) | Request::Observe(_) => Role::Launcher,
        };
        let Speaker { version, instead } = self.at(name, digest, role).await?;
        let held = version.health().ask(Timestamp::now());
        held.map_err(|why| Problem::new(Reason::PluginHeldBack, object.as_str(), "", why))?;
        let began = Instant::now();
        let called = version.plugin.call(request).await;
        self.metrics.called(name, request.step(), &called, began.elapsed());
        self.metrics.respawned(self.engine.respawns());
        self.heard(name, request, &version, &called);
        let answer = called.answer.map_err(|error| {
            let message = format!("{} in {}: {error}", error.reason(), request.step());
            Problem::new(Reason::PluginFailed, object, "", message)
        })?;
        Ok(Answered { answer, instead })
    }

    /// Takes in what a call says of a plugin.
    fn heard(&self, name: &str, request: &Request, version: &Version, called: &Called) {
        let now = Timestamp::now();
        let failure = called.answer.as_ref().err().map(|error| format!("{}: {error}", error.reason()));
        self.said(name, |said| {
            for line in &called.log {
                said.add(request.step(), line.level, &line.message, now);
            }
            if let Some(failure) = &failure {
                said.add(request.step(), "error", failure, now);
            }
        });
        let turn = match (&called.answer, &failure) {
            (Ok(_), _) => version.health().answered(),
            // Not the plugin's fault; of those that were in flight when the engine died nobody
            // knows which is to blame.
            (
                Err(CallError::Host { .. } | CallError::WrongRole { .. } | CallError::EngineDied { alone: false, .. }),
                _,
            ) => {
                version.health().undecided();
                Turn::None
            }
            (Err(_), failure) => version.health().failed(&run(request), failure.as_deref().unwrap_or_default(), now),
        };
        let digest = version.plugin.digest();
        match turn {
            Turn::None => return,
            Turn::Back => tracing::info!(plugin = name, digest, "a plugin that was held back has answered"),
            Turn::Held(wait) => {
                tracing::warn!(plugin = name, digest, ?wait, failure, "a plugin keeps failing and is held back");
                let (waker, changed) = (self.waker.clone(), self.changed.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    changed.notify_one();
                    waker.wake(Wake::Everything);
                });
            }
        }
        self.news.notify_one();
        self.changed.notify_one();
        self.waker.wake(Wake::Everything);
    }
}

/// The Run that a plugin is asked about.
fn run(request: &Request) -> String {
    let run = match request {
        Request::Decide { request, .. } => &request.run,
        Request::Launch(request) => &request.run,
        Request::Observe(request) => &request.run,
    };
    format!("{}/{}", run.namespace, run.name)
}
