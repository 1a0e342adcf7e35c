//! What the Runs of a namespace hold, and who waits for it. Pure.
//!
//! In: Runs as the store has them, and sizes that were recorded and that no status shows
//! yet. Out: what a policy with a budget is told, and in which order those that wait are
//! asked.

use codeflare_api::run::Phase;
use codeflare_api::{ConditionType, Reason, Run};
use codeflare_documents::shared::Size;
use codeflare_documents::sizing::Usage;
use jiff::Timestamp;

use crate::stop::{Problem, Stop};

/// What is known of one Run of the namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It has ended, or nothing of it is recorded.
    Nothing,
    /// A size, from its record to its end.
    Size(Size),
    /// Something that was recorded; only the record says what.
    Unknown,
}

/// What a Run holds by its published status; `recorded` says whether a record of it was
/// seen. A size is held to the end, also while the Run is suspended or between two
/// attempts: it may resume at any time, without being asked again.
pub fn holds(run: &Run, recorded: bool) -> Holds {
    let status = run.status.clone().unwrap_or_default();
    if status.phase.is_some_and(Phase::is_terminal) {
        return Holds::Nothing;
    }
    match (status.launch, recorded) {
        (Some(codeflare_api::run::Launch { size: Some(size), .. }), _) => Holds::Size(size),
        // A status that was too long has lost its size.
        (Some(_), _) | (None, true) => Holds::Unknown,
        (None, false) => Holds::Nothing,
    }
}

/// What Runs of these sizes hold together.
pub fn sum<'a>(sizes: impl IntoIterator<Item = &'a Size>) -> Usage {
    sizes.into_iter().fold(Usage::default(), |sum, size| sum.plus(&Usage::of(size)))
}

/// A Run's place among those that wait: the oldest is asked first, then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was created.
    pub created: Timestamp,
    /// Name of the Run.
    pub name: String,
    /// UID of the Run: a namesake that comes later is another one.
    pub uid: String,
}

impl Place {
    /// The place of a Run.
    pub fn of(run: &Run) -> Place {
        let meta = &run.metadata;
        Place {
            created: meta.creation_timestamp.as_ref().map_or(Timestamp::MAX, |time| time.0),
            name: meta.name.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
        }
    }
}

/// Whether a Run waits for a sizing policy, by its published status.
pub fn waits(run: &Run) -> bool {
    let Some(status) = &run.status else { return false };
    let sized = |condition: &codeflare_api::Condition| {
        condition.type_ == ConditionType::Sized.as_str() && condition.status == "False"
    };
    !status.phase.is_some_and(Phase::is_terminal)
        && status.reason.as_deref() == Some(Reason::PluginWaiting.as_str())
        && status.conditions.iter().any(sized)
}

/// The stop of a Run before which an older one is asked.
pub fn after(older: &str) -> Stop {
    let message = format!("Run/{older} has waited longer and is asked first; this one is asked right after it");
    waiting("", message)
}

/// The stop of a Run where it is not known what another one holds.
pub fn unknown(holder: &str, why: &str) -> Stop {
    waiting(
        &format!("Run/{holder}"),
        format!(
            "it is recorded, and its size cannot be read now ({why}); nothing is decided before it is known what the namespace uses"
        ),
    )
}

/// The stop of a Run of which a policy wants to know what its namespace uses, and nobody
/// has counted it: the policy has become ready a moment ago.
pub(crate) fn uncounted(policy: &str) -> Stop {
    waiting(
        &format!("Plugin/{policy}"),
        "what the namespace uses is counted first; it is asked again in a moment".to_owned(),
    )
}

fn waiting(object: &str, message: String) -> Stop {
    Stop::one(ConditionType::Sized, Problem::new(Reason::PluginWaiting, object, "", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn run(status: Value) -> Run {
        serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run",
            "metadata": {"name": "a", "namespace": "demo", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"application": {"name": "app"}}, "status": status,
        }))
        .expect("should be a Run")
    }

    fn size(workers: u32, gpus: u64) -> Size {
        serde_json::from_value(json!({
            "workers": workers, "worker": {"cpuMillis": 500, "memoryBytes": 1024, "extended": {"a/gpu": gpus}},
        }))
        .expect("should be a size")
    }

    fn launch(size: Option<Size>) -> Value {
        let mut launch = json!({"attempt": 1, "plan": "sha256:x", "record": "r"});
        if let Some(size) = size {
            launch["size"] = json!(size);
        }
        launch
    }

    #[test]
    fn a_run_holds_its_size_from_its_record_to_its_end() {
        let sized = || launch(Some(size(2, 1)));
        for (status, recorded, expected) in [
            (json!({}), false, Holds::Nothing),
            (json!({}), true, Holds::Unknown),
            (json!({"phase": "Pending"}), false, Holds::Nothing),
            (json!({"phase": "Starting", "launch": sized()}), true, Holds::Size(size(2, 1))),
            (json!({"phase": "Running", "launch": sized()}), false, Holds::Size(size(2, 1))),
            (json!({"phase": "Queued", "launch": sized()}), true, Holds::Size(size(2, 1))),
            (json!({"phase": "Suspended", "launch": sized()}), true, Holds::Size(size(2, 1))),
            (json!({"phase": "Restarting", "launch": sized()}), true, Holds::Size(size(2, 1))),
            // Held before its record: it is asked when it goes.
            (json!({"phase": "Suspended"}), false, Holds::Nothing),
            (json!({"phase": "Running", "launch": launch(None)}), false, Holds::Unknown),
            (json!({"phase": "Succeeded", "launch": sized()}), true, Holds::Nothing),
            (json!({"phase": "Failed"}), true, Holds::Nothing),
        ] {
            assert_eq!(holds(&run(status.clone()), recorded), expected, "{status} {recorded}");
        }
    }

    #[test]
    fn what_is_held_is_workers_times_one_worker_and_a_head_alone_is_one() {
        let sum = |sizes: &[Size]| json!(sum(sizes));
        assert_eq!(sum(&[]), json!({"runs": 0, "workers": 0, "cpuMillis": 0, "memoryBytes": 0, "extended": {}}));
        assert_eq!(
            sum(&[size(3, 2), size(0, 1)]),
            json!({"runs": 2, "workers": 3, "cpuMillis": 2000, "memoryBytes": 4096, "extended": {"a/gpu": 7}})
        );
        let mut huge = size(10, 0);
        huge.worker.memory_bytes = u64::MAX;
        assert_eq!(sum(&[huge.clone(), huge])["memoryBytes"], json!(u64::MAX));
    }

    #[test]
    fn the_oldest_comes_first_then_the_name() {
        let place = |created: i64, name: &str| Place {
            created: Timestamp::from_second(created).expect("should be a time"),
            name: name.into(),
            uid: String::new(),
        };
        let mut places = [place(2, "a"), place(1, "b"), place(1, "a"), place(3, "0")];
        places.sort();
        let order: Vec<_> = places.iter().map(|place| (place.created.as_second(), place.name.as_str())).collect();
        assert_eq!(order, [(1, "a"), (1, "b"), (2, "a"), (3, "0")]);
        assert_eq!(Place::of(&run(json!({}))).name, "a");
    }

    #[test]
    fn who_waits_for_a_policy_says_so_in_its_status() {
        let condition = |step: &str, status: &str| json!([{"type": step, "status": status, "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
        for (status, expected) in [
            (json!({}), false),
            (json!({"phase": "Pending", "reason": "PluginWaiting", "conditions": condition("Sized", "False")}), true),
            (
                json!({"phase": "Pending", "reason": "PluginWaiting", "conditions": condition("Planned", "False")}),
                false,
            ),
            (json!({"phase": "Pending", "reason": "UnknownSize", "conditions": condition("Sized", "False")}), false),
            (json!({"phase": "Running", "reason": "Running", "conditions": condition("Sized", "True")}), false),
            (json!({"phase": "Failed", "reason": "PluginWaiting", "conditions": condition("Sized", "False")}), false),
        ] {
            assert_eq!(waits(&run(status.clone())), expected, "{status}");
        }
        for stop in [after("b"), unknown("b", "gone"), uncounted("budget")] {
            assert_eq!((stop.step, stop.reason()), (ConditionType::Sized, Reason::PluginWaiting));
        }
    }
}
