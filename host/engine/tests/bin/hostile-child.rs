//! Native code that was let in: confined by the same function as the child that runs
//! plugins, it tries to get out by every way that it knows and prints what came of each,
//! `NAME ERRNO` a line (0: it worked).
//!
//! `hostile-child PARENT FILE SOCKET PORT DIR [free]`: whom to attack, a file that holds a
//! secret, a Unix socket and a TCP port that listen, and a folder that anybody can write.
//! With `free` it is not confined, to show that the ways are open then.
#![allow(
    unsafe_code,
    clippy::print_stdout,
    reason = "an attacker calls the system as it likes; standard output is all that it has"
)]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};

use codeflare_engine::sandbox::{self, Room};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [parent, file, socket, port, folder, free @ ..] = words.as_slice() else { return ExitCode::FAILURE };
    let parent: i32 = parent.parse().unwrap_or_default();
    let confined = free.is_empty();
    if confined {
        let room = Room { memory: 64 << 20, seconds: None };
        let Ok(((), landlocked)) = sandbox::enter(room, || Ok(())) else { return ExitCode::FAILURE };
        println!("landlock {}", i32::from(!landlocked));
    }
    let path = |name: &str| format!("{folder}/{name}");
    try_it("open_secret", || File::open(file));
    try_it("open_passwd", || File::open("/etc/passwd"));
    try_it("open_parents_memory", || File::open(format!("/proc/{parent}/mem")));
    try_it("open_parents_environment", || File::open(format!("/proc/{parent}/environ")));
    try_it("open_own_environment", || File::open("/proc/self/environ"));
    try_it("list_folder", || fs::read_dir(folder));
    try_it("write_file", || File::create(path("new")));
    try_it("append_file", || OpenOptions::new().append(true).open(file));
    try_it("rename_file", || fs::rename(file, path("mine")));
    try_it("remove_file", || fs::remove_file(file));
    try_it("make_folder", || fs::create_dir(path("folder")));
    try_it("link_file", || fs::hard_link(file, path("link")));
    try_it("connect_tcp", || TcpStream::connect(("127.0.0.1", port.parse::<u16>().unwrap_or(1))));
    try_it("listen_tcp", || TcpListener::bind("127.0.0.1:0"));
    try_it("send_udp", || UdpSocket::bind("127.0.0.1:0"));
    try_it("connect_unix", || UnixStream::connect(socket));
    try_it("spawn", || Command::new("/bin/true").status());
    // SAFETY, of all that follow: numbers and null only.
    try_it("thread", || std::thread::Builder::new().spawn(|| ()).map(drop));
    try_it("read_parents_memory", || {
        call(
            i64::try_from(unsafe { libc::process_vm_readv(parent, std::ptr::null(), 0, std::ptr::null(), 0, 0) })
                .unwrap_or(-1),
        )
    });
    try_it("kill_parent", || call(i64::from(unsafe { libc::kill(parent, 0) })));
    try_it("kill_everybody", || call(i64::from(unsafe { libc::kill(-1, 0) })));
    try_it("signal_parents_thread", || call(unsafe { libc::syscall(libc::SYS_tgkill, parent, parent, 0) }));
    try_it("become_root", || call(i64::from(unsafe { libc::setuid(0) })));
    try_it("new_namespace", || call(i64::from(unsafe { libc::unshare(libc::CLONE_NEWUSER) })));
    try_it("mount", || call(unsafe { libc::syscall(libc::SYS_mount, 0, 0, 0, 0, 0) }));
    try_it("load_program", || call(unsafe { libc::syscall(libc::SYS_bpf, 0, 0, 0) }));
    try_it("ring", || call(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, 0) }));
    try_it("raise_limits", || {
        let more = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: a limit that is there.
        call(i64::from(unsafe { libc::setrlimit(libc::RLIMIT_DATA, &raw const more) }))
    });
    try_it("dump", || call(i64::from(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) })));
    try_it("duplicate_input", || call(i64::from(unsafe { libc::dup(0) })));
    try_it("writable_code", || {
        map(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, 4096)
    });
    try_it("shared_memory", || map(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS, 4096));
    try_it("much_memory", || map(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, 1 << 30));
    try_it("some_memory", || map(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, 4096));
    println!("environment {}", std::env::vars_os().count());
    if confined {
        // If they worked, they would stop the parent or itself, and nobody would tell.
        try_it("ptrace_parent", || call(unsafe { libc::ptrace(libc::PTRACE_ATTACH, parent, 0, 0) }));
        try_it("ptrace_me", || call(unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) }));
        try_it("fork", || call(i64::from(unsafe { libc::fork() })));
        try_it("exec", || {
            let program = CString::new("/bin/true").map_err(io::Error::other)?;
            let arguments = [program.as_ptr(), std::ptr::null()];
            // SAFETY: a program and a list that ends with null.
            call(i64::from(unsafe { libc::execv(program.as_ptr(), arguments.as_ptr()) }))
        });
    }
    ExitCode::SUCCESS
}

fn map(protection: i32, flags: i32, bytes: usize) -> io::Result<()> {
    // SAFETY: memory that nobody has yet, wherever the kernel likes.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    call(if at == libc::MAP_FAILED { -1 } else { 0 })
}

fn call(answer: i64) -> io::Result<()> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn try_it<T>(name: &str, act: impl FnOnce() -> io::Result<T>) {
    let errno = act().err().map_or(0, |error| error.raw_os_error().unwrap_or(-1));
    println!("{name} {errno}");
}
