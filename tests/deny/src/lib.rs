//! What holds the check of drafts to default deny: cases generated from schemas and from the
//! closed lists themselves, the restricted Pod Security Standard as a table, and a generator
//! of answers that nobody thought of.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "it serves tests: what does not hold is told by a panic")]

pub mod cases;
pub mod cluster;
pub mod lists;
pub mod mutate;
pub mod restricted;
pub mod schema;
pub mod sound;
