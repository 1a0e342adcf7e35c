//! The plugin engine: component bytes in, typed answers out, and no plugin can do
//! more to the host than give a bad answer.
//!
//! - [`Engine::load`] compiles a component in a child process (or takes it from the
//!   disk cache), checks its world and asks it to describe itself.
//! - Plugins run in another child, which holds nothing and can reach nothing; or in this
//!   process, where [`Isolation::None`] is asked for.
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
//! | `engine` | [`Engine`]: cache, loading, where plugins run |
//! | `scan` | a look at untrusted bytes before any compiler sees them |
//! | `children` | what a program does that is its own child |
//! | `compile` | the compile child, both sides |
//! | `sandbox` | what the children give up: files, network, other processes |
//! | `isolation` | plugins in a child of their own: the child, and what the host knows of it |
//! | `pools` | wasmtime's engines with their memory, and code in them |
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
mod children;
mod compile;
mod config;
mod convert;
mod describe;
mod engine;
mod error;
mod isolation;
mod plugin;
mod pools;
pub mod sandbox;
mod scan;
mod store;
mod ticker;
mod wasi;
mod world;

pub use children::be_child;
pub use compile::{CompileError, CompileLimits, compile_main};
pub use config::{Config, Isolation, Limits, Role};
pub use engine::Engine;
pub use error::{CallError, EngineError, LoadError};
pub use isolation::{ChildError, engine_main};
pub use plugin::{Called, Plugin, Times};
pub use store::LogLine;
