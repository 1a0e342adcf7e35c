//! Where a plugin stands among those that claim the same framework: what its status shows.

use codeflare_api::plugin::Claim;
use codeflare_documents::describe::EmittedKind;

use super::launcher::missing;
use super::plugins::{usable, where_served};
use crate::seen::{PluginRole, SeenPlugin};

/// For each framework that a plugin claims: whether it comes first, and why. Policies
/// claim nothing.
pub(crate) fn claims(plugin: &SeenPlugin, plugins: &[SeenPlugin], served: &[EmittedKind]) -> Vec<Claim> {
    let claim = |framework: &String| {
        let mut rivals: Vec<_> = plugins
            .iter()
            .filter(|other| other.name != plugin.name && other.role.name() == plugin.role.name())
            .filter(|other| claimed(other).contains(framework))
            .collect();
        rivals.sort_by_key(|other| (other.priority, other.name.as_str()));
        let (first, why) = standing(plugin, &rivals, served);
        let why = match where_served(plugin) {
            Ok(Some(only)) => format!("only in {only}: {why}"),
            _ => why,
        };
        Claim { framework: framework.clone(), first, why }
    };
    claimed(plugin).iter().map(claim).collect()
}

/// Whether a plugin comes before its rivals, which are sorted, and why.
fn standing(plugin: &SeenPlugin, rivals: &[&SeenPlugin], served: &[EmittedKind]) -> (bool, String) {
    if let Err(trouble) = able(plugin, served) {
        return (false, trouble);
    }
    let place = |one: &SeenPlugin| (one.priority, one.name.clone());
    let (ahead, behind): (Vec<&SeenPlugin>, Vec<&SeenPlugin>) =
        rivals.iter().copied().partition(|other| place(other) < place(plugin));
    let (in_the_way, out): (Vec<_>, Vec<_>) = ahead.into_iter().partition(|other| able(other, served).is_ok());
    let mut clauses: Vec<String> = in_the_way
        .iter()
        .map(|other| {
            let only = where_served(other).ok().flatten().map(|only| format!(" in {only}"));
            format!("behind {}{}", named(other, plugin), only.unwrap_or_default())
        })
        .collect();
    let first = clauses.is_empty();
    match behind.first() {
        Some(next) if first => clauses.push(format!("before {}", named(next, plugin))),
        None if first && out.is_empty() => clauses.push("no other plugin claims it".to_owned()),
        _ => {}
    }
    clauses.extend(out.iter().filter_map(|other| {
        let trouble = able(other, served).err()?;
        Some(format!("{} would come before it, but {trouble}", named(other, plugin)))
    }));
    (first, clauses.join("; "))
}

/// `old (priority 200)`; where the priorities are the same the names decide.
fn named(other: &SeenPlugin, plugin: &SeenPlugin) -> String {
    let by = if other.priority == plugin.priority { ", by name" } else { "" };
    format!("{} (priority {}{by})", other.name, other.priority)
}

/// Whether a plugin can be chosen at all.
fn able(plugin: &SeenPlugin, served: &[EmittedKind]) -> Result<(), String> {
    let not_ready = |trouble| format!("it is not ready: {trouble}");
    where_served(plugin).map_err(not_ready)?;
    let serving = usable(plugin).map_err(not_ready)?;
    match missing(&serving.description, served) {
        Some(missing) => Err(format!("it needs {missing}, which this cluster does not serve")),
        None => Ok(()),
    }
}

fn claimed(plugin: &SeenPlugin) -> &[String] {
    match &plugin.role {
        PluginRole::Launcher(frameworks) | PluginRole::Progress(frameworks) => frameworks,
        PluginRole::SizingPolicy => &[],
    }
}
