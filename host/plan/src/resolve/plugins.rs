//! Which plugins a Run goes through: its launcher, and the chain of sizing policies.

use codeflare_api::{Application, Reason};
use codeflare_documents::describe::{Description, EmittedKind};
use serde_json::Value;

use super::{label, run_label};
use crate::plan::PlannedPlugin;
use crate::schema;
use crate::seen::{PluginRole, Seen, SeenPlugin, Serving};
use crate::stop::Problem;

/// Whose field is to blame where no launcher can be had.
pub(super) struct Blamed {
    /// `Kind/name`.
    pub(super) object: String,
    /// JSON pointer.
    pub(super) pointer: &'static str,
}

/// The launcher of an Application: of those that claim its framework, are ready, find
/// their kinds served and take its framework options, the one with the lowest priority,
/// then name.
pub(super) fn launcher(
    plugins: &[SeenPlugin],
    on_cluster: &[EmittedKind],
    application: &Application,
    blamed: &Blamed,
) -> Result<(PlannedPlugin, Vec<EmittedKind>), Vec<Problem>> {
    let api = &application.spec.api;
    let blame = |reason, message| Problem::new(reason, blamed.object.clone(), blamed.pointer, message);
    let mut claiming: Vec<_> = plugins.iter().filter(|plugin| frameworks(&plugin.role).contains(api)).collect();
    claiming.sort_by_key(|plugin| (plugin.priority, plugin.name.as_str()));
    if claiming.is_empty() {
        let mut known: Vec<&str> =
            plugins.iter().flat_map(|plugin| frameworks(&plugin.role)).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("no Plugin launches `{api}` (spec.api of the Application); known frameworks: {known}");
        return Err(vec![blame(Reason::NoLauncher, message)]);
    }
    let mut problems = Vec::new();
    for plugin in &claiming {
        let serving = match usable(plugin) {
            Ok(serving) => serving,
            Err(trouble) => {
                let message = format!("plugin {} is not ready: {trouble}", plugin.name);
                problems.push(blame(Reason::LauncherNotReady, message));
                continue;
            }
        };
        if let Some(missing) = missing(&serving.description, on_cluster) {
            let message = format!("plugin {} needs {missing}, which this cluster does not serve", plugin.name);
            problems.push(blame(Reason::KindNotServed, message));
            continue;
        }
        let options = Value::Object(application.spec.framework.clone().unwrap_or_default());
        let misfits = schema::faults(&serving.description.framework_schema, &options, "/spec/framework");
        if misfits.is_empty() {
            return Ok((planned(plugin, serving), serving.description.kinds.clone()));
        }
        problems.extend(misfits.into_iter().map(|(pointer, message)| {
            let message = format!("{message} (options of plugin {})", plugin.name);
            Problem::new(Reason::FieldInvalid, label(application), pointer, message)
        }));
    }
    Err(problems)
}

/// What the cluster lacks for every way in which a launcher can launch; none where one
/// will do.
fn missing(description: &Description, on_cluster: &[EmittedKind]) -> Option<String> {
    let lacks = |needs: &[EmittedKind]| -> Vec<String> {
        let missing = needs.iter().filter(|kind| !on_cluster.contains(kind));
        missing.map(|kind| format!("{} {}", kind.api_version(), kind.kind)).collect()
    };
    let ways: Vec<Vec<String>> = match description.variants.as_slice() {
        [] => vec![lacks(&description.kinds)],
        variants => variants.iter().map(|variant| lacks(&variant.needs)).collect(),
    };
    let served = ways.iter().any(Vec::is_empty);
    (!served).then(|| ways.iter().map(|way| way.join(", ")).collect::<Vec<_>>().join(", or else "))
}

/// What serves of a plugin, if its settings fit; otherwise why not.
fn usable(plugin: &SeenPlugin) -> Result<&Serving, String> {
    let serving = plugin.ready.as_ref().ok_or_else(|| trouble(plugin).to_owned())?;
    let settings = Value::Object(plugin.settings.clone());
    let misfits = schema::faults(&serving.description.settings_schema, &settings, "/spec/settings");
    match misfits.first() {
        None => Ok(serving),
        Some((pointer, message)) => Err(format!("{pointer}: {message}")),
    }
}

fn trouble(plugin: &SeenPlugin) -> &str {
    if plugin.trouble.is_empty() { "it was not loaded yet" } else { &plugin.trouble }
}

fn frameworks(role: &PluginRole) -> &[String] {
    match role {
        PluginRole::Launcher(frameworks) => frameworks,
        PluginRole::SizingPolicy | PluginRole::Progress(_) => &[],
    }
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
        match usable(plugin) {
            Ok(serving) => planned_chain.push(planned(plugin, serving)),
            Err(trouble) => {
                let message = format!("it applies to this Run but is not ready: {trouble}; a budget is never skipped");
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
