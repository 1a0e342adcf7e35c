//! What a plugin gets and what it does not: refusals with both sides named, the price of
//! calls, and that one plugin does not hold up another. The hostile ones are in `guests`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use codeflare_documents::call::Answer;
use codeflare_engine::{Isolation, Limits, Role};
use rstest::rstest;
use support::{Bench, apart, decide, guests, launch};

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sleep_costs_no_time_and_the_same_question_costs_the_same(#[case] isolation: Isolation) {
    let built = guests();
    let bench = Bench::new(isolation);
    for guest in ["waits_sleeps", "wasi_opens_files", "logs_a_lot"] {
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

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_call_keeps_its_price_and_what_the_plugin_said(#[case] isolation: Isolation) {
    let built = guests();
    let bench = Bench::new(isolation);
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

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_plugin_of_its_role_is_refused_with_both_sides_named(#[case] isolation: Isolation) {
    let built = guests();
    let bench = Bench::new(isolation);
    let limits = Limits::default();
    let sizing = Arc::clone(&built["control_good_sizing"]);
    let error = bench.engine.load(Role::Launcher, sizing, limits).await.unwrap_err();
    assert_eq!(error.reason(), "WrongWorld");
    let words = error.to_string();
    assert!(words.contains("codeflare:launcher/launcher@0.1.0"), "{words}");
    assert!(words.contains("codeflare:sizing/sizing@0.1.0"), "{words}");

    // A launcher of another version: the same bytes with other numbers in its names.
    let text = b"codeflare:launcher/launcher@0.1.0";
    let mut other = built["control_good"].to_vec();
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
    let mut spoilt = built["control_good"].to_vec();
    let middle = spoilt.len() / 2;
    spoilt[middle..middle + 5000].copy_from_slice(&random);
    let error = bench.engine.load(Role::Launcher, spoilt.into(), limits).await.unwrap_err();
    assert!(["CompileFailed", "NotAComponent"].contains(&error.reason()), "{error}");
    for part in [0, 4, 8, 9, 100, middle] {
        let cut = built["control_good"][..part].into();
        let error = bench.engine.load(Role::Launcher, cut, limits).await.unwrap_err();
        assert!(["CompileFailed", "NotAComponent", "WrongWorld"].contains(&error.reason()), "{part}: {error}");
    }

    // A question of another role.
    let plugin = bench.load("control_good", &built).await.unwrap();
    let error = plugin.call(&decide()).await.answer.unwrap_err();
    assert_eq!(error.reason(), "PluginWrongRole");
    assert!(matches!(plugin.call(&launch()).await.answer, Ok(Answer::Launched(_))));
}

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_plugin_holds_up_its_own_calls_only(#[case] isolation: Isolation) {
    let built = guests();
    let bench = Bench::new(isolation);
    let bytes = Arc::clone(&built["memory_fills"]);
    let slow = bench
        .engine
        .load(
            Role::Launcher,
            bytes,
            Limits { time: Duration::from_millis(500), fuel: u64::MAX / 2, ..Limits::default() },
        )
        .await
        .unwrap();
    let good = bench.load("control_good", &built).await.unwrap();
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
