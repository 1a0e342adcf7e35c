//! Step 2, resolve: references, defaults and arguments; every error at once. Pure.

use std::collections::BTreeMap;

use codeflare_api::application::CodeFile;
use codeflare_api::{Application, ConditionType, DEFAULT_SIZE, Reason, Scheduling};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::shared::{Choice, ObjectName};
use codeflare_documents::sizing::Asked;
use serde_json::Value;

use crate::plan::{PlannedPlugin, SecretKey};
use crate::seen::{FetchedSource, Seen};
use crate::size::configurations;
use crate::stop::{Problem, Stop};
pub(crate) use claims::claims;
pub(crate) use fields::is_variable;
use fields::{code, fields};
pub use identity::Identity;
pub(crate) use launcher::Chosen;
pub use launcher::Offer;
pub use policies::wants_usage;

mod arguments;
mod claims;
mod command;
mod fields;
mod identity;
mod launcher;
mod parameters;
mod plugins;
mod policies;
mod scheduling;
mod source;

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
    /// Source in place.
    pub code: Vec<CodeFile>,
    /// Source out of a repository.
    pub source: Option<FetchedSource>,
    /// Packages of the program's language, one a line of a requirements file.
    pub requirements: Vec<String>,
    /// Environment of the program.
    pub env: BTreeMap<String, String>,
    /// Variables that come from Secrets of the Run's namespace.
    pub secret_env: BTreeMap<String, SecretKey>,
    /// Where the pods may run.
    pub scheduling: Scheduling,
    /// As whom the pods run.
    pub identity: Identity,
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
    /// What was chosen already, before any size.
    pub choices: Vec<Choice>,
}

impl Resolved {
    /// Whether pods get the program's source from the platform.
    pub fn has_source(&self) -> bool {
        !self.code.is_empty() || self.source.is_some()
    }
}

/// Resolves what was seen.
///
/// # Errors
/// With every problem; the step is Resolved, or Sized where only policies are to blame.
pub fn resolve(seen: &Seen) -> Result<Resolved, Stop> {
    let mut problems = Vec::new();
    let application = application(seen).map_err(|problem| problems.push(problem)).ok();
    problems.extend(run_fields(seen));
    let command = application.map(|application| {
        problems.extend(application_fields(application));
        command::command(seen, application).unwrap_or_else(|found| {
            problems.extend(found);
            Default::default()
        })
    });
    let identity = application.map(|application| {
        identity::identity(seen, application).unwrap_or_else(|found| {
            problems.extend(found);
            Default::default()
        })
    });
    let launcher = application.and_then(|application| {
        let run = launcher::Blamed { object: run_label(seen), pointer: "/spec/application" };
        launcher::launcher(offer(seen), application, &run).map_err(|found| problems.extend(found)).ok()
    });
    let source = application.map_or(Ok(None), |application| source::source(seen, application));
    let source = source.unwrap_or_else(|problem| {
        // That it is on its way is worth a word only where nothing else is to be done.
        if problem.reason != Reason::FetchingSource || problems.is_empty() {
            problems.push(problem);
        }
        None
    });
    // Where only a policy is missing, the Run is resolved and waits for its size.
    let step = if problems.is_empty() { ConditionType::Sized } else { ConditionType::Resolved };
    let policies = policies::policies(seen).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let (Some(application), Some((argv, passed)), Some(identity), Some(launcher), true) =
        (application, command, identity, launcher, problems.is_empty())
    else {
        return Err(Stop { step, problems });
    };
    let run = &seen.run;
    let mut env = application.spec.env.clone();
    env.extend(passed.env);
    env.extend(run.spec.env.clone());
    // A Run's own text of the same name wins, and one name is one variable.
    let mut secret_env = passed.secrets;
    secret_env.retain(|name, _| !run.spec.env.contains_key(name));
    env.retain(|name, _| !secret_env.contains_key(name));
    let retry = application.spec.retry.clone().unwrap_or_default();
    let asked = asked(seen, application);
    let (identity, decided) = identity;
    let mut choices = vec![launcher.choice()];
    choices.extend(decided);
    // A selector that means nothing stops the step of the size, with its own words.
    let holding = configurations::holding(seen).unwrap_or_default();
    let shirt = configurations::tee_shirt(&holding, &asked.size);
    let of_size = shirt.and_then(|(object, shirt)| Some((configurations::label(object), shirt.scheduling.as_ref()?)));
    let (scheduling, overruled) = scheduling::scheduling(seen, application, of_size);
    choices.extend(overruled);
    Ok(Resolved {
        run: name_of(&run.metadata),
        uid: run.metadata.uid.clone().unwrap_or_default(),
        application: name_of(&application.metadata),
        api: application.spec.api.clone(),
        image: application.spec.image.clone(),
        argv,
        code: application.spec.code.clone(),
        source,
        requirements: requirements(application),
        env,
        secret_env,
        scheduling,
        identity,
        asked,
        framework: Value::Object(application.spec.framework.clone().unwrap_or_default()),
        retries: run.spec.retries.unwrap_or(retry.limit),
        retry_exit_codes: retry.exit_codes,
        choices,
        launcher: launcher.plugin,
        kinds: launcher.kinds,
        policies,
    })
}

/// Whether a Run of an Application could be launched now, whatever the Run says: its
/// launcher, or every problem.
pub(crate) fn launchable(application: &Application, offer: Offer<'_>) -> Result<Chosen, Vec<Problem>> {
    let mut problems = application_fields(application);
    problems.extend(command::unsplit(application));
    problems.extend(parameters::parameters(application).err().unwrap_or_default());
    problems.extend(identity::root(application, offer.pod_security).err());
    let blamed = launcher::Blamed { object: label(application), pointer: "/spec/api" };
    match launcher::launcher(offer, application, &blamed) {
        Ok(chosen) if problems.is_empty() => Ok(chosen),
        Ok(_) => Err(problems),
        Err(found) => {
            problems.extend(found);
            Err(problems)
        }
    }
}

fn offer(seen: &Seen) -> Offer<'_> {
    Offer {
        plugins: &seen.plugins,
        served: &seen.served,
        labels: &seen.namespace_labels,
        pod_security: seen.site.pod_security,
    }
}

/// `Application/name`, as faults name it.
pub(crate) fn label(application: &Application) -> String {
    format!("Application/{}", application.metadata.name.as_deref().unwrap_or_default())
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
    let shared = seen.application.as_ref().and_then(|application| application.spec.sharing.as_ref());
    if namespace != own && !shared.is_some_and(|sharing| sharing.covers(own)) {
        // One sentence for both: whoever may not use it does not learn whether it is there.
        let message = format!(
            "Application/{namespace}/{} is not shared with namespace {own}, or does not exist; let its owner add {own} to its spec.sharing.namespaces, or make the Run in {namespace}, or the Application in {own}",
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
            "Application/{namespace}/{} does not exist; create it, or make a Run that names another",
            reference.name
        );
        Problem::new(Reason::ApplicationNotFound, run_label(seen), "/spec/application/name", message)
    })
}

fn run_fields(seen: &Seen) -> Vec<Problem> {
    let spec = &seen.run.spec;
    fields(&run_label(seen), &spec.env, &[("deadline", &spec.deadline), ("ttl", &spec.ttl)])
}

fn application_fields(application: &Application) -> Vec<Problem> {
    let spec = &application.spec;
    let mut problems = fields(&label(application), &spec.env, &[("deadline", &spec.deadline), ("ttl", &spec.ttl)]);
    problems.extend(code(&label(application), &spec.code));
    problems.extend(crate::source::place(application).err());
    problems.extend(min_memory(application).err());
    problems
}

/// Least memory of one worker, in bytes.
fn min_memory(application: &Application) -> Result<Option<u64>, Problem> {
    fields::bytes(&label(application), "/spec/minMemory", application.spec.min_memory.as_ref())
}

/// Lines of a requirements file that name something.
fn requirements(application: &Application) -> Vec<String> {
    let text = application.spec.requirements.as_deref().unwrap_or_default();
    // A comment begins with a hash at the start of a line or behind white space.
    let named = |line: &str| {
        let code = if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or_default() };
        code.trim().to_owned()
    };
    text.lines().map(|line| named(line.trim())).filter(|line| !line.is_empty()).collect()
}

fn asked(seen: &Seen, application: &Application) -> Asked {
    let run = run_label(seen);
    let of_application = label(application);
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
        min_memory_bytes: min_memory(application).unwrap_or_default(),
    }
}
