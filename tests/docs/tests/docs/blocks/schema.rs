//! A JSON Schema as a table: a row for each field, whatever its depth.

use std::fmt::Write;

use serde_json::Value;

use super::cell;
use crate::read;

/// Deepest field that is shown: a schema may contain itself.
const DEEPEST: usize = 12;

/// Settings or framework options of a plugin, from its tested description.
pub(super) fn of_plugin(plugin: &str, which: &str, path: &str) -> String {
    let snapshot = read(&format!("plugins/{plugin}/tests/snapshots/launch__description.snap"));
    let json = snapshot.splitn(3, "---\n").nth(2).unwrap();
    let description: Value = serde_json::from_str(json).unwrap();
    table(&description[which], path)
}

/// A document that host and plugins exchange.
pub(super) fn document(name: &str) -> String {
    let schema: Value = serde_json::from_str(&read(&format!("wit/schemas/{name}.json"))).unwrap();
    let about = schema["description"].as_str().unwrap_or_default();
    let table = if name.ends_with("-request") { written(&schema, "") } else { table(&schema, "") };
    format!("{about}\n\n{table}")
}

/// Every field below a schema; `path` is where the schema itself stands.
pub(super) fn table(schema: &Value, path: &str) -> String {
    rows(schema, path, true)
}

/// The same of what the platform writes: nobody has to be told what is required.
pub(super) fn written(schema: &Value, path: &str) -> String {
    rows(schema, path, false)
}

fn rows(schema: &Value, path: &str, asks: bool) -> String {
    let mut rows = Rows { root: schema, asks, out: String::new() };
    rows.below(schema, path, 0);
    if rows.out.is_empty() {
        return "There are none.".to_owned();
    }
    format!("| field | type | meaning |\n|---|---|---|\n{}", rows.out)
}

struct Rows<'a> {
    root: &'a Value,
    /// Whether people or plugins write it.
    asks: bool,
    out: String,
}

impl Rows<'_> {
    /// Rows of everything inside a value of this schema.
    fn below(&mut self, schema: &Value, path: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let schema = self.resolved(schema);
        let required = |name: &str| {
            schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one.as_str() == Some(name)))
        };
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            self.row(member, &path, required(name), depth);
        }
        // Conditions are Kubernetes' own; every type has the same.
        let known = path.ends_with(".conditions");
        if !known && schema["items"].is_object() {
            self.inside(&schema["items"], &format!("{path}[]"), depth);
        }
        if schema["additionalProperties"].is_object() {
            self.inside(&schema["additionalProperties"], &format!("{path}.<name>"), depth);
        }
    }

    /// Elements of a list or map: a row of their own only where they say something.
    fn inside(&mut self, schema: &Value, path: &str, depth: usize) {
        let resolved = self.resolved(schema);
        if resolved["properties"].is_object() {
            self.below(&resolved, path, depth + 1);
        } else if !bounds(&resolved).is_empty() || resolved["description"].is_string() {
            self.row(&resolved, path, false, depth + 1);
        }
    }

    fn row(&mut self, schema: &Value, path: &str, required: bool, depth: usize) {
        let resolved = self.resolved(schema);
        let described = [schema, &resolved].into_iter().find_map(|one| one["description"].as_str());
        let mut meaning = vec![sentence(described.unwrap_or_default())];
        meaning.extend(bounds(&resolved));
        if required && self.asks {
            meaning.insert(0, "**Required.**".to_owned());
        }
        let meaning = meaning.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
        writeln!(self.out, "| `{}` | {} | {} |", cell(path), self.type_of(&resolved), cell(&meaning)).unwrap();
        self.below(&resolved, path, depth + 1);
    }

    /// What a reference, or one that may be null, stands for.
    fn resolved(&self, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            return self.resolved(target.unwrap_or_else(|| panic!("{reference} leads nowhere")));
        }
        let options = schema["anyOf"].as_array().into_iter().flatten();
        let real: Vec<_> = options.filter(|one| one["type"] != "null").collect();
        match real.as_slice() {
            [one] if one["$ref"].is_string() => self.resolved(one),
            _ => schema.clone(),
        }
    }

    fn type_of(&self, schema: &Value) -> String {
        if schema["x-kubernetes-int-or-string"] == true {
            return "number or text".to_owned();
        }
        let words: Vec<_> = match &schema["type"] {
            Value::String(word) => vec![word.as_str()],
            Value::Array(all) => all.iter().filter_map(Value::as_str).filter(|word| *word != "null").collect(),
            _ if schema["enum"].is_array() || schema["oneOf"].is_array() => vec!["one of a list"],
            _ => vec!["any"],
        };
        let of = |inner: &Value| self.type_of(&self.resolved(inner));
        let named = |word: &&str| match *word {
            "array" if schema["items"].is_object() => format!("list of {}", of(&schema["items"])),
            "array" => "list".to_owned(),
            "object" if schema["additionalProperties"].is_object() => {
                format!("map of {}", of(&schema["additionalProperties"]))
            }
            "string" if schema["format"] == "date-time" => "time".to_owned(),
            word => word.to_owned(),
        };
        words.iter().map(named).collect::<Vec<_>>().join(" or ")
    }
}

/// What a schema says beside type and description, a sentence each.
fn bounds(schema: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let default = &schema["default"];
    if !default.is_null() && *default != serde_json::json!([]) && *default != serde_json::json!({}) {
        all.push(format!("Default `{default}`."));
    }
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.is_empty()) {
        let values: Vec<_> =
            values.iter().filter(|one| !one.is_null()).map(|one| format!("`{}`", plain(one))).collect();
        all.push(format!("One of {}.", values.join(", ")));
    }
    // An enum with words on each value.
    let options: Vec<_> = schema["oneOf"].as_array().into_iter().flatten().map(option).collect();
    if !options.is_empty() {
        all.push(format!("One of {}.", options.join("; ")));
    }
    for (least, most, what) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
        ("minProperties", "maxProperties", " entries"),
    ] {
        match (schema[least].as_f64(), schema[most].as_f64()) {
            (Some(least), Some(most)) => all.push(format!("{least} to {most}{what}.")),
            (Some(least), None) => all.push(format!("At least {least}{what}.")),
            (None, Some(most)) => all.push(format!("At most {most}{what}.")),
            (None, None) => {}
        }
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        all.push(format!("Pattern `{pattern}`."));
    }
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        all.push(format!("Rule: {}.", rule["message"].as_str().unwrap_or_default()));
    }
    all
}

fn option(schema: &Value) -> String {
    let values = schema["enum"].as_array().cloned().unwrap_or_default();
    let named = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| Value::from(name.as_str()));
    let constant = schema.get("const").cloned().into_iter();
    let values: Vec<_> =
        values.into_iter().chain(named).chain(constant).map(|value| format!("`{}`", plain(&value))).collect();
    let about = schema["description"].as_str().unwrap_or_default().trim_end_matches('.');
    if about.is_empty() { values.join(", ") } else { format!("{}: {about}", values.join(", ")) }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    let ended = text.is_empty() || text.ends_with(['.', ':', '!', '?']);
    if ended { text.to_owned() } else { format!("{text}.") }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
