//! Objects of a draft against the closed list of their kind.

use codeflare_api::names;
use serde_json::{Map, Value};

use super::super::fields::{self, Fields, Where, is_label, is_label_value};
use super::super::holes::hole;
use super::super::kind_of;
use super::{Check, Place, shown};

/// Longest text that a launcher may write into an annotation.
const LONGEST_ANNOTATION: usize = 1024;

impl Check<'_> {
    pub(super) fn object(&mut self, place: &Place<'_>) {
        let object = &place.manifest.object;
        let kind = kind_of(object);
        let granted = self.granted;
        let Some(list) = granted.list(&kind) else {
            let own = fields::kinds();
            let known: Vec<_> = own.iter().map(|kind| kind.kind.as_str()).chain(granted.kinds()).collect();
            let why = granted.refused(&kind).map(|why| format!("; its grant is cut: {why}")).unwrap_or_default();
            let message =
                format!("`{} {}` is not allowed; allowed: {}{why}", kind.api_version(), kind.kind, known.join(", "));
            self.refuse(place, "/kind", &message);
            return;
        };
        if !self.resolved.kinds.contains(&kind) {
            self.refuse(place, "/kind", "the plugin does not declare this kind in its description");
        }
        // It has a kind, so it is an object.
        let mut members = object.as_object().cloned().unwrap_or_default();
        members.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata"));
        self.members(place, &list.fields, ("", ""), &members);
        self.metadata(place, list, object.get("metadata").unwrap_or(&Value::Null));
        self.required(place, list);
    }

    fn required(&mut self, place: &Place<'_>, list: &Fields) {
        let object = &place.manifest.object;
        for pointer in list.required.iter().flat_map(|path| fields::places(object, path)) {
            if object.pointer(&pointer).is_none() {
                self.refuse(place, &pointer, "this field is required");
            }
        }
        let holds = |one: &&Where| object.pointer(&fields::pointer(&one.path)) == Some(&one.is);
        for one in list.required_where.iter().filter(holds) {
            for pointer in one.required.iter().flat_map(|path| fields::places(object, path)) {
                if object.pointer(&pointer).is_none() {
                    let message = format!("this field is required where {} is {}", fields::pointer(&one.path), one.is);
                    self.refuse(place, &pointer, &message);
                }
            }
        }
    }

    fn metadata(&mut self, place: &Place<'_>, list: &Fields, metadata: &Value) {
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
        if kind.kind == "ConfigMap"
            && matches!(hole(name), Some((_, Some(suffix))) if names::with_suffix("", suffix) == names::record(""))
        {
            self.refuse(place, "/metadata/name", "the host's own record has this name");
        }
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
                ("labels", Some(pairs)) => self.pairs(place, member, &list.labels, pairs, is_label_value),
                ("annotations", Some(pairs)) => {
                    self.pairs(place, member, &list.annotations, pairs, |text| text.len() <= LONGEST_ANNOTATION);
                }
                _ => self.refuse(place, &format!("/metadata/{member}"), "this field is not allowed"),
            }
        }
    }

    fn pairs(
        &mut self,
        place: &Place<'_>,
        member: &str,
        granted: &[String],
        pairs: &Map<String, Value>,
        fits: fn(&str) -> bool,
    ) {
        let own = format!("{}.plugins.codeflare.dev/", self.resolved.launcher.name);
        for (key, value) in pairs {
            let named = key.strip_prefix(&own).is_some_and(|name| !name.is_empty() && is_label_value(name));
            if !(named || granted.contains(key)) || !value.as_str().is_some_and(fits) {
                let others: String = granted.iter().map(|key| format!(", or {key}")).collect();
                let message =
                    format!("`{key}` is not allowed; expected keys under {own}{others}, each with a short text");
                self.refuse(place, &format!("/metadata/{member}"), &message);
            }
        }
    }
}

/// What may stand behind the base name: a short DNS label, or nothing.
pub(super) fn is_suffix(suffix: &str) -> bool {
    suffix.is_empty() || (is_label(suffix) && suffix.len() <= 16)
}
