//! The engine: bytes of a component in, a [`Plugin`] out.
//!
//! ```text
//! bytes ─ scan ─ cache? ─ compile child ─ load code ─ world ─ link ─ describe ─ Plugin
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::Component;

use crate::cache::{self, Cache};
use crate::call::Callable;
use crate::config::{self, Config, LARGE_MEMORY, Limits, Profile, Role, SMALL_MEMORY};
use crate::error::{EngineError, LoadError};
use crate::plugin::{self, Loaded, Plugin, Times};
use crate::{compile, describe, scan, ticker, wasi, world};

/// Loads plugins. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    cache: Cache,
    /// Where memory comes from, best first.
    engines: Vec<(Profile, wasmtime::Engine)>,
    threads: Arc<Semaphore>,
    /// One compilation at a time: each may use a core and a lot of memory.
    compiling: Mutex<()>,
}

/// A component that can be asked, and what it took to get there.
struct Prepared {
    digest: String,
    callable: Callable,
    load: Duration,
    compile: Option<Duration>,
}

/// Code in memory; how long it took to bring it there and, where that was needed, to make it.
struct Code {
    component: Component,
    load: Duration,
    compile: Option<Duration>,
}

impl Engine {
    /// Reserves pools (or does without, where address space is short), opens the cache and
    /// starts the ticker.
    ///
    /// # Errors
    /// If the cache is not usable or not private, or if wasmtime does not run here.
    pub fn new(config: Config) -> Result<Engine, EngineError> {
        if config.compiler.is_empty() {
            return Err(EngineError::NoCompiler);
        }
        let mut engines = Vec::new();
        for profile in [Profile::Small, Profile::Large] {
            match wasmtime::Engine::new(&config::wasmtime(profile, config.threads)) {
                Ok(engine) => engines.push((profile, engine)),
                Err(error) => tracing::info!(
                    ?profile,
                    error = format!("{error:#}"),
                    "no address space for a pool; instances are mapped for each call, which is slower"
                ),
            }
        }
        let profile = Profile::OnDemand;
        let on_demand = wasmtime::Engine::new(&config::wasmtime(profile, config.threads))
            .map_err(|error| EngineError::Wasmtime(format!("{error:#}")))?;
        let cache = Cache::open(&config.cache, &on_demand)?;
        engines.push((profile, on_demand));
        let all: Vec<_> = engines.iter().map(|(_, engine)| engine.clone()).collect();
        ticker::start(&all)?;
        Ok(Engine(Arc::new(Inner {
            cache,
            engines,
            threads: Arc::new(Semaphore::new(config.threads.max(1))),
            compiling: Mutex::new(()),
            config,
        })))
    }

    /// Makes a plugin of a component: compiles it in a child (or loads the code from the
    /// cache), checks its world and asks it to describe itself within `limits`, which
    /// hold for its later calls too. The bytes are kept: [`Engine::stored`].
    ///
    /// # Errors
    /// Everything that can be wrong with untrusted bytes, by class.
    pub async fn load(&self, role: Role, bytes: Arc<[u8]>, limits: Limits) -> Result<Plugin, LoadError> {
        let inner = Arc::clone(&self.0);
        let prepared = tokio::task::spawn_blocking(move || inner.prepare(role, &bytes, limits));
        let Prepared { digest, callable, load, compile } = prepared.await.map_err(LoadError::host)??;
        let callable = Arc::new(callable);
        let thread = plugin::acquire(&self.0.threads).await?;
        let asked = Arc::clone(&callable);
        let described = tokio::task::spawn_blocking(move || {
            let start = Instant::now();
            let described = asked.describe().map(|text| (text, start.elapsed()));
            drop(thread);
            described
        });
        let (text, asking) = described.await.map_err(LoadError::host)??;
        Ok(Plugin(Arc::new(Loaded {
            digest,
            description: describe::parse(&text, role)?,
            callable,
            times: Times { load: load + asking, compile },
            permits: Arc::new(Semaphore::new(self.0.config.permits_per_plugin.max(1))),
            threads: Arc::clone(&self.0.threads),
        })))
    }

    /// Bytes of a component that was loaded before, by its digest (`sha256:` and
    /// hexadecimal); none if they are gone or are not what the digest says.
    pub fn stored(&self, digest: &str) -> Option<Vec<u8>> {
        let hex = digest.strip_prefix("sha256:")?;
        let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let is_hex = hex.len() == 64 && hex.bytes().all(lower);
        is_hex.then(|| self.0.cache.stored(hex)).flatten()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Inner {
    /// Everything before the plugin itself runs. Blocks.
    fn prepare(&self, role: Role, bytes: &[u8], limits: Limits) -> Result<Prepared, LoadError> {
        scan::scan(bytes)?;
        let hash = Sha256::digest(bytes);
        let hex = cache::sha256(bytes);
        let Code { component, load, compile } = self.component(&hex, bytes, &limits)?;
        let start = Instant::now();
        world::check(&component, role, &limits)?;
        let linker = wasi::link(&component)?;
        let instance =
            linker.instantiate_pre(&component).map_err(|error| LoadError::WrongTypes { why: format!("{error:#}") })?;
        let callable = Callable {
            engine: component.engine().clone(),
            exports: world::bind(instance, role)?,
            role,
            limits,
            seed: hash.iter().fold(0x00c0_def1_a2e0_0001, |seed: u64, byte| seed.rotate_left(8) ^ u64::from(*byte)),
        };
        Ok(Prepared { digest: format!("sha256:{hex}"), callable, load: load + start.elapsed(), compile })
    }

    /// Compiled code, from the cache or made now.
    fn component(&self, hex: &str, bytes: &[u8], limits: &Limits) -> Result<Code, LoadError> {
        let input = self.cache.keep_component(hex, bytes);
        let input = input.map_err(LoadError::host)?;
        if let Some(code) = self.cached(hex, limits) {
            return Ok(code);
        }
        let _compiling = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have compiled it while this one waited.
        if let Some(code) = self.cached(hex, limits) {
            return Ok(code);
        }
        let output = self.cache.scratch().map_err(LoadError::host)?;
        let time = self.config.compile_time;
        let memory = self.config.compile_memory;
        let start = Instant::now();
        compile::run(&self.config.compiler, &input, &output, time, memory)
            .inspect_err(|_| self.cache.forget_component(hex))?;
        let compile = Some(start.elapsed());
        let start = Instant::now();
        let kept = self.cache.keep_code(hex, output);
        kept.map_err(LoadError::host)?;
        let code = self.cache.code(hex);
        let code = code.ok_or_else(|| LoadError::host("the compile process wrote no sealed code"))?;
        let component = self
            .deserialize(&code, limits)
            .map_err(|error| LoadError::host(format!("the compile process is of another version: {error}")))?;
        Ok(Code { component, load: start.elapsed(), compile })
    }

    fn cached(&self, hex: &str, limits: &Limits) -> Option<Code> {
        let start = Instant::now();
        let code = self.cache.code(hex)?;
        match self.deserialize(&code, limits) {
            Ok(component) => Some(Code { component, load: start.elapsed(), compile: None }),
            Err(error) => {
                tracing::info!(digest = hex, %error, "cached code does not load; compiling again");
                self.cache.forget(hex);
                None
            }
        }
    }

    /// Loads code into the first profile that has room for it.
    #[expect(
        unsafe_code,
        reason = "the code was written by our own compile child under a directory that only this user can enter, and its seal was checked"
    )]
    fn deserialize(&self, code: &[u8], limits: &Limits) -> Result<Component, String> {
        let mut why = String::new();
        for (profile, engine) in &self.engines {
            let room = match profile {
                Profile::Small => SMALL_MEMORY,
                Profile::Large => LARGE_MEMORY,
                Profile::OnDemand => u64::MAX,
            };
            if limits.memory > room {
                continue;
            }
            // SAFETY: `Cache::code` returns only what this user's compile child wrote with
            // `write_sealed`; wasmtime itself refuses code of another version.
            match unsafe { Component::deserialize(engine, code) } {
                Ok(component) => return Ok(component),
                Err(error) => why = format!("{error:#}"),
            }
        }
        Err(why)
    }
}
