//! Source and data of Runs: what is staged into pods.

pub mod stage;
