//! `wit/schemas` is what the types say, and neither it nor the WIT breaks what was
//! released. `UPDATE=1 cargo test -p codeflare-documents` writes the schemas.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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
    let version = |path: &PathBuf| -> Vec<u64> {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.split('.').map(|part| part.parse().expect("should be a version, as 0.1.0")).collect()
    };
    let all = fs::read_dir(wit().join("released")).unwrap().map(|entry| entry.unwrap().path());
    all.max_by_key(version).expect("should have a released version")
}

/// WIT without comments and white space, and the line that names the package.
fn wit_text(path: &Path) -> (String, String) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let words: Vec<_> = code.flat_map(str::split_whitespace).collect();
    let package = words.iter().skip_while(|word| **word != "package").nth(1).unwrap().to_string();
    (package, words.join(" "))
}

#[test]
fn wit_changes_only_with_the_version_of_its_package() {
    for name in ["launcher", "plugin", "progress", "sizing"] {
        let (old_package, old) = wit_text(&released().join(format!("{name}.wit")));
        let (package, now) = wit_text(&wit().join(name).join(format!("{name}.wit")));
        assert!(
            package != old_package || now == old,
            "wit/{name}/{name}.wit differs from the released {old_package}: compiled plugins would break. \
             Give the package a new version and serve both (wit/VERSIONING.md)."
        );
    }
}

/// Who reads a document decides what may change in it.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    /// Compiled plugins: what they rely on must stay.
    Plugin,
    /// The host: what plugins write must stay allowed.
    Host,
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
            Some(now) => compare(reader, name, &old, now, &mut broken),
            None => broken.push(format!("{name} is gone")),
        }
    }
    assert!(broken.is_empty(), "compiled plugins would break (wit/VERSIONING.md):\n{}", broken.join("\n"));
}

/// Everything that was said before must still be said, but for words; members may come
/// to `properties` and `$defs`.
fn compare(reader: Reader, at: &str, old: &Value, now: &Value, broken: &mut Vec<String>) {
    let (Some(old), Some(now)) = (old.as_object(), now.as_object()) else {
        if old != now {
            broken.push(format!("{at} was {old} and is {now}"));
        }
        return;
    };
    let keywords = old.keys().chain(now.keys().filter(|key| !old.contains_key(*key)));
    for keyword in keywords {
        let at = format!("{at}/{keyword}");
        match (keyword.as_str(), old.get(keyword), now.get(keyword)) {
            ("description" | "title" | "$schema" | "default", ..) => {}
            ("required", old, now) => required(reader, &at, old, now, broken),
            ("properties" | "$defs", Some(old), Some(now)) => {
                for (name, old) in old.as_object().into_iter().flatten() {
                    match now.get(name) {
                        Some(now) => compare(reader, &format!("{at}/{name}"), old, now, broken),
                        None => broken.push(format!("{at}/{name} is gone")),
                    }
                }
            }
            ("properties" | "$defs", None, Some(_)) => {}
            (_, Some(old), Some(now)) => compare(reader, &at, old, now, broken),
            (_, Some(old), None) => broken.push(format!("{at} was {old} and is gone")),
            (_, None, now) => broken.push(format!("{at} was not there and is {now:?}")),
        }
    }
}

/// What plugins read must stay there; what plugins write must not be asked for.
fn required(reader: Reader, at: &str, old: Option<&Value>, now: Option<&Value>, broken: &mut Vec<String>) {
    let names = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (old, now) = (names(old), names(now));
    let (must, of, what) = match reader {
        Reader::Plugin => (old, now, "is no longer always there"),
        Reader::Host => (now, old, "is newly required"),
    };
    broken.extend(must.iter().filter(|name| !of.contains(name)).map(|name| format!("{at}: {name} {what}")));
}

#[test]
fn the_guard_sees_what_breaks() {
    let old = serde_json::json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}});
    let cases = [
        (r#"{"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "string"}, "b": {}}}"#, 0, 1),
        (r#"{"type": "object", "properties": {"a": {"type": "string"}}}"#, 1, 0),
        (r#"{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}"#, 1, 1),
        (r#"{"type": "object", "required": ["a"], "properties": {}}"#, 1, 1),
        (r#"{"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "maxLength": 3}}}"#, 1, 1),
        (
            r#"{"description": "d", "type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {}}}"#,
            0,
            0,
        ),
    ];
    for (now, plugin, host) in cases {
        let now: Value = serde_json::from_str(now).unwrap();
        for (reader, faults) in [(Reader::Plugin, plugin), (Reader::Host, host)] {
            let mut broken = Vec::new();
            compare(reader, "x", &old, &now, &mut broken);
            assert_eq!(broken.len(), faults, "{now}: {broken:?}");
        }
    }
}
