//! Values of an object against the rules of its kind.

use codeflare_documents::launcher::RoleMore;
use serde_json::{Map, Value};

use super::super::fields::{self, Rule, Rules, is_key, is_label, yaml};
use super::super::holes::hole;
use super::super::{EXEC, kind_of};
use super::objects::is_suffix;
use super::{Check, Place, more, shown};

impl Check<'_> {
    /// Walks members of an object, each along the rules.
    pub(super) fn members(
        &mut self,
        place: &Place<'_>,
        rules: &Rules,
        (path, pointer): (&str, &str),
        members: &Map<String, Value>,
    ) {
        for (name, member) in members {
            let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            // A name with a dot or bracket in it would read as another path.
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
                self.refuse(place, &below, "this field is not allowed");
            } else if path.is_empty() {
                self.walk(place, rules, (name, &below), member);
            } else {
                self.walk(place, rules, (&format!("{path}.{name}"), &below), member);
            }
        }
    }

    /// Walks a value along the rules: a place with a rule is judged by it, a place that
    /// leads to one is entered, every other place is refused. `path` is written as in the
    /// list, `pointer` as in the object.
    fn walk(&mut self, place: &Place<'_>, rules: &Rules, (path, pointer): (&str, &str), value: &Value) {
        if let Some(rule) = rules.get(path) {
            if let Some(expected) = self.rule(place, rules, (path, pointer), rule, value) {
                self.refuse(place, pointer, &format!("{} is not allowed; expected {expected}", shown(value)));
            }
            return;
        }
        let leads = rules.keys().any(|known| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')));
        match value {
            Value::Object(members) if leads => self.members(place, rules, (path, pointer), members),
            _ if leads => self.refuse(place, pointer, &format!("{} is not allowed; expected an object", shown(value))),
            _ => {
                let why = self.granted.refused_field(&kind_of(&place.manifest.object), path);
                let why = why.map(|why| format!("; its grant is cut: {why}")).unwrap_or_default();
                self.refuse(place, pointer, &format!("this field is not allowed{why}"));
            }
        }
    }

    /// What a rule expects where the value is something else.
    fn rule(
        &mut self,
        place: &Place<'_>,
        rules: &Rules,
        at: (&str, &str),
        rule: &Rule,
        value: &Value,
    ) -> Option<String> {
        match rule {
            Rule::Const(constant) => (value != constant).then(|| constant.to_string()),
            Rule::Enum(allowed) => {
                (!allowed.contains(value)).then(|| format!("one of {}", Value::from(allowed.clone())))
            }
            Rule::Type(literal) => (!literal.holds(value)).then(|| literal.name().to_owned()),
            Rule::Integer(least, most) => {
                let within = value.as_u64().is_some_and(|number| (*least..=*most).contains(&number));
                (!within).then(|| format!("a whole number, {least} to {most}"))
            }
            Rule::Text(bytes) => {
                let fits = value.as_str().is_some_and(|text| text.len() <= *bytes);
                (!fits).then(|| format!("text of at most {bytes} bytes"))
            }
            Rule::LabelBut(others) => {
                let own = value.as_str().is_some_and(|text| is_label(text) && !others.iter().any(|one| one == text));
                (!own).then(|| format!("a DNS label other than {}", others.join(", ")))
            }
            Rule::Exec => self.exec(place, at.1, value),
            Rule::Hole(hole) => self
                .role_of(hole.name(), value)
                .is_none()
                .then(|| format!("{{\"{}\": ROLE}} with a role of the plan", hole.name())),
            Rule::NameOf(kind) => (!self.names(kind, value))
                .then(|| format!("{{\"$name\": SUFFIX}} of a {kind} of this plan that nothing else names")),
            Rule::List(most) => self.list(place, rules, at, *most, value),
            Rule::Texts { most, bytes } => self.texts(place, at.1, (*most, *bytes), value),
            Rule::Yaml { bytes, fields } => self.yaml(place, at.1, (*bytes, fields), value),
            Rule::Part { primary, supporting } => {
                let own = if place.manifest.primary { primary } else { supporting };
                self.rule(place, rules, at, own, value)
            }
            Rule::Pod { counts, counts_if_there } => match self.role_of("$pod", value) {
                Some(role) => {
                    self.counts(place, at, (counts, counts_if_there), &role);
                    self.pods.push(role);
                    None
                }
                None => Some("{\"$pod\": ROLE} with a role of the plan".to_owned()),
            },
        }
    }

    /// The role that a hole of this name names.
    fn role_of(&self, name: &str, value: &Value) -> Option<String> {
        match hole(value) {
            Some((found, Some(role))) if found == name && self.draft.roles.iter().any(|one| one.name == role) => {
                Some(role.to_owned())
            }
            _ => None,
        }
    }

    fn exec(&mut self, place: &Place<'_>, pointer: &str, value: &Value) -> Option<String> {
        if value != EXEC {
            return Some(Value::from(EXEC).to_string());
        }
        let has = |more: &Value| self::more::<RoleMore>(more).is_ok_and(|more| more.exec);
        if !self.draft.roles.iter().any(|role| has(&role.more)) {
            self.refuse(place, pointer, "it would not be there: no role has `more.exec`");
        }
        None
    }

    /// Whether a value names an object of the plan that nothing else has named.
    fn names(&mut self, kind: &str, value: &Value) -> bool {
        let mut all = self.draft.manifests.iter().map(|manifest| &manifest.object);
        let there = all.any(|object| kind_of(object).kind == kind && object.pointer("/metadata/name") == Some(value));
        let named = (kind.to_owned(), value.clone());
        let fresh = !self.named.contains(&named);
        self.named.push(named);
        there && fresh && matches!(hole(value), Some(("$name", Some(suffix))) if is_suffix(suffix))
    }

    fn list(
        &mut self,
        place: &Place<'_>,
        rules: &Rules,
        (path, pointer): (&str, &str),
        most: usize,
        value: &Value,
    ) -> Option<String> {
        let Some(elements) = value.as_array().filter(|elements| elements.len() <= most) else {
            return Some(format!("a list of at most {most}"));
        };
        for (index, element) in elements.iter().enumerate() {
            self.walk(place, rules, (&format!("{path}[]"), &format!("{pointer}/{index}")), element);
        }
        None
    }

    fn texts(
        &mut self,
        place: &Place<'_>,
        pointer: &str,
        (most, bytes): (usize, usize),
        value: &Value,
    ) -> Option<String> {
        let Some(members) = value.as_object().filter(|members| members.len() <= most) else {
            return Some(format!("an object of at most {most} texts"));
        };
        for (name, text) in members {
            if !is_key(name) || text.as_str().is_none_or(|text| text.len() > bytes) {
                let message = format!(
                    "`{name}` is not allowed; expected text of at most {bytes} bytes, by a name of at most 63 letters, digits, `-`, `_` and `.`"
                );
                self.refuse(place, pointer, &message);
            }
        }
        None
    }

    fn yaml(
        &mut self,
        place: &Place<'_>,
        pointer: &str,
        (bytes, fields): (usize, &Rules),
        value: &Value,
    ) -> Option<String> {
        let Some(text) = value.as_str().filter(|text| text.len() <= bytes) else {
            return Some(format!("text of at most {bytes} bytes"));
        };
        match yaml::read(text) {
            Ok(Value::Object(members)) => {
                self.members(place, fields, ("", pointer), &members);
                None
            }
            Ok(_) => Some("YAML text of a mapping".to_owned()),
            Err(error) => Some(format!("plain YAML text: {error}")),
        }
    }

    /// The counts that multiply a pod must be its role's; where nothing does, the place
    /// makes one pod, whatever its role says.
    fn counts(
        &mut self,
        place: &Place<'_>,
        pod: (&str, &str),
        (counts, counts_if_there): (&[String], &[String]),
        role: &str,
    ) {
        let one = |count: u32| counts.is_empty() && count != 1;
        if let Some(found) = self.draft.roles.iter().find(|found| found.name == role && one(found.count)) {
            let message = format!("this is exactly one pod, but role `{role}` has {}", found.count);
            self.refuse(place, pod.1, &message);
        }
        let all = counts.iter().map(|count| (count, true)).chain(counts_if_there.iter().map(|count| (count, false)));
        for (count, required) in all {
            let pointer = fields::beside(count, pod);
            let found = place.manifest.object.pointer(&pointer);
            let own = found.is_some_and(|found| hole(found) == Some(("$count", Some(role))));
            if !own && (required || found.is_some()) {
                let shown = shown(found.unwrap_or(&Value::Null));
                let message =
                    format!("{shown} is not allowed; expected {{\"$count\": \"{role}\"}}, the role of {}", pod.1);
                self.refuse(place, &pointer, &message);
            }
        }
    }
}
