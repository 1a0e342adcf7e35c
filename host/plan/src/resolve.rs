//! Step 2, resolve: references, defaults and arguments; every error at once. Pure.

use std::collections::BTreeMap;

use codeflare_api::application::CodeFile;
use codeflare_api::duration::Period;
use codeflare_api::{Application, ConditionType, DEFAULT_SIZE, Reason};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::shared::ObjectName;
use codeflare_documents::sizing::Asked;
use serde_json::Value;

use crate::plan::PlannedPlugin;
use crate::seen::{Seen, SeenPlugin};
use crate::stop::{Problem, Stop};

mod plugins;

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
    /// Packages of the program's language, one a line of a requirements file.
    pub requirements: Vec<String>,
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
/// With every problem; the step is Resolved, or Sized where only policies are to blame.
pub fn resolve(seen: &Seen) -> Result<Resolved, Stop> {
    let mut problems = Vec::new();
    let application = application(seen).map_err(|problem| problems.push(problem)).ok();
    problems.extend(run_fields(seen));
    let argv = application.map(|application| {
        problems.extend(application_fields(application));
        argv(seen, application).unwrap_or_else(|found| {
            problems.extend(found);
            Vec::new()
        })
    });
    let launcher = application.and_then(|application| {
        let run = plugins::Blamed { object: run_label(seen), pointer: "/spec/application" };
        plugins::launcher(&seen.plugins, &seen.served, application, &run).map_err(|found| problems.extend(found)).ok()
    });
    // Where only a policy is missing, the Run is resolved and waits for its size.
    let step = if problems.is_empty() { ConditionType::Sized } else { ConditionType::Resolved };
    let policies = plugins::policies(seen).unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    });
    let (Some(application), Some(argv), Some((launcher, kinds)), true) =
        (application, argv, launcher, problems.is_empty())
    else {
        return Err(Stop { step, problems });
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
        code: application.spec.code.clone(),
        requirements: requirements(application),
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

/// Whether a Run of an Application could be launched now, whatever the Run says: the
/// name of its launcher, or every problem.
pub(crate) fn launchable(
    application: &Application,
    plugins: &[SeenPlugin],
    served: &[EmittedKind],
) -> Result<String, Vec<Problem>> {
    let mut problems = application_fields(application);
    for (field, text) in [("command", Some(&application.spec.command)), ("options", application.spec.options.as_ref())]
    {
        if text.is_some_and(|text| shlex::split(text).is_none()) {
            problems.push(Problem::new(
                Reason::ArgumentsInvalid,
                label(application),
                format!("/spec/{field}"),
                UNSPLIT,
            ));
        }
    }
    let blamed = plugins::Blamed { object: label(application), pointer: "/spec/api" };
    match plugins::launcher(plugins, served, application, &blamed) {
        Ok((launcher, _)) if problems.is_empty() => Ok(launcher.name),
        Ok(_) => Err(problems),
        Err(found) => {
            problems.extend(found);
            Err(problems)
        }
    }
}

/// What is wrong with a text that shlex cannot split.
const UNSPLIT: &str = "a quote is not closed, or a backslash ends it; quote words as in a shell";

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
    if namespace != own {
        let message = format!(
            "Application/{namespace}/{} is not in this Run's namespace, {own}, and not shared with it; make the Run in {namespace}, or the Application in {own}",
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
    problems
}

/// Names of the source's files: what the schema refuses too, for files that were shown to
/// no API server, and what it cannot see.
fn code(object: &str, files: &[CodeFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let mut invalid = |message: String| {
            let pointer = format!("/spec/code/{index}/name");
            problems.push(Problem::new(Reason::FieldInvalid, object, pointer, message));
        };
        if !file.name.split('/').all(is_part) {
            invalid("expected a path in the program's folder, such as lib/model.py: letters, digits, underscores, dots and dashes, and each part begins with one of the first three".to_owned());
            continue;
        }
        let earlier = files.iter().take(index).find(|earlier| clash(&earlier.name, &file.name));
        if let Some(earlier) = earlier {
            invalid(match earlier.name == file.name {
                true => "another file has this name".to_owned(),
                false => format!("{} cannot be both a file and a folder", earlier.name.clone().min(file.name.clone())),
            });
        }
    }
    problems
}

/// Whether a text can be one part of a file's path.
fn is_part(part: &str) -> bool {
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    part.starts_with(first) && part.chars().all(|c| first(c) || matches!(c, '.' | '-'))
}

/// Whether two files cannot be beside each other: one name, or one is the other's folder.
fn clash(one: &str, other: &str) -> bool {
    let below = |folder: &str, name: &str| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    one == other || below(one, other) || below(other, one)
}

/// What the schema refuses too, for files that were shown to no API server, and names
/// that the host keeps for itself.
fn fields(object: &str, env: &BTreeMap<String, String>, periods: &[(&str, &Option<Period>)]) -> Vec<Problem> {
    let invalid =
        |pointer: String, message: &str| Problem::new(Reason::FieldInvalid, object, pointer, message.to_owned());
    let mut problems = Vec::new();
    for name in env.keys() {
        let pointer = format!("/spec/env/{}", name.replace('~', "~0").replace('/', "~1"));
        if !is_variable(name) {
            let message = "a name has letters, digits and underscores, and does not start with a digit";
            problems.push(invalid(pointer, message));
        } else if name.starts_with("CODEFLARE_") {
            problems.push(invalid(pointer, "the platform sets variables of this name"));
        }
    }
    for (field, period) in periods {
        if period.as_ref().is_some_and(|period| period.duration().is_none()) {
            problems.push(invalid(format!("/spec/{field}"), "expected a length of time, such as 90s or 2h30m"));
        }
    }
    problems
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit()) && name.len() <= 256
}

fn argv(seen: &Seen, application: &Application) -> Result<Vec<String>, Vec<Problem>> {
    let label = label(application);
    let mut problems = Vec::new();
    let mut words = |object: &str, pointer: &str, text: &str| {
        shlex::split(text).unwrap_or_else(|| {
            problems.push(Problem::new(Reason::ArgumentsInvalid, object, pointer, UNSPLIT));
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
        min_memory_bytes: None,
    }
}
