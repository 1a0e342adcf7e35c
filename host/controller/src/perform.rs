//! Step 9, the writes of act: switch, delete, record another attempt.

use codeflare_api::{ConditionType, Run};
use codeflare_plan::live::Action;
use codeflare_plan::plan::Record;
use codeflare_plan::stop::Stop;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::json;

use crate::api::within;
use crate::context::Context;
use crate::error::Call;
use crate::{draft, record};

/// Performs what act decided, in order.
///
/// # Errors
/// A stop of the step Launched; the rest is decided anew at the next wake-up.
pub(crate) async fn perform(ctx: &Context, run: &Run, first: &Record, actions: &[Action]) -> Result<(), Stop> {
    for action in actions {
        let done = match action {
            Action::Switch { kind, name, uid, at, value } => {
                // The test makes it the object that was decided on, not a namesake.
                let patch = json!([
                    {"op": "test", "path": "/metadata/uid", "value": uid},
                    {"op": "add", "path": at, "value": value},
                ]);
                let patch: json_patch::Patch = serde_json::from_value(patch).map_err(|error| {
                    Call::Write(error.to_string()).stop(ConditionType::Launched, format!("{}/{name}", kind.kind))
                })?;
                let api = ctx.of_kind(kind, &run.namespace().unwrap_or_default());
                within(api.patch(name, &PatchParams::default(), &Patch::<()>::Json(patch))).await.map(drop)
            }
            Action::Delete { kind, name, uid } => {
                let only = Preconditions { uid: Some(uid.clone()), resource_version: None };
                let api = ctx.of_kind(kind, &run.namespace().unwrap_or_default());
                within(api.delete(name, &DeleteParams::background().preconditions(only))).await.map(drop)
            }
            Action::Retry { attempt } => {
                let next = draft::again(ctx, first, *attempt).await?;
                record::write(ctx, run, next).await?;
                continue;
            }
        };
        match done {
            Ok(()) => {}
            // Gone, or another object under its name: what was wanted has come about.
            Err(error) if matches!(error.code(), Some(404 | 409)) => {
                tracing::debug!(run = run.name_any(), ?action, "its object is gone already");
            }
            Err(error) => return Err(error.stop(ConditionType::Launched, format!("{action:?}"))),
        }
    }
    Ok(())
}
