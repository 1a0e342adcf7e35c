//! Step 11, publish: one status patch, then events. The only writer of a Run's status.

use codeflare_api::Run;
use codeflare_api::labels::FIELD_MANAGER;
use codeflare_plan::live::Next;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::events::{Event, EventType};
use kube::{Resource, ResourceExt};
use serde_json::json;

use crate::api::within;
use crate::context::Context;
use crate::error::Error;

/// Publishes the next status if it is another one. Answers whether it was.
///
/// # Errors
/// [`Error::Publish`], also where the Run has changed since it was read: the wake-up is
/// repeated on what it is now.
pub(crate) async fn publish(ctx: &Context, run: &Run, next: &Next) -> Result<bool, Error> {
    let changed = run.status.as_ref() != Some(&next.status);
    if changed {
        let before = serde_json::to_value(&run.status).unwrap_or_default();
        let after = serde_json::to_value(&next.status).unwrap_or_default();
        // A merge patch with the resourceVersion that was decided on: refused if the Run
        // has changed since.
        let patch = json!({
            "metadata": {"resourceVersion": run.resource_version()},
            "status": with_removals(&before, after),
        });
        let api = Api::<Run>::namespaced(ctx.client.clone(), &run.namespace().unwrap_or_default());
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match within(api.patch_status(&run.name_any(), &params, &Patch::Merge(&patch))).await {
            Ok(now) => {
                ctx.metrics.published.inc();
                ctx.published
                    .note(run.uid().unwrap_or_default(), now.resource_version().and_then(|text| text.parse().ok()));
            }
            // The Run is gone: nobody is left to tell.
            Err(error) if error.code() == Some(404) => return Ok(false),
            Err(source) => {
                return Err(Error::Publish { name: run.name_any(), source: Box::new(source) });
            }
        }
    }
    for event in &next.events {
        let event = Event {
            type_: if event.warning { EventType::Warning } else { EventType::Normal },
            reason: event.reason.clone(),
            note: Some(event.note.clone()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if let Err(error) = within(ctx.recorder.publish(&event, &run.object_ref(&()))).await {
            tracing::warn!(run = run.name_any(), %error, "failed to publish an event");
        }
    }
    Ok(changed)
}

/// A merge patch keeps what it does not name: members that are no longer there are
/// named with null.
fn with_removals(before: &serde_json::Value, mut after: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    if let (Value::Object(before), Value::Object(now)) = (before, &mut after) {
        for (key, was) in before {
            match now.remove(key) {
                None => {
                    now.insert(key.clone(), Value::Null);
                }
                Some(is) => {
                    now.insert(key.clone(), with_removals(was, is));
                }
            }
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::with_removals;
    use serde_json::json;

    #[test]
    fn what_is_gone_is_named_with_null_and_arrays_are_replaced() {
        let before = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": [1, 2]});
        let after = json!({"b": {"d": 3}, "e": [2], "f": 4});
        let expected = json!({"a": null, "b": {"c": null, "d": 3}, "e": [2], "f": 4});
        assert_eq!(with_removals(&before, after), expected);
    }
}
