//! Components out of registries: pulled within limits, and shown to be signed.
//!
//! ```text
//! reference ─ manifest ─ one layer of Wasm ─ is its digest the one asked for?
//!             │                                          │
//!             └ signature (where a key is given) ─ Proof │
//!                                                        └ bytes ─ are they that digest?
//! ```
//!
//! A registry is a stranger: it may be slow, endless, wrong, or send us elsewhere. Every
//! read has a limit in bytes and in time, credentials go to the registry that they are for
//! and to the token service that it names, never along a redirect, and nothing is believed
//! that a digest or a signature does not show. What a signature shows is kept as a
//! [`Proof`], which is checked again without the registry, from the bytes and the key alone.

mod challenge;
mod client;
mod credentials;
mod error;
mod key;
mod manifest;
mod order;
mod proof;
mod pull;
mod reference;
mod session;
mod signatures;
mod token;

pub use client::Registry;
pub use credentials::{Credentials, CredentialsError};
pub use error::{PullError, Step};
pub use key::{KeyError, PublicKey};
pub use order::{Limits, Order};
pub use proof::Proof;
pub use pull::Pulled;
pub use reference::{Reference, ReferenceError};

/// SHA-256 as registries and Plugins write it: `sha256:` and hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
