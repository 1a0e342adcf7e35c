//! Step 2, resolve: references, defaults and arguments; every error at once. Pure.

use std::collections::BTreeMap;

use codeflare_api::{Application, ConditionType, DEFAULT_SIZE, Reason};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::shared::ObjectName;
use codeflare_documents::sizing::Asked;
use serde_json::Value;

use crate::plan::PlannedPlugin;
use crate::seen::{PluginRole, Seen, SeenPlugin, Serving};
use crate::stop::{Problem, Stop};

/// What a Run means, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The Run.
    pub run: ObjectName,
    /// UID of the Run.
    pub uid: String,
    /// Its Application.
    pub application: ObjectName,
    /// Framework.
    pub api: String,
    /// Container image.
    pub image: String,
    /// The program's words.
    pub argv: Vec<String>,
    /// Environment of the program.
    pub env: BTreeMap<String, String>,
    /// What is asked of the sizing policies.
    pub asked: Asked,
    /// Options of the launcher.
    pub framework: Value,
    /// Attempts after the first.
    pub retries: u32,
    /// Exit codes that are worth another attempt.
    pub retry_exit_codes: Vec<i32>,
    /// The launcher.
    pub launcher: PlannedPlugin,
    /// Kinds that it may emit.
    pub kinds: Vec<EmittedKind>,
    /// Sizing policies in the order in which they are asked.
    pub policies: Vec<PlannedPlugin>,
}

/// Resolves what was seen.
///
/// # Errors
/// With every problem; the step is Resolved.
pub fn resolve(seen: &Seen) -> Result<Resolved, Stop> {
    let stop = |problems| Stop { step: ConditionType::Resolved, problems };
    let application = application(seen).map_err(|problem| stop(vec![problem]))?;
    let mut problems = Vec::new();
    let argv = argv(seen, application).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let launcher = launcher(seen, &application.spec.api).map_err(|problem| problems.push(problem)).ok();
    let policies = policies(seen).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let Some((launcher, kinds)) = launcher.filter(|_| problems.is_empty()) else {
        return Err(stop(problems));
    };
    let run = &seen.run;
    let mut env = application.spec.env.clone();
    env.extend(run.spec.env.clone());
    let retry = application.spec.retry.clone().unwrap_or_default();
    Ok(Resolved {
        run: name_of(&run.metadata),
        uid: run.metadata.uid.clone().unwrap_or_default(),
        application: name_of(&application.metadata),
        api: application.spec.api.clone(),
        image: application.spec.image.clone(),
        argv,
        env,
        asked: asked(seen, application),
        framework: Value::Object(application.spec.framework.clone().unwrap_or_default()),
        retries: run.spec.retries.unwrap_or(retry.limit),
        retry_exit_codes: retry.exit_codes,
        launcher,
        kinds,
        policies,
    })
}

fn name_of(meta: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta) -> ObjectName {
    ObjectName { namespace: meta.namespace.clone().unwrap_or_default(), name: meta.name.clone().unwrap_or_default() }
}

/// `Run/name`, as faults name it.
pub(crate) fn run_label(seen: &Seen) -> String {
    format!("Run/{}", seen.run.metadata.name.as_deref().unwrap_or_default())
}

fn application(seen: &Seen) -> Result<&Application, Problem> {
    let reference = &seen.run.spec.application;
    let own = seen.run.metadata.namespace.as_deref().unwrap_or_default();
    let namespace = reference.namespace.as_deref().unwrap_or(own);
    if namespace != own {
        let message = format!(
            "Application {} is in namespace {namespace}, and this Run in {own}; a Run uses Applications of its own namespace",
            reference.name
        );
        return Err(Problem::new(
            Reason::ApplicationNotShared,
            run_label(seen),
            "/spec/application/namespace",
            message,
        ));
    }
    seen.application.as_ref().ok_or_else(|| {
        let message = format!(
            "Application {} does not exist in namespace {namespace}; create it, or name another",
            reference.name
        );
        Problem::new(Reason::ApplicationNotFound, run_label(seen), "/spec/application/name", message)
    })
}

fn argv(seen: &Seen, application: &Application) -> Result<Vec<String>, Vec<Problem>> {
    let label = format!("Application/{}", application.metadata.name.as_deref().unwrap_or_default());
    let mut problems = Vec::new();
    let mut words = |object: &str, pointer: &str, text: &str| {
        shlex::split(text).unwrap_or_else(|| {
            let message = "a quote is not closed, or a backslash ends it; quote words as in a shell";
            problems.push(Problem::new(Reason::ArgumentsInvalid, object, pointer, message));
            Vec::new()
        })
    };
    let mut argv = words(&label, "/spec/command", &application.spec.command);
    let empty = argv.is_empty();
    argv.extend(match (&seen.run.spec.options, &application.spec.options) {
        (Some(options), _) => words(&run_label(seen), "/spec/options", options),
        (None, Some(options)) => words(&label, "/spec/options", options),
        (None, None) => Vec::new(),
    });
    if empty && problems.is_empty() {
        problems.push(Problem::new(Reason::ArgumentsInvalid, label, "/spec/command", "it has no word; name a program"));
    }
    if problems.is_empty() { Ok(argv) } else { Err(problems) }
}

fn asked(seen: &Seen, application: &Application) -> Asked {
    let run = run_label(seen);
    let of_application = format!("Application/{}", application.metadata.name.as_deref().unwrap_or_default());
    let (size, size_by) = match (&seen.run.spec.size, &application.spec.size) {
        (Some(size), _) => (size.clone(), run.clone()),
        (None, Some(size)) => (size.clone(), of_application.clone()),
        (None, None) => (DEFAULT_SIZE.to_owned(), "default".to_owned()),
    };
    let (workers, workers_by) = match (seen.run.spec.workers, application.spec.workers) {
        (Some(workers), _) => (Some(workers), Some(run.clone())),
        (None, Some(workers)) => (Some(workers), Some(of_application.clone())),
        (None, None) => (None, None),
    };
    let run_consents = seen.run.spec.supports_gpu == Some(true);
    let application_consents = application.spec.supports_gpu == Some(true);
    let refused = match (run_consents, application_consents) {
        (true, true) => None,
        (_, false) => Some(of_application),
        (false, true) => Some(run),
    };
    Asked {
        size,
        size_by,
        workers,
        workers_by,
        gpus: refused.is_none(),
        gpus_refused_by: refused,
        min_memory_bytes: None,
    }
}

fn launcher(seen: &Seen, api: &str) -> Result<(PlannedPlugin, Vec<EmittedKind>), Problem> {
    let run = run_label(seen);
    let claims = |plugin: &&SeenPlugin| matches!(&plugin.role, PluginRole::Launcher(frameworks) if frameworks.iter().any(|one| one == api));
    let mut claiming: Vec<_> = seen.plugins.iter().filter(claims).collect();
    claiming.sort_by_key(|plugin| (plugin.priority, plugin.name.as_str()));
    if claiming.is_empty() {
        let mut known: Vec<&str> =
            seen.plugins.iter().flat_map(|plugin| frameworks(&plugin.role)).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("no Plugin launches `{api}` (spec.api of the Application); known frameworks: {known}");
        return Err(Problem::new(Reason::NoLauncher, run, "/spec/application", message));
    }
    let mut missing = Vec::new();
    for plugin in &claiming {
        match &plugin.ready {
            Some(serving) if served(seen, serving) => {
                return Ok((planned(plugin, serving), serving.description.kinds.clone()));
            }
            Some(serving) => {
                let kinds: Vec<_> =
                    serving.description.kinds.iter().filter(|kind| !seen.served.contains(kind)).collect();
                let kinds: Vec<_> = kinds.iter().map(|kind| format!("{} {}", kind.api_version(), kind.kind)).collect();
                missing.push((
                    Reason::KindNotServed,
                    format!("plugin {} needs {}, which this cluster does not serve", plugin.name, kinds.join(", ")),
                ));
            }
            None => missing
                .push((Reason::LauncherNotReady, format!("plugin {} is not ready: {}", plugin.name, plugin.trouble))),
        }
    }
    let reason = missing.first().map_or(Reason::NoLauncher, |(reason, _)| *reason);
    let message = missing.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("; ");
    Err(Problem::new(reason, run, "/spec/application", message))
}

fn frameworks(role: &PluginRole) -> &[String] {
    match role {
        PluginRole::Launcher(frameworks) => frameworks,
        PluginRole::SizingPolicy => &[],
    }
}

fn served(seen: &Seen, serving: &Serving) -> bool {
    serving.description.kinds.iter().all(|kind| seen.served.contains(kind))
}

fn planned(plugin: &SeenPlugin, serving: &Serving) -> PlannedPlugin {
    PlannedPlugin { name: plugin.name.clone(), digest: serving.digest.clone(), settings: plugin.settings.clone() }
}

/// The chain: highest priority number first, so that the lowest has the last word.
fn policies(seen: &Seen) -> Result<Vec<PlannedPlugin>, Vec<Problem>> {
    let mut chain: Vec<_> = seen.plugins.iter().filter(|plugin| plugin.role == PluginRole::SizingPolicy).collect();
    chain.sort_by(|a, b| (b.priority, &b.name).cmp(&(a.priority, &a.name)));
    if chain.is_empty() {
        let message = "there is no sizing policy; install the platform's chart, or a Plugin with sizingPolicy";
        return Err(vec![Problem::new(Reason::NoSizingPolicy, run_label(seen), "", message)]);
    }
    let mut problems = Vec::new();
    let mut planned_chain = Vec::new();
    for plugin in chain {
        match &plugin.ready {
            Some(serving) => planned_chain.push(planned(plugin, serving)),
            None => {
                let message =
                    format!("it applies to this Run but is not ready: {}; a budget is never skipped", plugin.trouble);
                problems.push(Problem::new(
                    Reason::SizingPolicyNotReady,
                    format!("Plugin/{}", plugin.name),
                    "",
                    message,
                ));
            }
        }
    }
    if problems.is_empty() { Ok(planned_chain) } else { Err(problems) }
}
