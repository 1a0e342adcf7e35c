//! One child as the host sees it: questions with ids, answers in any order. What comes
//! from it is not believed: an answer that is too long, or that nobody waits for, ends the
//! child before a byte of it is read.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OnceCell, oneshot};

use super::frame::{HEAD, Head, frame};

/// Bytes read at once: most answers.
const BUFFER: usize = 64 << 10;

/// The child is gone, or was just ended for what it did; with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Died(pub(super) &'static str);

/// Its process ended, by itself or by a signal.
const ENDED: Died = Died("it ended");

/// A child that takes orders.
pub(super) struct Connection {
    /// Process id, for people.
    pub(super) pid: u32,
    write: tokio::sync::Mutex<OwnedWriteHalf>,
    waiting: Mutex<Waiting>,
    process: OwnedFd,
    /// Plugins that this child has.
    loaded: Mutex<HashMap<u64, Arc<OnceCell<()>>>>,
}

/// Who waits for an answer. Ids count up and are not used twice.
struct Waiting {
    /// Why nothing more comes.
    over: Option<Died>,
    next: u64,
    by_id: HashMap<u64, Waiter>,
}

struct Waiter {
    most: usize,
    answer: oneshot::Sender<Vec<u8>>,
}

impl Connection {
    /// Begins to listen; `ready` gets the first frame, which has id 0.
    pub(super) fn new(stream: UnixStream, pid: u32, process: OwnedFd) -> (Arc<Connection>, oneshot::Receiver<Vec<u8>>) {
        let (read, write) = stream.into_split();
        let (answer, ready) = oneshot::channel();
        let first = Waiter { most: 64, answer };
        let waiting = Waiting { over: None, next: 1, by_id: HashMap::from([(0, first)]) };
        let connection = Arc::new(Connection {
            pid,
            write: tokio::sync::Mutex::new(write),
            waiting: Mutex::new(waiting),
            process,
            loaded: Mutex::default(),
        });
        let listening = Listening(Arc::clone(&connection));
        tokio::spawn(async move {
            let died = listening.0.listen(read).await;
            listening.0.end(died);
        });
        (connection, ready)
    }

    /// Whether it takes orders.
    pub(super) fn alive(&self) -> bool {
        self.waiting().over.is_none()
    }

    /// Whether this child has a plugin; each is loaded once.
    pub(super) fn loaded(&self, plugin: u64) -> Arc<OnceCell<()>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(loaded.entry(plugin).or_default())
    }

    /// Asks, and waits for the answer, of at most `most` bytes, for at most `time`. Not to
    /// be dropped before its end: a frame that is cut off ends the child.
    ///
    /// # Errors
    /// [`Died`]; the child is gone then, whatever the reason.
    pub(super) async fn ask(
        &self,
        message: &impl serde::Serialize,
        behind: &[u8],
        most: usize,
        time: Duration,
    ) -> Result<Vec<u8>, Died> {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut waiting = self.waiting();
            if let Some(died) = waiting.over {
                return Err(died);
            }
            let id = waiting.next;
            waiting.next += 1;
            waiting.by_id.insert(id, Waiter { most, answer });
            id
        };
        let asking = async {
            self.send(id, message, behind).await?;
            answered.await.map_err(|_| self.waiting().over.unwrap_or(ENDED))
        };
        match tokio::time::timeout(time, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(self.end(Died("it was ended, since it went on after its time limit"))),
        }
    }

    /// Says that a plugin is not needed any more.
    pub(super) async fn forget(&self, plugin: u64, message: &impl serde::Serialize) {
        let known = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).remove(&plugin);
        if known.is_some() {
            // A child that is gone has forgotten it.
            let _gone = self.send(u64::MAX, message, &[]).await;
        }
    }

    async fn send(&self, id: u64, message: &impl serde::Serialize, behind: &[u8]) -> Result<(), Died> {
        let unsent = Died("a message to it could not be sent");
        let frame = frame(id, message, behind.len()).map_err(|_| unsent)?;
        let write = self.write.lock().await;
        let both = async {
            write_all(&write, &frame).await?;
            write_all(&write, behind).await
        };
        both.await.map_err(|_| self.end(unsent))
    }

    /// Ends the child, and with it all that wait for it; the first reason counts.
    pub(super) fn end(&self, why: Died) -> Died {
        let mut waiting = self.waiting();
        waiting.by_id.clear();
        let why = *waiting.over.get_or_insert(why);
        drop(waiting);
        if let Err(error) = rustix::process::pidfd_send_signal(&self.process, Signal::KILL) {
            tracing::debug!(pid = self.pid, %error, "the plugin engine's process was gone already");
        }
        why
    }

    async fn listen(&self, read: OwnedReadHalf) -> Died {
        let mut read = Reader { read, buffer: vec![0; BUFFER], from: 0, to: 0 };
        loop {
            let mut head = [0; HEAD];
            if read.fill(&mut head).await.is_err() {
                return ENDED;
            }
            let head = Head::read(head);
            let Some(waiter) = self.waiting().by_id.remove(&head.id) else {
                return Died("it was ended, since it answered what nobody had asked");
            };
            let bytes = usize::try_from(head.bytes).unwrap_or(usize::MAX);
            if bytes > waiter.most {
                // While the waiter is still there: it wakes to the reason.
                return self.end(Died("it was ended, since its answer was longer than any may be"));
            }
            let mut body = vec![0; bytes];
            if read.fill(&mut body).await.is_err() {
                return ENDED;
            }
            // The one that asked may have given up.
            let _gone = waiter.answer.send(body);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the child when nobody listens any more: also when the runtime stops amidst it.
struct Listening(Arc<Connection>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.end(ENDED);
    }
}

/// Reads what is there and gives it out in pieces.
struct Reader {
    read: OwnedReadHalf,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are not given out yet.
    from: usize,
    to: usize,
}

impl Reader {
    /// Fills `into` to its end.
    ///
    /// # Errors
    /// If the stream ends before.
    async fn fill(&mut self, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            let there = self.buffer.get(self.from..self.to).unwrap_or_default();
            if there.is_empty() {
                self.read.readable().await?;
                match self.read.try_read(&mut self.buffer) {
                    Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(bytes) => (self.from, self.to) = (0, bytes),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
                continue;
            }
            let bytes = there.len().min(into.len());
            let (now, later) = into.split_at_mut(bytes);
            now.copy_from_slice(there.get(..bytes).unwrap_or_default());
            self.from += bytes;
            into = later;
        }
        Ok(())
    }
}

async fn write_all(write: &OwnedWriteHalf, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        write.writable().await?;
        match write.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
