//! Which plugins a Run goes through: its launcher, and the chain of sizing policies.

use codeflare_api::Reason;
use codeflare_documents::describe::EmittedKind;

use super::run_label;
use crate::plan::PlannedPlugin;
use crate::seen::{PluginRole, Seen, SeenPlugin, Serving};
use crate::stop::Problem;

/// The launcher of a framework: of those that claim it, are ready and find their kinds
/// served, the one with the lowest priority, then name.
pub(super) fn launcher(seen: &Seen, api: &str) -> Result<(PlannedPlugin, Vec<EmittedKind>), Problem> {
    let run = run_label(seen);
    let claims = |plugin: &&SeenPlugin| matches!(&plugin.role, PluginRole::Launcher(frameworks) if frameworks.iter().any(|one| one == api));
    let mut claiming: Vec<_> = seen.plugins.iter().filter(claims).collect();
    claiming.sort_by_key(|plugin| (plugin.priority, plugin.name.as_str()));
    if claiming.is_empty() {
        let mut known: Vec<&str> =
            seen.plugins.iter().flat_map(|plugin| frameworks(&plugin.role)).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("no Plugin launches `{api}` (spec.api of the Application); known frameworks: {known}");
        return Err(Problem::new(Reason::NoLauncher, run, "/spec/application", message));
    }
    let mut missing = Vec::new();
    for plugin in &claiming {
        match &plugin.ready {
            Some(serving) if served(seen, serving) => {
                return Ok((planned(plugin, serving), serving.description.kinds.clone()));
            }
            Some(serving) => {
                let kinds: Vec<_> =
                    serving.description.kinds.iter().filter(|kind| !seen.served.contains(kind)).collect();
                let kinds: Vec<_> = kinds.iter().map(|kind| format!("{} {}", kind.api_version(), kind.kind)).collect();
                missing.push((
                    Reason::KindNotServed,
                    format!("plugin {} needs {}, which this cluster does not serve", plugin.name, kinds.join(", ")),
                ));
            }
            None => missing
                .push((Reason::LauncherNotReady, format!("plugin {} is not ready: {}", plugin.name, trouble(plugin)))),
        }
    }
    let reason = missing.first().map_or(Reason::NoLauncher, |(reason, _)| *reason);
    let message = missing.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("; ");
    Err(Problem::new(reason, run, "/spec/application", message))
}

fn trouble(plugin: &SeenPlugin) -> &str {
    if plugin.trouble.is_empty() { "it was not loaded yet" } else { &plugin.trouble }
}

fn frameworks(role: &PluginRole) -> &[String] {
    match role {
        PluginRole::Launcher(frameworks) => frameworks,
        PluginRole::SizingPolicy => &[],
    }
}

fn served(seen: &Seen, serving: &Serving) -> bool {
    serving.description.kinds.iter().all(|kind| seen.served.contains(kind))
}

fn planned(plugin: &SeenPlugin, serving: &Serving) -> PlannedPlugin {
    PlannedPlugin { name: plugin.name.clone(), digest: serving.digest.clone(), settings: plugin.settings.clone() }
}

/// The chain: highest priority number first, so that the lowest has the last word.
pub(super) fn policies(seen: &Seen) -> Result<Vec<PlannedPlugin>, Vec<Problem>> {
    let mut chain: Vec<_> = seen.plugins.iter().filter(|plugin| plugin.role == PluginRole::SizingPolicy).collect();
    chain.sort_by(|a, b| (b.priority, &b.name).cmp(&(a.priority, &a.name)));
    if chain.is_empty() {
        let message = "there is no sizing policy; install the platform's chart, or a Plugin with sizingPolicy";
        return Err(vec![Problem::new(Reason::NoSizingPolicy, run_label(seen), "", message)]);
    }
    let mut problems = Vec::new();
    let mut planned_chain = Vec::new();
    for plugin in chain {
        match &plugin.ready {
            Some(serving) => planned_chain.push(planned(plugin, serving)),
            None => {
                let message =
                    format!("it applies to this Run but is not ready: {}; a budget is never skipped", trouble(plugin));
                problems.push(Problem::new(
                    Reason::SizingPolicyNotReady,
                    format!("Plugin/{}", plugin.name),
                    "",
                    message,
                ));
            }
        }
    }
    if problems.is_empty() { Ok(planned_chain) } else { Err(problems) }
}
