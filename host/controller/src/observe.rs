//! Step 8, observe: the launcher of the recorded digest reads its objects.

use codeflare_api::{ConditionType, Reason, Run};
use codeflare_documents::call::{Answer, Request};
use codeflare_documents::launcher::Observation;
use codeflare_documents::shared::Decline;
use codeflare_plan::live::Child;
use codeflare_plan::plan::Record;
use codeflare_plan::stop::{Problem, Stop};
use k8s_openapi::api::core::v1::Pod;

use crate::catalog::Answered;
use crate::context::Context;
use crate::draft::ask;

/// What the launcher says of the live objects, and what is to be said beside it: why
/// another version answers than the one that launched.
///
/// # Errors
/// A stop of the step Launched: the workload goes on, but nobody reads it.
pub(crate) async fn observe(
    ctx: &Context,
    run: &Run,
    record: &Record,
    children: &[Child],
    pods: &[Pod],
) -> Result<(Observation, Option<String>), Stop> {
    let launcher = &record.plan.launcher;
    let request = Request::Observe(Box::new(codeflare_plan::observe::request(run, record, children, pods)));
    let stop = |problem| Stop::one(ConditionType::Launched, problem);
    let Answered { answer, instead } = ask(ctx, run, &launcher.name, &launcher.digest, &request).await.map_err(stop)?;
    match answer {
        Answer::Observed(observation) => Ok((observation, instead)),
        Answer::Declined(Decline::Invalid(faults) | Decline::Waiting(faults)) => {
            let message = faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join("; ");
            Err(stop(Problem::new(Reason::PluginRefused, format!("Plugin/{}", launcher.name), "", message)))
        }
        Answer::Decided(_) | Answer::Launched(_) => {
            let message = "it answered another question than it was asked";
            Err(stop(Problem::new(Reason::PluginFailed, format!("Plugin/{}", launcher.name), "", message)))
        }
    }
}
