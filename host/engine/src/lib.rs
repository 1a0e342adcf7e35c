//! The plugin engine: component bytes in, typed answers out, and no plugin can do
//! more to the host than give a bad answer.
//!
//! - [`Engine::load`] compiles a component in a child process (or takes it from the
//!   disk cache), checks its world and asks it to describe itself.
//! - [`Plugin::call`] asks one question in a fresh store. **Fuel is the limit**: it is
//!   counted, so the same question ends the same way on every machine. Time is the
//!   backstop behind it.
//! - A plugin sees an empty WASI: no files, network or environment, seeded random, a
//!   clock that moves only when the plugin waits.
//!
//! Everything that knows wasmtime is in this crate, and nothing here knows Kubernetes.
//!
//! | module | what |
//! |---|---|
//! | `config` | settings, limits, wasmtime's configuration |
//! | `engine` | [`Engine`]: pools, cache, loading |
//! | `scan` | a look at untrusted bytes before any compiler sees them |
//! | `compile` | the compile child, both sides |
//! | `cache` | compiled code and component bytes on disk |
//! | `world` | does it export what its role needs, at a version we speak |
//! | `wasi` | the empty WASI |
//! | `store` | what one call carries: meter, clock, handles, captured text |
//! | `plugin` | [`Plugin`]: permits, calls |
//! | `call` | one call, start to typed failure |
//! | `convert` | WIT records to documents |
//! | `describe` | is the description valid |
//! | `ticker` | the thread that counts epochs |

mod bindings;
mod cache;
mod call;
mod compile;
mod config;
mod convert;
mod describe;
mod engine;
mod error;
mod plugin;
mod scan;
mod store;
mod ticker;
mod wasi;
mod world;

pub use compile::{CompileError, compile_main};
pub use config::{Config, Limits, Role};
pub use engine::Engine;
pub use error::{CallError, EngineError, LoadError};
pub use plugin::{Called, Plugin, Times};
pub use store::LogLine;
