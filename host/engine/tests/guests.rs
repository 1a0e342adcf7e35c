//! Every guest in `tests/guests/examples` against the engine: what it may do, and what
//! must come of it. The table in `support/table.rs` is the contract; a guest without a row fails.
//!
//! `cargo test -p codeflare-engine --test guests -- --nocapture` prints what came.
//! The guests are built by the test itself (`cargo build --target wasm32-wasip2`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codeflare_documents::call::Answer;
use codeflare_engine::{Limits, Role};
use support::table::{Must, by_the_clock, table};
use support::{Bench, decide, guests, launch};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_guest_comes_to_what_the_table_says() {
    let built = guests();
    let rows: BTreeSet<String> = table().iter().map(|row| row.guest.to_owned()).collect();
    assert_eq!(built.keys().cloned().collect::<BTreeSet<_>>(), rows, "guests and rows differ");

    let bench = Bench::new();
    let mut wrong = Vec::new();
    println!("{:<20} {:<24} {:>8} {:>13} {:>10}  what it was told", "guest", "came to", "ms", "fuel", "memory");
    for row in table() {
        let role = match row.guest {
            "good_sizing" => Role::SizingPolicy,
            _ => Role::Launcher,
        };
        let bytes = &built[row.guest];
        let loaded = bench.engine.load(role, Arc::clone(bytes), (row.limits)()).await;
        let start = Instant::now();
        let (came, words, cost, ok) = match loaded {
            Err(error) => {
                let ok = matches!(row.must, Must::NotLoad(reason) if reason == error.reason());
                (error.reason(), error.to_string(), None, ok)
            }
            Ok(plugin) => {
                let request = if role == Role::Launcher { launch() } else { decide() };
                let called = plugin.call(&request).await;
                let cost = Some((called.fuel, called.memory));
                match called.answer {
                    Ok(answer) => {
                        let json = serde_json::to_value(&answer).unwrap();
                        let ok = matches!(row.must, Must::Answer(look) if look(&json));
                        ("answered", String::new(), cost, ok)
                    }
                    Err(error) => {
                        let words = error.to_string();
                        let ok = matches!(row.must, Must::Fail(reason, part)
                            if reason == error.reason() && words.contains(part));
                        (error.reason(), words, cost, ok)
                    }
                }
            }
        };
        let took = start.elapsed();
        let (fuel, memory) = cost.unwrap_or_default();
        println!("{:<20} {came:<24} {:>8} {fuel:>13} {memory:>10}  {words}", row.guest, took.as_millis());
        if !ok || took > row.within {
            wrong.push(row.guest);
        }
    }
    assert!(wrong.is_empty(), "not as the table says: {wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_serves_on_after_all_of_them_and_gives_memory_back() {
    let built = guests();
    let bench = Bench::new();
    let good = bench.load("good", &built).await.unwrap();
    let before = good.call(&launch()).await;
    let mut base = None;
    for round in 0..3 {
        for row in table() {
            // Those that are refused by time cost time and leave nothing.
            if row.guest == "fills_memory" || row.guest == "good_sizing" {
                continue;
            }
            if let Ok(plugin) = bench.engine.load(Role::Launcher, Arc::clone(&built[row.guest]), (row.limits)()).await {
                let _failure = plugin.call(&launch()).await;
            }
        }
        // The first round fills what stays by design: warm slots, the allocator's arenas.
        let now = support::resident();
        println!("resident after round {round}: {} MiB", now >> 20);
        let base = *base.get_or_insert(now);
        assert!(now < base + (10 << 20), "{} MiB grew to {} MiB", base >> 20, now >> 20);
    }
    let after = good.call(&launch()).await;
    assert_eq!(before.answer.unwrap(), after.answer.unwrap());
    assert_eq!(before.fuel, after.fuel);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sleep_costs_no_time_and_the_same_question_costs_the_same() {
    let built = guests();
    let bench = Bench::new();
    for guest in ["sleeps", "opens_files", "logs_a_lot"] {
        let plugin = bench.load(guest, &built).await.unwrap();
        let first = plugin.call(&launch()).await;
        let again = plugin.call(&launch()).await;
        assert!(first.elapsed < Duration::from_secs(1), "{guest} took {:?}", first.elapsed);
        assert_eq!(first.answer.unwrap(), again.answer.unwrap(), "{guest} answers differently");
        assert_eq!(first.fuel, again.fuel, "{guest} costs differently");
        assert!(first.log.len() <= 100);
        assert!(first.log.iter().all(|line| line.message.len() <= 1024 && line.level == "info"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_call_keeps_its_price_and_what_the_plugin_said() {
    let built = guests();
    let bench = Bench::new();
    let limits = Limits::default();
    let called = bench.load("loops_in_launch", &built).await.unwrap().call(&launch()).await;
    assert_eq!(called.answer.unwrap_err().reason(), "PluginOutOfFuel");
    assert_eq!(called.fuel, limits.fuel);
    assert!(called.memory > 0 && !called.elapsed.is_zero());

    // Logs more than is kept; with little fuel it ends amidst that.
    let bytes = Arc::clone(&built["logs_a_lot"]);
    let short = Limits { fuel: 20_000_000, ..limits };
    let called = bench.engine.load(Role::Launcher, bytes, short).await.unwrap().call(&launch()).await;
    assert_eq!(called.answer.unwrap_err().reason(), "PluginOutOfFuel");
    assert!(!called.log.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_plugin_of_its_role_is_refused_with_both_sides_named() {
    let built = guests();
    let bench = Bench::new();
    let limits = Limits::default();
    let sizing = Arc::clone(&built["good_sizing"]);
    let error = bench.engine.load(Role::Launcher, sizing, limits).await.unwrap_err();
    assert_eq!(error.reason(), "WrongWorld");
    let words = error.to_string();
    assert!(words.contains("codeflare:launcher/launcher@0.1.0"), "{words}");
    assert!(words.contains("codeflare:sizing/sizing@0.1.0"), "{words}");

    // A launcher of another version: the same bytes with other numbers in its names.
    let text = b"codeflare:launcher/launcher@0.1.0";
    let mut other = built["good"].to_vec();
    let places: Vec<usize> = (0..other.len() - text.len()).filter(|at| other[*at..].starts_with(text)).collect();
    for at in places {
        other[at + text.len() - 5..at + text.len()].copy_from_slice(b"0.9.0");
    }
    let error = bench.engine.load(Role::Launcher, other.into(), limits).await.unwrap_err();
    assert_eq!(error.reason(), "WrongWorldVersion", "{error}");
    assert!(error.to_string().contains("@0.9.0") && error.to_string().contains("@0.1.0"));

    let random: Vec<u8> = (0..5000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let error = bench.engine.load(Role::Launcher, random.clone().into(), limits).await.unwrap_err();
    assert_eq!(error.reason(), "NotAComponent");

    // Good at the front, random behind; and cut off at every kind of place.
    let mut spoilt = built["good"].to_vec();
    let middle = spoilt.len() / 2;
    spoilt[middle..middle + 5000].copy_from_slice(&random);
    let error = bench.engine.load(Role::Launcher, spoilt.into(), limits).await.unwrap_err();
    assert!(["CompileFailed", "NotAComponent"].contains(&error.reason()), "{error}");
    for part in [0, 4, 8, 9, 100, middle] {
        let cut = built["good"][..part].into();
        let error = bench.engine.load(Role::Launcher, cut, limits).await.unwrap_err();
        assert!(["CompileFailed", "NotAComponent", "WrongWorld"].contains(&error.reason()), "{part}: {error}");
    }

    // A question of another role.
    let plugin = bench.load("good", &built).await.unwrap();
    let error = plugin.call(&decide()).await.answer.unwrap_err();
    assert_eq!(error.reason(), "PluginWrongRole");
    assert!(matches!(plugin.call(&launch()).await.answer, Ok(Answer::Launched(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_plugin_holds_up_its_own_calls_only() {
    let built = guests();
    let bench = Bench::new();
    let bytes = Arc::clone(&built["fills_memory"]);
    let slow = bench.engine.load(Role::Launcher, bytes, by_the_clock()).await.unwrap();
    let good = bench.load("good", &built).await.unwrap();
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let slow = slow.clone();
            tokio::spawn(async move { slow.call(&launch()).await.answer.map_err(|error| error.reason()) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    for _ in 0..20 {
        assert!(good.call(&launch()).await.answer.is_ok());
    }
    // The six take 1.5 s, two at a time.
    assert!(start.elapsed() < Duration::from_millis(700), "{:?}", start.elapsed());
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err(), "PluginTimedOut");
    }
}
