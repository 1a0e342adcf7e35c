//! Drafts one attempt: `codeflare_plan::draft` decides, plugins are asked.

use codeflare_plan::draft::{Next, draft as decide};
use codeflare_plan::plan::{Call, Exchange, Record};
use codeflare_plan::seen::Seen;
use codeflare_plan::stop::Stop;

use super::catalog::Catalog;
use super::{plugin_failed, step};

/// Version of this host: a record is replayed by the same version only.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the host would record of an attempt.
///
/// # Errors
/// With every problem of the step that stopped it.
pub(super) async fn draft(catalog: &Catalog, seen: Seen, attempt: u32) -> Result<Record, Stop> {
    let mut exchanges = Vec::new();
    let plan = loop {
        match decide(&seen, attempt, &exchanges)? {
            Next::Plan(plan) => break *plan,
            Next::Call(call) => exchanges.push(ask(catalog, *call).await?),
        }
    };
    let digest = codeflare_plan::lock::digest(&plan);
    Ok(Record { host: VERSION.to_owned(), seen, exchanges, plan, digest })
}

async fn ask(catalog: &Catalog, call: Call) -> Result<Exchange, Stop> {
    let Call { plugin, digest, request } = call;
    let failed = |message| Stop::one(step(&request), plugin_failed(&plugin, message));
    let handle = catalog
        .at(&digest)
        .ok_or_else(|| failed(format!("no bytes of {digest} are here; name their file with --plugin")))?;
    let answer = handle.call(&request).await.answer;
    let answer = answer.map_err(|error| failed(format!("{} in {}: {error}", error.reason(), request.step())))?;
    Ok(Exchange { plugin, digest, request, answer })
}
