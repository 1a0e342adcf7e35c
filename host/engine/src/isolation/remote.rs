//! A plugin in the child: loaded when a call finds it missing there, then asked.
//!
//! When a child dies, any of the calls that it had may be to blame. So whoever had one is
//! asked in a second child the next time, alone; if that dies too, it is known who did it,
//! and nobody else has suffered from it twice.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::OwnedMutexGuard;

use super::connection::{Connection, Died};
use super::keeper::Keeper;
use super::message::{Loaded, Order, Told, most};
use crate::cache::Code;
use crate::call::{Outcome, Question};
use crate::config::{Limits, Role};
use crate::error::{CallError, LoadError, NotLoaded};

/// How much longer than its time limit a call may take in the child, which counts time in
/// steps and may find itself without a processor. Whatever takes longer hangs.
const GRACE: Duration = Duration::from_secs(5);
/// For bringing code into the child: 34 MB of a Python plugin take a tenth of a second.
const LOADING: Duration = Duration::from_secs(30);

/// The children of one host.
pub(crate) struct Children {
    /// Runs the plugins.
    pub(crate) all: Keeper,
    /// Runs those that may have killed the other one.
    pub(crate) suspects: Keeper,
    /// Who is in there: one at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
    plugins: AtomicU64,
}

impl Children {
    /// Starts nothing yet.
    pub(crate) fn new(command: &[OsString], threads: usize, memory: u64) -> Children {
        Children {
            all: Keeper::new(command.to_vec(), threads, memory),
            suspects: Keeper::new(command.to_vec(), 1, memory / 2),
            turn: Arc::default(),
            plugins: AtomicU64::new(0),
        }
    }
}

/// The right to be called in one of the children.
pub(crate) enum Turn {
    /// With the others.
    All,
    /// As the only one in the other child.
    Alone(#[expect(dead_code, reason = "held, not read")] OwnedMutexGuard<()>),
}

/// A plugin that some child has, or the next one gets.
pub(crate) struct Remote {
    children: Arc<Children>,
    /// A child died while it had a call of this plugin, and no call has come to an answer since.
    suspect: AtomicBool,
    name: u64,
    role: Role,
    limits: Limits,
    seed: u64,
    code: Code,
}

impl Remote {
    /// Loads code into the child. Gives the plugin and its description's text.
    ///
    /// # Errors
    /// As [`NotLoaded`] says; where the child died of it, `Describe` with `EngineDied`.
    pub(crate) async fn load(
        children: &Arc<Children>,
        code: Code,
        role: Role,
        limits: Limits,
        seed: u64,
    ) -> Result<(Remote, String), NotLoaded> {
        let children = Arc::clone(children);
        let name = children.plugins.fetch_add(1, Ordering::Relaxed);
        let remote = Remote { children, suspect: AtomicBool::new(false), name, role, limits, seed, code };
        let connection = remote.children.all.connection().await.map_err(LoadError::host)?;
        let mut described = None;
        let loaded = connection.loaded(remote.name);
        let first = loaded.get_or_try_init(async || {
            described = Some(remote.bring(&connection).await?);
            Ok(())
        });
        first.await.map(drop).map_err(|error: NotLoaded| error)?;
        let text = described.ok_or_else(|| LoadError::host("its name was taken"))?;
        Ok((remote, text))
    }

    /// Waits until it may be called; to be asked for before a thread is taken.
    pub(crate) async fn turn(&self) -> Turn {
        if self.suspect.load(Ordering::Relaxed) {
            Turn::Alone(Arc::clone(&self.children.turn).lock_owned().await)
        } else {
            Turn::All
        }
    }

    /// Asks one question; the child is ended where it does not keep to the rules.
    pub(crate) async fn call(&self, question: Question, turn: Turn) -> Outcome {
        let alone = matches!(turn, Turn::Alone(_));
        let outcome = self.made(question, alone).await.unwrap_or_else(Outcome::not_made);
        match &outcome.answer {
            Err(CallError::EngineDied { .. }) => self.suspect.store(true, Ordering::Relaxed),
            // Others of this plugin may still be under way: only who was alone is cleared.
            _ if alone => self.suspect.store(false, Ordering::Relaxed),
            _ => {}
        }
        outcome
    }

    async fn made(&self, question: Question, alone: bool) -> Result<Outcome, CallError> {
        let keeper = if alone { &self.children.suspects } else { &self.children.all };
        let died = |why: Died| CallError::EngineDied { why: why.to_string(), alone };
        let connection = keeper.connection().await.map_err(|why| CallError::Host { why })?;
        let loaded = connection.loaded(self.name);
        loaded.get_or_try_init(async || self.bring(&connection).await.map(drop)).await.map_err(|error| match again(
            error,
        ) {
            CallError::EngineDied { why, .. } => CallError::EngineDied { why, alone },
            other => other,
        })?;
        let start = Instant::now();
        let order = Order::Call { plugin: self.name, question };
        let most = most(self.limits.output);
        let body = connection.ask(&order, &[], most, self.limits.time.saturating_add(GRACE)).await.map_err(died)?;
        let Order::Call { question, .. } = order else { return Err(CallError::Host { why: "no call".into() }) };
        match postcard::from_bytes::<Told>(&body) {
            Ok(told) if told.fits(&question) => Ok(told.outcome(&self.limits, start.elapsed())),
            _ => Err(died(connection.end(Died("it was ended, since its answer was not to be understood")))),
        }
    }

    /// Brings the code into a child that does not have it.
    async fn bring(&self, connection: &Connection) -> Result<String, NotLoaded> {
        let code = self.code.read().map_err(|why| NotLoaded::Code(why.to_string()))?;
        let order = Order::Load { plugin: self.name, role: self.role, limits: self.limits, seed: self.seed };
        let time = self.limits.time.saturating_add(LOADING);
        let told = connection.ask(&order, &code, most(self.limits.output), time).await;
        let body = told.map_err(|why| LoadError::from(died(why)))?;
        match postcard::from_bytes::<Loaded>(&body) {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(NotLoaded::Code(why))) => Err(NotLoaded::Code(crate::store::cut(&why, 1 << 10).to_owned())),
            Ok(Err(NotLoaded::Plugin(error))) => Err(NotLoaded::Plugin(error.cut())),
            Err(_) => {
                let why = connection.end(Died("it was ended, since its answer was not to be understood"));
                Err(LoadError::from(died(why)).into())
            }
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.children.all.forget(self.name);
        self.children.suspects.forget(self.name);
    }
}

/// While it was loaded, which may be beside others.
fn died(why: Died) -> CallError {
    CallError::EngineDied { why: why.to_string(), alone: false }
}

/// What was loaded before and does not load into the next child.
fn again(error: NotLoaded) -> CallError {
    match error {
        NotLoaded::Plugin(LoadError::Describe(error)) => error,
        NotLoaded::Plugin(error) => CallError::Host { why: error.to_string() },
        NotLoaded::Code(why) => CallError::Host { why: format!("its compiled code does not load any more: {why}") },
    }
}
