//! Answers of `codeflare:launcher`.

use codeflare_documents::call::Answer;
use codeflare_documents::launcher as doc;
use codeflare_documents::shared::{Decline, Fault, Resources};

use super::{Measure, choice, declined, json, object};
use crate::bindings::launcher::codeflare::launcher::types as import;
use crate::bindings::launcher::exports::codeflare::launcher::{launcher as wit, observer};
use crate::error::CallError;

/// Answer of `launch`, as it left the plugin.
pub(crate) type Launched = Result<wit::Plan, import::Error>;
/// Answer of `observe`, as it left the plugin.
pub(crate) type Observed = Result<observer::Observation, import::Error>;

fn error(error: import::Error) -> Result<Answer, CallError> {
    let (kind, name, faults): (fn(Vec<Fault>) -> Decline, _, _) = match error {
        import::Error::Invalid(list) => (Decline::Invalid, "invalid", list),
        import::Error::Waiting(list) => (Decline::Waiting, "waiting", list),
    };
    let faults = faults.into_iter().map(|fault| Fault {
        code: fault.code,
        message: fault.message,
        object: fault.object,
        pointer: fault.pointer,
    });
    declined(kind, name, faults.collect())
}

fn measure_error(measure: &mut Measure, error: &import::Error) {
    let (import::Error::Invalid(faults) | import::Error::Waiting(faults)) = error;
    measure.list(faults);
    for fault in faults {
        for text in [&fault.code, &fault.message, &fault.object, &fault.pointer] {
            measure.text(text);
        }
    }
}

/// Adds up the text of an answer.
pub(super) fn measure_launched(measure: &mut Measure, answer: &Launched) {
    match answer {
        Ok(plan) => measure_plan(measure, plan),
        Err(error) => measure_error(measure, error),
    }
}

/// The document of it.
///
/// # Errors
/// `AnsweredBadly`.
pub(super) fn launched(answer: Launched) -> Result<Answer, CallError> {
    let plan = match answer {
        Ok(plan) => plan,
        Err(declined) => return error(declined),
    };
    let manifests = plan.manifests.into_iter().enumerate();
    let roles = plan.roles.into_iter().enumerate();
    let controls = plan.controls.into_iter().enumerate();
    let choices = plan.choices.into_iter().enumerate();
    Ok(Answer::Launched(doc::LaunchPlan {
        manifests: manifests
            .map(|(index, manifest)| {
                Ok(doc::Manifest {
                    object: object(&format!("/manifests/{index}/object"), &manifest.object)?,
                    primary: manifest.primary,
                    ends: match manifest.ends {
                        wit::Ends::WithRun => doc::Ends::WithRun,
                        wit::Ends::WithPrimary => doc::Ends::WithPrimary,
                    },
                })
            })
            .collect::<Result<_, CallError>>()?,
        roles: roles.map(|(index, role)| convert_role(&format!("/roles/{index}"), role)).collect::<Result<_, _>>()?,
        controls: controls
            .map(|(index, control)| {
                Ok(doc::Control {
                    what: control.what,
                    manifest: control.manifest,
                    at: control.at,
                    on: json(&format!("/controls/{index}/on"), &control.on)?,
                    off: json(&format!("/controls/{index}/off"), &control.off)?,
                })
            })
            .collect::<Result<_, CallError>>()?,
        choices: choices
            .map(|(index, c)| {
                let at = format!("/choices/{index}");
                choice(&at, c.field, &c.value, c.by, c.why, c.over)
            })
            .collect::<Result<_, _>>()?,
        more: object("/more", &plan.more)?,
    }))
}

fn measure_plan(measure: &mut Measure, plan: &wit::Plan) {
    measure.text(&plan.more);
    measure.list(&plan.manifests);
    measure.list(&plan.roles);
    measure.list(&plan.controls);
    measure.list(&plan.choices);
    for manifest in &plan.manifests {
        measure.text(&manifest.object);
    }
    for role in &plan.roles {
        measure.text(&role.name);
        measure.text(&role.more);
        measure.list(&role.env);
        measure.list(&role.ports);
        for (name, value) in &role.env {
            measure.text(name);
            let (wit::EnvValue::Text(text) | wit::EnvValue::Field(text)) = value;
            measure.text(text);
        }
        for (name, _) in &role.ports {
            measure.text(name);
        }
        if let wit::Command::Argv(words) = &role.command {
            measure.list(words);
            words.iter().for_each(|word| measure.text(word));
        }
        for (name, _) in role.resources.iter().flat_map(|r| &r.extended) {
            measure.list(&[()]);
            measure.text(name);
        }
    }
    for control in &plan.controls {
        for text in [&control.what, &control.at, &control.on, &control.off] {
            measure.text(text);
        }
    }
    for choice in &plan.choices {
        for text in [&choice.field, &choice.value, &choice.by, &choice.why] {
            measure.text(text);
        }
        measure.list(&choice.over);
        for (who, value) in &choice.over {
            measure.text(who);
            measure.text(value);
        }
    }
}

fn convert_role(at: &str, role: wit::Role) -> Result<doc::Role, CallError> {
    let env = role.env.into_iter().map(|(name, value)| {
        let value = match value {
            wit::EnvValue::Text(text) => doc::EnvValue::Text(text),
            wit::EnvValue::Field(field) => doc::EnvValue::Field(field),
        };
        (name, value)
    });
    Ok(doc::Role {
        name: role.name,
        count: role.count,
        command: match role.command {
            wit::Command::Program => doc::Command::Program,
            wit::Command::Argv(words) => doc::Command::Argv(words),
            wit::Command::Image => doc::Command::Image,
        },
        env: env.collect(),
        ports: role.ports,
        resources: role.resources.map(|resources| Resources {
            cpu_millis: resources.cpu_millis,
            memory_bytes: resources.memory_bytes,
            extended: resources.extended.into_iter().collect(),
        }),
        inputs: role.inputs,
        more: object(&format!("{at}/more"), &role.more)?,
    })
}

/// Adds up the text of an answer.
pub(super) fn measure_observed(measure: &mut Measure, answer: &Observed) {
    let seen = match answer {
        Ok(seen) => seen,
        Err(error) => return measure_error(measure, error),
    };
    for text in [&seen.phase, &seen.reason, &seen.message, &seen.more] {
        measure.text(text);
    }
    measure.list(&seen.roles);
    measure.list(&seen.logs);
    for role in &seen.roles {
        measure.text(&role.role);
    }
    for log in &seen.logs {
        measure.text(&log.role);
        measure.text(&log.container);
    }
    if let Some(failure) = &seen.failure {
        measure.text(&failure.cause);
    }
}

/// The document of it.
///
/// # Errors
/// `AnsweredBadly`.
pub(super) fn observed(answer: Observed) -> Result<Answer, CallError> {
    let seen = match answer {
        Ok(seen) => seen,
        Err(declined) => return error(declined),
    };
    let roles =
        seen.roles.into_iter().map(|ready| doc::RoleReady { role: ready.role, ready: ready.ready, total: ready.total });
    let logs =
        seen.logs.into_iter().map(|log| doc::LogSource { role: log.role, index: log.index, container: log.container });
    Ok(Answer::Observed(doc::Observation {
        phase: seen.phase,
        reason: seen.reason,
        message: seen.message,
        roles: roles.collect(),
        logs: logs.collect(),
        failure: seen.failure.map(|failure| doc::Failure {
            cause: failure.cause,
            exit_code: failure.exit_code,
            retry: failure.retry,
        }),
        more: object("/more", &seen.more)?,
    }))
}
