//! For every field of every type, `tests/fields.yaml` names the test that shows its effect.
//!
//! Held to the definitions as the API server gets them: a field without a test, a test that
//! is not there or never speaks of the field, and a field that is gone all fail. Whether a
//! test shows the *effect* is for whoever writes its line to see to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use codeflare_api::crds;
use serde_json::Value;

/// Where the list is.
const LIST: &str = "tests/fields.yaml";
/// Members whose type is Kubernetes' own: one value, that goes on as it is.
const OF_KUBERNETES: [&str; 4] = ["affinity", "conditions", "namespaceSelector", "tolerations"];

/// Type, field, test: `FILE::FUNCTION`.
type List = BTreeMap<String, BTreeMap<String, String>>;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Every field that people or the platform write, as type and path.
fn fields() -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for crd in crds::all() {
        let version = serde_json::to_value(&crd.spec.versions[0]).unwrap();
        let schema = &version["schema"]["openAPIV3Schema"]["properties"];
        for part in ["spec", "status"] {
            let mut paths = Vec::new();
            leaves(&schema[part], part, &mut paths);
            all.extend(paths.into_iter().map(|path| (crd.spec.names.kind.clone(), path)));
        }
    }
    all
}

/// Fields below a schema that have no fields of their own.
fn leaves(schema: &Value, path: &str, all: &mut Vec<String>) {
    if schema.is_null() {
        return;
    }
    let own = schema["properties"].as_object().filter(|_| !OF_KUBERNETES.contains(&name(path)));
    match (own, &schema["items"], &schema["additionalProperties"]) {
        (Some(members), ..) => {
            members.iter().for_each(|(name, member)| leaves(member, &format!("{path}.{name}"), all));
        }
        (None, items, _) if items["properties"].is_object() && !OF_KUBERNETES.contains(&name(path)) => {
            leaves(items, &format!("{path}[]"), all);
        }
        (None, _, values) if values["properties"].is_object() => leaves(values, &format!("{path}.<name>"), all),
        _ => all.push(path.to_owned()),
    }
}

/// The last name of a path.
fn name(path: &str) -> &str {
    path.rsplit('.').map(|part| part.trim_end_matches("[]")).find(|part| *part != "<name>").unwrap()
}

/// A name as Rust writes it.
fn snake(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.to_string() };
    name.chars().map(letter).collect()
}

/// What is wrong with a line of the list; none where its test is there and speaks of the field.
fn fault(field: &str, test: &str) -> Option<String> {
    let Some((file, function)) = test.split_once("::") else {
        return Some(format!("`{test}` is not FILE::FUNCTION"));
    };
    let Ok(text) = std::fs::read_to_string(root().join(file)) else {
        return Some(format!("there is no file {file}"));
    };
    let Some(at) = text.find(&format!("fn {function}(")) else {
        return Some(format!("{file} has no function {function}"));
    };
    // Its attributes stand between it and whatever ends before it.
    let before = text[..at].rsplit_once("}\n").map_or(&text[..at], |(_, rest)| rest);
    if !["#[test]", "#[tokio::test", "#[rstest]"].iter().any(|mark| before.contains(mark)) {
        return Some(format!("{function} in {file} is no test"));
    }
    let said = [name(field).to_owned(), snake(name(field))];
    let speaks = |text: &str| said.iter().any(|name| text.contains(name.as_str()));
    let seen = speaks(&text) || snapshots(file, function).iter().any(|text| speaks(text));
    (!seen).then(|| format!("neither {file} nor a snapshot of {function} speaks of `{}`", name(field)))
}

/// The snapshots of a test.
fn snapshots(file: &str, function: &str) -> Vec<String> {
    let folder = root().join(file).parent().unwrap().join("snapshots");
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let own = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains(function);
    entries.filter(own).map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Everything that is wrong with a list.
fn faults(list: &List, fields: &BTreeSet<(String, String)>) -> Vec<String> {
    let listed: BTreeSet<_> =
        list.iter().flat_map(|(kind, of_kind)| of_kind.keys().map(|field| (kind.clone(), field.clone()))).collect();
    let missing = fields.difference(&listed).map(|(kind, field)| format!("{kind} {field}: no test is named"));
    let gone = listed.difference(fields).map(|(kind, field)| format!("{kind} {field}: there is no such field"));
    let lines = list.iter().flat_map(|(kind, of_kind)| {
        of_kind.iter().filter_map(move |(field, test)| Some(format!("{kind} {field}: {}", fault(field, test)?)))
    });
    missing.chain(gone).chain(lines).collect()
}

#[test]
fn every_field_names_the_test_that_shows_its_effect() {
    let text = std::fs::read_to_string(root().join(LIST)).unwrap();
    let list: List = serde_saphyr::from_str(&text).unwrap();
    let faults = faults(&list, &fields());
    assert!(faults.is_empty(), "{LIST}:\n{}", faults.join("\n"));
}

#[test]
fn a_list_that_lies_is_found() {
    let field = |field: &str| ("Run".to_owned(), format!("spec.{field}"));
    let fields: BTreeSet<_> = ["size", "workers", "nodeSelector.<name>"].map(field).into();
    let here = "host/api/tests/fields.rs::a_list_that_lies_is_found";
    let list = |lines: &[(&str, &str)]| -> List {
        let lines = lines.iter().map(|(name, test)| (format!("spec.{name}"), (*test).to_owned()));
        [("Run".to_owned(), lines.collect())].into()
    };
    let good = [("size", here), ("workers", here), ("nodeSelector.<name>", here)];
    let with = |changed: (&str, &'static str)| -> Vec<String> {
        let mut all: BTreeMap<&str, &str> = good.into();
        if changed.1.is_empty() {
            all.remove(changed.0)
        } else {
            all.insert(changed.0, changed.1)
        };
        faults(&list(&all.into_iter().collect::<Vec<_>>()), &fields)
    };
    assert_eq!(faults(&list(&good), &fields), Vec::<String>::new());
    assert_eq!(with(("size", "")), ["Run spec.size: no test is named"]);
    assert_eq!(
        with(("sise", here)),
        ["Run spec.sise: there is no such field"],
        "what is gone is told of though its test is there"
    );
    assert_eq!(with(("size", "no/file.rs::a")), ["Run spec.size: there is no file no/file.rs"]);
    let no_test = "host/api/tests/fields.rs has no function nowhere";
    assert_eq!(with(("size", "host/api/tests/fields.rs::nowhere")), [format!("Run spec.size: {no_test}")]);
    let no_test = "root in host/api/tests/fields.rs is no test";
    assert_eq!(with(("size", "host/api/tests/fields.rs::root")), [format!("Run spec.size: {no_test}")]);
    let (file, function) = ("host/api/src/selector.rs", "labels_fit_as_kubernetes_says");
    let silent = format!("neither {file} nor a snapshot of {function} speaks of `workers`");
    assert_eq!(
        with(("workers", "host/api/src/selector.rs::labels_fit_as_kubernetes_says")),
        [format!("Run spec.workers: {silent}")]
    );
}

#[test]
fn fields_are_found_at_any_depth() {
    let found = fields();
    for (kind, path) in [
        ("Run", "spec.env"),
        ("Run", "status.launch.choices[].over"),
        ("Run", "status.launch.size.worker.extended"),
        ("RunSizeConfiguration", "spec.config.<name>.scheduling.affinity"),
        ("Plugin", "spec.grants[].fields"),
        ("Plugin", "spec.sizingPolicy"),
    ] {
        assert!(found.contains(&(kind.to_owned(), path.to_owned())), "{kind} {path} in {found:#?}");
    }
}
