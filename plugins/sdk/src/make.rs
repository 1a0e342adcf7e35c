//! Short ways to write answers; whatever they leave out is empty.

use codeflare_documents::describe::EmittedKind;
use codeflare_documents::launcher::{Command, Control, Ends, LaunchPlan, Manifest, Observation, Role};
use serde_json::{Value, json};

use crate::holes;

/// A kind of object that a launcher emits; the group is empty for the core group.
pub fn kind(group: &str, version: &str, kind: &str) -> EmittedKind {
    EmittedKind { group: group.into(), version: version.into(), kind: kind.into() }
}

/// JSON Schema of an object without members: for settings and framework options of a
/// plugin that has none.
pub fn closed_object() -> Value {
    json!({"type": "object", "additionalProperties": false})
}

/// A plan without controls and choices.
pub fn plan(manifests: Vec<Manifest>, roles: Vec<Role>) -> LaunchPlan {
    LaunchPlan { manifests, roles, controls: Vec::new(), choices: Vec::new(), more: json!({}) }
}

/// The object whose state is the Run's state.
pub fn primary(object: Value) -> Manifest {
    Manifest { object, primary: true, ends: Ends::WithRun }
}

/// An object beside the primary, which goes with the Run's children.
pub fn supporting(object: Value) -> Manifest {
    Manifest { object, primary: false, ends: Ends::WithRun }
}

/// A headless Service: gives the pods of a role names in DNS from the moment they have
/// an address, ready or not, because programs look each other up before they are ready.
pub fn headless(suffix: &str, role: &str) -> Manifest {
    supporting(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": holes::name(suffix)},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": true,
            "selector": holes::selector(role),
        },
    }))
}

/// A role of the Run's size for one worker, with source and data.
pub fn role(name: &str, count: u32, command: Command) -> Role {
    Role {
        name: name.into(),
        count,
        command,
        env: Vec::new(),
        ports: Vec::new(),
        resources: None,
        inputs: true,
        more: json!({}),
    }
}

/// The control that holds an object by `spec.suspend`, as Jobs and all that is modelled on
/// them have it; `manifest` counts the manifests of the plan.
pub fn suspend(manifest: u32) -> Control {
    Control { what: "suspend".into(), manifest, at: "/spec/suspend".into(), on: true.into(), off: false.into() }
}

/// An observation without roles, logs and failure.
pub fn observation(phase: &str, reason: impl Into<String>, message: impl Into<String>) -> Observation {
    Observation {
        phase: phase.into(),
        reason: reason.into(),
        message: message.into(),
        roles: Vec::new(),
        logs: Vec::new(),
        failure: None,
        more: json!({}),
    }
}
