//! What must hold whatever goes wrong: a host that is killed at any request, a watch
//! that lags, objects that somebody else writes. The real binary runs against a real API
//! server through a proxy of ours; the tests play the kubelet.
//!
//! Without a server they say so and pass: `hack/test.sh faults` brings one up.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it saw"
)]

#[allow(dead_code, reason = "tests of the registry's client use all of it")]
#[path = "../../../../host/registry/tests/registry/artifact.rs"]
mod artifact;
mod audit;
mod budget;
mod chart;
mod crash;
mod forged;
mod grants;
mod held;
mod host;
mod kinds;
mod kubelet;
mod lives;
mod proxy;
mod registry;
#[allow(dead_code, reason = "tests of the registry's client use all of it")]
#[path = "../../../../host/registry/tests/registry/server.rs"]
mod server;
mod size;
mod source;
mod stale;
mod store;
mod trouble;
mod upgrade;
mod world;
