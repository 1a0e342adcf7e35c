//! Steps 2 to 5 in the cluster: `codeflare_plan::draft` decides, plugins are asked.

use codeflare_api::{ConditionType, Reason, Run};
use codeflare_documents::call::{Answer, Request};
use codeflare_documents::sizing::Usage;
use codeflare_plan::draft::{Next, draft, redraft};
use codeflare_plan::plan::{Call, Exchange, Record};
use codeflare_plan::seen::Seen;
use codeflare_plan::stop::{Problem, Stop};

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
            Next::Call(call) => exchanges.push(exchange(ctx, *call).await?),
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
            Next::Call(call) => exchanges.push(exchange(ctx, *call).await?),
        }
    }
}

fn record(seen: Seen, exchanges: Vec<Exchange>, plan: codeflare_plan::plan::Plan) -> Record {
    let digest = codeflare_plan::lock::digest(&plan);
    Record { host: VERSION.to_owned(), seen, exchanges, plan, digest }
}

async fn exchange(ctx: &Context, call: Call) -> Result<Exchange, Stop> {
    let answer = ask(ctx, &call.plugin, &call.digest, &call.request).await.map_err(|problem| {
        let step = match call.request {
            Request::Decide { .. } => ConditionType::Sized,
            Request::Launch(_) | Request::Observe(_) => ConditionType::Planned,
        };
        Stop::one(step, problem)
    })?;
    Ok(Exchange { plugin: call.plugin, digest: call.digest, request: call.request, answer })
}

/// Asks a plugin at a digest, and counts the call.
pub(crate) async fn ask(ctx: &Context, plugin: &str, digest: &str, request: &Request) -> Result<Answer, Problem> {
    let object = format!("Plugin/{plugin}");
    let Some(handle) = ctx.catalog.at(plugin, digest).await else {
        let message = format!("no bytes of {digest} are here, and the Plugin serves no other version; mend the Plugin");
        return Err(Problem::new(Reason::LauncherNotReady, object, "", message));
    };
    let start = std::time::Instant::now();
    let called = handle.call(request).await;
    let outcome = called.answer.as_ref().err().map_or("answered", |error| error.reason());
    let labels = crate::metrics::PluginCall {
        plugin: plugin.to_owned(),
        step: request.step().to_owned(),
        outcome: outcome.to_owned(),
    };
    ctx.metrics.plugin_call.get_or_create(&labels).observe(start.elapsed().as_secs_f64());
    called.answer.map_err(|error| {
        let message = format!("{} in {}: {error}", error.reason(), request.step());
        Problem::new(Reason::PluginFailed, object, "", message)
    })
}
