//! What compiles plugins and what runs them gives up everything else, for good: files,
//! network, other processes, its environment, and the means to get any of it back.
//!
//! Each fence would do by itself for most of that; they stand behind each other because
//! each has had holes. What WebAssembly forbids a plugin anyway is forbidden here to
//! native code that has broken out of it.

mod filter;
mod sys;

use std::fs::{self, File};
use std::io::{self, Read};

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

/// User and group of a confined process where the host is root; nothing else has them.
const USER: u32 = 65_533;
/// Anonymous files that a process may hold: an image for each memory of a plugin.
const FILES: u64 = 4096;
/// Bytes of one of them: no memory of a plugin is larger.
const IMAGE: u64 = crate::config::LARGE_MEMORY;

/// Why a process could not be confined. It must not go on then.
#[derive(Debug, thiserror::Error)]
#[error("cannot confine the process that handles plugins: {what}: {why}; {}", ADVICE)]
pub struct SandboxError {
    what: &'static str,
    why: String,
}

const ADVICE: &str = "Linux 5.9 with seccomp is needed, or `--plugin-isolation none`, which leaves WebAssembly alone between plugins and the host";

fn failed<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> SandboxError {
    move |why| SandboxError { what, why: why.to_string() }
}

/// What a confined process may use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    /// Bytes of writable memory beyond what was there after the preparation.
    pub memory: u64,
    /// Seconds of processor time; none: no limit.
    pub seconds: Option<u64>,
}

/// Confines this process, in an order in which each step is still possible: inherited
/// descriptors closed, a user of its own (where it is root), no core dump, first to be
/// killed when memory runs out and as soon as its parent is gone, Landlock, what `prepare`
/// does (threads, reserved memory), limits, and the closed list of system calls for all
/// threads. Says whether the kernel has Landlock and enforces all that we ask of it.
///
/// # Errors
/// [`SandboxError`]; the process must end then.
pub fn enter<T>(room: Room, prepare: impl FnOnce() -> Result<T, String>) -> Result<(T, bool), SandboxError> {
    sys::close_inherited().map_err(failed("inherited file descriptors"))?;
    sys::give_memory_back();
    // Best effort: some containers do not let a process say so of itself.
    let _refused = fs::write("/proc/self/oom_score_adj", "1000");
    if rustix::process::getuid().is_root() || rustix::process::geteuid().is_root() {
        sys::change_user(USER).map_err(failed("a user of its own"))?;
    }
    // After the change of user, which takes both back.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(failed("to end with its parent"))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed("no dumps"))?;
    let mut usage = File::open("/proc/self/statm").map_err(failed("/proc/self/statm"))?;
    let landlocked = landlock().map_err(failed("Landlock"))?;
    let prepared = prepare().map_err(failed("its preparation"))?;
    let data = data(&mut usage).map_err(failed("/proc/self/statm"))?;
    drop(usage);
    // What may be written, not all address space: pools reserve much more than they use.
    limit(Resource::Data, data.saturating_add(room.memory))?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, IMAGE)?;
    limit(Resource::Nofile, FILES)?;
    limit(Resource::Nproc, 0)?;
    if let Some(seconds) = room.seconds {
        limit(Resource::Cpu, seconds)?;
    }
    // Sets no_new_privs too.
    let program = filter::program().map_err(failed("seccomp"))?;
    seccompiler::apply_filter_all_threads(&program).map_err(failed("seccomp"))?;
    Ok((prepared, landlocked))
}

/// For the process that holds credentials: unreadable to others of its own user (no dump,
/// no `/proc/PID/mem`, `environ` or `fd`), and memory that it has freed goes back.
///
/// # Errors
/// Of the system call.
pub fn guard_host() -> io::Result<()> {
    sys::give_memory_back();
    Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

fn limit(resource: Resource, most: u64) -> Result<(), SandboxError> {
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::setrlimit(resource, limit).map_err(failed("limits"))
}

/// Nothing of files, TCP, abstract sockets and signals, as far as this kernel knows them.
fn landlock() -> Result<bool, landlock::RulesetError> {
    let newest = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .restrict_self()?;
    Ok(status.ruleset == RulesetStatus::FullyEnforced)
}

/// Bytes of private writable memory, as RLIMIT_DATA counts them: the sixth figure, in pages.
fn data(statm: &mut File) -> io::Result<u64> {
    let mut text = String::new();
    statm.read_to_string(&mut text)?;
    let pages = text.split_whitespace().nth(5).and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("it has no sixth figure"))?;
    Ok(pages.saturating_mul(u64::try_from(rustix::param::page_size()).unwrap_or(4096)))
}
