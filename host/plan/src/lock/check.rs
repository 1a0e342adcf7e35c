//! The check of a launcher's draft: default deny. Everything that is not on a kind's
//! closed list is refused, by plugin, object and field, and everything at once.

use std::collections::BTreeSet;

use codeflare_api::Reason;
use codeflare_documents::launcher::{LaunchPlan, Manifest, PlanMore};
use codeflare_documents::shared::Resources;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fields::{self, Literal, Rule};
use super::grants::Granted;
use super::kind_of;
use crate::resolve::Resolved;
use crate::size::Sized;
use crate::stop::Problem;

mod objects;
mod roles;
mod rules;

/// Most objects of a plan.
const MOST_OBJECTS: usize = 64;
/// Most bytes of all objects together, as JSON.
const MOST_BYTES: usize = 1 << 20;
/// Most choices of a plan.
const MOST_CHOICES: usize = 32;
/// What a control can turn.
const SUSPEND: &str = "suspend";
/// Pods that a framework may have beside the workers of the size: a head, a submitter. The
/// size says nothing of them; the ceilings of the platform bound the whole more sharply.
const BESIDE: u64 = 2;
/// What each pod may have at least, in the sum of all: small workers need a head that is
/// larger than they are.
const BESIDE_CPU_MILLIS: u64 = 4000;
const BESIDE_MEMORY_BYTES: u64 = 16 << 30;

/// Everything in a draft that is not allowed.
pub(crate) fn check(resolved: &Resolved, sized: &Sized, granted: &Granted, draft: &LaunchPlan) -> Vec<Problem> {
    let mut check = Check { resolved, granted, draft, problems: Vec::new(), pods: Vec::new(), named: Vec::new() };
    check.amounts();
    check.more();
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
    /// Kinds beyond the host's own.
    granted: &'a Granted,
    draft: &'a LaunchPlan,
    problems: Vec<Problem>,
    /// Role of each `$pod` that was found.
    pods: Vec<String>,
    /// What other objects of the plan were named: kind and name.
    named: Vec<(String, Value)>,
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
    }

    fn more(&mut self) {
        if let Err(error) = more::<PlanMore>(&self.draft.more) {
            self.say(format!("the plan's `more`: {error}"));
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
            let list = manifest.and_then(|manifest| self.granted.list(&kind_of(&manifest.object)));
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
        let mut seen = BTreeSet::new();
        for control in self.draft.controls.iter().filter(|control| control.what == SUSPEND) {
            if !seen.insert(control.manifest) {
                self.say(format!("more than one control is `suspend` of manifest {}", control.manifest));
            }
        }
    }

    /// All roles together must be no more than the size and two pods beside it.
    fn total(&mut self, sized: &Sized) {
        let (workers, worker) = (u64::from(sized.size.workers), &sized.size.worker);
        let allowed = |each: u64, beside: u64| {
            each.saturating_mul(workers).saturating_add(each.max(beside).saturating_mul(BESIDE))
        };
        self.sum("cpu (thousandths)", allowed(worker.cpu_millis, BESIDE_CPU_MILLIS), |of| of.cpu_millis, worker);
        self.sum("memory (bytes)", allowed(worker.memory_bytes, BESIDE_MEMORY_BYTES), |of| of.memory_bytes, worker);
        // Also those that a worker of the size has none of.
        let own = self.draft.roles.iter().filter_map(|role| role.resources.as_ref());
        let names: BTreeSet<_> = own.flat_map(|of| of.extended.keys()).chain(worker.extended.keys()).collect();
        for name in names {
            let of = |resources: &Resources| resources.extended.get(name).copied().unwrap_or(0);
            // Where there are no workers the head does the work.
            self.sum(name, of(worker).saturating_mul(workers.max(1)), of, worker);
        }
    }

    /// What the roles ask of one resource in all, against what they may.
    fn sum(&mut self, name: &str, allowed: u64, of: impl Fn(&Resources) -> u64, worker: &Resources) {
        let wanted = self.draft.roles.iter().fold(0_u64, |sum, role| {
            let own = of(role.resources.as_ref().unwrap_or(worker));
            sum.saturating_add(own.saturating_mul(role.count.into()))
        });
        if wanted > allowed {
            self.say(format!(
                "its roles ask for {wanted} of {name} in all; this size, with two pods beside it, allows {allowed}"
            ));
        }
    }
}

/// Reads a `more`. A list would be read as the members in their order.
fn more<T: DeserializeOwned>(more: &Value) -> Result<T, String> {
    if !more.is_object() {
        return Err("expected an object".to_owned());
    }
    serde_json::from_value(more.clone()).map_err(|error| error.to_string())
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
