//! What `wit/` says, as Rust: generated, private, never seen outside this crate.
//!
//! Imports are not taken from here: `wasi` links them under whatever compatible version
//! a component names.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

pub(crate) mod launcher {
    wasmtime::component::bindgen!({
        path: ["../../wit/plugin", "../../wit/launcher"],
        world: "codeflare:launcher/launcher-plugin",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

pub(crate) mod sizing {
    wasmtime::component::bindgen!({
        path: ["../../wit/plugin", "../../wit/sizing"],
        world: "codeflare:sizing/sizing-policy-plugin",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

pub(crate) mod progress {
    wasmtime::component::bindgen!({
        path: ["../../wit/plugin", "../../wit/progress"],
        world: "codeflare:progress/progress-plugin",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}
