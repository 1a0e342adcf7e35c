//! Steps 2 to 5 in the cluster: `codeflare_plan::draft` decides, plugins are asked.

use codeflare_api::{ConditionType, Reason, Run};
use codeflare_documents::call::Request;
use codeflare_documents::sizing::Usage;
use codeflare_plan::draft::{Next, draft, redraft};
use codeflare_plan::plan::{Call, Exchange, Record};
use codeflare_plan::seen::Seen;
use codeflare_plan::stop::{Problem, Stop};
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use crate::catalog::Answered;
use crate::context::Context;
use crate::gather::gather;

/// Version of this host: a record is replayed by the same version only.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The record of a Run's first attempt, given what its namespace uses where that was
/// counted.
///
/// # Errors
/// With every problem of the step that stopped it.
pub(crate) async fn first(ctx: &Context, run: &Run, usage: Option<Usage>) -> Result<Record, Stop> {
    let seen = gather(ctx, run, usage);
    let mut exchanges = Vec::new();
    loop {
        match draft(&seen, 1, &exchanges)? {
            Next::Plan(plan) => return Ok(record(seen, exchanges, *plan)),
            Next::Call(call) => exchanges.push(exchange(ctx, &seen.run, *call).await?),
        }
    }
}

/// The record of a later attempt: the first one's inputs, size and digests.
///
/// # Errors
/// With every problem of the step that stopped it.
pub(crate) async fn again(ctx: &Context, first: &Record, attempt: u32) -> Result<Record, Stop> {
    let mut exchanges = Vec::new();
    loop {
        match redraft(first, attempt, &exchanges)? {
            Next::Plan(plan) => return Ok(record(first.seen.clone(), exchanges, *plan)),
            Next::Call(call) => exchanges.push(exchange(ctx, &first.seen.run, *call).await?),
        }
    }
}

fn record(seen: Seen, exchanges: Vec<Exchange>, plan: codeflare_plan::plan::Plan) -> Record {
    let digest = codeflare_plan::lock::digest(&plan);
    Record { host: VERSION.to_owned(), seen, exchanges, plan, digest }
}

async fn exchange(ctx: &Context, run: &Run, call: Call) -> Result<Exchange, Stop> {
    let answered = ask(ctx, run, &call.plugin, &call.digest, &call.request).await.map_err(|problem| {
        let step = match call.request {
            Request::Decide { .. } => ConditionType::Sized,
            Request::Launch(_) | Request::Observe(_) => ConditionType::Planned,
        };
        Stop::one(step, problem)
    })?;
    if let Some(instead) = answered.instead {
        tracing::warn!(plugin = call.plugin, step = call.request.step(), instead, "another version answers");
    }
    Ok(Exchange { plugin: call.plugin, digest: call.digest, request: call.request, answer: answered.answer })
}

/// Asks a plugin at a digest for a Run, when it is its turn.
///
/// # Errors
/// Where it has no turn yet, and as [`crate::catalog::Catalog::call`].
pub(crate) async fn ask(
    ctx: &Context,
    run: &Run,
    plugin: &str,
    digest: &str,
    request: &Request,
) -> Result<Answered, Problem> {
    let asking = ObjectRef::new(&run.name_any()).within(&run.namespace().unwrap_or_default());
    let Some(_place) = ctx.turns.take(plugin, &asking).await else {
        let message = "it is busy with other Runs; this one goes on when it has its turn";
        return Err(Problem::new(Reason::PluginBusy, format!("Plugin/{plugin}"), "", message));
    };
    ctx.catalog.call(plugin, digest, request).await
}
