//! Everything Kubernetes, and the process: watch, gather, record, apply, publish.
//!
//! The path of a Run reads as a list of steps in [`reconcile`]; every decision on it is
//! made by `codeflare_plan`, every plugin is called through `codeflare_engine`. What is
//! here reads and writes.

mod admin;
mod admission;
mod api;
mod apply;
mod catalog;
mod context;
mod draft;
mod error;
mod gather;
mod lease;
mod metrics;
mod observe;
mod perform;
mod process;
mod publish;
mod reconcile;
mod record;
mod served;
mod show;
mod sources;
mod turns;
mod watch;

pub use error::Error;
pub use process::{Config, run};
pub use sources::SourceConfig;
