//! Starts a child and sees it out: one thread for each child, from before its start until
//! after its end. The kernel ends a child with the *thread* that started it, so that this
//! must be none that comes and goes.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, PidfdFlags};
use tokio::sync::oneshot;

/// Bytes kept of what a child says on stderr: the last ones.
const WORDS: usize = 4 << 10;

/// A process that was started, and the host's end of the socket to it.
pub(super) struct Started {
    pub(super) stream: UnixStream,
    pub(super) process: OwnedFd,
    pub(super) pid: u32,
}

/// Starts `command` with two further arguments: threads, and bytes of memory. Its
/// environment is empty, and it has three file descriptors: the socket twice, and a pipe
/// for last words.
///
/// # Errors
/// If the process or the thread cannot be started.
pub(super) async fn start(command: Vec<OsString>, threads: usize, memory: u64) -> io::Result<Started> {
    let (tell, told) = oneshot::channel();
    std::thread::Builder::new().name("plugin-engine".into()).spawn(move || {
        let (child, started) = match begin(&command, threads, memory) {
            Ok(both) => both,
            Err(error) => return drop(tell.send(Err(error))),
        };
        let pid = started.pid;
        // The one that asked may be gone: then the socket closes, and the child ends.
        drop(tell.send(Ok(started)));
        see_out(child, pid);
    })?;
    told.await.map_err(io::Error::other)?
}

fn begin(command: &[OsString], threads: usize, memory: u64) -> io::Result<(Child, Started)> {
    let (program, arguments) = command.split_first().ok_or_else(|| io::Error::other("its command is empty"))?;
    let (stream, theirs) = UnixStream::pair()?;
    let theirs = OwnedFd::from(theirs);
    let mut child = Command::new(program)
        .args(arguments)
        .args([threads.to_string(), memory.to_string()])
        .env_clear()
        .current_dir("/")
        // A signal from the terminal is for the host, which ends in its own order.
        .process_group(0)
        .stdin(theirs.try_clone()?)
        .stdout(theirs)
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = child.id();
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData.into());
    let process = process.and_then(|pid| Ok(rustix::process::pidfd_open(pid, PidfdFlags::empty())?));
    match process {
        Ok(process) => Ok((child, Started { stream, process, pid })),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

fn see_out(mut child: Child, pid: u32) {
    let words = child.stderr.take().map(last_words).unwrap_or_default();
    match child.wait() {
        // As when it was told to end, by closing the socket.
        Ok(status) if status.success() => tracing::debug!(pid, "the plugin engine's process ended"),
        Ok(status) => tracing::warn!(pid, %status, words, "the plugin engine's process ended"),
        Err(error) => tracing::warn!(pid, %error, words, "the plugin engine's process cannot be waited for"),
    }
}

/// Reads to the end and keeps the last of it.
fn last_words(mut from: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(bytes @ 1..) = from.read(&mut buffer) {
        kept.extend_from_slice(buffer.get(..bytes).unwrap_or_default());
        let over = kept.len().saturating_sub(WORDS);
        kept.drain(..over);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}
