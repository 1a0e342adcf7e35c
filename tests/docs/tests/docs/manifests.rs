//! Every YAML block of the documentation is what it says it is: manifests are read as
//! their types, with unknown fields refused; parts of them say of what; values of the
//! chart are those that the chart takes.
//!
//! The first line of a block that is not a whole manifest names what it is a part of:
//!
//! ```text
//! # Part of an Application.      members of `spec` and `metadata`, none of them required
//! # values.yaml                  values of charts/codeflare-platform
//! # values.yaml of FOLDER        values of a chart that depends on it
//! # Chart.yaml                   what Helm knows of a chart
//! # Kubernetes                   objects of somebody else
//! ```

use std::collections::BTreeMap;

use codeflare_api::crds;
use serde_json::{Value, json};

use crate::{code, files, markdown, read};

const PART: &str = "# Part of ";
const VALUES_OF: &str = "# values.yaml of ";
/// Our chart, as others depend on it.
const CHART: &str = "codeflare-platform";

#[test]
fn every_yaml_block_is_what_it_says_it_is() {
    let schemas = Schemas::new();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in markdown() {
        for block in code::blocks(&page, &read(&page)).into_iter().filter(|block| block.language == "yaml") {
            count += 1;
            wrong.extend(schemas.faults(&block.text).into_iter().map(|fault| format!("{}: {fault}", block.place)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 10, "only {count} blocks were found");
}

#[test]
fn runs_of_the_tests_are_manifests() {
    let schemas = Schemas::new();
    let runs = files("tests/runs", ".yaml");
    let wrong: Vec<_> = runs.iter().map(|path| (path, schemas.faults(&read(path)))).collect();
    assert!(wrong.iter().all(|(_, faults)| faults.is_empty()), "{wrong:#?}");
    assert!(runs.len() >= 2, "{runs:?}");
}

#[test]
fn a_block_that_lies_is_found() {
    let schemas = Schemas::new();
    let run =
        |spec: &str| format!("apiVersion: codeflare.dev/v1alpha1\nkind: Run\nmetadata: {{name: a}}\nspec: {spec}\n");
    for (text, faulty) in [
        (run("{application: {name: b}, size: xs}"), false),
        (run("{application: {name: b}, sise: xs}"), true),
        (run("{application: {name: b}, workers: -1}"), true),
        (run("{size: xs}"), true),
        ("kind: Walk\napiVersion: codeflare.dev/v1alpha1\n".to_owned(), true),
        ("spec: {size: xs}\n".to_owned(), true),
        ("# Part of a Run.\nspec: {size: xs}\n".to_owned(), false),
        ("# Part of a Run.\nspec: {image: a}\n".to_owned(), true),
        ("# Part of a Walk.\nspec: {}\n".to_owned(), true),
        ("# values.yaml\nhost: {replicas: 2}\n".to_owned(), false),
        ("# values.yaml\nhost: {replica: 2}\n".to_owned(), true),
        ("# values.yaml of examples/watsonx-ai\ncodeflare-platform: {host: {replicas: 2}}\n".to_owned(), false),
        ("# values.yaml of examples/watsonx-ai\ncodeflare-platform: {host: {replica: 2}}\n".to_owned(), true),
        ("# values.yaml of examples/watsonx-ai\nhost: {replicas: 2}\n".to_owned(), true),
        ("# Kubernetes\napiVersion: v1\nkind: Secret\n".to_owned(), false),
        ("# Kubernetes\napiVersion: v1\n".to_owned(), true),
    ] {
        assert_eq!(!schemas.faults(&text).is_empty(), faulty, "{text}: {:?}", schemas.faults(&text));
    }
}

struct Schemas {
    whole: BTreeMap<String, jsonschema::Validator>,
    part: BTreeMap<String, jsonschema::Validator>,
    values: jsonschema::Validator,
}

impl Schemas {
    fn new() -> Schemas {
        let (mut whole, mut part) = (BTreeMap::new(), BTreeMap::new());
        for crd in crds::all() {
            let schema = crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
            let mut schema = serde_json::to_value(schema).unwrap();
            let metadata = json!({
                "type": "object",
                "required": ["name"],
                "properties": {"name": {}, "namespace": {}, "labels": {}, "annotations": {}},
            });
            let members = schema["properties"].as_object_mut().unwrap();
            members.extend([
                ("apiVersion".into(), json!({})),
                ("kind".into(), json!({})),
                ("metadata".into(), metadata),
            ]);
            schema["required"] = json!(["apiVersion", "kind", "metadata", "spec"]);
            close(&mut schema);
            let kind = crd.spec.names.kind;
            whole.insert(kind.clone(), jsonschema::validator_for(&schema).unwrap());
            ask_for_nothing(&mut schema);
            part.insert(kind, jsonschema::validator_for(&schema).unwrap());
        }
        let values: Value = serde_json::from_str(&read("charts/codeflare-platform/values.schema.json")).unwrap();
        Schemas { whole, part, values: jsonschema::validator_for(&values).unwrap() }
    }

    fn faults(&self, text: &str) -> Vec<String> {
        let head = text.lines().next().unwrap_or_default();
        let documents: Vec<Value> = match serde_saphyr::from_multiple(text) {
            Ok(documents) => documents,
            Err(error) => return vec![error.to_string()],
        };
        documents.iter().flat_map(|document| self.document(head, document)).collect()
    }

    fn document(&self, head: &str, document: &Value) -> Vec<String> {
        let mut document = document.clone();
        let validator = if head == "# values.yaml" {
            // Helm takes away what is null before it looks at the schema.
            drop_null(&mut document);
            Some(&self.values)
        } else if let Some(folder) = head.strip_prefix(VALUES_OF) {
            return self.values_of(folder, &document);
        } else if let Some(of) = head.strip_prefix(PART) {
            let kind = of.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
            match self.part.get(kind) {
                Some(validator) => Some(validator),
                None => return vec![format!("no type is called `{kind}`")],
            }
        } else {
            let (version, kind) = (document["apiVersion"].as_str(), document["kind"].as_str());
            match (version, kind) {
                (Some("codeflare.dev/v1alpha1"), Some(kind)) => match self.whole.get(kind) {
                    Some(validator) => Some(validator),
                    None => return vec![format!("no type is called `{kind}`")],
                },
                (Some(_), Some(_)) if head == "# Kubernetes" => None,
                (Some("v2"), None) if head == "# Chart.yaml" => None,
                _ => {
                    return vec![format!(
                        "say what it is: a whole manifest, or a first line `{PART}a KIND.`, `# values.yaml`, `# Chart.yaml` or `# Kubernetes`"
                    )];
                }
            }
        };
        let faults = validator.into_iter().flat_map(|validator| validator.iter_errors(&document));
        faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
    }

    /// Values of a chart that depends on ours: held to its schema, and to ours what is for ours.
    fn values_of(&self, folder: &str, document: &Value) -> Vec<String> {
        let mut document = document.clone();
        drop_null(&mut document);
        let schema: Value = serde_json::from_str(&read(&format!("{folder}/values.schema.json"))).unwrap();
        let own = jsonschema::validator_for(&schema).unwrap();
        let ours = document.get(CHART).cloned().unwrap_or_else(|| json!({}));
        let faults = own.iter_errors(&document).chain(self.values.iter_errors(&ours));
        faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
    }
}

fn drop_null(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(drop_null);
    }
}

/// Refuses what a schema does not name, as the API server does with
/// `fieldValidation=Strict`; and what the API server means by a number or text.
fn close(schema: &mut Value) {
    if schema["x-kubernetes-int-or-string"] == true {
        *schema = json!({"type": ["integer", "string"]});
    }
    if schema["nullable"] == true
        && let Some(text) = schema["type"].as_str()
    {
        schema["type"] = json!([text, "null"]);
    }
    let open = schema["x-kubernetes-preserve-unknown-fields"] == true;
    if schema["properties"].is_object() && schema["additionalProperties"].is_null() && !open {
        schema["additionalProperties"] = false.into();
    }
    each(schema, close);
}

fn ask_for_nothing(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
    }
    each(schema, ask_for_nothing);
}

/// Schemas right below a schema.
fn each(schema: &mut Value, visit: fn(&mut Value)) {
    let Some(schema) = schema.as_object_mut() else { return };
    for name in ["properties", "$defs"] {
        if let Some(members) = schema.get_mut(name).and_then(Value::as_object_mut) {
            members.values_mut().for_each(visit);
        }
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(name).filter(|inner| inner.is_object()) {
            visit(inner);
        }
    }
}
