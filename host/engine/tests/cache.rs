//! Compiling and the cache: the child's limits, and files that somebody else has touched.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use codeflare_engine::{Engine, EngineError, Isolation, Limits, Role};
use rstest::rstest;
use support::{Bench, apart, config, guests, launch};

fn code(bench: &Bench) -> PathBuf {
    let engine = fs::read_dir(bench.cache.path().join("code")).unwrap().next().unwrap().unwrap();
    let mut files = fs::read_dir(engine.path()).unwrap();
    files.next().unwrap().unwrap().path()
}

fn written(path: &PathBuf) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test]
async fn code_is_compiled_once_and_anew_where_it_was_touched(#[case] isolation: Isolation) {
    let built = guests();
    let bench = Bench::new(isolation.clone());
    let plugin = bench.load("control_good", &built).await.unwrap();
    let digest = plugin.digest().to_owned();
    let times = plugin.times();
    assert!(times.compile.is_some_and(|compile| !compile.is_zero()) && !times.load.is_zero());
    assert_eq!(bench.engine.stored(&digest).unwrap(), built["control_good"].to_vec());
    assert_eq!(bench.engine.stored("sha256:../../etc/passwd"), None);
    let path = code(&bench);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let first = written(&path);

    // A second engine, as after a restart, takes it as it is.
    let again = Engine::new(config(&bench.cache, isolation)).unwrap();
    let plugin = again.load(Role::Launcher, Arc::clone(&built["control_good"]), Limits::default()).await.unwrap();
    assert_eq!(written(&path), first);
    assert!(plugin.times().compile.is_none() && !plugin.times().load.is_zero());

    let sound = fs::read(&path).unwrap();
    let mut flipped = sound.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bytes in [flipped, sound[..middle].to_vec(), b"no code".to_vec(), Vec::new()] {
        fs::write(&path, &bytes).unwrap();
        let plugin = bench.load("control_good", &built).await.unwrap();
        assert!(plugin.call(&launch()).await.answer.is_ok());
        assert_eq!(fs::read(&path).unwrap(), sound, "compiled again, to the same bytes");
    }

    // Readable by others: not ours any more.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    bench.load("control_good", &built).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test]
async fn a_large_memory_limit_uses_code_of_the_same_cache(#[case] isolation: Isolation) {
    let built = guests();
    let bench = Bench::new(isolation.clone());
    bench.load("control_good", &built).await.unwrap();
    let first = written(&code(&bench));
    for memory in [256 << 20, 2 << 30] {
        let limits = Limits { memory, ..Limits::default() };
        let plugin = bench.engine.load(Role::Launcher, Arc::clone(&built["control_good"]), limits).await.unwrap();
        assert!(plugin.call(&launch()).await.answer.is_ok());
    }
    assert_eq!(written(&code(&bench)), first);
}

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test]
async fn the_compile_child_is_held_to_its_limits(#[case] isolation: Isolation) {
    let built = guests();
    let cache = tempfile::tempdir().unwrap();
    let load = async |config| {
        let engine = Engine::new(config).unwrap();
        let loaded = engine.load(Role::Launcher, Arc::clone(&built["control_good"]), Limits::default()).await;
        loaded.unwrap_err().reason()
    };
    let slow = codeflare_engine::Config { compile_time: Duration::from_millis(1), ..config(&cache, isolation.clone()) };
    assert_eq!(load(slow).await, "CompileTimedOut");
    let tight = codeflare_engine::Config { compile_memory: 8 << 20, ..config(&cache, isolation.clone()) };
    assert_eq!(load(tight).await, "CompileKilled");
    let missing =
        codeflare_engine::Config { compiler: vec!["/nowhere/to/be/found".into()], ..config(&cache, isolation.clone()) };
    assert_eq!(load(missing).await, "PluginHostFailed");
    let useless = codeflare_engine::Config { compiler: vec!["true".into()], ..config(&cache, isolation.clone()) };
    assert_eq!(load(useless).await, "PluginHostFailed");
}

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test]
async fn a_cache_that_is_open_to_others_is_refused(#[case] isolation: Isolation) {
    let cache = tempfile::tempdir().unwrap();
    let code = cache.path().join("code");
    fs::create_dir(&code).unwrap();
    fs::set_permissions(&code, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Engine::new(config(&cache, isolation.clone())), Err(EngineError::CacheOpen { .. })));
}

#[rstest]
#[case::here(Isolation::None)]
#[case::apart(apart())]
#[tokio::test]
async fn without_address_space_for_a_pool_instances_are_mapped_for_each_call(#[case] isolation: Isolation) {
    let built = guests();
    let cache = tempfile::tempdir().unwrap();
    // More than a petabyte of slots.
    let engine =
        Engine::new(codeflare_engine::Config { threads: 100_000, ..config(&cache, isolation.clone()) }).unwrap();
    let plugin = engine.load(Role::Launcher, Arc::clone(&built["control_good"]), Limits::default()).await.unwrap();
    for _ in 0..3 {
        assert!(plugin.call(&launch()).await.answer.is_ok());
    }
}
