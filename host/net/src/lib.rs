//! HTTP to strangers: within limits of bytes and time, over TLS unless the admin allowed
//! otherwise, through the company's proxy and with its certificates.
//!
//! It follows no redirect and shows no password by itself: where a request goes and what it
//! carries is for the caller to decide, with what [`Origin`] and [`redirected`] tell.

mod address;
mod body;
mod client;
mod error;
mod proxy;

pub use address::{Origin, escaped, host_of, origin, redirected};
pub use body::{Bound, Incoming, Pieces};
pub use client::{Client, Settings, SettingsError};
pub use error::{NetError, words};
pub use proxy::Proxies;
