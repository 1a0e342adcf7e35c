//! Fields that can be judged by themselves: names of files and of variables, lengths of
//! time. The schemas refuse most of it too, but not in files that were shown to no API
//! server.

use std::collections::BTreeMap;

use codeflare_api::Reason;
use codeflare_api::application::CodeFile;
use codeflare_api::duration::Period;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::stop::Problem;

/// Names of the source's files: what the schema refuses too, for files that were shown to
/// no API server, and what it cannot see.
pub(super) fn code(object: &str, files: &[CodeFile]) -> Vec<Problem> {
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
pub(super) fn fields(
    object: &str,
    env: &BTreeMap<String, String>,
    periods: &[(&str, &Option<Period>)],
) -> Vec<Problem> {
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

/// Bytes of a quantity, where it is one.
pub(super) fn bytes(object: &str, pointer: &str, quantity: Option<&Quantity>) -> Result<Option<u64>, Problem> {
    let read = quantity.map(|text| codeflare_api::quantity::bytes(&text.0)).transpose();
    read.map_err(|error| Problem::new(Reason::FieldInvalid, object, pointer, error.to_string()))
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit()) && name.len() <= 256
}
