//! The description of a plugin: JSON text in, a checked document out.

use codeflare_documents::describe::Description;
use serde_json::Value;

use crate::config::Role;
use crate::error::LoadError;

/// Most frameworks or kinds of one plugin.
const MANY: usize = 32;

/// Parses and checks.
///
/// # Errors
/// `DescribedBadly` with a pointer to the first member that is wrong.
pub(crate) fn parse(text: &str, role: Role) -> Result<Description, LoadError> {
    let description: Description = serde_json::from_str(text).map_err(|error| bad("", &error.to_string()))?;
    check(&description, role)?;
    Ok(description)
}

fn check(description: &Description, role: Role) -> Result<(), LoadError> {
    if !is_label(&description.name) {
        return Err(bad("/name", "must be a DNS label of at most 63 characters"));
    }
    if !is_semver(&description.version) {
        return Err(bad("/version", "must be a semantic version such as 0.1.0"));
    }
    let summary = description.summary.as_str();
    if summary.trim().is_empty() || summary.len() > 500 || summary.contains('\n') {
        return Err(bad("/summary", "must be one sentence of at most 500 bytes"));
    }
    let frameworks = &description.frameworks;
    if frameworks.len() > MANY || !frameworks.iter().all(|name| is_label(name)) {
        return Err(bad("/frameworks", "must be at most 32 DNS labels"));
    }
    if frameworks.is_empty() == (role == Role::Launcher) {
        return Err(bad("/frameworks", "must name what a launcher launches, and nothing for other roles"));
    }
    let named = |text: &str| !text.is_empty() && text.len() <= 63;
    let kinds = &description.kinds;
    let fine = |kind: &codeflare_documents::describe::EmittedKind| {
        named(&kind.version) && named(&kind.kind) && kind.group.len() <= 253
    };
    if kinds.len() > MANY || !kinds.iter().all(fine) {
        return Err(bad("/kinds", "must be at most 32 of group, version and kind"));
    }
    for (pointer, schema) in
        [("/settingsSchema", &description.settings_schema), ("/frameworkSchema", &description.framework_schema)]
    {
        if !matches!(schema, Value::Object(_)) {
            return Err(bad(pointer, "must be a JSON Schema, an object"));
        }
    }
    Ok(())
}

fn bad(pointer: &str, why: &str) -> LoadError {
    LoadError::DescribedBadly { pointer: if pointer.is_empty() { "/" } else { pointer }.into(), why: why.into() }
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len()) && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_semver(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
        && parts.len() == 3
        && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(member: &str, value: Value) -> String {
        let mut document = serde_json::json!({
            "name": "job", "version": "0.1.0", "summary": "Runs a program.",
            "frameworks": ["job"],
            "kinds": [{"group": "batch", "version": "v1", "kind": "Job"}],
        });
        if let Value::Object(map) = &mut document {
            map.insert(member.to_owned(), value);
        }
        document.to_string()
    }

    #[test]
    fn takes_a_good_one_and_members_of_later_versions() {
        assert!(parse(&with("later", Value::Null), Role::Launcher).is_ok());
        assert!(parse(&with("version", "1.2.3-rc.1+b".into()), Role::Launcher).is_ok());
    }

    #[test]
    fn names_what_is_wrong() {
        for (member, value, pointer) in [
            ("name", Value::from("Job"), "/name"),
            ("name", Value::from(7), "/"),
            ("version", Value::from("1.2"), "/version"),
            ("version", Value::from("one.two.three"), "/version"),
            ("summary", Value::from(" "), "/summary"),
            ("frameworks", serde_json::json!([]), "/frameworks"),
            ("frameworks", serde_json::json!(["a b"]), "/frameworks"),
            ("kinds", serde_json::json!([{"group": "", "version": "", "kind": "X"}]), "/kinds"),
            ("settingsSchema", Value::from(1), "/settingsSchema"),
        ] {
            match parse(&with(member, value), Role::Launcher) {
                Err(LoadError::DescribedBadly { pointer: at, .. }) => assert_eq!(at, pointer),
                other => assert!(other.is_err(), "{member} was taken"),
            }
        }
        assert!(parse(&with("name", "job".into()), Role::SizingPolicy).is_err());
    }
}
