//! Compiling in a child process: component file in, sealed code file out.
//!
//! A compiler may be led to loop or to eat memory, and that counts as no fault of
//! wasmtime; it also leaves memory behind. So it runs in a child that has limits of its
//! own and does nothing else.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::cache;
use crate::config::{self, Profile};
use crate::error::LoadError;

/// How parent and child agree on limits; nothing else of the environment is passed on.
const MEMORY: &str = "CODEFLARE_COMPILE_MEMORY";
const SECONDS: &str = "CODEFLARE_COMPILE_SECONDS";
const MEMORY_DEFAULT: u64 = 4 << 30;
const SECONDS_DEFAULT: u64 = 120;
/// How often the parent looks whether the child has ended.
const LOOK: Duration = Duration::from_millis(2);

/// What the compile child says when it fails.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Limits cannot be set; nothing was compiled.
    #[error("cannot set the limits of the compile process: {0}")]
    Limits(io::Error),
    /// Input or output.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// wasmtime refuses the component.
    #[error("{0}")]
    Refused(String),
}

/// Entry of the compile child: limits itself (address space, CPU time, no core file),
/// compiles the component at `input` and writes sealed code to `output`, mode 0600.
///
/// # Errors
/// If limits cannot be set, if a file cannot be read or written, or if wasmtime refuses
/// the component; the caller prints the error and exits with a code other than 0.
pub fn compile_main(input: &Path, output: &Path) -> Result<(), CompileError> {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Cpu, number(SECONDS, SECONDS_DEFAULT)),
        (Resource::As, number(MEMORY, MEMORY_DEFAULT)),
    ] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|e| CompileError::Limits(e.into()))?;
    }
    let file = |path: &Path, source| CompileError::File { path: path.display().to_string(), source };
    let refused = |error: wasmtime::Error| CompileError::Refused(format!("{error:#}"));
    let bytes = std::fs::read(input).map_err(|e| file(input, e))?;
    let engine = wasmtime::Engine::new(&config::wasmtime(Profile::OnDemand, 1)).map_err(refused)?;
    let code = engine.precompile_component(&bytes).map_err(refused)?;
    cache::write_sealed(output, &code).map_err(|e| file(output, e))
}

/// Runs the child and waits for it; blocks up to `time`.
///
/// # Errors
/// `CompileFailed` with the child's words, `CompileTimedOut`, `CompileKilled`, `Host`.
pub(crate) fn run(
    compiler: &[OsString],
    input: &Path,
    output: &Path,
    time: Duration,
    memory: u64,
) -> Result<(), LoadError> {
    let (program, arguments) = compiler.split_first().ok_or_else(|| LoadError::host("no compile command"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .arg(input)
        .arg(output)
        .env_clear()
        .env(MEMORY, memory.to_string())
        // Whole seconds, rounded up: the parent's clock is the finer one.
        .env(SECONDS, (time.as_secs() + 1).to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| LoadError::host(format!("cannot start the compile process: {e}")))?;
    let words = child.stderr.take();
    // Read beside the wait, or a child that says much would wait for us.
    let words = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = words {
            let mut head = (&mut pipe).take(4096);
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
