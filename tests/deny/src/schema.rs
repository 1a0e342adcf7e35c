//! Every field that a schema has, with a value of its type: JSON Schema as `schemars` writes
//! it, and OpenAPI as a CustomResourceDefinition has it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Deepest nesting that is followed.
const DEEPEST: usize = 40;

/// Every path of a schema with a value of its type. Members are joined with dots, `[]` is
/// for the elements of a list; a map has one member, `added`.
pub fn fields(schema: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    Walk { root: schema, found: &mut found }.walk(schema, "", &mut Vec::new());
    found
}

/// How many members the schema declares, each definition counted once: what a walk must
/// find at least.
pub fn declared(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => {
            let own = members.get("properties").and_then(Value::as_object).map_or(0, Map::len);
            own + members.values().map(declared).sum::<usize>()
        }
        Value::Array(elements) => elements.iter().map(declared).sum(),
        _ => 0,
    }
}

struct Walk<'a> {
    root: &'a Value,
    found: &'a mut BTreeMap<String, Value>,
}

impl<'a> Walk<'a> {
    fn walk(&mut self, schema: &'a Value, path: &str, behind: &mut Vec<&'a str>) {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str)
            && !behind.contains(&name)
            && behind.len() < DEEPEST
        {
            behind.push(name);
            self.walk(target(self.root, name), path, behind);
            behind.pop();
        }
        for combined in ["allOf", "anyOf", "oneOf"] {
            for one in schema.get(combined).and_then(Value::as_array).into_iter().flatten() {
                self.walk(one, path, behind);
            }
        }
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.member(member, path, name, behind);
        }
        if let Some(items) = schema.get("items") {
            self.walk(items, &format!("{path}[]"), behind);
        }
        match schema.get("additionalProperties") {
            Some(others @ Value::Object(_)) => self.member(others, path, "added", behind),
            None if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true)) => {
                self.found.insert(joined(path, "added"), json!(true));
            }
            _ => {}
        }
    }

    fn member(&mut self, schema: &'a Value, path: &str, name: &str, behind: &mut Vec<&'a str>) {
        let below = joined(path, name);
        self.found.entry(below.clone()).or_insert_with(|| value(self.root, schema, 0));
        self.walk(schema, &below, behind);
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn target<'a>(root: &'a Value, name: &str) -> &'a Value {
    root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not in the schema"))
}

/// A small value that the schema takes.
fn value(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return value(root, target(root, name), depth + 1);
    }
    if let Some(one) = schema.get("const") {
        return one.clone();
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|all| all.first()) {
        return first.clone();
    }
    if schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return json!(1);
    }
    for combined in ["allOf", "anyOf", "oneOf"] {
        let mut all = schema.get(combined).and_then(Value::as_array).into_iter().flatten();
        if let Some(one) = all.find(|one| one.get("type") != Some(&json!("null")))
            && schema.get("type").is_none()
        {
            return value(root, one, depth + 1);
        }
    }
    let named = schema.get("type");
    let types = named.and_then(Value::as_array).map_or_else(|| named.into_iter().collect(), |all| all.iter().collect());
    let kind = Vec::<&Value>::into_iter(types).filter_map(Value::as_str).find(|one| *one != "null");
    match kind {
        Some("string") => match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => json!("2026-01-01T00:00:00Z"),
            Some("byte") => json!("YQ=="),
            _ => json!("text"),
        },
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => schema.get("items").map_or_else(|| json!([]), |items| json!([value(root, items, depth + 1)])),
        _ => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            let properties = schema.get("properties");
            let member = |name: &str| Some((name.to_owned(), value(root, properties?.get(name)?, depth + 1)));
            Value::Object(required.filter_map(Value::as_str).filter_map(member).collect())
        }
    }
}
