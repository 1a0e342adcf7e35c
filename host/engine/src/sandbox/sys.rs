//! System calls and settings of the allocator that no library of ours gives safely.
#![allow(
    unsafe_code,
    reason = "plain system calls on numbers: none is given a pointer but the empty list of groups, and file descriptors are closed before anything owns them"
)]

use std::io;

/// Closes every file descriptor above stderr. To be called first of all: nothing may own
/// one of them yet.
pub(super) fn close_inherited() -> io::Result<()> {
    // SAFETY: no pointer is passed. What is closed was inherited over `exec`, and nothing
    // in this process has made a value of it.
    done(unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) })
}

/// Changes user and group, for good, and leaves all other groups. For root only.
pub(super) fn change_user(id: u32) -> io::Result<()> {
    // SAFETY: an empty list is given, of which nothing is read.
    done(unsafe { libc::setgroups(0, std::ptr::null()) }.into())?;
    // SAFETY: numbers only.
    done(unsafe { libc::setresgid(id, id, id) }.into())?;
    // SAFETY: numbers only.
    done(unsafe { libc::setresuid(id, id, id) }.into())
}

/// Has freed memory go back to the system: an allocator that adapts to one large answer
/// would hold as much for good.
pub(super) fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    for (parameter, bytes) in [(libc::M_MMAP_THRESHOLD, 256 << 10), (libc::M_TRIM_THRESHOLD, 256 << 10)] {
        // SAFETY: numbers only.
        let _taken = unsafe { libc::mallopt(parameter, bytes) };
    }
}

fn done(answer: libc::c_long) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
