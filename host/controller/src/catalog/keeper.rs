//! Tends the store: writes again what serves and is missing, deletes what nobody needs.
//!
//! What stores of watches say is only a reason to look: before anything is deleted the
//! Runs are read from the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use codeflare_api::Reason;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use tokio::sync::watch;

use super::collect::{self, Holds, Needs, Patience};
use crate::context::Context;
use crate::error::Call;
use crate::record;
use crate::watch::AnyRun;

/// How often the store is looked at, at most and at least.
const EVERY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// Runs in one answer of the server.
const PAGE: u32 = 500;

/// Tends the store for ever, once every Run was `listed`. What nobody has needed for as
/// long as `grace` goes.
pub(crate) async fn tend(ctx: Arc<Context>, grace: Duration, mut listed: watch::Receiver<bool>) {
    // A lost sender means that the process is going down.
    if listed.wait_for(|listed| *listed).await.is_err() {
        return;
    }
    let mut patience = Patience::default();
    loop {
        if let Err(error) = round(&ctx, &mut patience, grace).await {
            tracing::warn!(%error, "failed to tend what is kept of plugins; it is tried again");
        }
        tokio::time::sleep((grace / 4).clamp(EVERY[0], EVERY[1])).await;
    }
}

async fn round(ctx: &Context, patience: &mut Patience, grace: Duration) -> Result<(), Call> {
    let catalog = &ctx.catalog;
    let turn = catalog.store.turn().await;
    let stored = catalog.store.all().await?;
    ctx.metrics.plugin_store.set(i64::try_from(collect::bytes(&stored)).unwrap_or(i64::MAX));
    for version in catalog.serving() {
        let sheet = &version.sheet;
        let mut names = sheet.piece_names();
        names.push(sheet.name());
        if names.iter().all(|name| stored.iter().any(|one| one.name == *name)) {
            continue;
        }
        tracing::warn!(
            plugin = sheet.plugin,
            digest = sheet.digest,
            "what was kept of a plugin is gone; it is kept anew"
        );
        match catalog.engine.stored(&sheet.digest) {
            Some(bytes) => {
                if let Err(error) = catalog.store.keep(&turn, sheet, &bytes).await {
                    tracing::warn!(plugin = sheet.plugin, %error, "failed to keep a plugin");
                }
            }
            None => tracing::warn!(plugin = sheet.plugin, "its bytes are not on disk any more; restart the host"),
        }
    }
    let shown = ctx.stores.runs.state();
    let Some(needs) = needs(ctx, shown.iter().map(AsRef::as_ref)).await else { return Ok(()) };
    catalog.forget(&needs);
    let over = patience.over(needs.needless(&stored), Instant::now(), grace);
    if over.is_empty() {
        return Ok(());
    }
    let runs = runs(ctx).await?;
    let Some(needs) = self::needs(ctx, runs.iter()).await else { return Ok(()) };
    for one in needs.needless(&stored).into_iter().filter(|one| over.contains(one)) {
        tracing::info!(object = one.name, "nobody needs this of a plugin any more");
        catalog.store.delete(&one.name, &one.uid).await?;
    }
    Ok(())
}

/// What must stay; none where that cannot be said now.
async fn needs(ctx: &Context, runs: impl Iterator<Item = &AnyRun>) -> Option<Needs> {
    let mut needs = Needs::default();
    for version in ctx.catalog.serving() {
        needs.serving(&version.sheet);
    }
    for plugin in ctx.stores.plugins.state() {
        needs.plugin(&plugin);
    }
    let recorded = record::highest(ctx.stores.records.state().iter().map(AsRef::as_ref));
    for guard in runs {
        let uid = guard.uid().unwrap_or_default();
        match collect::holds(guard.0.as_ref().ok(), recorded.contains_key(&uid)) {
            Holds::Nothing => {}
            Holds::Launch(launch) => needs.launched(launch),
            Holds::Record => {
                let launch = guard.0.as_ref().ok().and_then(|run| run.status.as_ref()?.launch.as_ref());
                let named = launch.map(|launch| (launch.attempt, launch.record.clone()));
                let (attempt, name) = recorded.get(&uid).cloned().or(named)?;
                let namespace = guard.namespace().unwrap_or_default();
                match record::read_of(ctx, &namespace, &uid, attempt, &name).await {
                    Ok(record) => {
                        let plan = &record.plan;
                        let used = std::iter::once(&plan.launcher).chain(&plan.sizing_policies);
                        used.for_each(|plugin| needs.digest(&plugin.digest));
                    }
                    // Nothing of it is ever executed.
                    Err(stop) if matches!(stop.reason(), Reason::RecordGone | Reason::RecordForged) => {}
                    Err(stop) => {
                        tracing::info!(run = guard.name_any(), %stop, "nothing kept of plugins goes before it is known what this Run needs");
                        return None;
                    }
                }
            }
        }
    }
    Some(needs)
}

/// Every Run, from the server.
async fn runs(ctx: &Context) -> Result<Vec<AnyRun>, Call> {
    let api = Api::<AnyRun>::all(ctx.client.clone());
    let mut all = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let found = crate::api::within(api.list(&page)).await?;
        let next = found.metadata.continue_.clone().filter(|token| !token.is_empty());
        all.extend(found.items);
        match next {
            Some(token) => page = ListParams::default().limit(PAGE).continue_token(&token),
            None => return Ok(all),
        }
    }
}
