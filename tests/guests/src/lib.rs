//! What the guests share: bindings to the launcher's world, and a launcher that is good
//! but for the one function that a guest replaces.
//!
//! A guest is one file, which says in its head what must come of it: README.md.

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/launcher"],
    world: "codeflare:launcher/launcher-plugin",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "guests",
});

pub use codeflare::launcher::types::{Choice, Error, Fault};
pub use codeflare::plugin::log;
pub use exports::codeflare::launcher::launcher::{Command, Ends, Manifest, Plan, Role};
pub use exports::codeflare::launcher::observer::{LogSource, Observation, Ready};

/// A valid description.
pub fn description() -> String {
    r#"{"name": "guest", "version": "0.1.0", "summary": "A guest.", "frameworks": ["guest"],
        "kinds": [{"group": "batch", "version": "v1", "kind": "Job"}]}"#
        .into()
}

/// A valid plan that carries the request, so that a test sees what arrived.
pub fn plan(request: &str) -> Plan {
    Plan {
        manifests: vec![Manifest {
            object:
                r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": {"$name": ""}},
                "spec": {"template": {"$pod": "worker"}, "parallelism": {"$count": "worker"}}}"#
                    .into(),
            primary: true,
            ends: Ends::WithRun,
        }],
        roles: vec![Role {
            name: "worker".into(),
            count: 1,
            command: Command::Program,
            env: vec![],
            ports: vec![],
            resources: None,
            inputs: true,
            more: "{}".into(),
        }],
        controls: vec![],
        choices: vec![Choice {
            field: "request".into(),
            value: request.into(),
            by: "plugin guest".into(),
            why: "it was asked".into(),
            over: vec![],
        }],
        more: "{}".into(),
    }
}

/// A valid observation.
pub fn observation() -> Observation {
    Observation {
        phase: "Running".into(),
        reason: "Running".into(),
        message: "Runs.".into(),
        roles: vec![Ready {
            role: "worker".into(),
            ready: 1,
            total: 1,
        }],
        logs: vec![LogSource {
            role: "worker".into(),
            index: Some(0),
            container: "worker".into(),
        }],
        failure: None,
        more: "{}".into(),
    }
}

/// Exports a launcher with these two functions.
#[macro_export]
macro_rules! launcher {
    ($describe:expr, $launch:expr) => {
        struct Guest;

        impl $crate::exports::codeflare::plugin::describe::Guest for Guest {
            fn describe() -> String {
                let describe: fn() -> String = $describe;
                describe()
            }
        }

        impl $crate::exports::codeflare::launcher::launcher::Guest for Guest {
            fn launch(request: String) -> Result<$crate::Plan, $crate::Error> {
                let launch: fn(&str) -> Result<$crate::Plan, $crate::Error> = $launch;
                launch(&request)
            }
        }

        impl $crate::exports::codeflare::launcher::observer::Guest for Guest {
            fn observe(_request: String) -> Result<$crate::Observation, $crate::Error> {
                Ok($crate::observation())
            }
        }

        $crate::export!(Guest);
    };
}
