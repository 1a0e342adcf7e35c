//! Step 7, apply: what the record names and is missing, created strictly; the primary
//! last, and never over anything.

use codeflare_api::{ConditionType, Reason, Run, labels};
use codeflare_plan::live::Child;
use codeflare_plan::plan::{Plan, PlannedObject};
use codeflare_plan::stop::{Problem, Stop};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, DynamicObject, ListParams};

use crate::api::{create, within};
use crate::context::Context;
use crate::gather::child;
use crate::served::Standing;

/// Creates what is missing, given the Run as the server has it now. Answers the primary.
///
/// # Errors
/// A stop of the step Launched.
pub(crate) async fn apply(ctx: &Context, uid: &str, plan: &Plan, children: &[Child]) -> Result<Child, Stop> {
    let mut primary = None;
    for planned in &plan.objects {
        let known =
            children.iter().find(|child| child.kind == planned.kind && child.name == planned.name && !child.deleting);
        let present = match known {
            Some(known) if known.owner.as_deref() == Some(uid) => known.clone(),
            _ => create_one(ctx, uid, plan, planned).await?,
        };
        if planned.primary {
            primary = Some(present);
        }
    }
    primary.ok_or_else(|| {
        let problem = Problem::new(Reason::PlanRefused, "", "", "the recorded plan has no primary object");
        Stop::one(ConditionType::Launched, problem)
    })
}

async fn create_one(ctx: &Context, uid: &str, plan: &Plan, planned: &PlannedObject) -> Result<Child, Stop> {
    let label = format!("{}/{}", planned.kind.kind, planned.name);
    let body = planned.object.to_string().into_bytes();
    match create::<DynamicObject>(&ctx.client, &ctx.catalog.served().resource(&planned.kind), &plan.namespace, body)
        .await
    {
        Ok(object) => Ok(live(planned, &object)),
        Err(error) if error.already_exists() => adopt(ctx, uid, plan, planned).await,
        Err(error) => Err(error.stop(ConditionType::Launched, label)),
    }
}

/// An object of that name is there: ours if this Run owns it and it stays.
async fn adopt(ctx: &Context, uid: &str, plan: &Plan, planned: &PlannedObject) -> Result<Child, Stop> {
    let label = format!("{}/{}", planned.kind.kind, planned.name);
    let there = within(ctx.of_kind(&planned.kind, &plan.namespace).get_opt(&planned.name))
        .await
        .map_err(|error| error.stop(ConditionType::Launched, label.clone()))?;
    let exists = |message: &str| {
        Stop::one(ConditionType::Launched, Problem::new(Reason::ObjectExists, label.clone(), "", message))
    };
    let Some(object) = there else {
        return Err(exists("it was there and is gone; it is created again in a moment"));
    };
    let found = live(planned, &object);
    if found.owner.as_deref() != Some(uid) {
        return Err(exists("an object of that name exists and belongs to somebody else; rename or delete it"));
    }
    if found.deleting {
        return Err(exists("it is being deleted"));
    }
    Ok(found)
}

fn live(planned: &PlannedObject, object: &DynamicObject) -> Child {
    let mut object = object.clone();
    object.metadata.managed_fields = None;
    let value = serde_json::to_value(&object).unwrap_or_default();
    child(&planned.kind, &object, value)
}

/// Whether the cluster serves every kind of a plan: whoever uninstalled an operator may
/// bring it back, and an object that cannot be asked for is not an object that is gone.
///
/// # Errors
/// A stop of the step Launched that names what is missing.
pub(crate) fn served(ctx: &Context, plan: &Plan) -> Result<(), Stop> {
    let missing = plan.objects.iter().find(|planned| !ctx.stores.children.is_served(&planned.kind));
    missing.map_or(Ok(()), |planned| Err(not_served(planned, "the Run goes on")))
}

/// The same where the primary was seen and is going or gone: with its kind, if that is being
/// uninstalled. Answers when its kind was defined, where it is not Kubernetes' own.
///
/// # Errors
/// A stop of the step Launched.
pub(crate) async fn still_served(ctx: &Context, plan: &Plan) -> Result<Option<Timestamp>, Stop> {
    let goes_on = "the Run goes on if its object has outlived that";
    if let Some(planned) = plan.objects.iter().find(|planned| !ctx.stores.children.is_served(&planned.kind)) {
        return Err(not_served(planned, goes_on));
    }
    let Some(planned) = plan.primary() else { return Ok(None) };
    let standing = ctx.catalog.served().standing(&ctx.client, &planned.kind).await;
    match standing.map_err(|error| error.stop(ConditionType::Launched, label(planned)))? {
        Standing::Own => Ok(None),
        Standing::Since(time) => Ok(time),
        Standing::Going => Err(not_served(planned, goes_on)),
    }
}

fn not_served(planned: &PlannedObject, goes_on: &str) -> Stop {
    let message = format!(
        "this cluster does not serve {} {} any more; install what serves it again, and {goes_on}",
        planned.kind.api_version(),
        planned.kind.kind
    );
    Stop::one(ConditionType::Launched, Problem::new(Reason::KindNotServed, label(planned), "", message))
}

fn label(planned: &PlannedObject) -> String {
    format!("{}/{}", planned.kind.kind, planned.name)
}

/// The primary as the server has it, where the watch does not show it.
///
/// # Errors
/// A stop of the step Launched.
pub(crate) async fn look_for_primary(ctx: &Context, plan: &Plan, uid: &str) -> Result<Option<Child>, Stop> {
    let Some(planned) = plan.primary() else {
        return Ok(None);
    };
    let label = format!("{}/{}", planned.kind.kind, planned.name);
    let object = within(ctx.of_kind(&planned.kind, &plan.namespace).get_opt(&planned.name))
        .await
        .map_err(|error| error.stop(ConditionType::Launched, label))?;
    Ok(object.filter(|object| object.uid().as_deref() == Some(uid)).map(|object| live(planned, &object)))
}

/// The Run as the server has it now: no stale cache decides that a primary is created.
/// None where it is gone, being deleted, or another one of the same name.
///
/// # Errors
/// A stop of the step Launched.
pub(crate) async fn fresh(ctx: &Context, run: &Run) -> Result<Option<Run>, Stop> {
    let namespace = run.namespace().unwrap_or_default();
    let api = Api::<Run>::namespaced(ctx.client.clone(), &namespace);
    let now = within(api.get_opt(&run.name_any()))
        .await
        .map_err(|error| error.stop(ConditionType::Launched, format!("Run/{}", run.name_any())))?;
    Ok(now.filter(|now| now.uid() == run.uid() && now.metadata.deletion_timestamp.is_none()))
}

/// Whether pods of attempts before this one still live, as the server has it now.
///
/// # Errors
/// A stop of the step Launched.
pub(crate) async fn pods_left(ctx: &Context, run: &Run, attempt: u32) -> Result<bool, Stop> {
    let namespace = run.namespace().unwrap_or_default();
    let selector = format!("{}={},{}!={attempt}", labels::RUN_UID, run.uid().unwrap_or_default(), labels::ATTEMPT);
    let api = Api::<Pod>::namespaced(ctx.client.clone(), &namespace);
    let pods = within(api.list_metadata(&ListParams::default().labels(&selector)))
        .await
        .map_err(|error| error.stop(ConditionType::Launched, format!("Run/{}", run.name_any())))?;
    Ok(!pods.items.is_empty())
}
