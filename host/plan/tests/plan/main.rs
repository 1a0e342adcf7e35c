//! From what was seen to a sealed record, with plugins that are functions.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod arguments;
mod ceilings;
mod claims;
mod draft;
mod grants;
mod identity;
mod lock;
mod packages;
mod pod;
mod record;
mod resolve;
mod scheduling;
mod shapes;
mod size;
mod source;
mod stage;
mod support;
