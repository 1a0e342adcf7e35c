//! The child: confined, then orders in and answers out until the host is gone.
//!
//! Reading is done by the first thread and never waits for a plugin; calls are made by
//! threads that were there before the process was confined, since it can make no more.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufReader, Write};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};

use super::frame::{self, Bare};
use super::message::{Loaded, Order, Ready, Told};
use crate::call::Callable;
use crate::error::LoadError;
use crate::pools::Pools;
use crate::sandbox::{self, Room, SandboxError};
use crate::ticker;

/// Bytes read at once: most requests.
const BUFFER: usize = 64 << 10;

/// Why the child ended, other than that its host is gone.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It would have run free.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The socket, or what came over it.
    #[error("the host cannot be understood: {0}")]
    Host(#[from] io::Error),
}

/// What the threads share.
#[derive(Default)]
struct Work {
    plugins: Mutex<HashMap<u64, Arc<Callable>>>,
    orders: Mutex<VecDeque<(u64, Vec<u8>)>>,
    came: Condvar,
    /// Held while a frame is written.
    writing: Mutex<()>,
}

/// Entry of the child. Frames come in over standard input, answers go out over standard
/// output, which is the same socket. `threads` calls run at once, within `memory` bytes
/// beyond what is reserved at the start.
///
/// # Errors
/// Where it cannot be confined, or where the host cannot be understood; the caller prints
/// the error and exits with a code other than 0.
pub fn engine_main(threads: usize, memory: u64) -> Result<(), ChildError> {
    die_of_panics();
    let threads = threads.clamp(1, super::THREADS);
    let work = Arc::new(Work::default());
    let room = Room { memory, seconds: None };
    let ((), landlocked) = sandbox::enter(room, || {
        let pools = Arc::new(Pools::new(threads).map_err(|error| error.to_string())?);
        let started = Arc::new(Barrier::new(threads + 1));
        ticker::start(&pools.all()).map_err(|error| error.to_string())?;
        for _ in 0..threads {
            let (work, pools, started) = (Arc::clone(&work), Arc::clone(&pools), Arc::clone(&started));
            let thread = std::thread::Builder::new().name("plugin-call".into());
            let run = move || {
                started.wait();
                if let Err(error) = work.serve(&pools) {
                    complain(&error);
                    std::process::abort();
                }
            };
            thread.spawn(run).map_err(|error| error.to_string())?;
        }
        // Each has done what a thread does at its start, which is forbidden after this.
        started.wait();
        Ok(())
    })?;
    work.answer(0, &Ready { landlocked })?;
    work.read()
}

impl Work {
    /// Takes orders until the host closes its side.
    fn read(&self) -> Result<(), ChildError> {
        let mut input = BufReader::with_capacity(BUFFER, Bare(io::stdin()));
        let mut body = Vec::new();
        while let Some(id) = frame::next(&mut input, &mut body)? {
            lock(&self.orders).push_back((id, std::mem::take(&mut body)));
            self.came.notify_one();
        }
        Ok(())
    }

    /// Does one order after the other.
    fn serve(&self, pools: &Pools) -> io::Result<()> {
        loop {
            let mut orders = lock(&self.orders);
            let (id, body) = loop {
                match orders.pop_front() {
                    Some(order) => break order,
                    None => orders = self.came.wait(orders).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(orders);
            self.obey(pools, id, &body)?;
        }
    }

    fn obey(&self, pools: &Pools, id: u64, body: &[u8]) -> io::Result<()> {
        let (order, code) = postcard::take_from_bytes::<Order>(body).map_err(io::Error::other)?;
        match order {
            Order::Load { plugin, role, limits, seed } => {
                let loaded: Loaded = pools.prepare(code, role, limits, seed).and_then(|callable| {
                    let text = callable.describe().map_err(LoadError::from)?;
                    lock(&self.plugins).insert(plugin, Arc::new(callable));
                    Ok(text)
                });
                self.answer(id, &loaded)
            }
            Order::Call { plugin, question } => {
                let callable = lock(&self.plugins).get(&plugin).cloned();
                let callable = callable.ok_or_else(|| io::Error::other("a call of a plugin that is not loaded"))?;
                self.answer(id, &Told::from(callable.call(&question)))
            }
            Order::Forget { plugin } => {
                lock(&self.plugins).remove(&plugin);
                Ok(())
            }
        }
    }

    fn answer(&self, id: u64, message: &impl serde::Serialize) -> io::Result<()> {
        let frame = frame::frame(id, message, 0)?;
        let _writing = lock(&self.writing);
        Bare(io::stdout()).write_all(&frame)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread that panics would leave a call without an answer: the host starts a new child
/// instead, and tells the caller.
fn die_of_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::abort();
    }));
}

#[expect(clippy::print_stderr, reason = "the host reads the reason from stderr")]
fn complain(why: &dyn std::fmt::Display) {
    eprintln!("{why}");
}
