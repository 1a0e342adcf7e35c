//! What an Application shows of itself (whether a Run of it could be launched now, and by
//! whom), and what a Plugin shows of its claims. Pure.

use codeflare_api::plugin::Claim;
use codeflare_api::{Application, ApplicationStatus, Condition, Reason};
use codeflare_documents::describe::EmittedKind;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::lock::{Ceiling, granted};
use crate::resolve::{self, Offer};
use crate::seen::SeenPlugin;
use crate::stop::Problem;

/// Longest message, in characters.
const LONGEST: usize = 1024;
/// Longest reason of a claim, and of what is not granted, in characters.
const LONGEST_CLAIM: usize = 512;
/// Most lines of what is not granted.
const MOST_CUTS: usize = 32;

/// The status of an Application; equal to the old one where nothing is to be published.
/// The labels are those of its own namespace.
pub fn application(application: &Application, offer: Offer<'_>, now: Timestamp) -> ApplicationStatus {
    let old = application.status.clone().unwrap_or_default();
    let found = resolve::launchable(application, offer);
    let (status, reason, message) = match &found {
        Ok(chosen) => {
            let why = chosen.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            ("True", Reason::Done, format!("plugin {} launches it{why}", chosen.plugin.name))
        }
        Err(problems) => {
            let reason = problems.first().map_or(Reason::FieldInvalid, |problem| problem.reason);
            ("False", reason, problems.iter().map(Problem::line).collect::<Vec<_>>().join("; "))
        }
    };
    let before = old.conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == status);
    let generation = application.metadata.generation;
    ApplicationStatus {
        conditions: vec![Condition {
            type_: "Ready".to_owned(),
            status: status.to_owned(),
            reason: reason.as_str().to_owned(),
            message: message.chars().take(LONGEST).collect(),
            observed_generation: generation,
            last_transition_time: before.map_or_else(|| Time(now), |before| before.last_transition_time.clone()),
        }],
        launcher: found.ok().map(|chosen| chosen.plugin.name),
        observed_generation: generation,
    }
}

/// What a Plugin shows of its claims: for each framework, whether it comes first and why.
/// Empty for a plugin that claims none.
pub fn claims(plugin: &SeenPlugin, plugins: &[SeenPlugin], served: &[EmittedKind]) -> Vec<Claim> {
    let mut claims = resolve::claims(plugin, plugins, served);
    for claim in &mut claims {
        claim.why = claim.why.chars().take(LONGEST_CLAIM).collect();
    }
    claims
}

/// What a Plugin shows of its grants: what is not granted, and why, a line each.
pub fn not_granted(plugin: &SeenPlugin, ceiling: &Ceiling, cluster_scoped: &[EmittedKind]) -> Vec<String> {
    let cuts = granted(ceiling, &plugin.grants, cluster_scoped).cuts();
    cuts.into_iter().take(MOST_CUTS).map(|line| line.chars().take(LONGEST_CLAIM).collect()).collect()
}
