//! The plugins' own code, called as the host would call it if it trusted it: the same
//! text in, the same records out, and the records read as the engine reads them.

use anyhow::{Context as _, Result, bail};
use codeflare_documents::call::{Answer, Request};
use codeflare_documents::launcher as doc;
use codeflare_documents::shared::{Choice, Resources, Size};
use codeflare_documents::sizing::Decision;
use codeflare_plugin::bindings::launcher::exports::codeflare::launcher::{launcher as wit, observer};
use codeflare_plugin::bindings::sizing::exports::codeflare::sizing::sizing;
use codeflare_plugin::{Launcher, SizingPolicy, entry};
use serde_json::Value;

/// The request as text.
pub(crate) fn write(request: &Request) -> Result<String> {
    Ok(match request {
        Request::Launch(document) => serde_json::to_string(document)?,
        Request::Observe(document) => serde_json::to_string(document)?,
        Request::Decide { request, .. } => serde_json::to_string(request)?,
    })
}

/// Asks a launcher.
pub(crate) fn launcher<L: Launcher>(request: &Request) -> Result<Answer> {
    let text = write(request)?;
    match request {
        Request::Launch(_) => match entry::launch::<L>(&text) {
            Ok(plan) => launched(plan),
            Err(error) => bail!("declined: {error:?}"),
        },
        Request::Observe(_) => match entry::observe::<L>(&text) {
            Ok(seen) => observed(seen),
            Err(error) => bail!("declined: {error:?}"),
        },
        Request::Decide { .. } => bail!("a launcher does not decide"),
    }
}

/// Asks a sizing policy.
pub(crate) fn policy<P: SizingPolicy>(request: &Request) -> Result<Answer> {
    let text = write(request)?;
    let Request::Decide { proposed, .. } = request else { bail!("a policy only decides") };
    let proposed = proposed.as_ref().map(|size| sizing::Size {
        workers: size.workers,
        worker: sizing::Resources {
            cpu_millis: size.worker.cpu_millis,
            memory_bytes: size.worker.memory_bytes,
            extended: size.worker.extended.clone().into_iter().collect(),
        },
        more: "{}".into(),
    });
    let (size, choices) = match entry::decide::<P>(&text, proposed) {
        Ok(decided) => decided,
        Err(error) => bail!("declined: {error:?}"),
    };
    let worker = Resources {
        cpu_millis: size.worker.cpu_millis,
        memory_bytes: size.worker.memory_bytes,
        extended: size.worker.extended.into_iter().collect(),
    };
    Ok(Answer::Decided(Decision {
        size: Size { workers: size.workers, worker },
        choices: choices.into_iter().map(|c| choice(c.field, &c.value, c.by, c.why, c.over)).collect::<Result<_>>()?,
    }))
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| text.to_owned())
}

fn choice(field: String, value: &str, by: String, why: String, over: Vec<(String, String)>) -> Result<Choice> {
    let over = over.into_iter().map(|(who, value)| Ok((who, json(&value)?))).collect::<Result<_>>()?;
    Ok(Choice { field, value: json(value)?, by, why, over })
}

fn launched(plan: wit::Plan) -> Result<Answer> {
    let manifest = |manifest: wit::Manifest| {
        Ok(doc::Manifest {
            object: json(&manifest.object)?,
            primary: manifest.primary,
            ends: match manifest.ends {
                wit::Ends::WithRun => doc::Ends::WithRun,
                wit::Ends::WithPrimary => doc::Ends::WithPrimary,
            },
        })
    };
    let control = |control: wit::Control| {
        Ok(doc::Control {
            what: control.what,
            manifest: control.manifest,
            at: control.at,
            on: json(&control.on)?,
            off: json(&control.off)?,
        })
    };
    Ok(Answer::Launched(doc::LaunchPlan {
        manifests: plan.manifests.into_iter().map(manifest).collect::<Result<_>>()?,
        roles: plan.roles.into_iter().map(role).collect::<Result<_>>()?,
        controls: plan.controls.into_iter().map(control).collect::<Result<_>>()?,
        choices: plan
            .choices
            .into_iter()
            .map(|c| choice(c.field, &c.value, c.by, c.why, c.over))
            .collect::<Result<_>>()?,
        more: json(&plan.more)?,
    }))
}

fn role(role: wit::Role) -> Result<doc::Role> {
    let env = role.env.into_iter().map(|(name, value)| match value {
        wit::EnvValue::Text(text) => (name, doc::EnvValue::Text(text)),
        wit::EnvValue::Field(field) => (name, doc::EnvValue::Field(field)),
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
        more: json(&role.more)?,
    })
}

fn observed(seen: observer::Observation) -> Result<Answer> {
    let roles = seen.roles.into_iter();
    let logs = seen.logs.into_iter();
    Ok(Answer::Observed(doc::Observation {
        phase: seen.phase,
        reason: seen.reason,
        message: seen.message,
        roles: roles.map(|ready| doc::RoleReady { role: ready.role, ready: ready.ready, total: ready.total }).collect(),
        logs: logs.map(|log| doc::LogSource { role: log.role, index: log.index, container: log.container }).collect(),
        failure: seen.failure.map(|failure| doc::Failure {
            cause: failure.cause,
            exit_code: failure.exit_code,
            retry: failure.retry,
        }),
        more: json(&seen.more)?,
    }))
}
