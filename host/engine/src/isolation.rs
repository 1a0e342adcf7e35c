//! Plugins in a process of their own: the child, and what the host knows of it.
//!
//! ```text
//! host                                     child (confined: see `sandbox`)
//! remote ─ keeper ─ connection ══ socket ══ child ─ pools ─ call
//!             └ spawn (starts it, sees it out)
//! ```

mod child;
mod connection;
mod frame;
mod keeper;
mod message;
mod remote;
mod spawn;

/// Most calls at once in a child; what waits for a thread in there would seem to hang.
pub(crate) const THREADS: usize = 256;

pub use child::{ChildError, engine_main};
pub(crate) use remote::{Children, Remote, Turn};
