//! Files to objects: every document checked strictly, every error with file and document.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use codeflare_api::repository::Pattern;
use codeflare_api::{Application, PlatformRepoSecret, Plugin, Run, RunSizeConfiguration};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::strict;
use crate::output;

/// What the files have.
#[derive(Default)]
pub(super) struct Documents {
    pub(super) applications: Vec<Application>,
    pub(super) runs: Vec<Found>,
    pub(super) configurations: Vec<RunSizeConfiguration>,
    pub(super) plugins: Vec<Plugin>,
    pub(super) config_maps: Vec<ConfigMap>,
    /// Labels of namespaces, by name: plugins may serve some of them.
    pub(super) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// `Kind/name` to `FILE: document N`.
    pub(super) places: BTreeMap<String, String>,
    /// `Kind/name` of what is there and cannot be used.
    pub(super) broken: BTreeSet<String>,
}

impl Documents {
    /// Whether a Run can be judged: an error in what it rests on would only be repeated
    /// in other words.
    pub(super) fn can_judge(&self, run: &Run) -> bool {
        let application = format!("Application/{}", run.spec.application.name);
        let for_all = |label: &String| label.starts_with("Plugin/") || label.starts_with("RunSizeConfiguration/");
        !self.broken.contains(&application) && !self.broken.iter().any(for_all)
    }

    /// Labels of a namespace; the API server itself adds the one with its name.
    pub(super) fn namespace_labels(&self, name: &str) -> BTreeMap<String, String> {
        let mut labels = self.namespaces.get(name).cloned().unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
        labels
    }
}

/// A Run and where it is.
pub(super) struct Found {
    pub(super) object: Run,
    pub(super) place: String,
}

/// Reads files and folders. What can be read is there, also beside errors.
pub(super) fn read(files: &[PathBuf], namespace: &str) -> (Documents, Vec<String>) {
    let mut documents = Documents::default();
    let mut errors = Vec::new();
    for file in files {
        let inside = match inside(file) {
            Ok(inside) => inside,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        for path in inside {
            match text(&path) {
                Ok(text) => {
                    for (number, document) in split(&text).into_iter().enumerate() {
                        let place = format!("{}: document {}", path.display(), number + 1);
                        match serde_saphyr::from_str::<Value>(document) {
                            Ok(Value::Null) => {}
                            Ok(value) => take(&mut documents, &place, namespace, value, &mut errors),
                            Err(error) => errors.push(format!("{place}: not YAML: {}", first_line(&error))),
                        }
                    }
                }
                Err(error) => errors.push(error),
            }
        }
    }
    (documents, errors)
}

/// The text of a file; `-` is stdin.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| format!("{}: failed to read: {error}", path.display()))
}

/// A file itself, or the YAML and JSON files of a folder by name.
fn inside(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |error: std::io::Error| format!("{}: failed to read the folder: {error}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if file.is_file() && matches!(extension, Some("yaml" | "yml" | "json")) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        Err(format!("{}: the folder has no .yaml, .yml or .json file", path.display()))
    } else {
        Ok(files)
    }
}

/// The documents of a stream that are more than comments.
fn split(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            documents.push(text.get(start..at).unwrap_or_default());
            start = at + line.len();
        }
        at += line.len();
    }
    documents.push(text.get(start..).unwrap_or_default());
    let says =
        |document: &&str| document.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    documents.into_iter().filter(says).collect()
}

fn take(documents: &mut Documents, place: &str, namespace: &str, value: Value, errors: &mut Vec<String>) {
    let member = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (member("apiVersion").to_owned(), member("kind").to_owned());
    let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let label = format!("{kind}/{name}");
    match (version.as_str(), kind.as_str()) {
        ("v1", "List") => {
            for item in value.get("items").and_then(Value::as_array).into_iter().flatten() {
                take(documents, place, namespace, item.clone(), errors);
            }
            return;
        }
        ("codeflare.dev/v1alpha1", _) => {
            let Some(problems) = strict::check(&kind, &value) else {
                errors.push(format!("{place}: {label}: kind: unknown; known: {}", strict::kinds().join(", ")));
                return;
            };
            if !problems.is_empty() {
                documents.broken.insert(label.clone());
                errors.extend(problems.into_iter().map(|problem| format!("{place}: {label} {problem}")));
                return;
            }
        }
        ("v1", "ConfigMap" | "Namespace") => {}
        ("", _) | (_, "") => {
            errors.push(format!("{place}: no Kubernetes object: apiVersion and kind are required"));
            return;
        }
        _ => {
            output::note(&format!("{place}: {label} ({version}) has no part in a plan, skipped"));
            return;
        }
    }
    if let Some(before) = documents.places.get(&label) {
        errors.push(format!("{place}: {label} is there twice; first in {before}"));
        return;
    }
    let kept = match kind.as_str() {
        "Application" => object(value).map(|mut object: Application| {
            settle(&mut object.metadata, namespace);
            documents.applications.push(object);
        }),
        "Run" => object(value).map(|mut object: Run| {
            settle(&mut object.metadata, namespace);
            // Names depend on the UID, which the API server gives.
            object.metadata.uid.get_or_insert_with(|| "00000000-0000-0000-0000-000000000000".to_owned());
            documents.runs.push(Found { object, place: place.to_owned() });
        }),
        "RunSizeConfiguration" => object(value).map(|object| documents.configurations.push(object)),
        "Plugin" => object(value).map(|object| documents.plugins.push(object)),
        // Nothing is fetched offline, but a pattern can be wrong.
        "PlatformRepoSecret" => object(value).and_then(|object: PlatformRepoSecret| {
            Pattern::parse(&object.spec.repo).map(drop).map_err(|error| format!("/spec/repo: spec.repo {error}"))
        }),
        "Namespace" => object(value).map(|object: Namespace| {
            let labels = object.metadata.labels.unwrap_or_default();
            documents.namespaces.insert(object.metadata.name.unwrap_or_default(), labels);
        }),
        _ => object(value).map(|mut object: ConfigMap| {
            settle(&mut object.metadata, namespace);
            documents.config_maps.push(object);
        }),
    };
    match kept {
        Ok(()) => drop(documents.places.insert(label, place.to_owned())),
        Err(error) => {
            errors.push(format!("{place}: {label}: {error}"));
            documents.broken.insert(label);
        }
    }
}

fn object<K: DeserializeOwned>(value: Value) -> Result<K, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn settle(meta: &mut ObjectMeta, namespace: &str) {
    meta.namespace.get_or_insert_with(|| namespace.to_owned());
}

/// The parser's words without its picture of the text, which has line numbers of its own.
pub(super) fn first_line(error: &serde_saphyr::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn documents_are_split_at_three_dashes_and_comments_are_none() {
        assert_eq!(split("# only\n---\na: 1\n--- # next\nb: 2\n---\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(split("a: |\n  x\n  ---\n"), ["a: |\n  x\n  ---\n"]);
    }
}
