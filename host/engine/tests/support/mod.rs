//! What the tests of the engine share: guests, requests, an engine with a cache of its own.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test, and not every test uses all of it"
)]

pub(crate) mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use codeflare_documents::call::Request;
use codeflare_engine::{Config, Engine, Limits, LoadError, Plugin, Role};
use serde_json::json;
use tempfile::TempDir;

/// Components by name of their file in `tests/guests/examples`.
pub(crate) type Guests = BTreeMap<String, Arc<[u8]>>;

/// Builds the guests, once per process, and reads them.
pub(crate) fn guests() -> Guests {
    static BUILT: OnceLock<Guests> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Guests {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--locked", "--examples", "--target", "wasm32-wasip2"])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", root.join("target"));
    // What the outer cargo was told is not meant for this one.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    let status = cargo.status().unwrap();
    assert!(status.success(), "the guests do not build; is the target there? rustup target add wasm32-wasip2");
    let sources = std::fs::read_dir(root.join("examples")).unwrap();
    sources
        .map(|entry| {
            let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            let path = root.join(format!("target/wasm32-wasip2/debug/examples/{name}.wasm"));
            let bytes = std::fs::read(&path);
            let bytes =
                bytes.unwrap_or_else(|e| panic!("{}: {e}; is {name} in tests/guests/Cargo.toml?", path.display()));
            (name, bytes.into())
        })
        .collect()
}

/// An engine and its cache, which goes with it.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) cache: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let engine = Engine::new(config(&cache)).unwrap();
        Bench { engine, cache }
    }

    pub(crate) async fn load(&self, name: &str, guests: &Guests) -> Result<Plugin, LoadError> {
        let bytes = Arc::clone(&guests[name]);
        self.engine.load(Role::Launcher, bytes, Limits::default()).await
    }
}

pub(crate) fn config(cache: &TempDir) -> Config {
    Config {
        cache: cache.path().to_owned(),
        compiler: vec![env!("CARGO_BIN_EXE_codeflare-compile").into()],
        threads: 4,
        permits_per_plugin: 2,
        compile_time: Duration::from_secs(60),
        compile_memory: 2 << 30,
    }
}

/// A question to a launcher.
pub(crate) fn launch() -> Request {
    serde_json::from_value(json!({"launch": {
        "name": "hello-abcde",
        "run": {"namespace": "team", "name": "hello"},
        "attempt": 1,
        "application": {
            "name": "hello", "namespace": "team", "api": "guest",
            "framework": {}, "argv": ["echo", "hello"],
        },
        "size": {"workers": 2, "worker": {"cpuMillis": 500, "memoryBytes": 1_073_741_824, "extended": {}}},
        "settings": {},
        "served": [{"group": "batch", "version": "v1", "kind": "Job"}],
    }}))
    .unwrap()
}

/// A question to a sizing policy, after another one proposed three workers.
pub(crate) fn decide() -> Request {
    serde_json::from_value(json!({"decide": {
        "request": {
            "run": {"namespace": "team", "name": "hello"},
            "application": {"namespace": "team", "name": "hello"},
            "api": "guest",
            "asked": {"size": "md", "sizeBy": "Run/hello", "gpus": false},
            "configurations": [],
            "settings": {},
        },
        "proposed": {"workers": 3, "worker": {"cpuMillis": 500, "memoryBytes": 1_073_741_824, "extended": {}}},
    }}))
    .unwrap()
}

/// Resident memory of this process, in bytes.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
