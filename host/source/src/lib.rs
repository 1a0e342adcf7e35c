//! Source: from a repository to a tar in the host, and from there into a pod.
//!
//! ```text
//! place ─ resolve ─ commit ─ fetch ─ pack of git ─ objects ─ folder ─ tar (Pack)
//!                                                                     │
//!                                       stage: download ─ digest ─ unpack into the workdir
//! ```
//!
//! A server of repositories is a stranger: every read has a limit in bytes and in time,
//! credentials go to the origin that the address names and never along a redirect, and
//! nothing is believed that a hash does not show.

mod credentials;
mod error;
mod git;
mod limits;
mod pack;
pub mod stage;

/// How the names of files begin that are not whole yet. Who keeps a folder of packs removes
/// them when it opens it: they are of a process that was killed.
pub const UNFINISHED: &str = ".unfinished-";

pub use credentials::Credentials;
pub use error::FetchError;
pub use git::{Git, Resolved};
pub use limits::Limits;
pub use pack::Pack;
