//! From what was seen to a sealed record, with plugins that are functions.

mod deny;
mod draft;
mod lock;
mod pod;
mod record;
mod resolve;
mod size;
mod support;
