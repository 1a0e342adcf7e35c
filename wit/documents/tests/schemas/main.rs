//! `wit/schemas` is what the types say, and neither it nor the WIT breaks what was
//! released. `UPDATE=1 cargo test -p codeflare-documents` writes the schemas.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod guard;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use guard::{Reader, breaks, wit_breaks};
use serde_json::Value;

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

#[test]
fn published_schemas_are_those_of_the_types() {
    let directory = wit().join("schemas");
    let schemas = codeflare_documents::schemas();
    if std::env::var_os("UPDATE").is_some() {
        for (name, schema) in &schemas {
            fs::write(directory.join(name), text(schema)).unwrap();
        }
    }
    let mut files: Vec<_> = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, schemas.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "files in wit/schemas");
    for (name, schema) in schemas {
        let published = fs::read_to_string(directory.join(name)).unwrap();
        assert!(
            published == text(&schema),
            "wit/schemas/{name} is not what the types say; UPDATE=1 cargo test -p codeflare-documents writes it"
        );
    }
}

/// The newest directory in `wit/released`.
fn released() -> PathBuf {
    let version = |path: &PathBuf| guard::version(path.file_name().unwrap().to_str().unwrap());
    let all = fs::read_dir(wit().join("released")).unwrap().map(|entry| entry.unwrap().path());
    all.max_by_key(version).expect("should have a released version")
}

#[test]
fn wit_changes_only_with_the_version_of_its_package() {
    let read = |path: PathBuf| fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for name in ["launcher", "plugin", "progress", "sizing"] {
        let old = read(released().join(format!("{name}.wit")));
        let now = read(wit().join(name).join(format!("{name}.wit")));
        if let Some(why) = wit_breaks(&old, &now) {
            panic!("wit/{name}/{name}.wit: {why} (wit/VERSIONING.md)");
        }
    }
}

#[test]
fn schemas_only_grow() {
    let now: BTreeMap<_, _> = codeflare_documents::schemas().into_iter().collect();
    let mut broken = Vec::new();
    for file in fs::read_dir(released().join("schemas")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let old: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let reader = if name.ends_with("-request.json") { Reader::Plugin } else { Reader::Host };
        match now.get(name) {
            Some(now) => broken.extend(breaks(reader, name, &old, now)),
            None => broken.push(format!("{name} is gone")),
        }
    }
    assert!(broken.is_empty(), "compiled plugins would break (wit/VERSIONING.md):\n{}", broken.join("\n"));
}
