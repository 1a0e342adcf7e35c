//! Arguments of a Run: held to the Application's parameters, then words, variables and
//! keys of Secrets. Every error at once. Pure.

use std::collections::BTreeMap;

use codeflare_api::{Application, Reason};
use jsonschema::error::ValidationErrorKind as Rule;
use serde_json::{Map, Value};

use super::parameters::{Parameter, Way, checked, escaped, parameters, with_defaults};
use super::{label, run_label};
use crate::plan::SecretKey;
use crate::schema;
use crate::seen::Seen;
use crate::stop::Problem;

/// What becomes of the arguments.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Passed {
    /// Words behind those of the options.
    pub(super) words: Vec<String>,
    /// Variables of the environment, over the Application's.
    pub(super) env: BTreeMap<String, String>,
    /// Variables from Secrets, by name.
    pub(super) secrets: BTreeMap<String, SecretKey>,
}

/// Passes the arguments of a Run on. `options` are the words that hold beside them: what
/// they say already has no default.
///
/// # Errors
/// With every argument that does not fit, and everything that is wrong with the parameters.
pub(super) fn pass(seen: &Seen, application: &Application, options: &[String]) -> Result<Passed, Vec<Problem>> {
    let parameters = parameters(application)?;
    let none = Map::new();
    let given = seen.run.spec.arguments.as_ref().unwrap_or(&none);
    let Some(root) = &application.spec.parameters else {
        if given.is_empty() {
            return Ok(Passed::default());
        }
        let message =
            format!("{} has no parameters; give options instead, or let its owner declare them", label(application));
        return Err(vec![Problem::new(Reason::ArgumentsInvalid, run_label(seen), "/spec/arguments", message)]);
    };
    let elsewhere: Vec<&str> =
        parameters.iter().filter(|one| said(seen, &one.way, options)).map(|one| one.name).collect();
    let all = with_defaults(given, &parameters, &elsewhere);
    let mut problems = twice(seen, given, &parameters, &elsewhere);
    problems.extend(misfits(seen, application, given, &all, &checked(root, &parameters, &elsewhere), &parameters));
    if !problems.is_empty() {
        return Err(problems);
    }
    let passed = passed(&parameters, &all);
    let problems = foreign_secrets(seen, application, &parameters, &all);
    if problems.is_empty() { Ok(passed) } else { Err(problems) }
}

/// Whether the Run says it in another way: as a flag among the options, or as a variable.
fn said(seen: &Seen, way: &Way, options: &[String]) -> bool {
    match way {
        Way::Flag(flag) => options
            .iter()
            .any(|word| word.strip_prefix(flag.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))),
        Way::Env(variable) | Way::Secret(variable) => seen.run.spec.env.contains_key(variable),
        Way::Positional(_) => false,
    }
}

fn twice(seen: &Seen, given: &Map<String, Value>, parameters: &[Parameter<'_>], elsewhere: &[&str]) -> Vec<Problem> {
    let both = parameters.iter().filter(|one| given.contains_key(one.name) && elsewhere.contains(&one.name));
    both.map(|one| {
        let message = match &one.way {
            Way::Flag(flag) => format!("{flag} is among the options too; say it once"),
            Way::Env(variable) | Way::Secret(variable) => format!("{variable} is in spec.env too; say it once"),
            Way::Positional(_) => "it is given twice".to_owned(),
        };
        problem(seen, &format!("/{}", escaped(one.name)), message)
    })
    .collect()
}

fn problem(seen: &Seen, below: &str, message: String) -> Problem {
    Problem::new(Reason::ArgumentsInvalid, run_label(seen), format!("/spec/arguments{below}"), message)
}

/// What the schema has against the arguments. A default that does not fit is its
/// Application's fault.
fn misfits(
    seen: &Seen,
    application: &Application,
    given: &Map<String, Value>,
    all: &Map<String, Value>,
    schema: &Value,
    parameters: &[Parameter<'_>],
) -> Vec<Problem> {
    let name_of = |at: &str| {
        let name = at.strip_prefix('/')?.split('/').next()?;
        Some(name.replace("~1", "/").replace("~0", "~"))
    };
    let to_problem = |at: &str, rule: &Rule, why: String| match name_of(at) {
        Some(name) if !given.contains_key(&name) => {
            let pointer = format!("/spec/parameters/properties/{}/default", escaped(&name));
            vec![Problem::new(Reason::FieldInvalid, label(application), pointer, why)]
        }
        // Somebody may have written the secret itself: it is not repeated.
        Some(name) if is_secret(&name, parameters) => {
            let why = "expected {name, key}: a Secret of the Run's namespace and a key in it".to_owned();
            vec![problem(seen, &format!("/{}", escaped(&name)), why)]
        }
        _ => explained(rule, why, parameters)
            .into_iter()
            .map(|(below, why)| problem(seen, &format!("{at}{below}"), why))
            .collect(),
    };
    schema::each_fault(schema, &Value::Object(all.clone()), to_problem).into_iter().flatten().collect()
}

fn is_secret(name: &str, parameters: &[Parameter<'_>]) -> bool {
    parameters.iter().any(|one| one.name == name && matches!(one.way, Way::Secret(_)))
}

/// The rule in the user's terms: where, below the place of the error, and why.
fn explained(rule: &Rule, why: String, parameters: &[Parameter<'_>]) -> Vec<(String, String)> {
    match rule {
        Rule::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![(format!("/{}", escaped(name)), "it is required".to_owned())]
        }
        Rule::AdditionalProperties { unexpected } | Rule::UnevaluatedProperties { unexpected } => {
            let names: Vec<_> = parameters.iter().map(|one| one.name).collect();
            let there_are =
                if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
            let unknown =
                |name: &String| (format!("/{}", escaped(name)), format!("there is no such parameter; {there_are}"));
            unexpected.iter().map(unknown).collect()
        }
        _ => vec![(String::new(), why)],
    }
}

/// Words: flags in the order of the parameters' names, then those without one.
fn passed(parameters: &[Parameter<'_>], all: &Map<String, Value>) -> Passed {
    let mut passed = Passed::default();
    let mut positional = BTreeMap::new();
    for parameter in parameters {
        let Some(value) = all.get(parameter.name).filter(|value| !value.is_null()) else { continue };
        match &parameter.way {
            Way::Flag(flag) => passed.words.extend(flagged(flag, value)),
            Way::Positional(place) => {
                positional.insert(*place, each(value).map(text).collect::<Vec<_>>());
            }
            Way::Env(variable) => {
                passed.env.insert(variable.clone(), text(value));
            }
            Way::Secret(variable) => {
                passed.secrets.extend(secret(value).map(|key| (variable.clone(), key)));
            }
        }
    }
    passed.words.extend(positional.into_values().flatten());
    passed
}

/// A switch is its flag alone, or nothing; a list repeats its flag.
fn flagged(flag: &str, value: &Value) -> Vec<String> {
    let pair = |value: &Value| {
        let text = text(value);
        // A value that looks like a flag would be taken for one, had it a word of its own.
        match flag.starts_with("--") && text.starts_with('-') {
            true => vec![format!("{flag}={text}")],
            false => vec![flag.to_owned(), text],
        }
    };
    match value {
        Value::Bool(on) => on.then(|| flag.to_owned()).into_iter().collect(),
        value => each(value).flat_map(pair).collect(),
    }
}

fn each(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(values) => values.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

/// Text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn secret(value: &Value) -> Option<SecretKey> {
    let member = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    Some(SecretKey { name: member("name")?, key: member("key")? })
}

/// Secrets that the Application does not allow.
fn foreign_secrets(
    seen: &Seen,
    application: &Application,
    parameters: &[Parameter<'_>],
    all: &Map<String, Value>,
) -> Vec<Problem> {
    let allowed = &application.spec.secret_names;
    let secrets = parameters.iter().filter(|one| matches!(one.way, Way::Secret(_)));
    let named = secrets.filter_map(|one| Some((one.name, secret(all.get(one.name)?)?)));
    named
        .filter(|(_, secret)| !allowed.contains(&secret.name))
        .map(|(name, secret)| {
            let there = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
            let message = format!(
                "{} allows its Runs no Secret {}; spec.secretNames has {there}",
                label(application),
                secret.name
            );
            problem(seen, &format!("/{}/name", escaped(name)), message)
        })
        .collect()
}
