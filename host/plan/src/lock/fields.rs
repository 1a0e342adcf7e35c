//! The closed lists: for each kind, the paths that a launcher may write, and what may
//! stand there. Data (`fields/*.yaml`), read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use codeflare_documents::describe::EmittedKind;
use serde::Deserialize;
use serde_json::Value;

/// The list of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    group: String,
    version: String,
    kind: String,
    /// Paths that must be there.
    pub(crate) required: Vec<String>,
    /// By path: members joined with dots, `[]` for the elements of a list.
    pub(crate) fields: BTreeMap<String, Rule>,
}

/// What may stand at a path.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Rule {
    /// Exactly this value.
    Const(Value),
    /// One of these values.
    Enum(Vec<Value>),
    /// A literal of this type.
    Type(Literal),
    /// A hole that names a role.
    Hole(Hole),
    /// A list of at most so many elements.
    List(usize),
    /// `{"$pod": ROLE}`, with the paths whose counts multiply it.
    Pod {
        /// Paths that hold the role's count.
        counts: Vec<String>,
    },
}

/// Holes that name a role.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Hole {
    /// `{"$count": ROLE}`.
    Count,
    /// `{"$selector": ROLE}`.
    Selector,
}

impl Hole {
    /// Name of the hole's one member.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Hole::Count => "$count",
            Hole::Selector => "$selector",
        }
    }
}

/// Types of literals.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Literal {
    /// true or false.
    Boolean,
    /// true or false, and a control may turn it.
    Switch,
    /// A DNS label.
    Label,
    /// 1 to 65535.
    Port,
}

impl Literal {
    /// Whether a value is one.
    pub(crate) fn holds(self, value: &Value) -> bool {
        match self {
            Literal::Boolean | Literal::Switch => value.is_boolean(),
            Literal::Label => value.as_str().is_some_and(is_label),
            Literal::Port => value.as_u64().is_some_and(|port| (1..=65535).contains(&port)),
        }
    }

    /// How the refusal names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Literal::Boolean | Literal::Switch => "true or false",
            Literal::Label => "a DNS label",
            Literal::Port => "a port, 1 to 65535",
        }
    }
}

/// A path of a list, without lists on its way, as a JSON pointer.
pub(crate) fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// Whether a text is a DNS label (RFC 1123): at most 63 lower-case letters, digits and
/// dashes, neither beginning nor ending with a dash.
pub(crate) fn is_label(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(|c| edge(c) || c == '-')
        && text.starts_with(edge)
        && text.ends_with(edge)
}

/// The list of a kind; none where the host knows none.
pub(crate) fn of(kind: &EmittedKind) -> Option<&'static Fields> {
    LISTS.iter().find(|list| (&list.group, &list.version, &list.kind) == (&kind.group, &kind.version, &kind.kind))
}

/// Kinds that have a list.
pub fn kinds() -> Vec<EmittedKind> {
    let kind = |list: &Fields| EmittedKind {
        group: list.group.clone(),
        version: list.version.clone(),
        kind: list.kind.clone(),
    };
    LISTS.iter().map(kind).collect()
}

static LISTS: LazyLock<Vec<Fields>> = LazyLock::new(|| {
    [include_str!("fields/job.yaml"), include_str!("fields/service.yaml")]
        .into_iter()
        .map(|text| serde_saphyr::from_str(text).expect("should be valid: it is compiled in, and a test reads it"))
        .collect()
});

#[cfg(test)]
mod tests {
    #[test]
    fn every_list_can_be_read() {
        assert_eq!(super::kinds().iter().map(|kind| kind.kind.as_str()).collect::<Vec<_>>(), ["Job", "Service"]);
    }
}
