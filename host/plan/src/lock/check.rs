//! The check of a launcher's draft: default deny. Everything that is not on a kind's
//! closed list is refused, by plugin, object and field, and everything at once.

use std::collections::BTreeSet;

use codeflare_api::Reason;
use codeflare_documents::launcher::{LaunchPlan, Manifest, Role, RoleMore};
use serde_json::Value;

use super::fields::{self, Fields, Literal, Rule, is_label};
use super::holes::hole;
use super::kind_of;
use crate::resolve::Resolved;
use crate::size::Sized;
use crate::stop::Problem;

/// Most objects of a plan.
const MOST_OBJECTS: usize = 64;
/// Most bytes of all objects together, as JSON.
const MOST_BYTES: usize = 1 << 20;
/// Most choices of a plan.
const MOST_CHOICES: usize = 32;
/// Most elements and members at one place, and most depth: a draft is somebody's data.
const MOST_DEPTH: usize = 32;
/// Pod fields that a variable may show.
const DOWNWARD: [&str; 6] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "status.podIP",
    "spec.nodeName",
    "metadata.annotations['batch.kubernetes.io/job-completion-index']",
];

/// Everything in a draft that is not allowed.
pub(crate) fn check(resolved: &Resolved, sized: &Sized, draft: &LaunchPlan) -> Vec<Problem> {
    let mut check = Check { resolved, draft, problems: Vec::new(), pods: Vec::new() };
    check.counts();
    for role in &draft.roles {
        check.role(role);
    }
    let mut names = BTreeSet::new();
    for manifest in &draft.manifests {
        check.manifest(manifest);
        let name = manifest.object.pointer("/metadata/name").map(Value::to_string);
        if !names.insert((kind_of(&manifest.object), name)) {
            check.refuse(manifest, "/metadata/name", "another object of the plan has the same kind and name");
        }
    }
    check.pods_and_roles();
    check.controls();
    check.total(sized);
    check.problems
}

struct Check<'a> {
    resolved: &'a Resolved,
    draft: &'a LaunchPlan,
    problems: Vec<Problem>,
    /// Role of each `$pod` that was found.
    pods: Vec<String>,
}

impl Check<'_> {
    fn plugin(&self) -> String {
        format!("Plugin/{}", self.resolved.launcher.name)
    }

    fn say(&mut self, message: String) {
        self.problems.push(Problem::new(Reason::PlanRefused, self.plugin(), "", message));
    }

    fn refuse(&mut self, manifest: &Manifest, path: &str, message: &str) {
        let kind = kind_of(&manifest.object).kind;
        let kind = if kind.is_empty() { "an object without kind" } else { kind.as_str() };
        self.say(format!("its {kind}, {path}: {message}"));
    }

    fn counts(&mut self) {
        let objects = self.draft.manifests.len();
        if objects > MOST_OBJECTS {
            self.say(format!("it returned {objects} objects; at most {MOST_OBJECTS} are allowed"));
        }
        let bytes: usize = self.draft.manifests.iter().map(|manifest| manifest.object.to_string().len()).sum();
        if bytes > MOST_BYTES {
            self.say(format!("its objects have {bytes} bytes; at most {MOST_BYTES} are allowed"));
        }
        if self.draft.choices.len() > MOST_CHOICES {
            self.say(format!("it returned {} choices; at most {MOST_CHOICES} are allowed", self.draft.choices.len()));
        }
        let primaries = self.draft.manifests.iter().filter(|manifest| manifest.primary).count();
        if primaries != 1 {
            self.say(format!("it returned {primaries} primary objects; exactly one is needed"));
        }
        if self.draft.more.as_object().is_none_or(|more| !more.is_empty()) {
            self.say("the plan's `more` must be an empty object".to_owned());
        }
    }

    fn role(&mut self, role: &Role) {
        let Role { name, env, ports, more, .. } = role;
        if !is_label(name) {
            self.say(format!("role `{name}`: a name is a DNS label"));
        }
        if self.draft.roles.iter().filter(|other| other.name == *name).count() > 1 {
            self.say(format!("role `{name}` is there twice"));
        }
        let mut seen = BTreeSet::new();
        for (variable, value) in env {
            if !is_variable(variable) || !seen.insert(variable) {
                self.say(format!("role `{name}`, env {variable}: not a name of a variable, or there twice"));
            }
            let reserved = ["HOME", "CODEFLARE_RUN", "CODEFLARE_ATTEMPT"];
            if reserved.contains(&variable.as_str()) || variable.starts_with("KUBERNETES_") {
                self.say(format!("role `{name}`, env {variable}: the host sets it"));
            }
            if let codeflare_documents::launcher::EnvValue::Field(path) = value
                && !DOWNWARD.contains(&path.as_str())
            {
                self.say(format!(
                    "role `{name}`, env {variable}: the pod field `{path}` is not allowed; allowed: {}",
                    DOWNWARD.join(", ")
                ));
            }
        }
        for (port, number) in ports {
            if !is_label(port) || port.len() > 15 || *number == 0 {
                self.say(format!(
                    "role `{name}`, port {port}: a name of at most 15 characters and a number above 0 are needed"
                ));
            }
        }
        match serde_json::from_value::<RoleMore>(more.clone()) {
            Err(error) => self.say(format!("role `{name}`, more: {error}")),
            Ok(more) => self.role_more(name, &more),
        }
    }

    fn role_more(&mut self, name: &str, more: &RoleMore) {
        if let Some(subdomain) = &more.subdomain
            && !hole(subdomain).is_some_and(|(kind, suffix)| kind == "$name" && is_suffix(suffix))
        {
            self.say(format!("role `{name}`, more.subdomain: expected {{\"$name\": SUFFIX}}"));
        }
        for (path, scratch) in &more.scratch {
            let own = ["/tmp", "/home/codeflare"];
            let taken = own.iter().any(|own| path == own || path.starts_with(&format!("{own}/")));
            let plain = path.starts_with('/') && path.len() > 1 && !path.contains("..") && !path.contains(':');
            if !plain || taken || scratch.size_bytes == 0 {
                self.say(format!(
                    "role `{name}`, more.scratch {path}: expected an absolute path of its own and a size above 0"
                ));
            }
        }
    }

    fn manifest(&mut self, manifest: &Manifest) {
        let kind = kind_of(&manifest.object);
        let Some(list) = fields::of(&kind) else {
            let known: Vec<_> = fields::kinds().iter().map(|kind| kind.kind.clone()).collect();
            self.refuse(
                manifest,
                "kind",
                &format!("{} {} is not allowed; allowed: {}", kind.api_version(), kind.kind, known.join(", ")),
            );
            return;
        };
        if !self.resolved.kinds.contains(&kind) {
            self.refuse(manifest, "kind", "the plugin does not declare this kind in its description");
        }
        let Some(members) = manifest.object.as_object() else {
            return;
        };
        for (name, member) in members {
            match name.as_str() {
                "apiVersion" | "kind" => {}
                "metadata" => self.metadata(manifest, member),
                "spec" => self.walk(manifest, list, "spec", member, 0),
                _ => self.refuse(manifest, name, "this field is not allowed"),
            }
        }
        if !members.contains_key("metadata") {
            self.refuse(manifest, "metadata.name", "expected {\"$name\": SUFFIX}");
        }
        self.required(manifest, list);
    }

    fn metadata(&mut self, manifest: &Manifest, metadata: &Value) {
        let own = format!("{}.plugins.codeflare.dev/", self.resolved.launcher.name);
        let members = metadata.as_object().cloned().unwrap_or_default();
        let named = members.get("name").and_then(hole).is_some_and(|(kind, suffix)| {
            kind == "$name" && (suffix.is_empty() || (!manifest.primary && is_suffix(suffix)))
        });
        if !named {
            self.refuse(
                manifest,
                "metadata.name",
                "expected {\"$name\": SUFFIX}, with an empty suffix for the primary",
            );
        }
        for (name, member) in &members {
            match name.as_str() {
                "name" => {}
                "labels" | "annotations" => {
                    let pairs = member.as_object().cloned().unwrap_or_default();
                    for (key, value) in &pairs {
                        if !key.starts_with(&own) || value.as_str().is_none_or(|text| text.len() > 63) {
                            let message =
                                format!("only keys under {own} with a text of at most 63 characters are allowed");
                            self.refuse(manifest, &format!("metadata.{name} {key}"), &message);
                        }
                    }
                    if !member.is_object() {
                        self.refuse(manifest, &format!("metadata.{name}"), "expected an object");
                    }
                }
                _ => self.refuse(manifest, &format!("metadata.{name}"), "this field is not allowed"),
            }
        }
    }

    /// Walks a value along the list: a place with a rule is judged by it, a place that
    /// leads to one is entered, every other place is refused.
    fn walk(&mut self, manifest: &Manifest, list: &Fields, path: &str, value: &Value, depth: usize) {
        if depth > MOST_DEPTH {
            self.refuse(manifest, path, "it is nested too deeply");
            return;
        }
        if let Some(rule) = list.fields.get(path) {
            self.rule(manifest, list, path, rule, value, depth);
            return;
        }
        let leads = list.fields.keys().any(|known| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')));
        match value {
            Value::Object(members) if leads && hole(value).is_none() => {
                for (name, member) in members {
                    self.walk(manifest, list, &format!("{path}.{name}"), member, depth + 1);
                }
            }
            _ => self.refuse(manifest, path, "this field is not allowed"),
        }
    }

    fn rule(&mut self, manifest: &Manifest, list: &Fields, path: &str, rule: &Rule, value: &Value, depth: usize) {
        let is_role = |kind: &str| hole(value).is_some_and(|(found, role)| found == kind && self.has_role(role));
        let expected = match rule {
            Rule::Const(constant) if value == constant => None,
            Rule::Const(constant) => Some(format!("expected {constant}")),
            Rule::Enum(allowed) if allowed.contains(value) => None,
            Rule::Enum(allowed) => Some(format!("expected one of {}", Value::from(allowed.clone()))),
            Rule::Type(literal) if literal.holds(value) => None,
            Rule::Type(literal) => Some(format!("expected {}", literal.name())),
            Rule::Hole(hole) if is_role(hole.name()) => None,
            Rule::Hole(hole) => Some(format!("expected {{\"{}\": ROLE}} with a role of the plan", hole.name())),
            Rule::Pod { .. } if !is_role("$pod") => {
                Some("expected {\"$pod\": ROLE} with a role of the plan".to_owned())
            }
            Rule::Pod { counts } => {
                let role = hole(value).map(|(_, role)| role.to_owned()).unwrap_or_default();
                for count in counts {
                    let found = manifest.object.pointer(&format!("/{}", count.replace('.', "/")));
                    if found.and_then(hole) != Some(("$count", role.as_str())) {
                        self.refuse(
                            manifest,
                            count,
                            &format!("expected {{\"$count\": \"{role}\"}}, the role of {path}"),
                        );
                    }
                }
                self.pods.push(role);
                None
            }
            Rule::List(most) => match value.as_array() {
                Some(elements) if elements.len() <= *most => {
                    for element in elements {
                        self.walk(manifest, list, &format!("{path}[]"), element, depth + 1);
                    }
                    None
                }
                _ => Some(format!("expected a list of at most {most}")),
            },
        };
        if let Some(expected) = expected {
            let shown: String = value.to_string().chars().take(80).collect();
            self.refuse(manifest, path, &format!("{shown} is not allowed; {expected}"));
        }
    }

    /// What must be there: constants that are dangerous to leave to a default, selectors
    /// and pods.
    fn required(&mut self, manifest: &Manifest, list: &Fields) {
        for (path, rule) in &list.fields {
            let must = match rule {
                // `spec.type` has a harmless default, and a Service may have a cluster IP.
                Rule::Const(_) => !matches!(path.as_str(), "spec.type" | "spec.clusterIP"),
                Rule::Hole(_) | Rule::Pod { .. } => true,
                Rule::Enum(_) | Rule::Type(_) | Rule::List(_) => false,
            };
            if must && manifest.object.pointer(&format!("/{}", path.replace('.', "/"))).is_none() {
                self.refuse(manifest, path, "this field is required");
            }
        }
    }

    fn has_role(&self, name: &str) -> bool {
        self.draft.roles.iter().any(|role| role.name == name)
    }

    fn pods_and_roles(&mut self) {
        for role in &self.draft.roles {
            let found = self.pods.iter().filter(|pod| **pod == role.name).count();
            if found != 1 {
                self.say(format!(
                    "role `{}` fills {found} pods; exactly one {{\"$pod\": \"{}\"}} is needed",
                    role.name, role.name
                ));
            }
        }
    }

    fn controls(&mut self) {
        for control in &self.draft.controls {
            let manifest = usize::try_from(control.manifest).ok().and_then(|index| self.draft.manifests.get(index));
            let path = control.at.trim_start_matches('/').replace('/', ".");
            let switch = manifest
                .and_then(|manifest| fields::of(&kind_of(&manifest.object)))
                .is_some_and(|list| matches!(list.fields.get(&path), Some(Rule::Type(Literal::Switch))));
            if control.what != "suspend" || !switch || !control.on.is_boolean() || !control.off.is_boolean() {
                self.say(format!(
                    "control `{}` at {}: expected `suspend` at a switch of an object of the plan",
                    control.what, control.at
                ));
            }
        }
    }

    /// All roles together must not be more than the size allows, counted as workers.
    fn total(&mut self, sized: &Sized) {
        let workers = u64::from(sized.size.workers);
        let worker = &sized.size.worker;
        let (mut cpu, mut memory) = (0_u64, 0_u64);
        for role in &self.draft.roles {
            let of = role.resources.as_ref().unwrap_or(worker);
            cpu = cpu.saturating_add(of.cpu_millis.saturating_mul(role.count.into()));
            memory = memory.saturating_add(of.memory_bytes.saturating_mul(role.count.into()));
            for (name, count) in &of.extended {
                if *count > worker.extended.get(name).copied().unwrap_or(0) {
                    self.say(format!("role `{}` asks for {count} {name}, more than one worker of the size", role.name));
                }
            }
        }
        if cpu > worker.cpu_millis.saturating_mul(workers) || memory > worker.memory_bytes.saturating_mul(workers) {
            self.say(format!(
                "its roles ask for {cpu}m cpu and {memory} bytes in all, more than {workers} workers of the size"
            ));
        }
    }
}

fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit()) && name.len() <= 256
}

/// What may stand behind the base name: a short DNS label, or nothing.
fn is_suffix(suffix: &str) -> bool {
    suffix.is_empty() || (is_label(suffix) && suffix.len() <= 16)
}
