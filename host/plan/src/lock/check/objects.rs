//! Objects of a draft against the closed list of their kind.

use serde_json::{Map, Value};

use super::super::fields::{self, Fields, Rule, is_label};
use super::super::holes::hole;
use super::super::kind_of;
use super::{Check, Place, shown};

/// Longest text that a launcher may write into an annotation.
const LONGEST_ANNOTATION: usize = 1024;

impl Check<'_> {
    pub(super) fn object(&mut self, place: &Place<'_>) {
        let object = &place.manifest.object;
        let kind = kind_of(object);
        let Some(list) = fields::of(&kind) else {
            let known: Vec<_> = fields::kinds().iter().map(|kind| kind.kind.clone()).collect();
            let message =
                format!("`{} {}` is not allowed; allowed: {}", kind.api_version(), kind.kind, known.join(", "));
            self.refuse(place, "/kind", &message);
            return;
        };
        if !self.resolved.kinds.contains(&kind) {
            self.refuse(place, "/kind", "the plugin does not declare this kind in its description");
        }
        // It has a kind, so it is an object.
        let members = object.as_object().cloned().unwrap_or_default();
        for (name, member) in &members {
            match name.as_str() {
                "apiVersion" | "kind" | "metadata" => {}
                "spec" => self.walk(place, list, "spec", "/spec", member),
                _ => self.refuse(place, &format!("/{name}"), "this field is not allowed"),
            }
        }
        self.metadata(place, members.get("metadata").unwrap_or(&Value::Null));
        for path in &list.required {
            if object.pointer(&fields::pointer(path)).is_none() {
                self.refuse(place, &fields::pointer(path), "this field is required");
            }
        }
    }

    fn metadata(&mut self, place: &Place<'_>, metadata: &Value) {
        let members = metadata.as_object().cloned().unwrap_or_default();
        let name = members.get("name").unwrap_or(&Value::Null);
        match hole(name) {
            Some(("$name", Some(""))) => {}
            Some(("$name", Some(suffix))) if is_suffix(suffix) && !place.manifest.primary => {}
            _ => {
                let message = "is not allowed; expected {\"$name\": SUFFIX}, with an empty suffix for the primary";
                self.refuse(place, "/metadata/name", &format!("{} {message}", shown(name)));
            }
        }
        let kind = kind_of(&place.manifest.object);
        let earlier = self.draft.manifests.iter().take(place.index);
        if earlier
            .into_iter()
            .any(|one| kind_of(&one.object) == kind && one.object.pointer("/metadata/name") == Some(name))
        {
            self.refuse(place, "/metadata/name", "another object of the plan has this kind and name");
        }
        for (member, value) in &members {
            match (member.as_str(), value.as_object()) {
                ("name", _) => {}
                ("labels", Some(pairs)) => self.pairs(place, member, pairs, is_label_value),
                ("annotations", Some(pairs)) => {
                    self.pairs(place, member, pairs, |text| text.len() <= LONGEST_ANNOTATION);
                }
                _ => self.refuse(place, &format!("/metadata/{member}"), "this field is not allowed"),
            }
        }
    }

    fn pairs(&mut self, place: &Place<'_>, member: &str, pairs: &Map<String, Value>, fits: fn(&str) -> bool) {
        let own = format!("{}.plugins.codeflare.dev/", self.resolved.launcher.name);
        for (key, value) in pairs {
            let named = key.strip_prefix(&own).is_some_and(|name| !name.is_empty() && is_label_value(name));
            if !named || !value.as_str().is_some_and(fits) {
                let message = format!("`{key}` is not allowed; expected keys under {own}, each with a short text");
                self.refuse(place, &format!("/metadata/{member}"), &message);
            }
        }
    }

    /// Walks a value along the list: a place with a rule is judged by it, a place that
    /// leads to one is entered, every other place is refused. `path` is written as in the
    /// list, `pointer` as in the object.
    fn walk(&mut self, place: &Place<'_>, list: &Fields, path: &str, pointer: &str, value: &Value) {
        if let Some(rule) = list.fields.get(path) {
            self.rule(place, list, (path, pointer), rule, value);
            return;
        }
        let leads = list.fields.keys().any(|known| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')));
        match value {
            Value::Object(members) if leads => {
                for (name, member) in members {
                    let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                    // A name with a dot or bracket in it would read as another path.
                    if name.chars().all(|c| c.is_ascii_alphanumeric()) {
                        self.walk(place, list, &format!("{path}.{name}"), &below, member);
                    } else {
                        self.refuse(place, &below, "this field is not allowed");
                    }
                }
            }
            _ if leads => self.refuse(place, pointer, &format!("{} is not allowed; expected an object", shown(value))),
            _ => self.refuse(place, pointer, "this field is not allowed"),
        }
    }

    fn rule(&mut self, place: &Place<'_>, list: &Fields, (path, pointer): (&str, &str), rule: &Rule, value: &Value) {
        let role = |kind: &str| match hole(value) {
            Some((found, Some(role))) if found == kind && self.has_role(role) => Some(role.to_owned()),
            _ => None,
        };
        let expected = match rule {
            Rule::Const(constant) => (value != constant).then(|| constant.to_string()),
            Rule::Enum(allowed) => {
                (!allowed.contains(value)).then(|| format!("one of {}", Value::from(allowed.clone())))
            }
            Rule::Type(literal) => (!literal.holds(value)).then(|| literal.name().to_owned()),
            Rule::Hole(hole) => {
                role(hole.name()).is_none().then(|| format!("{{\"{}\": ROLE}} with a role of the plan", hole.name()))
            }
            Rule::Pod { counts } => match role("$pod") {
                Some(role) => {
                    self.counts(place, pointer, counts, &role);
                    self.pods.push(role);
                    None
                }
                None => Some("{\"$pod\": ROLE} with a role of the plan".to_owned()),
            },
            Rule::List(most) => match value.as_array() {
                Some(elements) if elements.len() <= *most => {
                    for (index, element) in elements.iter().enumerate() {
                        self.walk(place, list, &format!("{path}[]"), &format!("{pointer}/{index}"), element);
                    }
                    None
                }
                _ => Some(format!("a list of at most {most}")),
            },
        };
        if let Some(expected) = expected {
            self.refuse(place, pointer, &format!("{} is not allowed; expected {expected}", shown(value)));
        }
    }

    /// The counts that multiply a pod must be its role's.
    fn counts(&mut self, place: &Place<'_>, pod: &str, counts: &[String], role: &str) {
        for count in counts {
            let pointer = fields::pointer(count);
            let found = place.manifest.object.pointer(&pointer).unwrap_or(&Value::Null);
            if hole(found) != Some(("$count", Some(role))) {
                let expected = format!("expected {{\"$count\": \"{role}\"}}, the role of {pod}");
                self.refuse(place, &pointer, &format!("{} is not allowed; {expected}", shown(found)));
            }
        }
    }

    fn has_role(&self, name: &str) -> bool {
        self.draft.roles.iter().any(|role| role.name == name)
    }
}

/// What may stand behind the base name: a short DNS label, or nothing.
pub(super) fn is_suffix(suffix: &str) -> bool {
    suffix.is_empty() || (is_label(suffix) && suffix.len() <= 16)
}

/// Whether a text can be the value of a label.
fn is_label_value(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.is_empty()
        || (text.len() <= 63
            && text.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
            && text.starts_with(edge)
            && text.ends_with(edge))
}
