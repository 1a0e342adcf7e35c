//! The child that runs plugins: what it has, what native code in it could do, and what the
//! host does when it dies, lies or hangs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use codeflare_engine::{CallError, Engine, Isolation, Limits, Role};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use support::{Bench, apart, config, guests, launch};

const EPERM: i32 = 1;
const ENOMEM: i32 = 12;

/// What the hostile child says: errno by attempt, 0 where it came through.
fn attempts(free: bool) -> BTreeMap<String, i32> {
    let folder = tempfile::tempdir().unwrap();
    // Open to everybody, so that it is the sandbox that refuses.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let (secret, socket) = (folder.path().join("secret"), folder.path().join("socket"));
    fs::write(&secret, "token").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o666)).unwrap();
    let _unix = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hostile-child"));
    child.env_clear().arg(std::process::id().to_string()).arg(&secret).arg(&socket);
    child.arg(tcp.local_addr().unwrap().port().to_string()).arg(folder.path());
    let said = child.args(free.then_some("free")).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    if !free {
        assert_eq!(fs::read_to_string(&secret).unwrap(), "token");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
    let text = String::from_utf8(said.stdout).unwrap();
    let mut words = text.lines().map(|line| line.split_once(' ').unwrap());
    words.by_ref().map(|(name, errno)| (name.to_owned(), errno.parse().unwrap())).collect()
}

#[test]
fn native_code_in_the_child_is_refused_every_way_out() {
    let mut said = attempts(false);
    println!("{said:#?}");
    assert_eq!(said.remove("environment"), Some(0));
    assert_eq!(said.remove("some_memory"), Some(0), "memory within the limit is not refused");
    assert_eq!(said.remove("much_memory"), Some(ENOMEM));
    if said.remove("landlock") != Some(0) {
        println!("this kernel has no Landlock, or an old one");
    }
    for way in ["open_secret", "connect_tcp", "connect_unix", "exec", "fork", "ptrace_parent", "kill_parent"] {
        assert!(said.contains_key(way), "{way} was not tried");
    }
    let others: BTreeMap<_, _> = said.iter().filter(|(_, errno)| **errno != EPERM).collect();
    assert!(others.is_empty(), "not refused, or for another reason: {others:?}");
}

#[test]
fn the_same_ways_are_open_to_a_child_that_is_not_confined() {
    let said = attempts(true);
    for way in [
        "open_secret",
        "open_passwd",
        "open_parents_environment",
        "list_folder",
        "write_file",
        "append_file",
        "make_folder",
        "rename_file",
        "connect_tcp",
        "listen_tcp",
        "connect_unix",
        "spawn",
        "thread",
        "kill_parent",
        "duplicate_input",
        "writable_code",
        "shared_memory",
        "much_memory",
    ] {
        assert_eq!(said.get(way), Some(&0), "{way}");
    }
}

fn status(pid: u32) -> BTreeMap<String, String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let lines = status.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_child_has_its_socket_and_nothing_else() {
    let bench = Bench::new(apart());
    assert_eq!(bench.engine.child(), None, "it is started for the first plugin");
    let plugin = bench.load("control_good", &guests()).await.unwrap();
    plugin.call(&launch()).await.answer.unwrap();
    let pid = bench.engine.child().unwrap();
    let status = status(pid);
    for (name, value) in [("NoNewPrivs", "1"), ("Seccomp", "2"), ("CapEff", "0000000000000000"), ("Groups", "")] {
        assert_eq!(status[name], value, "{name}");
    }
    if !rustix::process::geteuid().is_root() {
        println!("the rest is readable to root only: not looked at");
        return;
    }
    assert_eq!(status["Uid"], "65533\t65533\t65533\t65533");
    assert_eq!(status["Gid"], "65533\t65533\t65533\t65533");
    assert_eq!(fs::read(format!("/proc/{pid}/environ")).unwrap(), b"");
    let mut open = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        let path = entry.unwrap().path();
        let what = fs::read_link(&path).unwrap().to_string_lossy().into_owned();
        let what = what.split([':', ' ']).next().unwrap().to_owned();
        open.insert((path.file_name().unwrap().to_str().unwrap().parse::<u32>().unwrap(), what));
    }
    // Beside them the images of the plugin's memory, which no file system has.
    open.retain(|(_, what)| !what.starts_with("/memfd"));
    let open: Vec<_> = open.iter().map(|(number, what)| (*number, what.as_str())).collect();
    assert_eq!(open, [(0, "socket"), (1, "socket"), (2, "pipe")]);
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    for name in ["Max core file size", "Max processes"] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert!(line.split_whitespace().take(2).eq(["0", "0"]), "{name}{line}");
    }
}

fn kill(engine: &Engine, signal: Signal) {
    let pid = engine.child().and_then(|pid| Pid::from_raw(i32::try_from(pid).unwrap())).unwrap();
    // Gone already, and the next one not there yet.
    let _gone = kill_process(pid, signal);
}

/// Only the end of its process or the watchdog ends such a call.
fn endless() -> Limits {
    Limits { time: Duration::from_secs(3600), fuel: u64::MAX / 2, ..Limits::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_is_killed_fails_its_calls_and_the_next_ones_have_another() {
    let built = guests();
    let bench = Bench::new(apart());
    let good = bench.load("control_good", &built).await.unwrap();
    let bytes = Arc::clone(&built["memory_fills"]);
    let slow = bench.engine.load(Role::Launcher, bytes, endless()).await.unwrap();
    assert_eq!(bench.engine.respawns(), 0);
    let call = tokio::spawn(async move { slow.call(&launch()).await });
    // Once may be before the call has begun: then it is made in the next child.
    while !call.is_finished() {
        kill(&bench.engine, Signal::KILL);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let called = call.await.unwrap();
    let error = called.answer.unwrap_err();
    assert!(matches!(error, CallError::EngineDied { alone: false, .. }), "{error:?}");
    // Its code is held open: the cache may be gone too.
    fs::remove_dir_all(bench.cache.path().join("code")).unwrap();
    assert!(good.call(&launch()).await.answer.is_ok());
    assert!(bench.engine.respawns() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_have_killed_a_child_is_called_alone_until_it_answers() {
    let built = guests();
    let bench = Bench::new(apart());
    let limits = Limits { time: Duration::from_millis(10), ..Limits::default() };
    let one = bench.engine.load(Role::Launcher, Arc::clone(&built["control_good"]), limits).await.unwrap();
    let other = bench.load("waits_sleeps", &built).await.unwrap();
    kill(&bench.engine, Signal::STOP);
    assert_eq!(one.call(&launch()).await.answer.unwrap_err().reason(), "PluginEngineDied");
    assert!(other.call(&launch()).await.answer.is_ok());
    // The one that was there is somewhere else now: the usual child may stand still.
    kill(&bench.engine, Signal::STOP);
    assert!(one.call(&launch()).await.answer.is_ok());
    // And back, as it has answered.
    kill(&bench.engine, Signal::CONT);
    assert!(one.call(&launch()).await.answer.is_ok());
    assert!(other.call(&launch()).await.answer.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_hangs_is_killed() {
    let built = guests();
    let bench = Bench::new(apart());
    let limits = Limits { time: Duration::from_millis(10), ..Limits::default() };
    let plugin = bench.engine.load(Role::Launcher, Arc::clone(&built["control_good"]), limits).await.unwrap();
    // Its clock stands still with all the rest of it.
    kill(&bench.engine, Signal::STOP);
    let error = plugin.call(&launch()).await.answer.unwrap_err();
    assert_eq!(error.reason(), "PluginEngineDied");
    assert!(error.to_string().contains("after its time limit"), "{error}");
    // Once alone in another child, then with the others.
    assert!(plugin.call(&launch()).await.answer.is_ok());
    assert!(plugin.call(&launch()).await.answer.is_ok());
    assert_eq!(bench.engine.respawns(), 1);
}

#[rstest]
#[case("unknown-id", "what nobody had asked")]
#[case("huge", "longer than any may be")]
#[case("garbage", "not to be understood")]
#[case("cut-off", "died during the call")]
#[case("ends", "died during the call")]
#[case("garbage-first", "did not get ready")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_breaks_the_rules_is_replaced(#[case] how: &str, #[case] words: &str) {
    let (built, cache, folder) = (guests(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let rude = env!("CARGO_BIN_EXE_rude-child");
    let command = vec![rude.into(), how.into(), folder.path().into()];
    let isolation = Isolation::Process { command, memory: 1 << 30 };
    let engine = Engine::new(config(&cache, isolation)).unwrap();
    let load = async || engine.load(Role::Launcher, Arc::clone(&built["control_good"]), Limits::default()).await;
    let error = load().await.unwrap_err();
    assert!(["PluginEngineDied", "PluginHostFailed"].contains(&error.reason()), "{error}");
    assert!(error.to_string().contains(words), "{error}");
    let first = engine.child().unwrap();
    assert!(load().await.unwrap().call(&launch()).await.answer.is_ok());
    assert_eq!(engine.respawns(), 1);
    assert_ne!(engine.child(), Some(first));
    assert!(!Path::new(&format!("/proc/{first}/fd/0")).exists(), "the first is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_ends_with_its_host() {
    let bench = Bench::new(apart());
    let plugin = bench.load("control_good", &guests()).await.unwrap();
    let process = format!("/proc/{}/fd/0", bench.engine.child().unwrap());
    assert!(Path::new(&process).exists() || !rustix::process::geteuid().is_root());
    drop((plugin, bench));
    let gone = async {
        while Path::new(&process).exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
}
