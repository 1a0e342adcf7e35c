//! Step 5, lock: a launcher's draft becomes a plan. Pure.
//!
//! Checked against closed lists, holes filled, named, stamped with owner and labels,
//! ordered (the primary last), digested. What comes out leaves nothing to choose.

use codeflare_api::{ConditionType, names};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::launcher::{LaunchPlan, Manifest};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::plan::{Plan, PlannedObject, PlannedRole};
use crate::resolve::Resolved;
use crate::seen::Seen;
use crate::size::Sized;
use crate::stop::Stop;

mod ceiling;
mod check;
mod fields;
mod grants;
mod holes;
mod packages;
mod pod;
mod stage;
mod stamp;

pub use ceiling::{Ceiling, CeilingError};
pub use fields::{Watch, kinds, watched};
pub use grants::{Granted, granted};
pub(crate) use packages::{STEP as REQUIREMENTS, VOLUME as PACKAGES};
pub(crate) use stage::STAGE;

/// Folder of the program's source, in pods that have inputs.
pub const WORKDIR: &str = "/workdir";
/// Runs the program's words as they are, in pods of a role that asks for it.
pub const EXEC: &str = "/codeflare/exec";

/// Locks a launcher's draft.
///
/// # Errors
/// With everything that is not allowed; the step is Planned.
pub fn lock(seen: &Seen, resolved: &Resolved, sized: &Sized, draft: LaunchPlan, attempt: u32) -> Result<Plan, Stop> {
    let granted = grants::of(seen, &resolved.launcher.name);
    let mut problems = check::check(resolved, sized, &granted, &draft);
    problems.extend(stage::problems(seen, resolved, &draft));
    let installs = packages::who(resolved, &draft);
    problems.extend(packages::problems(resolved, &draft, installs));
    if !problems.is_empty() {
        return Err(Stop { step: ConditionType::Planned, problems });
    }
    let base = names::base(&resolved.run.name, &resolved.uid, attempt);
    let roles = &draft.roles;
    let holes = holes::Holes { seen, resolved, sized, granted: &granted, roles, installs, base: &base, attempt };
    // The primary last: whoever sees it may rely on what it needs.
    let mut order: Vec<usize> = (0..draft.manifests.len()).collect();
    order.sort_by_key(|index| draft.manifests.get(*index).is_some_and(|manifest| manifest.primary));
    // The host's own first: pods wait for it.
    let staged = [stage::manifest(resolved, roles), packages::manifest(seen, resolved, installs)];
    let mut objects: Vec<_> =
        staged.iter().flatten().map(|manifest| PlannedObject { by_host: true, ..object(&holes, manifest) }).collect();
    let before = objects.len();
    objects
        .extend(order.iter().filter_map(|index| draft.manifests.get(*index)).map(|manifest| object(&holes, manifest)));
    let mut controls = draft.controls.clone();
    for control in &mut controls {
        let place = order.iter().position(|index| u32::try_from(*index) == Ok(control.manifest));
        control.manifest = place.and_then(|place| u32::try_from(before + place).ok()).unwrap_or(control.manifest);
    }
    let mut choices = sized.choices.clone();
    choices.extend(draft.choices);
    Ok(Plan {
        name: base.clone(),
        namespace: resolved.run.namespace.clone(),
        attempt,
        objects,
        roles: draft.roles.iter().map(|role| PlannedRole { name: role.name.clone(), count: role.count }).collect(),
        controls,
        choices,
        size_name: resolved.asked.size.clone(),
        size: sized.size.clone(),
        launcher: resolved.launcher.clone(),
        sizing_policies: resolved.policies.clone(),
        retries: resolved.retries,
        retry_exit_codes: resolved.retry_exit_codes.clone(),
    })
}

fn object(holes: &holes::Holes<'_>, manifest: &Manifest) -> PlannedObject {
    let mut object = holes.object(&manifest.object);
    stamp::stamp(holes, manifest, &mut object);
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    PlannedObject {
        kind: kind_of(&manifest.object),
        name,
        primary: manifest.primary,
        ends: manifest.ends,
        by_host: false,
        object,
    }
}

/// The kind that an object says it is.
pub(crate) fn kind_of(object: &Value) -> EmittedKind {
    let text = |member| object.get(member).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("apiVersion").rsplit_once('/').unwrap_or(("", text("apiVersion")));
    EmittedKind { group: group.to_owned(), version: version.to_owned(), kind: text("kind").to_owned() }
}

/// SHA-256 of a plan's JSON (members sorted), `sha256:…`.
pub fn digest(plan: &Plan) -> String {
    let json = serde_json::to_value(plan).unwrap_or_default().to_string();
    let hex: String = Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
