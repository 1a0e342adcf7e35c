//! An Application's parameters: a JSON Schema of the arguments that Runs may give, and how
//! each of them reaches the program. Pure.
//!
//! ```text
//! x-flag: --max_epochs    as a flag; without any of these the flag is --NAME
//! x-positional: 1         behind the flags, in the order of the numbers
//! x-env: WANDB_MODE       as a variable of the environment
//! x-secret: true          with x-env: from a Secret, of which the argument names the key
//! ```

use std::collections::BTreeMap;

use codeflare_api::{Application, Reason};
use serde_json::{Map, Value, json};

use super::fields::is_variable;
use super::label;
use crate::schema;
use crate::stop::Problem;

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter<'a> {
    /// Its name: a member of `arguments`.
    pub(super) name: &'a str,
    /// Value where the Run gives none.
    pub(super) default: Option<&'a Value>,
    /// How it reaches the program.
    pub(super) way: Way,
}

/// How an argument reaches the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// As a flag, such as `--max_epochs`.
    Flag(String),
    /// Behind the flags, in the order of the numbers.
    Positional(u64),
    /// As a variable of the environment.
    Env(String),
    /// As a variable of the environment, from a Secret.
    Secret(String),
}

/// Every parameter of an Application, by name.
///
/// # Errors
/// With everything that is wrong with the schema.
pub(super) fn parameters(application: &Application) -> Result<Vec<Parameter<'_>>, Vec<Problem>> {
    let Some(root) = &application.spec.parameters else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    let mut wrong = |pointer: String, message: String| {
        let pointer = format!("/spec/parameters{pointer}");
        problems.push(Problem::new(Reason::FieldInvalid, label(application), pointer, message));
    };
    if root.get("type").is_some_and(|kind| kind != "object") {
        wrong("/type".to_owned(), "expected object: arguments have names".to_owned());
    }
    let properties = root.get("properties");
    if properties.is_some_and(|properties| !properties.is_object()) {
        wrong("/properties".to_owned(), "expected an object: a schema for each parameter".to_owned());
    }
    let mut all = Vec::new();
    for (name, schema) in properties.and_then(Value::as_object).into_iter().flatten() {
        let at = |member: &str| format!("/properties/{}{member}", escaped(name));
        match way(name, schema) {
            Ok(way) => all.push(Parameter { name, default: schema.get("default"), way }),
            Err((member, message)) => wrong(at(&member), message),
        }
    }
    for (index, parameter) in all.iter().enumerate() {
        if let Some(other) = all.iter().take(index).find(|other| other.way == parameter.way) {
            let pointer = format!("/properties/{}", escaped(parameter.name));
            wrong(pointer, format!("it would reach the program as {} does; give each a way of its own", other.name));
        }
    }
    if let Some(why) = schema::invalid(&checked(root, &all, &[])) {
        wrong(String::new(), format!("it is no JSON Schema: {why}"));
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// The schema that arguments are held to: as the Application has it, but that no other
/// arguments are allowed where it does not say, that a Secret is named by `name` and `key`,
/// and that what is `given` in another way is not required.
pub(super) fn checked(root: &Map<String, Value>, parameters: &[Parameter<'_>], given: &[&str]) -> Value {
    let mut root = root.clone();
    root.entry("additionalProperties").or_insert(false.into());
    if let Some(Value::Array(required)) = root.get_mut("required") {
        required.retain(|name| name.as_str().is_none_or(|name| !given.contains(&name)));
    }
    if let Some(Value::Object(properties)) = root.get_mut("properties") {
        for parameter in parameters.iter().filter(|parameter| matches!(parameter.way, Way::Secret(_))) {
            properties.insert(parameter.name.to_owned(), secret_schema());
        }
    }
    root.into()
}

fn secret_schema() -> Value {
    let text = json!({"type": "string", "minLength": 1, "maxLength": 253});
    json!({
        "type": "object", "required": ["name", "key"], "additionalProperties": false,
        "properties": {"name": text, "key": text},
    })
}

/// How an argument reaches the program, or where its schema is wrong and why.
fn way(name: &str, schema: &Value) -> Result<Way, (String, String)> {
    let wrong = |member: &str, message: &str| Err((format!("/{member}"), message.to_owned()));
    let Value::Object(schema) = schema else {
        return Err((String::new(), "expected an object: the schema of the parameter".to_owned()));
    };
    let known = ["x-flag", "x-positional", "x-env", "x-secret"];
    if let Some(other) = schema.keys().find(|key| key.starts_with("x-") && !known.contains(&key.as_str())) {
        return wrong(other, "expected x-flag, x-positional, x-env or x-secret");
    }
    let [flag, positional, env, secret] = known.map(|key| schema.get(key));
    let secret = match secret {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return wrong("x-secret", "expected true or false"),
    };
    match (flag, positional, env) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            Err((String::new(), "expected one of x-flag, x-positional and x-env".to_owned()))
        }
        (_, _, None) if secret => wrong("x-secret", "a Secret reaches the program as a variable only: set x-env"),
        (Some(Value::String(flag)), None, None) if is_flag(flag) => Ok(Way::Flag(flag.clone())),
        (Some(_), None, None) => wrong("x-flag", "expected a flag, such as --max_epochs or -e"),
        (None, Some(place), None) => match place.as_u64() {
            Some(place) if place > 0 => Ok(Way::Positional(place)),
            _ => wrong("x-positional", "expected a whole number above 0"),
        },
        (None, None, Some(Value::String(variable))) if is_variable(variable) => {
            if variable.starts_with("CODEFLARE_") {
                return wrong("x-env", "the platform sets variables of this name");
            }
            Ok(if secret { Way::Secret(variable.clone()) } else { Way::Env(variable.clone()) })
        }
        (None, None, Some(_)) => {
            wrong("x-env", "expected the name of a variable: letters, digits and underscores, no digit first")
        }
        (None, None, None) => {
            let flag = format!("--{name}");
            if is_flag(&flag) { Ok(Way::Flag(flag)) } else { wrong("x-flag", "this name makes no flag; set one") }
        }
    }
}

/// A flag is one word and says where it ends.
fn is_flag(flag: &str) -> bool {
    let name = flag.trim_start_matches('-');
    flag.starts_with('-')
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
}

/// A name as part of a JSON pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Arguments with the defaults of those that the Run does not give. What the Run has said
/// in another way has no default.
pub(super) fn with_defaults(
    given: &Map<String, Value>,
    parameters: &[Parameter<'_>],
    elsewhere: &[&str],
) -> Map<String, Value> {
    let defaults = parameters.iter().filter(|parameter| !elsewhere.contains(&parameter.name));
    let mut all: BTreeMap<&str, &Value> =
        defaults.filter_map(|parameter| Some((parameter.name, parameter.default?))).collect();
    all.extend(given.iter().map(|(name, value)| (name.as_str(), value)));
    all.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}
