//! Fills holes: `$pod`, `$count`, `$selector`, `$name`.

use codeflare_api::{labels, names};
use codeflare_documents::launcher::Role;
use serde_json::{Map, Value, json};

use super::fields::{Fields, yaml};
use super::grants::Granted;
use super::packages::Installs;
use super::{kind_of, pod};
use crate::resolve::Resolved;
use crate::seen::Seen;
use crate::size::Sized;

/// What holes are filled from.
pub(crate) struct Holes<'a> {
    pub(crate) seen: &'a Seen,
    pub(crate) resolved: &'a Resolved,
    pub(crate) sized: &'a Sized,
    pub(crate) granted: &'a Granted,
    pub(crate) roles: &'a [Role],
    /// Who installs packages.
    pub(crate) installs: Installs,
    /// Base name of the attempt.
    pub(crate) base: &'a str,
    pub(crate) attempt: u32,
}

/// A hole, if a value is one: exactly one member, whose name begins with a dollar. What
/// is no text is no argument.
pub(crate) fn hole(value: &Value) -> Option<(&str, Option<&str>)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (name, argument) = object.iter().next()?;
    name.starts_with('$').then(|| (name.as_str(), argument.as_str()))
}

impl Holes<'_> {
    /// An object with its holes filled. YAML within it becomes JSON, which every parser
    /// reads alike: what was checked is what the operator reads.
    pub(crate) fn object(&self, object: &Value) -> Value {
        let mut filled = self.fill(object);
        let list = self.granted.list(&kind_of(object));
        for pointer in list.into_iter().flat_map(Fields::yaml_texts) {
            if let Some(text) = filled.pointer_mut(&pointer)
                && let Some(read) = text.as_str().and_then(|text| yaml::read(text).ok())
            {
                *text = read.to_string().into();
            }
        }
        filled
    }

    /// A value with its holes filled. The check has refused every hole that cannot be.
    pub(crate) fn fill(&self, value: &Value) -> Value {
        if let Some((name, argument)) = hole(value) {
            return self.fill_one(name, argument.unwrap_or_default());
        }
        match value {
            Value::Object(members) => Value::Object(
                members.iter().map(|(name, member)| (name.clone(), self.fill(member))).collect::<Map<_, _>>(),
            ),
            Value::Array(elements) => elements.iter().map(|element| self.fill(element)).collect(),
            literal => literal.clone(),
        }
    }

    fn fill_one(&self, name: &str, argument: &str) -> Value {
        let role = self.roles.iter().find(|role| role.name == argument);
        match (name, role) {
            ("$name", _) => names::with_suffix(self.base, argument).into(),
            ("$count", Some(role)) => role.count.into(),
            ("$selector", Some(role)) => json!({
                labels::RUN_UID: self.resolved.uid,
                labels::ATTEMPT: self.attempt.to_string(),
                labels::ROLE: role.name,
            }),
            ("$pod", Some(role)) => pod::template(self, role),
            _ => Value::Null,
        }
    }
}
