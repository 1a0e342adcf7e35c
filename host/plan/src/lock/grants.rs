//! What a plugin is granted: its Plugin's grants, cut down to the ceiling. Pure.

use std::collections::BTreeSet;

use codeflare_api::plugin::Grant;
use codeflare_documents::describe::EmittedKind;

use super::ceiling::{Ceiling, closed};
use super::fields::{self, Fields, Rule};
use crate::seen::Seen;

/// What a plugin is granted, and what of its grants is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Granted {
    /// Lists of the granted kinds.
    lists: Vec<Fields>,
    /// What was cut away.
    cut: Vec<Cut>,
}

/// Part of a grant that is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cut {
    kind: EmittedKind,
    /// `fields spec.a`, `labels a/b`; empty: the whole kind.
    what: String,
    why: String,
}

impl Granted {
    /// The closed list of a kind: the host's own, or the granted one.
    pub(crate) fn list(&self, kind: &EmittedKind) -> Option<&Fields> {
        fields::of(kind).or_else(|| self.lists.iter().find(|list| list.is_of(kind)))
    }

    /// Kinds that were granted.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().map(|list| list.kind.as_str())
    }

    /// Why a kind that the Plugin has a grant of is not granted at all.
    pub(crate) fn refused(&self, kind: &EmittedKind) -> Option<&str> {
        self.cut.iter().find(|cut| cut.kind == *kind && cut.what.is_empty()).map(|cut| cut.why.as_str())
    }

    /// Why a field that the Plugin has a grant of is not granted.
    pub(crate) fn refused_field(&self, kind: &EmittedKind, path: &str) -> Option<&str> {
        let what = format!("fields {path}");
        self.cut.iter().find(|cut| cut.kind == *kind && cut.what == what).map(|cut| cut.why.as_str())
    }

    /// What is not granted, a line each, such as `example.com/v1 Widget, fields spec.a: why`.
    pub fn cuts(&self) -> Vec<String> {
        let line = |cut: &Cut| {
            let part = if cut.what.is_empty() { String::new() } else { format!(", {}", cut.what) };
            format!("{} {}{part}: {}", cut.kind.api_version(), cut.kind.kind, cut.why)
        };
        self.cut.iter().map(line).collect()
    }
}

/// What the Plugin of this name is granted.
pub(crate) fn of(seen: &Seen, plugin: &str) -> Granted {
    let grants = seen.plugins.iter().find(|one| one.name == plugin).map_or(&[][..], |one| &one.grants);
    granted(&seen.ceiling, grants, &seen.cluster_scoped)
}

/// Cuts grants down to the ceiling. Kinds of the whole cluster are none that a Run has.
pub fn granted(ceiling: &Ceiling, grants: &[Grant], cluster_scoped: &[EmittedKind]) -> Granted {
    let mut granted = Granted::default();
    for grant in grants {
        let kind = EmittedKind { group: grant.group.clone(), version: grant.version.clone(), kind: grant.kind.clone() };
        let refuse = |why: &str| Cut { kind: kind.clone(), what: String::new(), why: why.to_owned() };
        let list = match (closed(&kind), ceiling.of(&kind)) {
            (Some(why), _) => Err(refuse(why)),
            (None, None) => {
                Err(refuse("the platform's ceiling (plugins.ceiling of the chart) does not have this kind"))
            }
            _ if cluster_scoped.contains(&kind) => {
                Err(refuse("its objects are the whole cluster's; a Run has objects in its namespace only"))
            }
            _ if granted.lists.iter().any(|list| list.is_of(&kind)) => Err(refuse("another grant has this kind")),
            (None, Some(list)) => Ok(list),
        };
        match list {
            Ok(list) => {
                let (list, cut) = narrowed(list, grant);
                granted.lists.push(list);
                granted.cut.extend(cut.into_iter().map(|(what, why)| Cut { kind: kind.clone(), what, why }));
            }
            Err(cut) => granted.cut.push(cut),
        }
    }
    granted
}

/// A list of the ceiling as one grant has it, and what the ceiling does not have: what, why.
fn narrowed(list: &Fields, grant: &Grant) -> (Fields, Vec<(String, String)>) {
    let mut cut = Vec::new();
    let mut keys = |member: &str, wanted: &[String], most: &[String]| -> Vec<String> {
        let (held, others): (Vec<_>, Vec<_>) = wanted.iter().cloned().partition(|one| most.contains(one));
        let why = format!("the platform's ceiling does not have it among its {member}");
        cut.extend(others.into_iter().map(|one| (format!("{member} {one}"), why.clone())));
        if wanted.is_empty() { most.to_vec() } else { held }
    };
    let all: Vec<String> = list.fields.keys().cloned().collect();
    let paths = keys("fields", &grant.fields, &all);
    let labels = keys("labels", &grant.labels, &list.labels);
    let annotations = keys("annotations", &grant.annotations, &list.annotations);
    let mut held: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    // What the list asks for cannot be given up: without it no object would pass.
    held.extend(list.required.iter().map(String::as_str));
    for one in &list.required_where {
        held.extend(one.required.iter().map(String::as_str));
    }
    let pods = list.fields.iter().filter(|(path, _)| held.contains(path.as_str()));
    let counts: Vec<&str> = pods
        .filter_map(|(_, rule)| if let Rule::Pod { counts, .. } = rule { Some(counts) } else { None })
        .flatten()
        .map(String::as_str)
        .collect();
    held.extend(counts);
    let lists: Vec<&str> =
        held.iter().flat_map(|path| path.match_indices("[]").filter_map(|(at, _)| path.get(..at))).collect();
    held.extend(lists);
    let fields = list.fields.iter().filter(|(path, _)| held.contains(path.as_str()));
    let fields = fields.map(|(path, rule)| (path.clone(), rule.clone())).collect();
    (Fields { fields, labels, annotations, ..list.clone() }, cut)
}
