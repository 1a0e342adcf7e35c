//! Every guest in `tests/guests` against the engine: what must come of it stands in the
//! head of its file, and a guest that says nothing there fails.
//!
//! ```text
//! cargo test -p codeflare-engine --test guests            all, as a table
//! cargo test -p codeflare-engine --test guests -- start   those whose name has `start`
//! ```
//!
//! Once in a process of their own and once in this one. All of them run in one engine, one after the other, while a good plugin is called all
//! the time; afterwards the engine must have given its memory back. Asserted are classes
//! of failure and limits; time only as the backstop that the engine promises.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints a table"
)]

mod guest;
#[path = "../support/mod.rs"]
mod support;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use codeflare_engine::{Config, Engine, Isolation, Limits, Plugin, Role};
use guest::Guest;
use serde_json::Value;
use support::{apart, config, guests, launch};
use table::Row;

/// Above a limit of time: how late a loaded machine may be. Only a backstop.
const GRACE: Duration = Duration::from_secs(10);
/// How much more memory may be held afterwards, in bytes.
const MEMORY: u64 = 10 << 20;
/// How long memory may take to come back.
const SETTLE: Duration = Duration::from_secs(20);
/// Calls at once that make every slot and thread warm.
const WARM: usize = 64;

fn main() {
    // As the host does: what is freed goes back.
    codeflare_engine::sandbox::guard_host().unwrap();
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let all = guest::all();
    let chosen: Vec<&Guest> = all.iter().filter(|guest| guest.is(filter.as_deref())).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (place, isolation) in [("a process of their own", apart()), ("this process", Isolation::None)] {
        println!("\nin {place}:");
        let wrong = runtime.block_on(run(&chosen, isolation));
        assert!(wrong.is_empty(), "not as it must be in {place}:\n{}", wrong.join("\n"));
    }
}

/// Runs them and says what is not as it must be.
async fn run(guests: &[&Guest], isolation: Isolation) -> Vec<String> {
    let cache = tempfile::tempdir().unwrap();
    // A compilation has little time and memory here, or the bombs would cost minutes.
    let limits = Config { compile_time: Duration::from_secs(8), compile_memory: 1 << 30, ..config(&cache, isolation) };
    let compile_time = limits.compile_time;
    let engine = Engine::new(limits).unwrap();
    let good = good(&engine).await;
    let before = good.call(&launch()).await;
    let base = memory(&engine);

    let stop = Arc::new(AtomicBool::new(false));
    let meanwhile = tokio::spawn(keep_calling(good.clone(), Arc::clone(&stop)));
    let (mut wrong, mut rows) = (Vec::new(), Vec::new());
    for guest in guests {
        let mut row = table::row(&engine, guest).await;
        wrong.extend(judge(guest, &row, compile_time));
        // Some are large, and this process' memory is looked at.
        row.answer = Value::Null;
        rows.push((*guest, row));
    }
    stop.store(true, Ordering::Relaxed);
    let (calls, failures, longest) = meanwhile.await.unwrap();
    table::print(&rows);
    println!("\na good plugin was called {calls} times meanwhile, {failures} failed, the longest took {longest:?}");
    if failures > 0 || (calls == 0 && !rows.is_empty()) {
        wrong.push(format!("of {calls} calls of a good plugin meanwhile {failures} failed"));
    }

    let after = good.call(&launch()).await;
    if (after.answer.ok(), after.fuel) != (before.answer.ok(), before.fuel) {
        wrong.push("the good plugin answers differently afterwards".into());
    }
    let held = settled(base, &engine).await;
    println!("memory: {:.1} MiB before, {:.1} MiB after", mib(base), mib(held));
    if held > base + MEMORY {
        wrong.push(format!("{:.1} MiB of memory grew to {:.1} MiB", mib(base), mib(held)));
    }
    wrong
}

/// What is wrong with what came of a guest.
fn judge(guest: &Guest, row: &Row, compile_time: Duration) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |what: String| wrong.push(format!("{}: {what}", guest.full_name()));
    if !guest.comes_to.has(&row.came) || (row.at_load && !guest.may_fail_at_load(&row.came)) {
        let when = if row.at_load { "when it was loaded" } else { "when it was called" };
        say(format!("came to {} {when}, should come to {}: {}", row.came, guest.comes_to, row.words));
    }
    if !row.words.contains(&guest.says) {
        say(format!("should say \"{}\", says: {}", guest.says, row.words));
    }
    for (pointer, value) in guest.answer.iter().filter(|(pointer, value)| row.answer.pointer(pointer) != Some(value)) {
        say(format!("{pointer} of its answer should be {value}, is {:?}", row.answer.pointer(pointer)));
    }
    let limits = guest.limits();
    if row.fuel > limits.fuel || row.memory > limits.memory {
        say(format!("used {} units of fuel and {} bytes of memory", row.fuel, row.memory));
    }
    if row.load > compile_time + limits.time + GRACE || row.call > limits.time + GRACE {
        say(format!("took {:?} to load and {:?} to call", row.load, row.call));
    }
    wrong
}

/// The good plugin, with every slot and thread of the engine warm.
async fn good(engine: &Engine) -> Plugin {
    let bytes = Arc::clone(&guests()["control_good"]);
    let good = engine.load(Role::Launcher, bytes, Limits::default()).await.unwrap();
    let calls: Vec<_> = (0..WARM)
        .map(|_| {
            let good = good.clone();
            tokio::spawn(async move { good.call(&launch()).await.answer.is_ok() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    good
}

/// Calls, failures, and the longest call with its wait.
async fn keep_calling(good: Plugin, stop: Arc<AtomicBool>) -> (u64, u64, Duration) {
    let (mut calls, mut failures, mut longest) = (0, 0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        failures += u64::from(good.call(&launch()).await.answer.is_err());
        calls += 1;
        longest = longest.max(start.elapsed());
        // Or the host would do nothing else.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (calls, failures, longest)
}

/// Memory once it is back, or what it is after a while.
async fn settled(base: u64, engine: &Engine) -> u64 {
    let end = Instant::now() + SETTLE;
    loop {
        let now = memory(engine);
        if now <= base + MEMORY || Instant::now() > end {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Anonymous memory of this process and of the one that runs plugins, if any, in bytes:
/// what is their own and would not be there without them.
fn memory(engine: &Engine) -> u64 {
    let of = |process: String| {
        let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
        let line = rollup.lines().find(|line| line.starts_with("Pss_Anon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
    };
    // The other one is confined: only root may look at it.
    let child = engine.child().filter(|_| rustix::process::geteuid().is_root());
    of("self".into()) + child.map_or(0, |pid| of(pid.to_string()))
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
