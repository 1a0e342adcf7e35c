//! The documents that host and plugins exchange.
//!
//! What the host says is one JSON document per call ([`launcher::LaunchRequest`],
//! [`launcher::ObserveRequest`], [`sizing::DecideRequest`]): members may be added in
//! any version, so a plugin ignores what it does not know. What a plugin answers is
//! typed in WIT (`wit/*/*.wit`); the types here mirror it, so that an answer can be
//! recorded, replayed and compared as JSON. Members that an answer does not have are
//! refused: what the host decides on has one spelling.
//!
//! Pure data: no engine, no Kubernetes client. The published JSON Schemas in
//! `wit/schemas` are generated from these types (`codeflare schema`).

pub mod call;
pub mod describe;
pub mod launcher;
mod schemas;
pub mod shared;
pub mod sizing;

pub use schemas::schemas;
