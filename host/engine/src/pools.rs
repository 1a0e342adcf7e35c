//! Where plugins run: wasmtime's engines with their reserved memory, and compiled code in
//! them. In the child's process, or in the host's where there is none.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::call::Callable;
use crate::config::{self, LARGE_MEMORY, Limits, Profile, Role, SMALL_MEMORY};
use crate::error::{EngineError, NotLoaded};
use crate::{wasi, world};

/// Engines, best first.
pub(crate) struct Pools(Vec<(Profile, Engine)>);

impl Pools {
    /// Reserves memory for as many calls at once, or does without, where address space is
    /// short.
    ///
    /// # Errors
    /// If wasmtime does not run here.
    pub(crate) fn new(threads: usize) -> Result<Pools, EngineError> {
        let mut engines = Vec::new();
        for profile in [Profile::Small, Profile::Large] {
            match Engine::new(&config::wasmtime(profile, threads)) {
                Ok(engine) => engines.push((profile, engine)),
                Err(error) => tracing::info!(
                    ?profile,
                    error = format!("{error:#}"),
                    "no address space for a pool; instances are mapped for each call, which is slower"
                ),
            }
        }
        let profile = Profile::OnDemand;
        let engine = Engine::new(&config::wasmtime(profile, threads))
            .map_err(|error| EngineError::Wasmtime(format!("{error:#}")))?;
        engines.push((profile, engine));
        Ok(Pools(engines))
    }

    /// All of them, for the ticker.
    pub(crate) fn all(&self) -> Vec<Engine> {
        self.0.iter().map(|(_, engine)| engine.clone()).collect()
    }

    /// Everything of loading before the plugin itself runs: code into memory, world
    /// checked, linked.
    ///
    /// # Errors
    /// `Code` if it does not load, otherwise what is wrong with the plugin.
    pub(crate) fn prepare(&self, code: &[u8], role: Role, limits: Limits, seed: u64) -> Result<Callable, NotLoaded> {
        let component = self.deserialize(code, &limits).map_err(NotLoaded::Code)?;
        world::check(&component, role, &limits)?;
        let linker = wasi::link(&component)?;
        let instance = linker
            .instantiate_pre(&component)
            .map_err(|error| crate::LoadError::WrongTypes { why: format!("{error:#}") })?;
        let engine = component.engine().clone();
        Ok(Callable { engine, exports: world::bind(instance, role)?, role, limits, seed })
    }

    /// Loads code into the first profile that has room for it.
    #[expect(
        unsafe_code,
        reason = "the code was written by our own compile child, kept in a directory that only this user can enter, and its seal was checked; where the host has a child, it runs in there and can do no more than the child"
    )]
    fn deserialize(&self, code: &[u8], limits: &Limits) -> Result<Component, String> {
        let mut why = String::new();
        for (profile, engine) in &self.0 {
            let room = match profile {
                Profile::Small => SMALL_MEMORY,
                Profile::Large => LARGE_MEMORY,
                Profile::OnDemand => u64::MAX,
            };
            if limits.memory > room {
                continue;
            }
            // SAFETY: `cache::Code::read` returns only what this host wrote of a compile
            // child's output; wasmtime itself refuses code of another version.
            match unsafe { Component::deserialize(engine, code) } {
                Ok(component) => return Ok(component),
                Err(error) => why = format!("{error:#}"),
            }
        }
        Err(why)
    }
}
