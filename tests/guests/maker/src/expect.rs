//! What must come of a guest: YAML in the head of its file, behind a line with `---`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What must come of a guest, and under which limits.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// What it is loaded as.
    #[serde(default)]
    pub role: Role,
    /// What it is asked; the role's first function unless it says otherwise.
    #[serde(default)]
    pub step: Option<Step>,
    /// Whether it must be stopped when it is loaded, or by the call.
    #[serde(default)]
    pub when: When,
    /// `answer`, `loaded`, or the reason of an error. Several where it is a matter of
    /// the machine which limit is met first.
    pub comes_to: Outcomes,
    /// Words of the error.
    #[serde(default)]
    pub says: String,
    /// Members of the answer, by JSON pointer.
    #[serde(default)]
    pub answer: BTreeMap<String, Value>,
    /// Other limits than the usual ones.
    #[serde(default)]
    pub limits: Limits,
    /// Versions of our packages that it is built against, where they are not ours, and
    /// of `wasi`.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// Lines of WIT: what else its world imports.
    #[serde(default)]
    pub world: String,
}

/// One or several.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcomes {
    One(String),
    Some(Vec<String>),
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    #[default]
    Launcher,
    SizingPolicy,
    Progress,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    Launch,
    Observe,
    Decide,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    Load,
    #[default]
    Call,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Milliseconds.
    #[serde(default)]
    pub time_ms: Option<u64>,
    #[serde(default)]
    pub fuel: Option<u64>,
    #[serde(default)]
    pub memory_mib: Option<u64>,
}

/// Reads the head of a file whose comments begin with `comment`.
///
/// # Errors
/// If there is no expectation, or if it says what is not known.
pub fn of(file: &Path, comment: &str) -> Result<Expect> {
    let text = std::fs::read_to_string(file)?;
    let head = text.lines().map_while(|line| line.strip_prefix(comment));
    let yaml: Vec<&str> = head.skip_while(|line| line.trim() != "---").skip(1).map(|line| line.trim_start()).collect();
    serde_saphyr::from_str(&yaml.join("\n")).with_context(|| {
        format!("{}: should say in its head, behind a line `---`, what must come of it", file.display())
    })
}
