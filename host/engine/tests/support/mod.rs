//! What the tests of the engine share: guests, requests, an engine with a cache of its own.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test, and not every test uses all of it"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use codeflare_documents::call::Request;
use codeflare_engine::{Config, Engine, Isolation, Limits, LoadError, Plugin, Role};
use serde_json::json;
use tempfile::TempDir;

/// Components of the guests that are Rust, as `category_name`.
pub(crate) type Guests = BTreeMap<String, Arc<[u8]>>;

/// Builds those guests, once per process, and reads them.
pub(crate) fn guests() -> Guests {
    static BUILT: OnceLock<Guests> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Guests {
    cargo(&["build", "--quiet", "--locked", "--package", "guests", "--examples", "--target", "wasm32-wasip2"]);
    let mut all = Guests::new();
    for category in std::fs::read_dir(root().join("guests")).unwrap() {
        for file in std::fs::read_dir(category.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let part = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
            let name = format!("{}_{}", part(path.parent().unwrap()), part(&path));
            let component = root().join(format!("target/wasm32-wasip2/debug/examples/{name}.wasm"));
            let bytes = std::fs::read(&component);
            let bytes =
                bytes.unwrap_or_else(|e| panic!("{}: {e}; is {name} in tests/guests/Cargo.toml?", component.display()));
            all.insert(name, bytes.into());
        }
    }
    all
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests")
}

/// Cargo in the workspace of the guests.
pub(crate) fn cargo(arguments: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(root()).env("CARGO_TARGET_DIR", root().join("target"));
    // What the outer cargo was told is not meant for this one.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    let status = cargo.status().unwrap();
    assert!(status.success(), "cargo {arguments:?}; is the target there? rustup target add wasm32-wasip2");
}

/// An engine and its cache, which goes with it.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) cache: TempDir,
}

impl Bench {
    pub(crate) fn new(isolation: Isolation) -> Self {
        let cache = tempfile::tempdir().unwrap();
        let engine = Engine::new(config(&cache, isolation)).unwrap();
        Bench { engine, cache }
    }

    pub(crate) async fn load(&self, name: &str, guests: &Guests) -> Result<Plugin, LoadError> {
        let bytes = Arc::clone(&guests[name]);
        self.engine.load(Role::Launcher, bytes, Limits::default()).await
    }
}

/// Both children of the engine.
const CHILD: &str = env!("CARGO_BIN_EXE_codeflare-engine-child");

/// Plugins in a process of their own.
pub(crate) fn apart() -> Isolation {
    Isolation::Process { command: vec![CHILD.into(), "plugin-engine".into()], memory: 1 << 30 }
}

pub(crate) fn config(cache: &TempDir, isolation: Isolation) -> Config {
    Config {
        cache: cache.path().to_owned(),
        compiler: vec![CHILD.into(), "compile-plugin".into()],
        isolation,
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

/// Another question to a launcher.
pub(crate) fn observe() -> Request {
    serde_json::from_value(json!({"observe": {
        "name": "hello-abcde",
        "run": {"namespace": "team", "name": "hello"},
        "attempt": 1,
        "settings": {},
        "suspended": false,
        "objects": [{"kind": "Job", "name": "hello-abcde", "primary": true, "object": {"status": {"active": 2}}}],
        "roles": [{"name": "worker", "count": 2, "pods": []}],
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
