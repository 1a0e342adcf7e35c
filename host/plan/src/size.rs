//! Step 3, size: what each sizing policy is asked, and what its answer means. Pure.

use codeflare_api::{ConditionType, Reason};
use codeflare_documents::shared::{Decline, Fault, Size};
use codeflare_documents::sizing::{DecideRequest, Decision, Usage};

use crate::plan::PlannedPlugin;
use crate::resolve::Resolved;
use crate::seen::Seen;
use crate::stop::{Problem, Stop};
use crate::usage;
pub(crate) use ceilings::Ceilings;

mod ceilings;
pub(crate) mod configurations;

/// Most workers of a Run, as the schema of Run has it.
const MOST_WORKERS: u32 = 10_000;

/// The size that the chain came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Sized {
    /// The size.
    pub size: Size,
    /// Every value that was decided.
    pub choices: Vec<codeflare_documents::shared::Choice>,
}

/// What a policy is asked.
///
/// # Errors
/// Where a RunSizeConfiguration has a quantity that cannot be counted with or a selector that
/// means nothing, or where the policy wants to know what the namespace uses and nobody has
/// counted it.
pub fn request(seen: &Seen, resolved: &Resolved, policy: &PlannedPlugin) -> Result<DecideRequest, Stop> {
    Ok(DecideRequest {
        run: resolved.run.clone(),
        application: resolved.application.clone(),
        api: resolved.api.clone(),
        asked: resolved.asked.clone(),
        configurations: configurations::documents(seen)?,
        settings: policy.settings.clone().into(),
        usage: usage(seen, policy)?,
    })
}

/// What the namespace uses, for a policy that says that it wants to know.
fn usage(seen: &Seen, policy: &PlannedPlugin) -> Result<Option<Usage>, Stop> {
    let plugin = seen.plugins.iter().find(|plugin| plugin.name == policy.name);
    let wants = plugin.and_then(|plugin| plugin.ready.as_ref()).is_some_and(|serving| serving.description.usage);
    match (wants, &seen.usage) {
        (false, _) => Ok(None),
        (true, Some(usage)) => Ok(Some(usage.clone())),
        (true, None) => Err(usage::uncounted(&policy.name)),
    }
}

/// What it means that a plugin declined in a step. It knows the name that it was built with,
/// not that of its Plugin object: the fault gets the object's.
pub(crate) fn declined(step: ConditionType, seen: &Seen, plugin: &str, decline: Decline) -> Stop {
    let serving = seen.plugins.iter().find(|one| one.name == plugin).and_then(|one| one.ready.as_ref());
    let own = serving.map(|serving| format!("Plugin/{}", serving.description.name)).unwrap_or_default();
    let (waiting, faults) = match decline {
        Decline::Invalid(faults) => (false, faults),
        Decline::Waiting(faults) => (true, faults),
    };
    let mut problems: Vec<_> = faults.into_iter().map(|fault| problem(waiting, plugin, &own, fault)).collect();
    if problems.is_empty() {
        let message = "it declined without a reason; its author must say why";
        problems.push(Problem::new(Reason::PluginFailed, format!("Plugin/{plugin}"), "", message));
    }
    Stop { step, problems }
}

/// Whether a decision can be counted with.
///
/// # Errors
/// With everything that cannot; the step is Sized.
pub(crate) fn check(policy: &str, decision: &Decision) -> Result<(), Stop> {
    let Size { workers, worker } = &decision.size;
    let mut wrong = Vec::new();
    if *workers > MOST_WORKERS {
        wrong.push(format!("it decided on {workers} workers; at most {MOST_WORKERS} are allowed"));
    }
    if worker.cpu_millis == 0 || worker.memory_bytes == 0 {
        wrong.push("it decided on a worker without cpu or memory; both must be above 0".to_owned());
    }
    // Names without a domain are Kubernetes' own: they would overwrite cpu and memory.
    for name in worker.extended.keys().filter(|name| !name.contains('/')) {
        wrong.push(format!("it decided on `{name}`; an extended resource has a domain, such as nvidia.com/gpu"));
    }
    let problems: Vec<_> = wrong
        .into_iter()
        .map(|message| Problem::new(Reason::PluginFailed, format!("Plugin/{policy}"), "", message))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Stop { step: ConditionType::Sized, problems }) }
}

fn problem(waiting: bool, plugin: &str, own: &str, mut fault: Fault) -> Problem {
    // Who says it, where the plugin blames no object, or itself.
    if fault.object.is_empty() || fault.object == own {
        fault.object = format!("Plugin/{plugin}");
    }
    let reason = match (waiting, fault.code.as_str()) {
        (true, _) => Reason::PluginWaiting,
        (false, "UnknownSize") => Reason::UnknownSize,
        (false, _) => Reason::PluginRefused,
    };
    Problem { reason, fault }
}
