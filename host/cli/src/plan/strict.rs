//! A document against the schema of its kind, as strictly as the API server's
//! `fieldValidation=Strict`: unknown fields, types, bounds, patterns. Pure.
//!
//! Rules across fields (CEL) are left to the API server.

use codeflare_api::crds;
use serde_json::{Map, Value};

/// Members of `metadata` that people or kubectl write.
const METADATA: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Kinds that have a schema.
pub(super) fn kinds() -> Vec<String> {
    crds::all().into_iter().map(|crd| crd.spec.names.kind).collect()
}

/// Everything that is wrong with an object, as `/pointer: what`; none for an unknown kind.
pub(super) fn check(kind: &str, object: &Value) -> Option<Vec<String>> {
    let crd = crds::all().into_iter().find(|crd| crd.spec.names.kind == kind)?;
    let schema = crd.spec.versions.first()?.schema.as_ref()?.open_api_v3_schema.as_ref()?;
    let mut schema = serde_json::to_value(schema).ok()?;
    if let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for always in ["apiVersion", "kind"] {
            members.insert(always.to_owned(), serde_json::json!({"type": "string"}));
        }
        let known: Map<_, _> = METADATA.iter().map(|name| ((*name).to_owned(), Value::Object(Map::new()))).collect();
        members.insert(
            "metadata".to_owned(),
            serde_json::json!({"type": "object", "properties": known, "required": ["name"]}),
        );
    }
    let mut problems = Vec::new();
    walk(&schema, object, "", &mut problems);
    if object.get("metadata").is_none() {
        problems.push("/metadata: missing".to_owned());
    }
    Some(problems)
}

fn walk(schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    let flag = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or(false);
    if value.is_null() && (flag("nullable") || !at.is_empty()) {
        // The API server drops what is null and may be missing.
        return;
    }
    let wanted = schema.get("type").and_then(Value::as_str);
    let fits = match wanted {
        _ if flag("x-kubernetes-int-or-string") => value.is_i64() || value.is_u64() || value.is_string(),
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !fits {
        let wanted = wanted.unwrap_or("whole number or text");
        problems.push(format!("{at}: expected {wanted}, found {}", name_of(value)));
        return;
    }
    match value {
        Value::Object(members) => object(schema, members, at, problems),
        Value::Array(items) => {
            bounds(schema, items.len(), "minItems", "maxItems", "elements", at, problems);
            if let Some(of) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    walk(of, item, &format!("{at}/{index}"), problems);
                }
            }
        }
        Value::String(text) => string(schema, text, at, problems),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
            if let Some(least) = bound("minimum").filter(|least| number < *least) {
                problems.push(format!("{at}: {number} is below {least}"));
            }
            if let Some(most) = bound("maximum").filter(|most| number > *most) {
                problems.push(format!("{at}: {number} is above {most}"));
            }
        }
        _ => {}
    }
}

fn object(schema: &Value, members: &Map<String, Value>, at: &str, problems: &mut Vec<String>) {
    bounds(schema, members.len(), "minProperties", "maxProperties", "members", at, problems);
    let known = schema.get("properties").and_then(Value::as_object);
    let others = schema.get("additionalProperties");
    let open = schema.get("x-kubernetes-preserve-unknown-fields").is_some() || (known.is_none() && others.is_none());
    for (name, value) in members {
        let below = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        match known.and_then(|known| known.get(name)).or(others) {
            Some(schema) => walk(schema, value, &below, problems),
            None if open => {}
            None => {
                let known: Vec<_> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
                problems.push(format!("{below}: unknown field; known here: {}", known.join(", ")));
            }
        }
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            problems.push(format!("{at}/{name}: required"));
        }
    }
}

fn string(schema: &Value, text: &str, at: &str, problems: &mut Vec<String>) {
    bounds(schema, text.chars().count(), "minLength", "maxLength", "characters", at, problems);
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        // A pattern that this dialect cannot read is left to the API server.
        if regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text)) {
            problems.push(format!("{at}: `{text}` must match {pattern}"));
        }
    }
    if let Some(known) = schema.get("enum").and_then(Value::as_array)
        && !known.iter().any(|one| one.as_str() == Some(text))
    {
        let known: Vec<_> = known.iter().filter_map(Value::as_str).collect();
        problems.push(format!("{at}: `{text}` is none of {}", known.join(", ")));
    }
}

fn bounds(schema: &Value, count: usize, least: &str, most: &str, what: &str, at: &str, problems: &mut Vec<String>) {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    if let Some(least) = schema.get(least).and_then(Value::as_u64).filter(|least| count < *least) {
        problems.push(format!("{at}: {count} {what}, at least {least} are needed"));
    }
    if let Some(most) = schema.get(most).and_then(Value::as_u64).filter(|most| count > *most) {
        problems.push(format!("{at}: {count} {what}, at most {most} are allowed"));
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false (put it in quotes if it is text)",
        Value::Number(_) => "a number (put it in quotes if it is text)",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use serde_json::json;

    #[test]
    fn every_error_of_an_object_is_found_at_once() {
        let object = json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run", "metadata": {"name": "a", "lables": {}},
            "spec": {"application": {}, "sise": "md", "workers": -1, "env": {"A": 1}, "deadline": "tomorrow"},
        });
        let problems = check("Run", &object).expect("should know the kind");
        for wanted in [
            "/metadata/lables: unknown field",
            "/spec/application/name: required",
            "/spec/sise: unknown field; known here: application, ",
            "/spec/workers: -1 is below 0",
            "/spec/env/A: expected string, found a number",
            "/spec/deadline: `tomorrow` must match",
        ] {
            assert!(problems.iter().any(|problem| problem.starts_with(wanted)), "{wanted} in {problems:#?}");
        }
        assert_eq!(problems.len(), 6, "{problems:#?}");
    }

    #[test]
    fn a_good_object_has_no_problem() {
        let object = json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration", "metadata": {"name": "a"},
            "spec": {"priority": 1, "config": {"sm": {"workers": 1, "cpu": 1, "memory": "1Gi", "gpu": 0}}},
        });
        assert_eq!(check("RunSizeConfiguration", &object), Some(vec![]));
        assert_eq!(check("Walk", &object), None);
    }
}
