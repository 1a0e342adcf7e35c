//! The closed lists: for each kind, the paths that a launcher may write, and what may
//! stand there. Data (`fields/*.yaml`), read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use codeflare_documents::describe::EmittedKind;
use serde::Deserialize;
use serde_json::Value;

mod literal;
mod path;
pub(crate) mod yaml;

pub(crate) use literal::{Literal, is_key, is_label, is_label_value};
pub(crate) use path::{beside, places, pointer};

/// Rules by path: members joined with dots, `[]` for the elements of a list.
pub(crate) type Rules = BTreeMap<String, Rule>;

/// The list of one kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fields {
    group: String,
    version: String,
    kind: String,
    watch: Watch,
    /// Paths that must be there; behind `[]` in every element.
    pub(crate) required: Vec<String>,
    /// Paths that must be there where another one has a value.
    #[serde(default)]
    pub(crate) required_where: Vec<Where>,
    pub(crate) fields: Rules,
}

/// How the host watches a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Watch {
    /// In full: the state of a Run is read from it.
    Full,
    /// Its metadata: that it is there is enough.
    Metadata,
}

/// Paths that must be there where another one has a value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Where {
    pub(crate) path: String,
    pub(crate) is: Value,
    pub(crate) required: Vec<String>,
}

/// What may stand at a path.
#[derive(Debug, Deserialize)]
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
        #[serde(default)]
        counts_if_there: Vec<String>,
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

/// The list of a kind; none where the host knows none.
pub(crate) fn of(kind: &EmittedKind) -> Option<&'static Fields> {
    LISTS.iter().find(|list| (&list.group, &list.version, &list.kind) == (&kind.group, &kind.version, &kind.kind))
}

/// Pointers to the YAML texts of a kind.
pub(crate) fn yaml_texts(kind: &EmittedKind) -> impl Iterator<Item = String> {
    let fields = of(kind).into_iter().flat_map(|list| &list.fields);
    fields.filter(|(_, rule)| matches!(rule, Rule::Yaml { .. })).map(|(path, _)| pointer(path))
}

/// Kinds that have a list.
pub fn kinds() -> Vec<EmittedKind> {
    watched().into_iter().map(|(kind, _)| kind).collect()
}

/// Kinds that have a list, and how the host watches each.
pub fn watched() -> Vec<(EmittedKind, Watch)> {
    let kind = |list: &Fields| EmittedKind {
        group: list.group.clone(),
        version: list.version.clone(),
        kind: list.kind.clone(),
    };
    LISTS.iter().map(|list| (kind(list), list.watch)).collect()
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

    /// Every path that a list names, with what names it.
    fn named(list: &Fields) -> Vec<&String> {
        let mut all: Vec<&String> = list.required.iter().collect();
        for one in &list.required_where {
            all.push(&one.path);
            all.extend(&one.required);
        }
        for rule in list.fields.values() {
            if let Rule::Pod { counts, counts_if_there } = rule {
                all.extend(counts.iter().chain(counts_if_there));
            }
        }
        all
    }

    #[test]
    fn what_a_list_names_is_on_it() {
        for list in LISTS.iter() {
            for path in named(list) {
                assert!(list.fields.contains_key(path), "{}: {path}", list.kind);
            }
            for path in list.fields.keys() {
                for (at, _) in path.match_indices("[]") {
                    let elements = &path[..at];
                    assert!(
                        matches!(list.fields.get(elements), Some(Rule::List(_))),
                        "{}: {elements} is no list",
                        list.kind
                    );
                }
            }
        }
    }

    #[test]
    fn a_count_in_a_list_is_beside_its_pod() {
        for list in LISTS.iter() {
            for (path, rule) in &list.fields {
                let Rule::Pod { counts, counts_if_there } = rule else { continue };
                for count in counts.iter().chain(counts_if_there) {
                    let element = count.rsplit_once("[]").map_or("", |(element, _)| element);
                    assert!(path.starts_with(element), "{}: {count} counts no {path}", list.kind);
                }
            }
        }
    }
}
