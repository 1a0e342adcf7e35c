//! The check of a launcher's draft: default deny. Everything that is not on a kind's
//! closed list is refused, by plugin, object and field, and everything at once.

use std::collections::BTreeSet;

use codeflare_api::Reason;
use codeflare_documents::launcher::{LaunchPlan, Manifest};
use serde_json::Value;

use super::fields::{self, Literal, Rule};
use super::kind_of;
use crate::resolve::Resolved;
use crate::size::Sized;
use crate::stop::Problem;

mod objects;
mod roles;

/// Most objects of a plan.
const MOST_OBJECTS: usize = 64;
/// Most bytes of all objects together, as JSON.
const MOST_BYTES: usize = 1 << 20;
/// Most choices of a plan.
const MOST_CHOICES: usize = 32;
/// What a control can turn.
const SUSPEND: &str = "suspend";

/// Everything in a draft that is not allowed.
pub(crate) fn check(resolved: &Resolved, sized: &Sized, draft: &LaunchPlan) -> Vec<Problem> {
    let mut check = Check { resolved, draft, problems: Vec::new(), pods: Vec::new() };
    check.amounts();
    for role in &draft.roles {
        check.role(role);
    }
    for (index, manifest) in draft.manifests.iter().enumerate() {
        check.object(&Place { index, manifest });
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

/// A manifest and its number in the draft.
struct Place<'a> {
    index: usize,
    manifest: &'a Manifest,
}

impl Check<'_> {
    fn say(&mut self, message: String) {
        let plugin = format!("Plugin/{}", self.resolved.launcher.name);
        self.problems.push(Problem::new(Reason::PlanRefused, plugin, "", message));
    }

    /// Refuses a field, by JSON pointer.
    fn refuse(&mut self, place: &Place<'_>, pointer: &str, message: &str) {
        let kind = kind_of(&place.manifest.object).kind;
        let kind = if kind.is_empty() { "no kind" } else { kind.as_str() };
        self.say(format!("manifest {} ({kind}) {pointer}: {message}", place.index));
    }

    fn amounts(&mut self) {
        let draft = self.draft;
        let bytes: usize = draft.manifests.iter().map(|manifest| manifest.object.to_string().len()).sum();
        for (found, most, what) in [
            (draft.manifests.len(), MOST_OBJECTS, "objects"),
            (bytes, MOST_BYTES, "bytes of objects"),
            (draft.choices.len(), MOST_CHOICES, "choices"),
        ] {
            if found > most {
                self.say(format!("it returned {found} {what}; at most {most} are allowed"));
            }
        }
        let primaries = draft.manifests.iter().filter(|manifest| manifest.primary).count();
        if primaries != 1 {
            self.say(format!("it returned {primaries} primary objects; exactly one is needed"));
        }
        if draft.more.as_object().is_none_or(|more| !more.is_empty()) {
            self.say("the plan's `more` must be an empty object".to_owned());
        }
    }

    fn pods_and_roles(&mut self) {
        for role in &self.draft.roles {
            let found = self.pods.iter().filter(|pod| **pod == role.name).count();
            if found != 1 {
                let name = &role.name;
                self.say(format!(
                    "role `{name}` fills {found} pods; it needs exactly one {{\"$pod\": \"{name}\"}} in the objects"
                ));
            }
        }
    }

    fn controls(&mut self) {
        for (index, control) in self.draft.controls.iter().enumerate() {
            let manifest = usize::try_from(control.manifest).ok().and_then(|index| self.draft.manifests.get(index));
            let list = manifest.and_then(|manifest| fields::of(&kind_of(&manifest.object)));
            let switch = list.is_some_and(|list| {
                let mut switches = list.fields.iter().filter(|(_, rule)| matches!(rule, Rule::Type(Literal::Switch)));
                switches.any(|(path, _)| fields::pointer(path) == control.at)
            });
            let turns = control.on.is_boolean() && control.off.is_boolean() && control.on != control.off;
            if control.what != SUSPEND || !switch || !turns {
                let message = "expected `suspend` at a switch of an object of the plan, with true and false";
                self.say(format!("control {index}, `{}` at {}: {message}", control.what, control.at));
            }
        }
        if self.draft.controls.iter().filter(|control| control.what == SUSPEND).count() > 1 {
            self.say("more than one control is `suspend`".to_owned());
        }
    }

    /// All roles together must not be more than the size.
    fn total(&mut self, sized: &Sized) {
        let worker = &sized.size.worker;
        let mut all = vec![("cpu (thousandths)", worker.cpu_millis), ("memory (bytes)", worker.memory_bytes)];
        // Also those that a worker of the size has none of.
        let own = self.draft.roles.iter().filter_map(|role| role.resources.as_ref());
        let names: BTreeSet<_> = own.flat_map(|of| of.extended.keys()).chain(worker.extended.keys()).collect();
        all.extend(names.into_iter().map(|name| (name.as_str(), worker.extended.get(name).copied().unwrap_or(0))));
        for (name, one) in all {
            let of = |resources: &codeflare_documents::shared::Resources| match name {
                "cpu (thousandths)" => resources.cpu_millis,
                "memory (bytes)" => resources.memory_bytes,
                _ => resources.extended.get(name).copied().unwrap_or(0),
            };
            let wanted = self.draft.roles.iter().fold(0_u64, |sum, role| {
                let each = of(role.resources.as_ref().unwrap_or(worker));
                sum.saturating_add(each.saturating_mul(role.count.into()))
            });
            let workers = sized.size.workers;
            if wanted > one.saturating_mul(workers.into()) {
                self.say(format!(
                    "its roles ask for {wanted} of {name} in all; the size has {workers} workers with {one} each"
                ));
            }
        }
    }
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
