//! The engine: bytes of a component in, a [`Plugin`] out.
//!
//! ```text
//! bytes ─ scan ─ cache? ─ compile child ─┬─ child of its own: load code ─ world ─ link ─ describe ─┬─ Plugin
//!                                        └─ or the same in this process ──────────────────────────┘
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::cache::{self, Cache, Code};
use crate::config::{self, Config, Isolation, Limits, Profile, Role};
use crate::error::{EngineError, LoadError, NotLoaded};
use crate::isolation::{self, Children, Remote};
use crate::plugin::{self, Loaded, Place, Plugin, Times};
use crate::pools::Pools;
use crate::{compile, describe, scan, ticker};

/// Loads plugins. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    cache: Cache,
    runs: Runs,
    threads: Arc<Semaphore>,
    /// One compilation at a time: each may use a core and a lot of memory.
    compiling: Mutex<()>,
}

/// Where plugins run.
enum Runs {
    Here(Arc<Pools>),
    Child(Arc<Children>),
}

/// Compiled code, and how long it took to make it where it was not there.
struct Compiled {
    hex: String,
    code: Code,
    compile: Option<Duration>,
}

impl Engine {
    /// Opens the cache. Where plugins run in this process, reserves pools (or does without,
    /// where address space is short) and starts the ticker; a child is started when the
    /// first plugin is loaded.
    ///
    /// # Errors
    /// If the cache is not usable or not private, or if wasmtime does not run here.
    pub fn new(config: Config) -> Result<Engine, EngineError> {
        if config.compiler.is_empty() {
            return Err(EngineError::NoCompiler);
        }
        // For the name of the cache only: code of another version is not looked at.
        let version = wasmtime::Engine::new(&config::wasmtime(Profile::OnDemand, 1))
            .map_err(|error| EngineError::Wasmtime(format!("{error:#}")))?;
        let cache = Cache::open(&config.cache, &version)?;
        let mut threads = config.threads.max(1);
        let runs = match &config.isolation {
            Isolation::Process { command, memory } => {
                threads = threads.min(isolation::THREADS);
                Runs::Child(Arc::new(Children::new(command, threads, *memory)))
            }
            Isolation::None => {
                let pools = Pools::new(threads)?;
                ticker::start(&pools.all())?;
                Runs::Here(Arc::new(pools))
            }
        };
        Ok(Engine(Arc::new(Inner {
            cache,
            runs,
            threads: Arc::new(Semaphore::new(threads)),
            compiling: Mutex::new(()),
            config,
        })))
    }

    /// Makes a plugin of a component: compiles it in a child (or takes the code from the
    /// cache), checks its world and asks it to describe itself within `limits`, which
    /// hold for its later calls too. The bytes are kept: [`Engine::stored`].
    ///
    /// # Errors
    /// Everything that can be wrong with untrusted bytes, by class.
    pub async fn load(&self, role: Role, bytes: Arc<[u8]>, limits: Limits) -> Result<Plugin, LoadError> {
        let hash = Sha256::digest(&bytes);
        let seed = hash.iter().fold(0x00c0_def1_a2e0_0001, |seed: u64, byte| seed.rotate_left(8) ^ u64::from(*byte));
        let mut compiled = self.compiled(&bytes).await?;
        let (place, text, load) = loop {
            match self.place(role, &compiled.code, limits, seed).await {
                Ok(placed) => break placed,
                Err(NotLoaded::Plugin(error)) => return Err(error),
                Err(NotLoaded::Code(why)) if compiled.compile.is_some() => {
                    return Err(LoadError::host(format!("the compile process is of another version: {why}")));
                }
                Err(NotLoaded::Code(why)) => {
                    tracing::info!(digest = compiled.hex, why, "cached code does not load; compiling again");
                    self.0.cache.forget(&compiled.hex);
                    compiled = self.compiled(&bytes).await?;
                }
            }
        };
        Ok(Plugin(Arc::new(Loaded {
            digest: format!("sha256:{}", compiled.hex),
            description: describe::parse(&text, role)?,
            role,
            limits,
            place,
            times: Times { load, compile: compiled.compile },
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

    /// How often the process that runs plugins was started because the one before it died;
    /// 0 where plugins run in this process.
    pub fn respawns(&self) -> u64 {
        match &self.0.runs {
            Runs::Here(_) => 0,
            Runs::Child(children) => children.all.respawns() + children.suspects.respawns(),
        }
    }

    /// Process id of the process that runs plugins, once it was started. Those that may have
    /// killed it are called in another one.
    pub fn child(&self) -> Option<u32> {
        match &self.0.runs {
            Runs::Here(_) => None,
            Runs::Child(children) => children.all.child(),
        }
    }

    async fn compiled(&self, bytes: &Arc<[u8]>) -> Result<Compiled, LoadError> {
        let (inner, bytes) = (Arc::clone(&self.0), Arc::clone(bytes));
        tokio::task::spawn_blocking(move || inner.compiled(&bytes)).await.map_err(LoadError::host)?
    }

    /// Loads code where plugins run and has the plugin describe itself; also says how long
    /// that took.
    async fn place(
        &self,
        role: Role,
        code: &Code,
        limits: Limits,
        seed: u64,
    ) -> Result<(Place, String, Duration), NotLoaded> {
        let thread = plugin::acquire(&self.0.threads).await.map_err(LoadError::from)?;
        let code = code.clone();
        // Of its own, so that it comes to its end also where nobody waits for it any more.
        let placed = match &self.0.runs {
            Runs::Here(pools) => {
                let pools = Arc::clone(pools);
                tokio::task::spawn_blocking(move || {
                    let start = Instant::now();
                    let code = code.read().map_err(|why| NotLoaded::Code(why.to_string()))?;
                    let callable = pools.prepare(&code, role, limits, seed)?;
                    let text = callable.describe().map_err(LoadError::from)?;
                    drop(thread);
                    Ok((Place::Here(Arc::new(callable)), text, start.elapsed()))
                })
            }
            Runs::Child(children) => {
                let children = Arc::clone(children);
                tokio::spawn(async move {
                    let start = Instant::now();
                    let (remote, text) = Remote::load(&children, code, role, limits, seed).await?;
                    drop(thread);
                    Ok((Place::Child(Arc::new(remote)), text, start.elapsed()))
                })
            }
        };
        placed.await.map_err(LoadError::host)?
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Inner {
    /// Compiled code, from the cache or made now. Blocks.
    fn compiled(&self, bytes: &Arc<[u8]>) -> Result<Compiled, LoadError> {
        scan::scan(bytes)?;
        let hex = cache::sha256(bytes);
        let component = self.cache.keep_component(&hex, bytes).map_err(LoadError::host)?;
        if let Some(code) = self.cache.code(&hex) {
            return Ok(Compiled { hex, code, compile: None });
        }
        let _compiling = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have compiled it while this one waited.
        if let Some(code) = self.cache.code(&hex) {
            return Ok(Compiled { hex, code, compile: None });
        }
        let start = Instant::now();
        let Config { compiler, compile_time, compile_memory, isolation, .. } = &self.config;
        let confined = matches!(isolation, Isolation::Process { .. });
        let written = self.cache.scratch().map_err(LoadError::host)?;
        let output = written.reopen().map_err(LoadError::host)?;
        compile::run(compiler, component, output, *compile_time, *compile_memory, confined)
            .inspect_err(|_| self.cache.forget_component(&hex))?;
        let compile = Some(start.elapsed());
        if self.cache.keep_code(&hex, written).map_err(LoadError::host)? == 0 {
            self.cache.forget(&hex);
            return Err(LoadError::host("the compile process gave no code"));
        }
        let code = self.cache.code(&hex).ok_or_else(|| LoadError::host("compiled code went away at once"))?;
        Ok(Compiled { hex, code, compile })
    }
}
