//! The closed lists: for each kind, the paths that a launcher may write, and what may
//! stand there. Data (`fields/*.yaml`), read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use codeflare_documents::describe::EmittedKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod literal;
mod path;
pub(crate) mod sound;
pub(crate) mod yaml;

pub(crate) use literal::{Literal, is_key, is_label, is_label_value};
pub(crate) use path::{beside, places, pointer};

/// Rules by path: members joined with dots, `[]` for the elements of a list.
pub(crate) type Rules = BTreeMap<String, Rule>;

/// The list of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fields {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    /// How the API server spells it in addresses; empty in the host's own lists, whose
    /// plurals are regular.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) plural: String,
    #[serde(default)]
    pub(crate) watch: Watch,
    /// Paths that must be there; behind `[]` in every element.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) required: Vec<String>,
    /// Paths that must be there where another one has a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) required_where: Vec<Where>,
    pub(crate) fields: Rules,
    /// Keys of labels beside those of the plugin's own prefix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) labels: Vec<String>,
    /// Keys of annotations beside those of the plugin's own prefix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) annotations: Vec<String>,
}

impl Fields {
    /// The kind.
    pub(crate) fn emitted(&self) -> EmittedKind {
        EmittedKind { group: self.group.clone(), version: self.version.clone(), kind: self.kind.clone() }
    }

    /// Whether it is the list of this kind.
    pub(crate) fn is_of(&self, kind: &EmittedKind) -> bool {
        (&self.group, &self.version, &self.kind) == (&kind.group, &kind.version, &kind.kind)
    }

    /// Pointers to its YAML texts.
    pub(crate) fn yaml_texts(&self) -> impl Iterator<Item = String> {
        let texts = self.fields.iter().filter(|(_, rule)| matches!(rule, Rule::Yaml { .. }));
        texts.map(|(path, _)| pointer(path))
    }
}

/// How the host watches a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Watch {
    /// In full: the state of a Run is read from it.
    #[default]
    Full,
    /// Its metadata: that it is there is enough.
    Metadata,
}

/// Paths that must be there where another one has a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Where {
    pub(crate) path: String,
    pub(crate) is: Value,
    pub(crate) required: Vec<String>,
}

/// What may stand at a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(crate) enum Rule {
    /// Exactly this value.
    Const(Value),
    /// One of these values.
    Enum(Vec<Value>),
    /// A literal of this type.
    Type(Literal),
    /// A whole number from the first to the second.
    Integer(u64, u64),
    /// Text of at most so many bytes. On no list of the host: what an operator makes of any
    /// text is for an admin to know.
    Text(usize),
    /// A DNS label, but none of these.
    LabelBut(Vec<String>),
    /// The path of the program that runs the user's words as they are.
    Exec,
    /// A hole that names a role.
    Hole(Hole),
    /// `{"$name": SUFFIX}` of an object of this kind in the plan, named by nothing else.
    NameOf(String),
    /// A list of at most so many elements.
    List(usize),
    /// Members of any name with texts: at most so many, each of at most so many bytes.
    Texts { most: usize, bytes: usize },
    /// Text of at most so many bytes that is YAML, with a list of its own.
    Yaml { bytes: usize, fields: Rules },
    /// One rule for the primary, another one for supporting objects.
    Part { primary: Box<Rule>, supporting: Box<Rule> },
    /// `{"$pod": ROLE}`. Without counts it is exactly one pod.
    Pod {
        /// Paths that hold the role's count; those behind `[]` in the pod's own element.
        counts: Vec<String>,
        /// Paths that hold the role's count where they are there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        counts_if_there: Vec<String>,
    },
}

/// Holes that name a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The host's own list of a kind; none where it has none.
pub(crate) fn of(kind: &EmittedKind) -> Option<&'static Fields> {
    LISTS.iter().find(|list| list.is_of(kind))
}

/// Kinds that the host has a list of.
pub fn kinds() -> Vec<EmittedKind> {
    LISTS.iter().map(Fields::emitted).collect()
}

/// Kinds that the host has a list of, and how it watches each.
pub fn watched() -> Vec<(EmittedKind, Watch)> {
    LISTS.iter().map(|list| (list.emitted(), list.watch)).collect()
}

static LISTS: LazyLock<Vec<Fields>> = LazyLock::new(|| {
    [
        include_str!("fields/job.yaml"),
        include_str!("fields/jobset.yaml"),
        include_str!("fields/rayjob.yaml"),
        include_str!("fields/trainjob.yaml"),
        include_str!("fields/trainingruntime.yaml"),
        include_str!("fields/service.yaml"),
        include_str!("fields/configmap.yaml"),
    ]
    .into_iter()
    .map(|text| serde_saphyr::from_str(text).expect("should be valid: it is compiled in, and a test reads it"))
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_sound() {
        for list in LISTS.iter() {
            assert_eq!(sound::faults(list), Vec::<String>::new(), "{}", list.kind);
        }
    }
}
