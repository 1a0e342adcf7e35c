//! The host knows no framework: no line of it names one, or a kind of theirs, outside the
//! closed lists of fields, which are data.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

/// Words of frameworks and of their operators; found as parts of words too.
const WORDS: [&str; 10] =
    ["rayjob", "raycluster", "kuberay", "ray.io", "torch", "jobset", "trainjob", "trainingruntime", "kubeflow", "pet_"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let skipped = path.ends_with("plan/src/lock/fields") || path.ends_with("tests") || path.ends_with("target");
        if path.is_dir() && !skipped {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "yaml") {
            found.push(path);
        }
    }
}

/// The framework's shortest name, as a word of its own.
fn names_ray(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ray")
}

#[test]
fn no_line_of_the_host_names_a_framework() {
    let mut sources = Vec::new();
    files(Path::new(env!("CARGO_MANIFEST_DIR")), &mut sources);
    assert!(sources.len() > 100, "only {} files were found", sources.len());
    let mut named = Vec::new();
    for path in sources {
        // The lists are read into the program by name.
        if path.ends_with("plan/src/lock/fields.rs") {
            continue;
        }
        for (number, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            let lower = line.to_lowercase();
            if names_ray(&lower) || WORDS.iter().any(|word| lower.contains(word)) {
                named.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(named.is_empty(), "the host names a framework:\n{}", named.join("\n"));
}
