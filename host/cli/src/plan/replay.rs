//! `codeflare plan --record`: a recorded attempt is decided once more, and must come out
//! the same, byte for byte.

use std::path::Path;

use codeflare_documents::call::Request;
use codeflare_engine::{Limits, Role};
use codeflare_plan::plan::Record;
use codeflare_plan::record;
use k8s_openapi::api::core::v1::ConfigMap;

use super::catalog::{Catalog, digest, wasm_files};
use super::draft::{VERSION, draft};
use super::{print, read};
use crate::args::PlanArgs;
use crate::{Failure, output};

/// Replays and prints as `codeflare plan` does.
pub(super) async fn replay(args: &PlanArgs, file: &Path) -> Result<(), Failure> {
    let place = file.display();
    let text = read::text(file).map_err(Failure::one)?;
    let object: ConfigMap = serde_saphyr::from_str(&text).map_err(|error| {
        Failure::one(format!("{place}: not a ConfigMap as kubectl prints it: {}", read::first_line(&error)))
    })?;
    let recorded = record::peek(&object).map_err(|error| Failure::one(format!("{place}: {error}")))?;
    if recorded.host != VERSION {
        let host = &recorded.host;
        return Err(Failure::one(format!(
            "{place}: recorded by host {host}, this is {VERSION}; replay it with codeflare {host}"
        )));
    }
    let catalog = catalog(args, &recorded).await?;
    let again = draft(&catalog, recorded.seen.clone(), recorded.plan.attempt).await.map_err(|stop| {
        Failure::Errors(stop.problems.iter().map(|problem| format!("{place}: {}", problem.line())).collect())
    })?;
    if again.digest != recorded.digest || again.plan != recorded.plan {
        return Err(Failure::one(format!(
            "{place}: replayed to another plan: recorded {}, now {}",
            recorded.digest, again.digest
        )));
    }
    output::data(&print::print(&[again], args.output)?)
}

/// The plugins that the record names, at exactly its digests.
async fn catalog(args: &PlanArgs, recorded: &Record) -> Result<Catalog, Failure> {
    let mut catalog = Catalog::empty(args)?;
    let mut missing = Vec::new();
    let plan = &recorded.plan;
    let used = plan
        .sizing_policies
        .iter()
        .map(|policy| (Role::SizingPolicy, policy))
        .chain([(Role::Launcher, &plan.launcher)]);
    for (role, plugin) in used {
        let Some(bytes) = bytes(args, &catalog, &plugin.digest)? else {
            missing.push(format!(
                "no bytes of plugin {} at {}; name their file with --plugin",
                plugin.name, plugin.digest
            ));
            continue;
        };
        let loaded = catalog.load(role, bytes, Limits::default()).await;
        loaded.map_err(|error| Failure::one(format!("plugin {}: {error}", plugin.name)))?;
    }
    debug_assert!(
        recorded.exchanges.iter().all(|exchange| !matches!(exchange.request, Request::Observe(_))),
        "only steps 2 to 5 are recorded"
    );
    if missing.is_empty() { Ok(catalog) } else { Err(Failure::Errors(missing)) }
}

/// Bytes by their digest: from a file that was named, the cache, or the folder.
fn bytes(args: &PlanArgs, catalog: &Catalog, wanted: &str) -> Result<Option<Vec<u8>>, Failure> {
    for file in &args.plugin {
        let bytes =
            std::fs::read(file).map_err(|error| Failure::one(format!("--plugin {}: {error}", file.display())))?;
        if digest(&bytes) == wanted {
            return Ok(Some(bytes));
        }
    }
    if let Some(bytes) = catalog.engine.stored(wanted) {
        return Ok(Some(bytes));
    }
    // The folder is a last resort; it need not be there.
    let files = wasm_files(&args.plugins).unwrap_or_default();
    let found = files.iter().filter_map(|file| std::fs::read(file).ok()).find(|bytes| digest(bytes) == wanted);
    Ok(found)
}
