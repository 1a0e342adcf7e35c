//! Documents in, WIT records out. Nothing is lost: every member has its place, and
//! JSON members become text.

use codeflare_documents::launcher as doc;
use codeflare_documents::shared::{Choice, Decline, Fault, Resources, Size};
use codeflare_documents::sizing::Decision;

use crate::bindings::launcher::codeflare::launcher::types;
use crate::bindings::launcher::exports::codeflare::launcher::{launcher, observer};
use crate::bindings::sizing::exports::codeflare::sizing::sizing;

pub(crate) fn plan(plan: doc::LaunchPlan) -> launcher::Plan {
    launcher::Plan {
        manifests: plan.manifests.into_iter().map(manifest).collect(),
        roles: plan.roles.into_iter().map(role).collect(),
        controls: plan.controls.into_iter().map(control).collect(),
        choices: plan.choices.into_iter().map(launcher_choice).collect(),
        more: plan.more.to_string(),
    }
}

fn manifest(manifest: doc::Manifest) -> launcher::Manifest {
    launcher::Manifest {
        object: manifest.object.to_string(),
        primary: manifest.primary,
        ends: match manifest.ends {
            doc::Ends::WithRun => launcher::Ends::WithRun,
            doc::Ends::WithPrimary => launcher::Ends::WithPrimary,
        },
    }
}

fn role(role: doc::Role) -> launcher::Role {
    let env = role.env.into_iter().map(|(name, value)| match value {
        doc::EnvValue::Text(text) => (name, launcher::EnvValue::Text(text)),
        doc::EnvValue::Field(path) => (name, launcher::EnvValue::Field(path)),
    });
    launcher::Role {
        name: role.name,
        count: role.count,
        command: match role.command {
            doc::Command::Program => launcher::Command::Program,
            doc::Command::Argv(argv) => launcher::Command::Argv(argv),
            doc::Command::Image => launcher::Command::Image,
        },
        env: env.collect(),
        ports: role.ports,
        resources: role.resources.map(|of: Resources| types::Resources {
            cpu_millis: of.cpu_millis,
            memory_bytes: of.memory_bytes,
            extended: of.extended.into_iter().collect(),
        }),
        inputs: role.inputs,
        more: role.more.to_string(),
    }
}

fn control(control: doc::Control) -> launcher::Control {
    launcher::Control {
        what: control.what,
        manifest: control.manifest,
        at: control.at,
        on: control.on.to_string(),
        off: control.off.to_string(),
    }
}

/// Pairs of who and JSON text.
fn over(choice: &Choice) -> Vec<(String, String)> {
    choice.over.iter().map(|(who, value)| (who.clone(), value.to_string())).collect()
}

fn launcher_choice(choice: Choice) -> types::Choice {
    let over = over(&choice);
    types::Choice { field: choice.field, value: choice.value.to_string(), by: choice.by, why: choice.why, over }
}

pub(crate) fn observation(seen: doc::Observation) -> observer::Observation {
    let ready = |of: doc::RoleReady| observer::Ready { role: of.role, ready: of.ready, total: of.total };
    let log = |of: doc::LogSource| observer::LogSource { role: of.role, index: of.index, container: of.container };
    observer::Observation {
        phase: seen.phase,
        reason: seen.reason,
        message: seen.message,
        roles: seen.roles.into_iter().map(ready).collect(),
        logs: seen.logs.into_iter().map(log).collect(),
        failure: seen.failure.map(|failure| observer::Failure {
            cause: failure.cause,
            exit_code: failure.exit_code,
            retry: failure.retry,
        }),
        more: seen.more.to_string(),
    }
}

pub(crate) fn launcher_error(decline: Decline) -> types::Error {
    let fault = |of: Fault| types::Fault { code: of.code, message: of.message, object: of.object, pointer: of.pointer };
    match decline {
        Decline::Invalid(faults) => types::Error::Invalid(faults.into_iter().map(fault).collect()),
        Decline::Waiting(faults) => types::Error::Waiting(faults.into_iter().map(fault).collect()),
    }
}

pub(crate) fn sizing_error(decline: Decline) -> sizing::Error {
    let fault =
        |of: Fault| sizing::Fault { code: of.code, message: of.message, object: of.object, pointer: of.pointer };
    match decline {
        Decline::Invalid(faults) => sizing::Error::Invalid(faults.into_iter().map(fault).collect()),
        Decline::Waiting(faults) => sizing::Error::Waiting(faults.into_iter().map(fault).collect()),
    }
}

pub(crate) fn proposed(size: sizing::Size) -> Size {
    Size {
        workers: size.workers,
        worker: Resources {
            cpu_millis: size.worker.cpu_millis,
            memory_bytes: size.worker.memory_bytes,
            extended: size.worker.extended.into_iter().collect(),
        },
    }
}

pub(crate) fn decision(decision: Decision) -> (sizing::Size, Vec<sizing::Choice>) {
    let Decision { size, choices } = decision;
    let size = sizing::Size {
        workers: size.workers,
        worker: sizing::Resources {
            cpu_millis: size.worker.cpu_millis,
            memory_bytes: size.worker.memory_bytes,
            extended: size.worker.extended.into_iter().collect(),
        },
        more: "{}".into(),
    };
    let choice = |choice: Choice| {
        let over = over(&choice);
        sizing::Choice { field: choice.field, value: choice.value.to_string(), by: choice.by, why: choice.why, over }
    };
    (size, choices.into_iter().map(choice).collect())
}
