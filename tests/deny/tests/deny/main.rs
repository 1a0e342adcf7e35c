//! Default deny, generated: every field of every kind, every control of every pod, and
//! answers at random.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says how much it tried"
)]

mod fields;
mod fuzz;
mod operators;
mod pods;
mod roles;
