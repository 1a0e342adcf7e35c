//! Tests against a real API server. Without one they say so and pass: `hack/test.sh`
//! brings it up and sets `CODEFLARE_API_KUBECONFIG`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod rules;
mod server;
mod shapes;
