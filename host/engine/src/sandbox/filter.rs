//! The system calls that a confined process may make: a closed list.
//!
//! What is not on it answers `EPERM`. It could as well kill, but then a libc that tries
//! something new and could do without would take every plugin down; refused is refused.
//!
//! Memory is either writable or executable, never both, and only memory that was written
//! by the process itself becomes code (`mmap` makes none).

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Calls that are free, whatever their arguments.
const FREE: [i64; 27] = [
    // What has come in over the descriptors that are there, and answers to it.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    // Memory; the images of linear memories are anonymous files.
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    // Threads that are there already wait for each other, and for time.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_restart_syscall,
    // New code becomes visible to the other cores.
    libc::SYS_membarrier,
    // Traps of WebAssembly are signals.
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    // Hash tables, the end, and who one is.
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getpid,
    libc::SYS_gettid,
];

const WRITE_EXEC: u64 = (libc::PROT_WRITE | libc::PROT_EXEC) as u64;
const WRITE: u64 = libc::PROT_WRITE as u64;
const EXEC: u64 = libc::PROT_EXEC as u64;

/// The filter for this process on this machine.
pub(super) fn program() -> Result<BpfProgram, BackendError> {
    use SeccompCmpOp::{Eq, MaskedEq};
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = FREE.into_iter().map(|call| (call, Vec::new())).collect();
    // Not shared either: limits count private memory only.
    let private = condition(3, MaskedEq(libc::MAP_TYPE as u64), libc::MAP_PRIVATE as u64)?;
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![condition(2, MaskedEq(EXEC), 0)?, private])?]);
    rules.insert(
        libc::SYS_mprotect,
        vec![
            rule(2, MaskedEq(WRITE_EXEC), 0)?,
            rule(2, MaskedEq(WRITE_EXEC), WRITE)?,
            rule(2, MaskedEq(WRITE_EXEC), EXEC)?,
        ],
    );
    // An image is sealed, so that no call can change what the next one begins with.
    rules.insert(libc::SYS_fcntl, vec![rule(1, Eq, libc::F_ADD_SEALS.unsigned_abs().into())?]);
    // `abort` sends itself a signal; nobody else gets one.
    rules.insert(libc::SYS_tgkill, vec![rule(0, Eq, std::process::id().into())?]);
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let here = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, refuse, SeccompAction::Allow, here)?.try_into()
}

fn rule(argument: u8, compare: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition(argument, compare, value)?])
}

fn condition(argument: u8, compare: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)
}
