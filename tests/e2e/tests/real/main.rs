//! Runs in real pods, on operators that are there and on those that are not. Without a
//! cluster they say so and pass: `hack/test.sh e2e` brings one up with the platform in it
//! and sets `CODEFLARE_REAL_KUBECONFIG`.
//!
//! Every shape of a launch is asked for by a Plugin object of its own: the same bytes under
//! another name, with `settings.variant` fixed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod argv;
mod canary;
mod door;
mod git;
mod identity;
mod index;
mod operators;
mod platform;
mod ray;
mod requirements;
mod shapes;
mod size;
mod source;
mod torch;
mod world;
