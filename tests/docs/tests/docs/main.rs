//! The documentation against the code.
//!
//! Pages of `docs/` are written by hand but for blocks between two comments, which are
//! made from the code (`pages`): fields of every type, values of the chart, reasons, the
//! command line. `UPDATE=1 cargo test -p codeflare-docs` writes them. The rest is held to
//! what it says: manifests are read as strictly as the API server reads them
//! (`manifests`), commands and paths exist (`shell`), every reason has a cure (`cures`),
//! links of the files beside `docs/` lead somewhere (`links`; those within it are
//! checked by `hack/docs.sh`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod blocks;
mod code;
mod cures;
mod links;
mod manifests;
mod metrics;
mod pages;
mod shell;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Text of a file of the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files below a folder of the repository that end so, as paths from its root, in order.
fn files(folder: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Every page of the site, and the files beside it that people read.
fn markdown() -> Vec<String> {
    let beside = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "hack/cluster/README.md"].map(str::to_owned);
    let folders = ["docs", "examples", "wit", "benches"].map(|folder| files(folder, ".md"));
    folders.into_iter().flatten().chain(beside).collect()
}
