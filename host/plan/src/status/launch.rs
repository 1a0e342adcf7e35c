//! What a status tells of the recorded plan. Pure.

use codeflare_api::names;
use codeflare_api::run::{Launch, LaunchedObject, LaunchedSource, PluginRef};

use super::cut;
use crate::plan::{Plan, PlannedPlugin, Record};
use crate::seen::{FetchedSource, SeenSource};

/// What is launched, and who decided it: of the choices only those that overruled
/// somebody. The record has all of them.
pub(super) fn of(record: &Record, primary: Option<String>) -> Launch {
    let plan = &record.plan;
    let object = plan.primary().map(|object| LaunchedObject {
        api_version: object.kind.api_version(),
        kind: object.kind.kind.clone(),
        name: object.name.clone(),
        uid: primary,
    });
    Launch {
        attempt: plan.attempt,
        plan: record.digest.clone(),
        record: names::record(&plan.name),
        object,
        size_name: Some(plan.size_name.clone()),
        size: Some(plan.size.clone()),
        choices: plan.choices.iter().filter(|choice| !choice.over.is_empty()).cloned().collect(),
        source: match &record.seen.source {
            Some(SeenSource::Fetched(fetched)) => Some(source(fetched)),
            _ => None,
        },
        launcher: Some(plugin(&plan.launcher)),
        sizing_policies: plan.sizing_policies.iter().map(plugin).collect(),
    }
}

/// Workers of a plan of which none is ready yet; one pod works where there are none.
pub(super) fn none_ready(plan: &Plan) -> String {
    format!("0/{}", plan.size.workers.max(1))
}

/// Longest repository, reference and path of a status, in bytes. They are cut here and not
/// where the whole is too long: what is cut depends on nothing else, so that it is told once.
/// The record has the whole.
const LONGEST: (usize, usize, usize) = (192, 96, 96);

fn source(source: &FetchedSource) -> LaunchedSource {
    LaunchedSource {
        repo: cut(&source.repo, LONGEST.0),
        reference: cut(&source.reference, LONGEST.1),
        commit: source.commit.clone(),
        path: cut(&source.path, LONGEST.2),
        digest: source.digest.clone(),
    }
}

fn plugin(plugin: &PlannedPlugin) -> PluginRef {
    PluginRef { name: plugin.name.clone(), digest: plugin.digest.clone() }
}
