//! Keeps a child running: started when it is needed, again when it has died, at once the
//! first time and then with growing pauses.

use std::ffi::OsString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::connection::{Connection, Died};
use super::message::{Order, Ready};
use super::spawn::{Started, start};

/// How long a child may take until it is ready.
const START: Duration = Duration::from_secs(30);
/// A child that lived so long died of something new.
const LONG: Duration = Duration::from_secs(60);
/// The second pause; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A child, and what is known of it while there is none.
pub(crate) struct Keeper {
    command: Vec<OsString>,
    threads: usize,
    memory: u64,
    current: tokio::sync::Mutex<Current>,
    /// What [`Keeper::child`] says.
    pid: AtomicU64,
    starts: AtomicU64,
    /// Plugins that nobody needs any more, to be told to the child at the next occasion.
    unneeded: Mutex<Vec<u64>>,
}

#[derive(Default)]
struct Current {
    connection: Option<Arc<Connection>>,
    started: Option<Instant>,
    /// Children in a row that did not live long.
    short: u32,
    /// Told once.
    landlock_told: bool,
}

impl Keeper {
    /// Starts nothing yet.
    pub(crate) fn new(command: Vec<OsString>, threads: usize, memory: u64) -> Keeper {
        Keeper {
            command,
            threads,
            memory,
            current: tokio::sync::Mutex::default(),
            pid: AtomicU64::new(0),
            starts: AtomicU64::new(0),
            unneeded: Mutex::default(),
        }
    }

    /// The plugin with this name is not needed any more.
    pub(super) fn forget(&self, plugin: u64) {
        self.unneeded.lock().unwrap_or_else(PoisonError::into_inner).push(plugin);
    }

    /// Children that were started after another one had died.
    pub(crate) fn respawns(&self) -> u64 {
        self.starts.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Process id of the child that was started last, if any was.
    pub(crate) fn child(&self) -> Option<u32> {
        u32::try_from(self.pid.load(Ordering::Relaxed)).ok().filter(|pid| *pid != 0)
    }

    /// A child that takes orders, started where there is none.
    ///
    /// # Errors
    /// Words that say why none can be started.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, String> {
        let mut current = self.current.lock().await;
        let connection = match &current.connection {
            Some(connection) if connection.alive() => Arc::clone(connection),
            _ => self.start(&mut current).await?,
        };
        drop(current);
        let unneeded = std::mem::take(&mut *self.unneeded.lock().unwrap_or_else(PoisonError::into_inner));
        for plugin in unneeded {
            connection.forget(plugin, &Order::Forget { plugin }).await;
        }
        Ok(connection)
    }

    async fn start(&self, current: &mut Current) -> Result<Arc<Connection>, String> {
        current.connection = None;
        let lived = current.started.map(|started| started.elapsed());
        current.short = match lived {
            Some(lived) if lived < LONG => current.short.saturating_add(1),
            _ => 0,
        };
        tokio::time::sleep(pause(current.short)).await;
        current.started = Some(Instant::now());
        let cannot = |error: std::io::Error| format!("the process that runs plugins cannot be started: {error}");
        let started = start(self.command.clone(), self.threads, self.memory).await.map_err(cannot)?;
        let Started { stream, process, pid } = started;
        stream.set_nonblocking(true).map_err(cannot)?;
        let (connection, ready) = Connection::new(UnixStream::from_std(stream).map_err(cannot)?, pid, process);
        self.starts.fetch_add(1, Ordering::Relaxed);
        self.pid.store(pid.into(), Ordering::Relaxed);
        let ready = confined(&connection, ready).await?;
        if !ready.landlocked && !std::mem::replace(&mut current.landlock_told, true) {
            tracing::warn!("this kernel has no Landlock, or an old one; plugins are confined by seccomp and the rest");
        }
        tracing::info!(pid, landlock = ready.landlocked, "plugins run in a process of their own");
        current.connection = Some(Arc::clone(&connection));
        Ok(connection)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(connection) = &self.current.get_mut().connection {
            connection.end(Died("the host needs it no more"));
        }
    }
}

async fn confined(connection: &Connection, ready: oneshot::Receiver<Vec<u8>>) -> Result<Ready, String> {
    let never = "the process that runs plugins did not get ready; the log of the host has its words";
    match tokio::time::timeout(START, ready).await {
        Ok(Ok(body)) => postcard::from_bytes(&body).map_err(|_| {
            connection.end(Died("it was ended, since its first words were not to be understood"));
            never.to_owned()
        }),
        _ => {
            connection.end(Died("it was ended, since it did not get ready"));
            Err(never.to_owned())
        }
    }
}

/// Before a start: none before the first and the second.
fn pause(short: u32) -> Duration {
    match short.checked_sub(2) {
        None => Duration::ZERO,
        Some(times) => PAUSE.saturating_mul(1 << times.min(16)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_death_costs_no_pause_and_many_no_more_than_seconds() {
        let millis: Vec<_> = (0..10).map(|short| pause(short).as_millis()).collect();
        assert_eq!(millis, [0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
