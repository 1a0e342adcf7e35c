//! Every field of a resource type, from its CustomResourceDefinition.

use std::fmt::Write;

use codeflare_api::crds;
use serde_json::Value;

use super::{cell, schema};

/// Names, columns, fields of spec and status.
pub(super) fn of(plural: &str) -> String {
    let all = crds::all();
    let crd = all.iter().find(|crd| crd.spec.names.plural == plural);
    let crd = serde_json::to_value(crd.unwrap_or_else(|| panic!("there is no type `{plural}`"))).unwrap();
    let version = &crd["spec"]["versions"][0];
    let schema = &version["schema"]["openAPIV3Schema"];
    let mut out = String::new();
    names(&mut out, &crd["spec"], version);
    columns(&mut out, version);
    for rule in rules(schema) {
        writeln!(out, "Rule: {rule}.\n").unwrap();
    }
    for part in ["spec", "status"] {
        let fields = &schema["properties"][part];
        if fields.is_null() {
            continue;
        }
        let (title, table) = match part {
            "spec" => ("What you write", schema::table(fields, part)),
            _ => ("What the platform says", schema::written(fields, part)),
        };
        writeln!(out, "## {title}: `{part}`\n\n{table}").unwrap();
        let rules = rules(fields);
        if !rules.is_empty() {
            writeln!(out, "Rules:\n").unwrap();
            rules.iter().for_each(|rule| writeln!(out, "- {rule}").unwrap());
            writeln!(out).unwrap();
        }
    }
    out
}

fn names(out: &mut String, spec: &Value, version: &Value) {
    let names = &spec["names"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let short: Vec<_> =
        names["shortNames"].as_array().into_iter().flatten().map(|name| format!("`{}`", text(name))).collect();
    let group = format!("{}/{}", text(&spec["group"]), text(&version["name"]));
    writeln!(
        out,
        "| apiVersion | kind | for kubectl | scope |\n|---|---|---|---|\n| `{group}` | `{}` | `{}`, {} | {} |\n",
        text(&names["kind"]),
        text(&names["plural"]),
        short.join(", "),
        text(&spec["scope"])
    )
    .unwrap();
}

fn columns(out: &mut String, version: &Value) {
    let head = "## Columns of `kubectl get`\n\n| column | shows | only with `-o wide` |\n|---|---|---|";
    writeln!(out, "{head}").unwrap();
    for column in version["additionalPrinterColumns"].as_array().into_iter().flatten() {
        let wide = if column["priority"].as_i64().unwrap_or(0) > 0 { "yes" } else { "" };
        let (name, path) = (column["name"].as_str().unwrap(), column["jsonPath"].as_str().unwrap());
        writeln!(out, "| {name} | `{}` | {wide} |", cell(path.trim_start_matches('.'))).unwrap();
    }
    writeln!(out).unwrap();
}

/// Messages of the rules at a place.
fn rules(schema: &Value) -> Vec<String> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.map(|rule| rule["message"].as_str().unwrap_or_default().to_owned()).collect()
}
