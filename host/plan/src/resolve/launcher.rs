//! Which launcher a Run goes through, and why that one.
//!
//! Of the plugins that claim the framework and serve the namespace, are ready, find their
//! kinds served and take the Application's options, the one with the lowest priority,
//! then name. Whoever comes before it and cannot is told of.

use std::collections::BTreeMap;

use codeflare_api::{Application, Reason};
use codeflare_documents::describe::{Description, EmittedKind};
use codeflare_documents::shared::Choice;
use serde_json::Value;

use super::label;
use super::plugins::{planned, serves, usable, where_served};
use crate::plan::PlannedPlugin;
use crate::schema;
use crate::seen::{PluginRole, PodSecurity, SeenPlugin};
use crate::stop::Problem;

/// Longest reason for which a plugin was passed over, in characters: the whole is on its
/// Plugin.
const LONGEST: usize = 160;

/// What there is to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Every Plugin.
    pub plugins: &'a [SeenPlugin],
    /// Kinds that the cluster serves, of those that plugins declare.
    pub served: &'a [EmittedKind],
    /// Labels of the namespace.
    pub labels: &'a BTreeMap<String, String>,
    /// Standard that pods follow.
    pub pod_security: PodSecurity,
}

/// Whose field is to blame where no launcher can be had.
pub(super) struct Blamed {
    /// `Kind/name`.
    pub(super) object: String,
    /// JSON pointer.
    pub(super) pointer: &'static str,
}

/// A launcher that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chosen {
    /// As it is recorded.
    pub(crate) plugin: PlannedPlugin,
    /// Kinds that it may emit.
    pub(crate) kinds: Vec<EmittedKind>,
    /// Why this one, in one clause; none where no other claims the framework.
    pub(crate) why: Option<String>,
    /// The others that claim the framework in this namespace.
    over: Vec<String>,
}

impl Chosen {
    /// The choice, as plan and status show it.
    pub(crate) fn choice(&self) -> Choice {
        let own = |name: &String| (format!("Plugin/{name}"), Value::from(name.as_str()));
        Choice {
            field: "launcher".to_owned(),
            value: self.plugin.name.as_str().into(),
            by: "host".to_owned(),
            why: self.why.clone().unwrap_or_else(|| "no other plugin claims the framework".to_owned()),
            over: self.over.iter().map(own).collect(),
        }
    }
}

/// Why a plugin cannot launch an Application.
enum Unable {
    /// It does not serve the namespace.
    Elsewhere(String),
    /// It is not ready.
    NotReady(String),
    /// The cluster lacks kinds.
    Lacking(String),
    /// Options of the Application do not fit its schema: where, and why.
    Misfits(Vec<(String, String)>),
}

impl Unable {
    fn words(&self) -> String {
        let text = match self {
            Unable::Elsewhere(only) => format!("it serves only {only}"),
            Unable::NotReady(trouble) => format!("it is not ready: {trouble}"),
            Unable::Lacking(kinds) => format!("it needs {kinds}, which this cluster does not serve"),
            Unable::Misfits(misfits) => {
                misfits.iter().map(|(at, why)| format!("{at}: {why}")).collect::<Vec<_>>().join("; ")
            }
        };
        if text.chars().count() > LONGEST {
            format!("{}…", text.chars().take(LONGEST).collect::<String>())
        } else {
            text
        }
    }
}

/// Chooses the launcher of an Application.
///
/// # Errors
/// With what each plugin that claims the framework lacks; the first gives the reason.
pub(super) fn launcher(offer: Offer<'_>, application: &Application, blamed: &Blamed) -> Result<Chosen, Vec<Problem>> {
    let api = &application.spec.api;
    let mut claiming: Vec<_> = offer.plugins.iter().filter(|plugin| launches(plugin, api)).collect();
    claiming.sort_by_key(|plugin| (plugin.priority, plugin.name.as_str()));
    if claiming.is_empty() {
        let message = unclaimed(offer.plugins, api);
        return Err(vec![Problem::new(Reason::NoLauncher, blamed.object.clone(), blamed.pointer, message)]);
    }
    let mut passed = Vec::new();
    for (place, plugin) in claiming.iter().enumerate() {
        match able(offer, application, plugin) {
            Ok(kinds) => {
                let behind: Vec<_> = claiming.iter().skip(place + 1).copied().collect();
                return Ok(chosen(offer, plugin, kinds, &passed, &behind, api));
            }
            Err(unable) => passed.push((*plugin, unable)),
        }
    }
    // Those of other namespaces last: the rest is closer to launching.
    passed.sort_by_key(|(_, unable)| matches!(unable, Unable::Elsewhere(_)));
    Err(passed.iter().flat_map(|(plugin, unable)| problems(plugin, unable, application, blamed)).collect())
}

/// A plugin as it is recorded and the kinds that it may emit, if it can launch the
/// Application.
fn able<'a>(
    offer: Offer<'_>,
    application: &Application,
    plugin: &'a SeenPlugin,
) -> Result<(PlannedPlugin, &'a [EmittedKind]), Unable> {
    let only = where_served(plugin).map_err(Unable::NotReady)?;
    if !serves(plugin, offer.labels).map_err(Unable::NotReady)? {
        return Err(Unable::Elsewhere(only.unwrap_or_default()));
    }
    let serving = usable(plugin).map_err(Unable::NotReady)?;
    if let Some(missing) = missing(&serving.description, offer.served) {
        return Err(Unable::Lacking(missing));
    }
    let options = Value::Object(application.spec.framework.clone().unwrap_or_default());
    let misfits = schema::faults(&serving.description.framework_schema, &options, "/spec/framework");
    if misfits.is_empty() {
        Ok((planned(plugin, serving), &serving.description.kinds))
    } else {
        Err(Unable::Misfits(misfits))
    }
}

fn chosen(
    offer: Offer<'_>,
    plugin: &SeenPlugin,
    (planned, kinds): (PlannedPlugin, &[EmittedKind]),
    passed: &[(&SeenPlugin, Unable)],
    behind: &[&SeenPlugin],
    api: &str,
) -> Chosen {
    // Whoever serves other namespaces only was never in question behind it.
    let behind: Vec<_> = behind.iter().filter(|other| serves(other, offer.labels) == Ok(true)).collect();
    let with_priority = |plugin: &SeenPlugin| format!("{} ({})", plugin.name, plugin.priority);
    let mut clauses = Vec::new();
    if let Some(next) = behind.first() {
        let how = if next.priority == plugin.priority { "lowest priority, then name," } else { "lowest priority" };
        let all: Vec<_> =
            std::iter::once(with_priority(plugin)).chain(behind.iter().map(|one| with_priority(one))).collect();
        clauses.push(format!("{how} of {}", all.join(", ")));
    } else if !passed.is_empty() {
        clauses.push(format!("the only one that can launch {api} here"));
    }
    clauses.extend(
        passed.iter().map(|(one, unable)| format!("{} is passed over: {}", with_priority(one), unable.words())),
    );
    let overruled = passed.iter().filter(|(_, unable)| !matches!(unable, Unable::Elsewhere(_))).map(|(one, _)| *one);
    let over = overruled.chain(behind.iter().map(|one| **one));
    Chosen {
        plugin: planned,
        kinds: kinds.to_vec(),
        why: (!clauses.is_empty()).then(|| clauses.join("; ")),
        over: over.map(|one| one.name.clone()).collect(),
    }
}

fn problems(plugin: &SeenPlugin, unable: &Unable, application: &Application, blamed: &Blamed) -> Vec<Problem> {
    let name = &plugin.name;
    let one = |reason, message| vec![Problem::new(reason, blamed.object.clone(), blamed.pointer, message)];
    match unable {
        Unable::Elsewhere(only) => {
            let message =
                format!("plugin {name} serves only {only}; label the namespace so, or make the Run in another");
            one(Reason::NoLauncher, message)
        }
        Unable::NotReady(trouble) => one(Reason::LauncherNotReady, format!("plugin {name} is not ready: {trouble}")),
        Unable::Lacking(kinds) => {
            one(Reason::KindNotServed, format!("plugin {name} needs {kinds}, which this cluster does not serve"))
        }
        Unable::Misfits(misfits) => misfits
            .iter()
            .map(|(pointer, message)| {
                let message = format!("{message} (options of plugin {name})");
                Problem::new(Reason::FieldInvalid, label(application), pointer, message)
            })
            .collect(),
    }
}

fn unclaimed(plugins: &[SeenPlugin], api: &str) -> String {
    let mut known: Vec<&str> = plugins.iter().flat_map(frameworks).map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    format!("no Plugin launches `{api}` (spec.api of the Application); known frameworks: {known}")
}

fn launches(plugin: &SeenPlugin, api: &String) -> bool {
    frameworks(plugin).contains(api)
}

fn frameworks(plugin: &SeenPlugin) -> &[String] {
    match &plugin.role {
        PluginRole::Launcher(frameworks) => frameworks,
        PluginRole::SizingPolicy | PluginRole::Progress(_) => &[],
    }
}

/// What the cluster lacks for every way in which a launcher can launch; none where one
/// will do.
pub(super) fn missing(description: &Description, on_cluster: &[EmittedKind]) -> Option<String> {
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
