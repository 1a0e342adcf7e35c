//! Launcher `marker`, for tests of upgrades: whatever it says bears the mark that it was
//! built with (`MARKER=One cargo build …`), so that it shows which version spoke.
//!
//! One Job with one pod. The mark `Broken` builds a version that fails as soon as it is
//! loaded; an Application with the option `panics` makes any version fail.

use codeflare_plugin::live::{condition, works};
use codeflare_plugin::prelude::*;
use codeflare_plugin::{holes, kind, log};
use serde_json::{Value, json};

/// The mark, in PascalCase.
const MARK: &str = match option_env!("MARKER") {
    Some(mark) => mark,
    None => "Unmarked",
};
const ROLE: &str = "worker";

/// The plugin.
#[derive(Debug)]
pub struct Marker;

impl Launcher for Marker {
    fn describe() -> Description {
        assert!(MARK != "Broken", "this version is broken on purpose");
        Description {
            name: "marker".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: format!("Says {MARK} in everything that it says"),
            frameworks: vec!["marker".into()],
            kinds: vec![kind("batch", "v1", "Job")],
            variants: Vec::new(),
            settings_schema: closed_object(),
            framework_schema: json!({
                "type": "object", "additionalProperties": false, "properties": {"panics": {"type": "boolean"}},
            }),
            usage: false,
        }
    }

    fn launch(request: LaunchRequest) -> Result<LaunchPlan, Decline> {
        log::info(format!("{MARK} launches \u{1b}[1mbold\u{1b}[0m"));
        assert!(request.application.framework.get("panics") != Some(&Value::Bool(true)), "told to panic");
        let job = primary(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": holes::name("")},
            "spec": {
                "completionMode": "Indexed",
                "completions": holes::count(ROLE),
                "parallelism": holes::count(ROLE),
                "backoffLimit": 0,
                "podReplacementPolicy": "Failed",
                "suspend": false,
                "template": holes::pod(ROLE),
            },
        }));
        let mut worker = role(ROLE, 1, Command::Program);
        worker.env = vec![("MARK".into(), EnvValue::Text(MARK.into()))];
        Ok(LaunchPlan { controls: vec![suspend(0)], ..plan(vec![job], vec![worker]) })
    }

    fn observe(request: ObserveRequest) -> Result<Observation, Decline> {
        let job = request.objects.iter().find(|live| live.primary).map_or(&Value::Null, |live| &live.object);
        let pods = request.roles.iter().find(|role| role.name == ROLE).map_or(&[][..], |role| &role.pods);
        let up = u32::from(pods.iter().any(works));
        let phase = if condition(job, "Complete").is_some() {
            "Succeeded"
        } else if condition(job, "Failed").is_some() {
            "Failed"
        } else if job.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
            "Suspended"
        } else if up == 1 {
            "Running"
        } else {
            "Starting"
        };
        let failure =
            (phase == "Failed").then(|| Failure { cause: format!("Failed{MARK}"), exit_code: None, retry: true });
        Ok(Observation {
            roles: vec![RoleReady { role: ROLE.into(), ready: up, total: 1 }],
            failure,
            ..observation(phase, format!("{phase}{MARK}"), format!("{MARK} says that it is {phase}"))
        })
    }
}

codeflare_plugin::export_launcher!(Marker);
