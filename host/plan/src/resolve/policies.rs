//! The chain of sizing policies that a Run goes through.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use codeflare_api::Reason;

use super::plugins::{planned, serves, usable};
use super::run_label;
use crate::plan::PlannedPlugin;
use crate::seen::{PluginRole, Seen, SeenPlugin};
use crate::stop::Problem;

/// The chain: highest priority number first, so that the lowest has the last word. A
/// policy that does not serve the Run's namespace is skipped; one that does and is not
/// ready makes the Run wait.
///
/// # Errors
/// With every policy that is missing.
pub(super) fn policies(seen: &Seen) -> Result<Vec<PlannedPlugin>, Vec<Problem>> {
    let mut chain: Vec<_> = applying(&seen.plugins, &seen.namespace_labels).collect();
    chain.sort_by_key(|(plugin, _)| Reverse((plugin.priority, &plugin.name)));
    if chain.is_empty() {
        let message = "there is no sizing policy for its namespace; install the platform's chart, or a Plugin with sizingPolicy that serves it";
        return Err(vec![Problem::new(Reason::NoSizingPolicy, run_label(seen), "", message)]);
    }
    let mut problems = Vec::new();
    let mut ready = Vec::new();
    for (plugin, serving) in chain {
        match serving.and_then(|()| usable(plugin)) {
            Ok(serving) => ready.push(planned(plugin, serving)),
            Err(trouble) => {
                let message = format!("it applies to this Run but is not ready: {trouble}; a budget is never skipped");
                let object = format!("Plugin/{}", plugin.name);
                problems.push(Problem::new(Reason::SizingPolicyNotReady, object, "", message));
            }
        }
    }
    if problems.is_empty() { Ok(ready) } else { Err(problems) }
}

/// Whether a policy that sizes Runs of this namespace wants to know what the namespace
/// uses: such decisions are made one after the other.
pub fn wants_usage(plugins: &[SeenPlugin], labels: &BTreeMap<String, String>) -> bool {
    applying(plugins, labels).filter_map(|(plugin, _)| plugin.ready.as_ref()).any(|serving| serving.description.usage)
}

/// Policies that serve a namespace, and those of which nobody can say whether they do,
/// with why: they are not skipped.
fn applying<'a>(
    plugins: &'a [SeenPlugin],
    labels: &BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a SeenPlugin, Result<(), String>)> {
    plugins.iter().filter(|plugin| plugin.role == PluginRole::SizingPolicy).filter_map(|plugin| {
        match serves(plugin, labels) {
            Ok(true) => Some((plugin, Ok(()))),
            Ok(false) => None,
            Err(trouble) => Some((plugin, Err(trouble))),
        }
    })
}
