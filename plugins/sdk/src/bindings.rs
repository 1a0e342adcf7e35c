//! What `wit/` says, as Rust: generated, and used by the export macros only. Plugins
//! speak the documents' types; `convert` translates.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

// The worlds of `wit/` in parts, which the linker puts together again: both export
// `describe`, and an exported macro can be defined only once in a crate.

pub mod plugin {
    wit_bindgen::generate!({
        inline: "package codeflare:sdk;
            world describes {
                import codeflare:plugin/log@0.1.0;
                export codeflare:plugin/describe@0.1.0;
            }",
        path: ["../../wit/plugin"],
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "codeflare_plugin::bindings::plugin",
        generate_all,
    });
}

pub mod launcher {
    wit_bindgen::generate!({
        inline: "package codeflare:sdk;
            world launches {
                export codeflare:launcher/launcher@0.1.0;
                export codeflare:launcher/observer@0.1.0;
            }",
        path: ["../../wit/plugin", "../../wit/launcher"],
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "codeflare_plugin::bindings::launcher",
        generate_all,
    });
}

pub mod sizing {
    wit_bindgen::generate!({
        inline: "package codeflare:sdk;
            world sizes {
                export codeflare:sizing/sizing@0.1.0;
            }",
        path: ["../../wit/plugin", "../../wit/sizing"],
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "codeflare_plugin::bindings::sizing",
        generate_all,
    });
}
