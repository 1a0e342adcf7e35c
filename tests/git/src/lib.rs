//! A git server for tests: over TLS with an authority of its own or without, behind a
//! password or not, by git's own `http-backend`, and hostile where it is told to be. It
//! notes every request.
//!
//! It runs on Debian's git; repositories are bare, below one folder.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod authority;
mod backend;
mod proxy;
mod repository;
mod server;

pub use authority::Authority;
pub use proxy::Proxy;
pub use repository::{Repository, git};
pub use server::{Answer, Log, Options, Seen, Server};
