//! A guest and what must come of it, as `tests/guests/maker` found it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use codeflare_documents::call::Request;
use codeflare_engine::{Limits, Role};
use serde::Deserialize;
use serde_json::Value;

use crate::support;

/// A line of `index.json`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Guest {
    pub(crate) category: String,
    pub(crate) name: String,
    component: Option<PathBuf>,
    role: RoleName,
    step: Option<Step>,
    when: When,
    pub(crate) comes_to: Outcomes,
    pub(crate) says: String,
    pub(crate) answer: BTreeMap<String, Value>,
    limits: OtherLimits,
    #[serde(skip)]
    pub(crate) bytes: Arc<[u8]>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Outcomes {
    One(String),
    Some(Vec<String>),
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum RoleName {
    Launcher,
    SizingPolicy,
    Progress,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    Launch,
    Observe,
    Decide,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum When {
    Load,
    Call,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct OtherLimits {
    time_ms: Option<u64>,
    fuel: Option<u64>,
    memory_mib: Option<u64>,
}

/// Builds all guests and reads them, by category and name.
pub(crate) fn all() -> Vec<Guest> {
    let made = tempfile::tempdir().unwrap();
    support::cargo(&["run", "--quiet", "--locked", "--package", "maker", "--", made.path().to_str().unwrap()]);
    let index = std::fs::read(made.path().join("index.json")).unwrap();
    let mut all: Vec<Guest> = serde_json::from_slice(&index).unwrap();
    let rust = support::guests();
    for guest in &mut all {
        guest.bytes = match &guest.component {
            Some(path) => std::fs::read(path).unwrap().into(),
            None => {
                let name = format!("{}_{}", guest.category, guest.name);
                Arc::clone(rust.get(&name).unwrap_or_else(|| panic!("tests/guests/Cargo.toml has no example {name}")))
            }
        };
    }
    all.sort_by(|a, b| (&a.category, &a.name).cmp(&(&b.category, &b.name)));
    all
}

impl Guest {
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.category, self.name)
    }

    /// Whether it was asked for.
    pub(crate) fn is(&self, filter: Option<&str>) -> bool {
        filter.is_none_or(|filter| self.full_name().contains(filter))
    }

    pub(crate) fn role(&self) -> Role {
        match self.role {
            RoleName::Launcher => Role::Launcher,
            RoleName::SizingPolicy => Role::SizingPolicy,
            RoleName::Progress => Role::Progress,
        }
    }

    /// What it is asked; nothing can be asked of a progress reader yet.
    pub(crate) fn request(&self) -> Option<Request> {
        match (&self.step, &self.role) {
            (Some(Step::Observe), _) => Some(support::observe()),
            (Some(Step::Decide), _) | (None, RoleName::SizingPolicy) => Some(support::decide()),
            (Some(Step::Launch), _) | (None, RoleName::Launcher) => Some(support::launch()),
            (None, RoleName::Progress) => None,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            time: self.limits.time_ms.map_or(usual.time, Duration::from_millis),
            fuel: self.limits.fuel.unwrap_or(usual.fuel),
            memory: self.limits.memory_mib.map_or(usual.memory, |mib| mib << 20),
            ..usual
        }
    }

    /// Whether this may be said of it as early as that.
    pub(crate) fn may_fail_at_load(&self, reason: &str) -> bool {
        self.when == When::Load || reason == "loaded" || reason.starts_with("Compile")
    }
}

impl Outcomes {
    fn all(&self) -> &[String] {
        match self {
            Outcomes::One(one) => std::slice::from_ref(one),
            Outcomes::Some(some) => some,
        }
    }

    pub(crate) fn has(&self, came: &str) -> bool {
        self.all().iter().any(|one| one == came)
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.all().join(" or "))
    }
}
