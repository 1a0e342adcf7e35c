//! Values against the JSON Schemas that plugins bring. Pure.
//!
//! A schema is a stranger's text: it refers to nothing outside itself, and its patterns
//! are matched in time linear in the text.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// Longest message of one fault: a value may be large.
const LONGEST: usize = 300;

/// What a schema has against a value: JSON pointers below `at`, and why.
pub fn faults(schema: &Value, value: &Value, at: &str) -> Vec<(String, String)> {
    match validator(schema) {
        Ok(validator) => validator
            .iter_errors(value)
            .map(|error| (format!("{at}{}", error.instance_path()), words(&error)))
            .collect(),
        Err(error) => vec![(at.to_owned(), format!("the plugin's schema cannot be used: {error}; tell its author"))],
    }
}

/// Every fault, told of by its JSON pointer, its rule and the words for it; nothing where
/// the schema itself is [`invalid`].
pub(crate) fn each_fault<T>(
    schema: &Value,
    value: &Value,
    tell: impl Fn(&str, &ValidationErrorKind, String) -> T,
) -> Vec<T> {
    let Ok(validator) = validator(schema) else { return Vec::new() };
    let errors = validator.iter_errors(value);
    errors.map(|error| tell(error.instance_path().as_str(), error.kind(), words(&error))).collect()
}

/// Why a value is no schema that can be used.
pub(crate) fn invalid(schema: &Value) -> Option<String> {
    validator(schema).err()
}

fn validator(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|error| words(&error))
}

fn words(error: &ValidationError<'_>) -> String {
    error.to_string().chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::faults;
    use serde_json::json;

    #[test]
    fn every_fault_names_its_place() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["a"],
            "properties": {"a": {"type": "integer"}, "b": {"type": "object", "properties": {"c": {"enum": [1, 2]}}}},
        });
        assert_eq!(faults(&schema, &json!({"a": 1, "b": {"c": 2}}), "/spec"), []);
        let places = |value| faults(&schema, &value, "/spec").into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(places(json!({"a": "x"})), ["/spec/a"]);
        assert_eq!(places(json!({"a": 1, "b": {"c": 3}})), ["/spec/b/c"]);
        assert_eq!(places(json!({"z": 1})).len(), 2);
    }

    #[test]
    fn a_schema_that_is_none_or_refers_elsewhere_is_the_plugins_fault() {
        for schema in [json!({"type": 7}), json!({"$ref": "https://example.com/schema.json"})] {
            let found = faults(&schema, &json!({}), "/spec/settings");
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].1.contains("tell its author"), "{found:?}");
        }
    }
}
