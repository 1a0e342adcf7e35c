//! What an Application shows of itself: whether a Run of it could be launched now. Pure.

use codeflare_api::{Application, ApplicationStatus, Condition, Reason};
use codeflare_documents::describe::EmittedKind;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::resolve;
use crate::seen::SeenPlugin;
use crate::stop::Problem;

/// Longest message, in characters.
const LONGEST: usize = 1024;

/// The status of an Application; equal to the old one where nothing is to be published.
pub fn application(
    application: &Application,
    plugins: &[SeenPlugin],
    served: &[EmittedKind],
    now: Timestamp,
) -> ApplicationStatus {
    let old = application.status.clone().unwrap_or_default();
    let found = resolve::launchable(application, plugins, served);
    let (status, reason, message) = match &found {
        Ok(launcher) => ("True", Reason::Done, format!("plugin {launcher} launches it")),
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
        launcher: found.ok(),
        observed_generation: generation,
    }
}
