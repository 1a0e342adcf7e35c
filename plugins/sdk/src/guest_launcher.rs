//! The world of a launcher: bindings, and the way from documents to WIT records.

#[expect(missing_docs, unreachable_pub, reason = "generated from the WIT, which is documented")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/plugin", "../../wit/launcher"],
        world: "codeflare:launcher/launcher-plugin",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "codeflare_plugin::guest_launcher",
    });
}

pub use bindings::*;

use bindings::codeflare::launcher::types as wire;
use bindings::exports::codeflare::launcher::{launcher as launch, observer};

use crate::launcher::{Command, Ends, EnvValue, LaunchPlan, Observation};
use crate::{Choice, Decline, Fault, Launcher, Resources, read};

/// Exports a type that implements [`Launcher`](crate::Launcher).
#[macro_export]
macro_rules! export_launcher {
    ($launcher:ty) => {
        #[cfg(target_family = "wasm")]
        mod exported {
            #[expect(unsafe_code, reason = "the component model's entry points")]
            mod entry {
                type Plugin = $crate::guest_launcher::Exported<super::super::$launcher>;
                $crate::guest_launcher::export!(Plugin with_types_in $crate::guest_launcher);
            }
        }
    };
}

/// A launcher as the component exports it.
pub struct Exported<L>(std::marker::PhantomData<L>);

impl<L: Launcher> exports::codeflare::plugin::describe::Guest for Exported<L> {
    fn describe() -> String {
        serde_json::to_string(&L::describe()).unwrap_or_default()
    }
}

impl<L: Launcher> launch::Guest for Exported<L> {
    fn launch(request: String) -> Result<launch::Plan, wire::Error> {
        read(&request).and_then(L::launch).map(plan).map_err(decline)
    }
}

impl<L: Launcher> observer::Guest for Exported<L> {
    fn observe(request: String) -> Result<observer::Observation, wire::Error> {
        read(&request).and_then(L::observe).map(observation).map_err(decline)
    }
}

fn decline(decline: Decline) -> wire::Error {
    match decline {
        Decline::Invalid(faults) => wire::Error::Invalid(faults.into_iter().map(fault).collect()),
        Decline::Waiting(faults) => wire::Error::Waiting(faults.into_iter().map(fault).collect()),
    }
}

fn fault(fault: Fault) -> wire::Fault {
    wire::Fault { code: fault.code, message: fault.message, object: fault.object, pointer: fault.pointer }
}

fn choice(choice: Choice) -> wire::Choice {
    wire::Choice {
        field: choice.field,
        value: choice.value.to_string(),
        by: choice.by,
        why: choice.why,
        over: choice.over.into_iter().map(|(who, value)| (who, value.to_string())).collect(),
    }
}

fn resources(resources: Resources) -> wire::Resources {
    wire::Resources {
        cpu_millis: resources.cpu_millis,
        memory_bytes: resources.memory_bytes,
        extended: resources.extended.into_iter().collect(),
    }
}

fn plan(plan: LaunchPlan) -> launch::Plan {
    let manifests = plan.manifests.into_iter().map(|manifest| launch::Manifest {
        object: manifest.object.to_string(),
        primary: manifest.primary,
        ends: match manifest.ends {
            Ends::WithRun => launch::Ends::WithRun,
            Ends::WithPrimary => launch::Ends::WithPrimary,
        },
    });
    let roles = plan.roles.into_iter().map(|role| launch::Role {
        name: role.name,
        count: role.count,
        command: match role.command {
            Command::Program => launch::Command::Program,
            Command::Argv(argv) => launch::Command::Argv(argv),
            Command::Image => launch::Command::Image,
        },
        env: role.env.into_iter().map(|(name, value)| (name, env(value))).collect(),
        ports: role.ports,
        resources: role.resources.map(resources),
        inputs: role.inputs,
        more: role.more.to_string(),
    });
    let controls = plan.controls.into_iter().map(|control| launch::Control {
        what: control.what,
        manifest: control.manifest,
        at: control.at,
        on: control.on.to_string(),
        off: control.off.to_string(),
    });
    launch::Plan {
        manifests: manifests.collect(),
        roles: roles.collect(),
        controls: controls.collect(),
        choices: plan.choices.into_iter().map(choice).collect(),
        more: plan.more.to_string(),
    }
}

fn env(value: EnvValue) -> launch::EnvValue {
    match value {
        EnvValue::Text(text) => launch::EnvValue::Text(text),
        EnvValue::Field(field) => launch::EnvValue::Field(field),
    }
}

fn observation(seen: Observation) -> observer::Observation {
    observer::Observation {
        phase: seen.phase,
        reason: seen.reason,
        message: seen.message,
        roles: seen
            .roles
            .into_iter()
            .map(|role| observer::Ready { role: role.role, ready: role.ready, total: role.total })
            .collect(),
        logs: seen
            .logs
            .into_iter()
            .map(|log| observer::LogSource { role: log.role, index: log.index, container: log.container })
            .collect(),
        failure: seen.failure.map(|failure| observer::Failure {
            cause: failure.cause,
            exit_code: failure.exit_code,
            retry: failure.retry,
        }),
        more: seen.more.to_string(),
    }
}
