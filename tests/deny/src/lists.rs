//! The closed lists as data: which kinds, paths and pods they declare. Read from the files
//! of the host, so that a list that grows is tested as it is.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The list of one kind, as far as cases are made from it.
#[derive(Clone, Debug, Deserialize)]
pub struct List {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    fields: Map<String, Value>,
}

/// Members of every object that have rules of their own, in code.
const ALWAYS: [&str; 5] = ["apiVersion", "kind", "metadata.name", "metadata.labels", "metadata.annotations"];

/// Every list of the host.
pub fn all() -> Vec<List> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/plan/src/lock/fields");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap_or_default());
    texts.filter(|text| text.contains("\nkind: ")).map(|text| read(&text)).collect()
}

fn read(text: &str) -> List {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Where a path stands to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It has a rule of its own, or it is text below one that takes any names.
    Listed,
    /// A listed path is below it.
    Leads,
    /// Neither.
    Out,
}

impl List {
    /// Paths where a pod of the host's may stand.
    pub fn pods(&self) -> Vec<&str> {
        self.fields.iter().filter(|(_, rule)| rule.get("pod").is_some()).map(|(path, _)| path.as_str()).collect()
    }

    /// Where a path stands.
    pub fn stands(&self, path: &str) -> Stands {
        let listed = || self.fields.keys().map(String::as_str).chain(ALWAYS);
        let below =
            |one: &str| one.strip_prefix(path).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("[]"));
        let texts = path.rsplit_once('.').and_then(|(parent, _)| self.fields.get(parent));
        if listed().any(|one| one == path) || texts.is_some_and(|rule| rule.get("texts").is_some()) {
            Stands::Listed
        } else if path == "metadata" || listed().any(below) {
            Stands::Leads
        } else {
            Stands::Out
        }
    }
}
