//! Compiling in a child process: component in on stdin, code out on stdout.
//!
//! A compiler may be led to loop or to eat memory, and that counts as no fault of
//! wasmtime; it also leaves memory behind. So it runs in a child that has limits of its
//! own and does nothing else. It opens no file itself, so that it can be confined as the child
//! that runs plugins is; its code is kept under the digest of its input by the host.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::config::{self, Profile};
use crate::error::LoadError;
use crate::sandbox::{self, Room, SandboxError};

/// How often the parent looks whether the child has ended.
const LOOK: Duration = Duration::from_millis(2);
/// Bytes kept of what a child says on stderr.
const WORDS: u64 = 4 << 10;

/// What the compile child says when it fails.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Limits cannot be set; nothing was compiled.
    #[error("cannot set the limits of the compile process: {0}")]
    Limits(io::Error),
    /// It would have run free; nothing was compiled.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Input or output.
    #[error("cannot read the component or write the code: {0}")]
    Pipe(#[from] io::Error),
    /// wasmtime refuses the component.
    #[error("{0}")]
    Refused(String),
}

/// Limits of a compile child, which gets them as arguments.
#[derive(Clone, Copy, Debug)]
pub struct CompileLimits {
    /// Bytes of address space.
    pub memory: u64,
    /// Seconds of processor time.
    pub seconds: u64,
    /// Whether it gives up everything but its input and output.
    pub confined: bool,
}

/// Entry of the compile child: limits and confines itself, reads a component from stdin
/// and writes code to stdout.
///
/// # Errors
/// If limits cannot be set, if it cannot read or write, or if wasmtime refuses the
/// component; the caller prints the error and exits with a code other than 0.
pub fn compile_main(limits: CompileLimits) -> Result<(), CompileError> {
    let CompileLimits { memory, seconds, confined } = limits;
    for (resource, most) in [(Resource::Core, 0), (Resource::Cpu, seconds), (Resource::As, memory)] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|e| CompileError::Limits(e.into()))?;
    }
    let refused = |error: wasmtime::Error| CompileError::Refused(format!("{error:#}"));
    let engine = || wasmtime::Engine::new(&config::wasmtime(Profile::OnDemand, 1));
    let engine = if confined {
        let room = Room { memory, seconds: Some(seconds) };
        sandbox::enter(room, || engine().map_err(|error| format!("{error:#}")))?.0
    } else {
        engine().map_err(refused)?
    };
    let mut bytes = Vec::new();
    match io::stdin().lock().read_to_end(&mut bytes) {
        // Ends as any other allocation that fails: by a signal, which the host can tell.
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => std::process::abort(),
        read => read?,
    };
    let code = engine.precompile_component(&bytes).map_err(refused)?;
    let mut output = io::stdout().lock();
    output.write_all(&code)?;
    output.flush()?;
    Ok(())
}

/// Runs the child on a component and waits for it; blocks up to `time`. Both files are
/// opened here: the child reads one and writes the other, and opens none.
///
/// # Errors
/// `CompileFailed` with the child's words, `CompileTimedOut`, `CompileKilled`, `Host`.
pub(crate) fn run(
    compiler: &[OsString],
    component: File,
    code: File,
    time: Duration,
    memory: u64,
    confined: bool,
) -> Result<(), LoadError> {
    let (program, arguments) = compiler.split_first().ok_or_else(|| LoadError::host("no compile command"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .arg(memory.to_string())
        // Whole seconds, rounded up: the parent's clock is the finer one.
        .arg((time.as_secs() + 1).to_string())
        .args(confined.then_some("--confined"))
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(component)
        .stdout(code)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| LoadError::host(format!("cannot start the compile process: {e}")))?;
    let words = child.stderr.take();
    // Read beside the wait, or a child that says much would wait for us.
    let words = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = words {
            let mut head = (&mut pipe).take(WORDS);
            if head.read_to_end(&mut text).is_ok() {
                let _rest = io::copy(&mut pipe, &mut io::sink());
            }
        }
        String::from_utf8_lossy(&text).trim().to_owned()
    });
    let status = wait(&mut child, time).map_err(LoadError::host)?;
    let words = words.join().unwrap_or_default();
    match status {
        None => Err(LoadError::CompileTimedOut { time }),
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(match status.signal() {
            Some(signal) => LoadError::CompileKilled { by: format!("signal {signal}"), memory },
            None => LoadError::CompileFailed { why: words },
        }),
    }
}

/// None where it had to be killed.
fn wait(child: &mut Child, time: Duration) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + time;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}
