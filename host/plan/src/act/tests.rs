use proptest::prelude::*;
use serde_json::json;

use super::fixture::*;
use super::*;
use crate::plan::Record;

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn reason(acts: &Acts) -> Option<Cause> {
    match acts.end.as_ref()? {
        End::Failed { cause, .. } => Some(cause.clone()),
        End::Succeeded | End::Retrying { .. } => None,
    }
}

#[test]
fn a_run_whose_primary_runs_is_left_alone() {
    let (run, record, children) =
        (with_status(run(json!({})), launched(1, "Running", json!({}))), record(1), children(1));
    for phase in ["Running", "Starting", "Queued", "Suspended", "Restarting", "Nonsense"] {
        let observation = observation(phase, 1);
        assert_eq!(act(&situation(&run, &record, &children, Some(&observation), 0)), Acts::default(), "{phase}");
    }
    assert_eq!(act(&situation(&run, &record, &children, None, 0)), Acts::default());
}

#[test]
fn a_success_ends_the_run_even_after_its_deadline_and_while_it_is_taken_away() {
    let run = with_status(run(json!({"deadline": "1m"})), launched(1, "Running", json!({})));
    let (record, mut children) = (record(1), children(1));
    children[2].deleting = true;
    let observation = observation("Succeeded", 2);
    let acts = act(&situation(&run, &record, &children, Some(&observation), 3600));
    assert_eq!(acts, Acts { end: Some(End::Succeeded), ..Acts::default() });
}

#[test]
fn a_failure_is_followed_by_another_attempt_where_that_is_allowed() {
    let status = |attempt| with_status(run(json!({})), launched(attempt, "Running", json!({})));
    // retries, exit codes, attempt, launcher's advice, exit code: is there another?
    for (retries, codes, attempt, retry, code, another) in [
        (0, &[][..], 1, true, Some(3), false),
        (1, &[], 1, true, Some(3), true),
        (1, &[], 1, true, None, true),
        (1, &[], 1, false, Some(3), false),
        (1, &[], 2, true, Some(3), false),
        (2, &[], 2, true, Some(3), true),
        (1, &[3, 4], 1, true, Some(3), true),
        (1, &[4], 1, true, Some(3), false),
        (1, &[4], 1, true, None, false),
        (1, &[3], 1, false, Some(3), false),
    ] {
        let (run, record, children) = (status(attempt), retrying(attempt, retries, codes), children(attempt));
        let observation = failed("ProgramFailed", code, retry);
        let acts = act(&situation(&run, &record, &children, Some(&observation), 0));
        let row = format!("{retries} {codes:?} {attempt} {retry} {code:?}");
        if another {
            assert_eq!(acts.actions, [Action::Retry { attempt: attempt + 1 }], "{row}");
            let left = retries + 1 - attempt;
            let message = format!("attempt {attempt} failed: worker 0 exited with code 3; attempts left: {left}");
            assert_eq!(acts.end, Some(End::Retrying { message }), "{row}");
        } else {
            assert_eq!(acts.actions, [], "{row}");
            let message = "worker 0 exited with code 3".to_owned();
            let end = End::Failed { cause: Reason::ProgramFailed.into(), message, exit_code: code };
            assert_eq!(acts.end, Some(end), "{row}");
        }
    }
}

#[test]
fn a_failure_without_a_cause_is_the_programs_and_final() {
    let (run, record, children) =
        (with_status(run(json!({})), launched(1, "Running", json!({}))), retrying(1, 3, &[]), children(1));
    let observation = observation("Failed", 0);
    let acts = act(&situation(&run, &record, &children, Some(&observation), 0));
    assert_eq!(acts.actions, []);
    assert_eq!(reason(&acts), Some(Reason::ProgramFailed.into()));
}

#[test]
fn a_launcher_may_name_a_cause_but_not_what_the_host_decides() {
    for (word, expected) in [
        ("ProgramFailed", Reason::ProgramFailed.into()),
        ("ArgumentsInvalid", Reason::ArgumentsInvalid.into()),
        ("PluginFailed", Reason::PluginFailed.into()),
        ("OutOfMemory", Cause("OutOfMemory".to_owned())),
        ("HeadLost", Cause("HeadLost".to_owned())),
        ("no word", Reason::ProgramFailed.into()),
        ("", Reason::ProgramFailed.into()),
        ("Done", Reason::ProgramFailed.into()),
        ("Running", Reason::ProgramFailed.into()),
        ("Retrying", Reason::ProgramFailed.into()),
        ("Succeeded", Reason::ProgramFailed.into()),
        ("DeadlineExceeded", Reason::ProgramFailed.into()),
        ("WorkloadGone", Reason::ProgramFailed.into()),
        ("RecordForged", Reason::ProgramFailed.into()),
    ] {
        assert_eq!(cause(word), expected, "{word}");
    }
}

#[test]
fn a_pod_that_could_not_be_prepared_is_the_cause_unless_the_program_has_begun() {
    let step = |name: &str| {
        let state = json!({"terminated": {"exitCode": 1, "message": "ERROR: no such package"}});
        json!({"phase": "Failed", "initContainerStatuses": [
            {"name": name, "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state},
        ]})
    };
    let (run, children) = (with_status(run(json!({})), launched(1, "Running", json!({}))), children(1));
    let ended = |record: &Record, name: &str, code: Option<i32>| {
        let (pods, observation) = ([pod("p", "worker", 1, step(name))], failed("WorkerLost", code, true));
        let situation = situation(&run, record, &children, Some(&observation), 0);
        act(&Situation { pods: &pods, ..situation }).end
    };
    let cause = |name: &str, code: Option<i32>| match ended(&record(1), name, code) {
        Some(End::Failed { cause, .. }) => cause.as_str().to_owned(),
        other => format!("{other:?}"),
    };
    assert_eq!(cause("stage", None), "StageFailed");
    assert_eq!(cause("requirements", None), "RequirementsFailed");
    assert_eq!(cause("another", None), "WorkerLost");
    // A pod that was replaced: the program's own end holds.
    assert_eq!(cause("requirements", Some(3)), "WorkerLost");
    let message =
        "attempt 1 failed: pod p could not install spec.requirements: ERROR: no such package; attempts left: 1";
    let again = ended(&retrying(1, 1, &[]), "requirements", None);
    assert_eq!(again, Some(End::Retrying { message: message.to_owned() }));
}

#[test]
fn a_primary_that_was_seen_and_is_no_more_ends_the_run() {
    let record = record(1);
    let gone = |children: &[Child], run: &codeflare_api::Run| {
        let observation = observation("Running", 2);
        let acts = act(&situation(run, &record, children, Some(&observation), 0));
        assert_eq!(acts.actions, []);
        assert_eq!(acts.wake, None);
        acts.end
    };
    let run = with_status(run(json!({})), launched(1, "Running", json!({})));
    let all = children(1);
    let changed = |change: &dyn Fn(&mut Child)| {
        let mut children = all.clone();
        change(&mut children[2]);
        children
    };
    let message =
        "Job/hello-1 was deleted by somebody else; a workload is never launched twice, so make another Run".to_owned();
    let end = Some(End::Failed { cause: Reason::WorkloadGone.into(), message, exit_code: None });
    assert_eq!(gone(&all, &run), None);
    assert_eq!(gone(&all[..2], &run), end);
    assert_eq!(gone(&changed(&|child| child.deleting = true), &run), end);
    assert_eq!(gone(&changed(&|child| child.uid = "another".into()), &run), end);
    assert_eq!(gone(&changed(&|child| child.owner = Some("another".into())), &run), end);
    assert_eq!(gone(&changed(&|child| child.owner = None), &run), end);
    assert_eq!(gone(&changed(&|child| child.name = "another".into()), &run), end);
    // An old one of its name beside it, still in a store.
    let mut both = changed(&|child| child.uid = "another".into());
    both.extend(all.clone());
    assert_eq!(gone(&both, &run), None);
    // Never seen: it is still to be created.
    let unseen = |status| with_status(run.clone(), status);
    assert_eq!(gone(&[], &unseen(json!({"phase": "Pending"}))), None);
    assert_eq!(
        gone(&[], &unseen(json!({"phase": "Pending", "launch": {"attempt": 1, "plan": "", "record": ""}}))),
        None
    );
}

#[test]
fn a_primary_that_went_with_its_kind_says_so() {
    let record = record(1);
    let said = |reason: &str, children: &[Child]| {
        let run = with_status(run(json!({})), launched(1, "Running", json!({"reason": reason})));
        match act(&situation(&run, &record, children, None, 0)).end {
            Some(End::Failed { cause, message, .. }) => Some((cause, message)),
            end => end.map(|end| panic!("{end:?}")),
        }
    };
    let with_kind = "Job/hello-1 went when its kind was uninstalled; Job is served again, but a workload is never launched twice, so make another Run";
    let alone = "Job/hello-1 was deleted by somebody else; a workload is never launched twice, so make another Run";
    for (reason, message) in [("KindNotServed", with_kind), ("Running", alone), ("ApiUnavailable", alone)] {
        assert_eq!(said(reason, &[]), Some((Reason::WorkloadGone.into(), message.to_owned())), "{reason}");
        assert_eq!(said(reason, &children(1)), None, "{reason}: it has outlived that");
    }
    // Whatever was said last: the kind is younger than the plan.
    let recorded =
        json!([{"type": "Recorded", "status": "True", "reason": "Done", "message": "", "lastTransitionTime": at(100)}]);
    let run = with_status(run(json!({})), launched(1, "Running", json!({"conditions": recorded})));
    for (since, message) in [(Some(at(101)), with_kind), (Some(at(100)), alone), (Some(at(1)), alone), (None, alone)] {
        let situation = Situation { kind_since: since, ..situation(&run, &record, &[], None, 200) };
        let end = act(&situation).end;
        assert_eq!(
            end,
            Some(End::Failed { cause: Reason::WorkloadGone.into(), message: message.into(), exit_code: None }),
            "{since:?}"
        );
    }
}

#[test]
fn a_failure_of_a_primary_that_is_taken_away_is_not_the_programs() {
    let (run, record) = (with_status(run(json!({})), launched(1, "Running", json!({}))), retrying(1, 1, &[]));
    let mut children = children(1);
    children[2].deleting = true;
    let acts = act(&situation(&run, &record, &children, Some(&failed("ProgramFailed", Some(3), true)), 0));
    assert_eq!((acts.actions.len(), reason(&acts)), (0, Some(Reason::WorkloadGone.into())));
}

#[test]
fn the_deadline_counts_from_the_start_and_the_runs_own_wins() {
    // Run's, Application's, now: wake, or over.
    for (own, recorded, now, wake, over) in [
        (None, None, 1_000_000, None, false),
        (Some("1m"), None, 0, seconds(60), false),
        (Some("1m"), None, 59, seconds(1), false),
        (Some("1m"), None, 60, None, true),
        (Some("1m"), None, 61, None, true),
        (None, Some("2m"), 60, seconds(60), false),
        (None, Some("2m"), 120, None, true),
        (Some("1h"), Some("2m"), 120, seconds(3480), false),
        (Some("1m"), Some("1h"), 60, None, true),
        (Some("1m"), None, -30, seconds(60), false),
        (Some("soon"), Some("1m"), 100, None, false),
    ] {
        let spec = own.map_or(json!({}), |own| json!({"deadline": own}));
        let run = with_status(run(spec), launched(1, "Running", json!({})));
        let (mut record, children) = (record(1), children(1));
        record.seen.application = Some(application(recorded.map_or(json!({}), |period| json!({"deadline": period}))));
        let observation = observation("Running", 2);
        let acts = act(&situation(&run, &record, &children, Some(&observation), now));
        let row = format!("{own:?} {recorded:?} {now}");
        assert_eq!((acts.wake, acts.actions.len()), (wake, 0), "{row}");
        assert_eq!(reason(&acts), over.then(|| Reason::DeadlineExceeded.into()), "{row}");
    }
}

#[test]
fn the_deadline_is_named_and_needs_neither_application_nor_observation() {
    let run = with_status(run(json!({"deadline": "1m"})), launched(1, "Running", json!({})));
    let (mut record, children) = (record(1), children(1));
    record.seen.application = None;
    let acts = act(&situation(&run, &record, &children, None, 60));
    let message = "it ran longer than its deadline of 1m; give it more time, or a larger size".to_owned();
    assert_eq!(acts.end, Some(End::Failed { cause: Reason::DeadlineExceeded.into(), message, exit_code: None }));
}

#[test]
fn there_is_no_deadline_before_the_start_and_none_while_held() {
    let deadline = json!({"deadline": "1m"});
    let held = json!({"deadline": "1m", "suspend": true});
    let (mut record, mut children) = (record(1), children(1));
    children[2].object = json!({"spec": {"suspend": true}});
    let not_started = with_status(run(deadline), launched(1, "Starting", json!({"startTime": null})));
    assert_eq!(reason(&act(&situation(&not_started, &record, &children, None, 600))), None);
    let held = with_status(run(held), launched(1, "Running", json!({})));
    assert_eq!(act(&situation(&held, &record, &children, None, 600)), Acts::default());
    // Nothing can hold it: its time goes on.
    record.plan.controls[0].what = "pause".into();
    assert_eq!(reason(&act(&situation(&held, &record, &children, None, 600))), Some(Reason::DeadlineExceeded.into()));
}

#[test]
fn a_control_is_turned_where_the_live_object_stands_otherwise() {
    let on = |value: bool| json!({"spec": {"suspend": value}});
    // wanted, live object: value that is set.
    for (suspend, object, value) in [
        (json!({"suspend": true}), on(false), Some(json!(true))),
        (json!({"suspend": true}), on(true), None),
        (json!({"suspend": false}), on(true), Some(json!(false))),
        (json!({}), on(true), Some(json!(false))),
        (json!({}), on(false), None),
        (json!({"suspend": true}), json!({"spec": {}}), Some(json!(true))),
        (json!({"suspend": false}), json!({"spec": {}}), None),
        (json!({"suspend": true}), Value::Null, None),
    ] {
        let run = with_status(run(suspend.clone()), launched(1, "Running", json!({})));
        let (record, mut children) = (record(1), children(1));
        children[2].object = object.clone();
        let acts = act(&situation(&run, &record, &children, None, 0));
        let switch = value.map(|value| Action::Switch {
            kind: kind("batch", "Job"),
            name: "hello-1".into(),
            uid: primary(1),
            at: "/spec/suspend".into(),
            value,
        });
        assert_eq!(acts.actions, Vec::from_iter(switch), "{suspend} {object}");
    }
}

#[test]
fn a_launch_that_no_status_tells_of_yet_can_be_held_and_can_end() {
    let run = with_status(run(json!({"suspend": true})), json!({"phase": "Pending"}));
    let (record, children) = (record(1), children(1));
    assert_eq!(act(&situation(&run, &record, &children, None, 0)).actions.len(), 1);
    let acts = act(&situation(&run, &record, &children, Some(&observation("Succeeded", 2)), 0));
    assert_eq!(acts.end, Some(End::Succeeded));
}

#[test]
fn an_object_of_this_attempt_that_the_plan_does_not_name_stays_until_the_ttl() {
    let mut other = children(1);
    other.truncate(1);
    other[0].name = "other".into();
    let run = with_status(run(json!({})), launched(1, "Succeeded", json!({})));
    assert_eq!(act(&situation(&run, &record(1), &other, None, 0)).actions, []);
}

#[test]
fn a_control_that_is_not_for_suspending_or_points_nowhere_is_not_turned() {
    let run = with_status(run(json!({"suspend": true})), launched(1, "Running", json!({})));
    let children = children(1);
    let mut other = record(1);
    other.plan.controls[0].what = "scale".into();
    let mut nowhere = record(1);
    nowhere.plan.controls[0].manifest = 9;
    for record in [other, nowhere] {
        assert_eq!(act(&situation(&run, &record, &children, None, 0)).actions, []);
    }
}

#[test]
fn objects_of_earlier_attempts_go_once_the_status_names_a_later_one() {
    let all: Vec<Child> = children(1).into_iter().chain(children(2)).collect();
    let earlier = [
        "ConfigMap hello-1-files ConfigMap-hello-1-files",
        "Service hello-1 Service-hello-1",
        "Job hello-1 Job-hello-1",
    ];
    let of = |status, record: &Record| {
        let run = with_status(run(json!({"deadline": "1m", "suspend": true})), status);
        act(&situation(&run, record, &all, Some(&observation("Succeeded", 2)), 600))
    };
    // Attempt 2 is recorded; the status still speaks of the first.
    assert_eq!(of(launched(1, "Restarting", json!({})), &record(2)), Acts::default());
    let mut waiting = launched(2, "Restarting", json!({}));
    waiting["launch"]["object"]["uid"] = Value::Null;
    assert_eq!(deleted(&of(waiting, &record(2)).actions), earlier);
    let acts = of(launched(2, "Running", json!({})), &record(2));
    assert_eq!((deleted(&acts.actions), acts.end), (earlier.map(str::to_owned).to_vec(), Some(End::Succeeded)));
    // The status is ahead of the record that is seen: nothing is decided on the old one.
    let acts = of(launched(2, "Running", json!({})), &record(1));
    assert_eq!((acts.end, acts.actions.len()), (None, 3));
}

#[test]
fn an_object_that_is_going_or_belongs_to_somebody_else_is_not_deleted() {
    let mut all = children(1);
    all[0].deleting = true;
    all[1].owner = None;
    all[2].owner = Some("another".into());
    let status = json!({"phase": "Succeeded", "completionTime": "2026-01-05T12:00:00Z"});
    let run = with_status(run(json!({"ttl": "1m"})), status);
    assert_eq!(act(&situation(&run, &record(1), &all, None, 600)), Acts::default());
}

#[test]
fn after_the_end_what_ends_with_the_primary_goes_and_the_rest_waits_for_the_ttl() {
    let service = "Service hello-1 Service-hello-1";
    let everything = ["Job hello-1 Job-hello-1", "ConfigMap hello-1-files ConfigMap-hello-1-files", service];
    // reason, Run's ttl, Application's ttl, now: deleted, wake.
    for (phase, reason, own, recorded, now, gone, wake) in [
        ("Succeeded", "Succeeded", None, None, 9999, &[service][..], None),
        ("Failed", "ProgramFailed", None, None, 9999, &[service], None),
        ("Failed", "WorkloadGone", None, None, 9999, &[service], None),
        ("Failed", "DeadlineExceeded", None, None, 0, &[everything[0], service], None),
        ("Succeeded", "Succeeded", Some("1m"), None, 0, &[service], seconds(60)),
        ("Succeeded", "Succeeded", Some("1m"), None, 59, &[service], seconds(1)),
        ("Succeeded", "Succeeded", Some("1m"), None, 60, &everything, None),
        ("Succeeded", "Succeeded", None, Some("1m"), 30, &[service], seconds(30)),
        ("Succeeded", "Succeeded", None, Some("1m"), 61, &everything, None),
        ("Succeeded", "Succeeded", Some("1h"), Some("1m"), 61, &[service], seconds(3539)),
        ("Failed", "DeadlineExceeded", Some("1m"), None, 0, &[everything[0], service], seconds(60)),
    ] {
        let spec = own.map_or(json!({}), |own| json!({"ttl": own}));
        let more = json!({"reason": reason, "completionTime": "2026-01-05T12:00:00Z"});
        let run = with_status(run(spec), launched(1, phase, more));
        let (mut record, children) = (record(1), children(1));
        record.seen.application = Some(application(recorded.map_or(json!({}), |period| json!({"ttl": period}))));
        let acts = act(&situation(&run, &record, &children, Some(&observation("Running", 2)), now));
        let row = format!("{phase} {reason} {own:?} {recorded:?} {now}");
        assert_eq!(deleted(&acts.actions), gone, "{row}");
        assert_eq!((acts.wake, acts.end), (wake, None), "{row}");
    }
}

#[test]
fn nothing_is_waited_for_where_nothing_is_left() {
    let run = with_status(
        run(json!({"ttl": "1m"})),
        launched(1, "Succeeded", json!({"completionTime": "2026-01-05T12:00:00Z"})),
    );
    let (record, children) = (record(1), children(1));
    assert_eq!(act(&situation(&run, &record, &[], None, 0)), Acts::default());
    // Only the Service, and it goes now.
    assert_eq!(act(&situation(&run, &record, &children[..1], None, 0)).wake, None);
    let no_end = with_status(run.clone(), launched(1, "Succeeded", json!({})));
    assert_eq!(act(&situation(&no_end, &record, &children[1..], None, 600)), Acts::default());
}

#[test]
fn an_earlier_attempt_goes_after_the_end_too_and_a_later_one_only_if_the_host_stops_it() {
    let all: Vec<Child> = [1, 2, 3].into_iter().flat_map(|attempt| children(attempt).into_iter().skip(2)).collect();
    for (reason, gone) in [
        ("Succeeded", &["Job hello-1 Job-hello-1"][..]),
        ("DeadlineExceeded", &["Job hello-2 Job-hello-2", "Job hello-1 Job-hello-1", "Job hello-3 Job-hello-3"]),
    ] {
        let run = with_status(run(json!({})), launched(2, "Failed", json!({"reason": reason})));
        assert_eq!(deleted(&act(&situation(&run, &record(2), &all, None, 0)).actions), gone, "{reason}");
    }
}

proptest! {
    #[test]
    fn a_deletion_follows_only_a_published_reason(
        phase in prop::sample::select(vec!["Pending", "Queued", "Starting", "Running", "Restarting", "Suspended"]),
        observed in prop::option::of(prop::sample::select(vec!["Starting", "Running", "Suspended", "Succeeded", "Failed", "?"])),
        (published, attempt) in (0_u32..4, 1_u32..4),
        attempts in prop::collection::vec(1_u32..4, 0..3),
        suspend in any::<bool>(),
        deleting in any::<bool>(),
        now in -10_i64..200,
    ) {
        let status = if published == 0 { json!({"phase": phase}) } else { launched(published, phase, json!({})) };
        let run = with_status(run(json!({"suspend": suspend, "deadline": "1m", "ttl": "1m"})), status);
        let record = retrying(attempt, 2, &[]);
        let mut children: Vec<Child> = attempts.iter().flat_map(|attempt| children(*attempt)).collect();
        if let Some(child) = children.last_mut() {
            child.deleting = deleting;
        }
        let observation = observed.map(|phase| observation(phase, 1));
        let situation = situation(&run, &record, &children, observation.as_ref(), now);
        let acts = act(&situation);
        for action in &acts.actions {
            if let Action::Delete { uid, .. } = action {
                let child = children.iter().find(|child| &child.uid == uid).unwrap();
                prop_assert!(child.attempt < published);
            }
        }
        prop_assert_eq!(act(&situation), acts);
    }
}
