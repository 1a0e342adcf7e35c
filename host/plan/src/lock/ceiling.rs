//! The ceiling on grants: kinds beyond the host's own that plugins may be granted, each with
//! its closed list. An admin writes it (`plugins.ceiling` of the chart); read once, whole.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use codeflare_documents::describe::EmittedKind;
use serde::{Deserialize, Serialize};

use super::fields::{self, Fields, Watch, is_label, sound};

/// Most kinds of a ceiling.
const MOST_KINDS: usize = 64;

/// What plugins may be granted at most. Empty: no kind beyond the host's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Fields>")]
pub struct Ceiling(Vec<Fields>);

/// Why a ceiling cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeilingError {
    /// It is not a list of kinds.
    #[error("expected a YAML list of kinds, each with group, version, kind, plural and fields: {0}")]
    NotRead(String),
    /// Everything that is wrong with its kinds.
    #[error("{}", .0.join("; "))]
    Unsound(Vec<String>),
}

impl TryFrom<Vec<Fields>> for Ceiling {
    type Error = CeilingError;

    fn try_from(lists: Vec<Fields>) -> Result<Ceiling, CeilingError> {
        let mut all = Vec::new();
        if lists.len() > MOST_KINDS {
            all.push(format!("{} kinds; at most {MOST_KINDS} are allowed", lists.len()));
        }
        for (index, list) in lists.iter().enumerate() {
            let kind = list.emitted();
            let place = format!("kind {index} ({} {})", kind.api_version(), kind.kind);
            let mut say = |fault: &str| all.push(format!("{place}: {fault}"));
            if !is_spelled(list) {
                say("group, version, kind and plural must be spelled as in the kind's definition");
            }
            if let Some(why) = closed(&kind) {
                say(why);
            }
            if lists.iter().take(index).any(|earlier| earlier.is_of(&kind)) {
                say("it is there twice");
            }
            sound::faults(list).iter().for_each(|fault| say(fault));
        }
        if all.is_empty() { Ok(Ceiling(lists)) } else { Err(CeilingError::Unsound(all)) }
    }
}

impl Ceiling {
    /// Reads a ceiling from YAML or JSON text.
    ///
    /// # Errors
    /// With everything that is wrong, by kind and path.
    pub fn read(text: &str) -> Result<Ceiling, CeilingError> {
        let lists: Vec<Fields> =
            serde_saphyr::from_str(text).map_err(|error| CeilingError::NotRead(error.to_string()))?;
        lists.try_into()
    }

    /// Whether it has no kind.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its kinds, and how the host watches each.
    pub fn watched(&self) -> Vec<(EmittedKind, Watch)> {
        self.0.iter().map(|list| (list.emitted(), list.watch)).collect()
    }

    /// Its kinds.
    pub fn kinds(&self) -> Vec<EmittedKind> {
        self.0.iter().map(Fields::emitted).collect()
    }

    /// How the API server spells a kind in addresses; none where it is not of the ceiling.
    pub fn plural(&self, kind: &EmittedKind) -> Option<&str> {
        self.of(kind).map(|list| list.plural.as_str())
    }

    /// The list of a kind.
    pub(crate) fn of(&self, kind: &EmittedKind) -> Option<&Fields> {
        self.0.iter().find(|list| list.is_of(kind))
    }
}

/// Which kinds a ceiling can hold at all (`fields/grantable.yaml`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grantable {
    kubernetes: BTreeMap<String, BTreeMap<String, String>>,
    never: Vec<String>,
}

static GRANTABLE: LazyLock<Grantable> = LazyLock::new(|| {
    serde_saphyr::from_str(include_str!("fields/grantable.yaml"))
        .expect("should be valid: it is compiled in, and a test reads it")
});

/// Why a kind can never be granted; none where that is for the ceiling to say.
pub(crate) fn closed(kind: &EmittedKind) -> Option<&'static str> {
    let group = kind.group.as_str();
    let below = |parent: &String| {
        group == parent || group.strip_suffix(parent.as_str()).is_some_and(|before| before.ends_with('.'))
    };
    let kubernetes = !group.contains('.') || group == "k8s.io" || group.ends_with(".k8s.io");
    let own = fields::kinds();
    if own.contains(kind) {
        Some("the host has a list of this kind itself, which no grant widens")
    } else if own.iter().any(|one| (&one.group, &one.kind) == (&kind.group, &kind.kind)) {
        // The same objects under another version's spelling of their fields.
        Some("the host has a list of another version of this kind")
    } else if GRANTABLE.never.iter().any(below) {
        Some("kinds of this group say who may do what; they can never be granted")
    } else if kubernetes && !GRANTABLE.kubernetes.get(group).is_some_and(|kinds| kinds.contains_key(&kind.kind)) {
        Some("this kind is of Kubernetes itself; it can never be granted")
    } else {
        None
    }
}

/// Whether the names are such that an address can be made of them.
fn is_spelled(list: &Fields) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = list.version.strip_prefix('v').is_some_and(|rest| {
        let mut parts = ["alpha", "beta"].into_iter().filter_map(|stage| rest.split_once(stage));
        parts.next().map_or_else(|| digits(rest), |(major, minor)| digits(major) && digits(minor))
    });
    let kind = list.kind.starts_with(|c: char| c.is_ascii_uppercase())
        && list.kind.len() <= 63
        && list.kind.chars().all(|c| c.is_ascii_alphanumeric());
    let group = list.group.is_empty() || list.group.len() <= 253 && list.group.split('.').all(is_label);
    let kubernetes = GRANTABLE.kubernetes.get(&list.group).and_then(|kinds| kinds.get(&list.kind));
    let plural = is_label(&list.plural) && kubernetes.is_none_or(|plural| *plural == list.plural);
    version && kind && group && plural
}
