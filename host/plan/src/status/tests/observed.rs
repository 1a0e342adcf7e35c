//! What a launcher says of its Run, and what the status makes of it.

use codeflare_documents::shared::Resources;

use super::*;
use crate::seen::{FetchedSource, SeenSource};

#[test]
fn what_the_launcher_says_is_shown_and_what_it_cannot_say_is_not() {
    let shown = |phase: &str, reason: &str| {
        let mut life = Life::new(json!({}));
        life.wake(0, "launched", None);
        life.wake(1, "observed", Some(&Observation { reason: reason.into(), ..observation(phase, 1) }));
        let status = life.status().clone();
        (status.phase.unwrap(), status.reason.unwrap(), status.start_time.is_some())
    };
    for (phase, expected, started) in [
        ("Queued", Phase::Queued, false),
        ("Starting", Phase::Starting, false),
        ("Running", Phase::Running, true),
        ("Restarting", Phase::Restarting, false),
        ("Suspended", Phase::Suspended, false),
        ("Dancing", Phase::Starting, false),
    ] {
        assert_eq!(shown(phase, "QuotaReserved"), (expected, "QuotaReserved".into(), started), "{phase}");
        assert_eq!(shown(phase, "not a word").1, format!("{expected:?}"));
    }
}

#[test]
fn the_clock_starts_once_and_a_queue_sets_it_back() {
    let mut life = Life::new(json!({}));
    let started = |life: &mut Life, second, phase| {
        life.wake(second, "", Some(&observation(phase, 1)));
        life.status().start_time.clone()
    };
    life.wake(0, "launched", None);
    assert_eq!(started(&mut life, 1, "Running"), Some(Time(at(1))));
    assert_eq!(started(&mut life, 2, "Restarting"), Some(Time(at(1))));
    assert_eq!(started(&mut life, 3, "Starting"), Some(Time(at(1))));
    assert_eq!(started(&mut life, 4, "Running"), Some(Time(at(1))));
    assert_eq!(started(&mut life, 5, "Queued"), None);
    assert_eq!(started(&mut life, 6, "Running"), Some(Time(at(6))));
}

#[test]
fn workers_come_from_the_plan_until_a_launcher_counts_them() {
    let mut life = Life::new(json!({}));
    life.wake(0, "launched", None);
    assert_eq!(life.status().workers.as_deref(), Some("0/3"));
    life.wake(1, "", Some(&Observation { roles: Vec::new(), ..observation("Running", 1) }));
    assert_eq!(life.status().workers.as_deref(), Some("0/3"));
    life.wake(2, "", Some(&observation("Running", 1)));
    assert_eq!(life.status().workers.as_deref(), Some("1/3"));
}

#[test]
fn a_launcher_with_a_reason_of_its_own_is_heard_while_it_starts() {
    for (phase, reason, heard) in
        [("Starting", "Starting", false), ("Starting", "ImagesPulled", true), ("Running", "Starting", true)]
    {
        let mut life = Life::new(json!({}));
        life.wake(0, "launched", Some(&Observation { reason: reason.into(), ..observation(phase, 0) }));
        let message = life.status().message.clone().unwrap();
        assert_eq!(message.starts_with("2 workers"), heard, "{phase} {reason}");
        assert_eq!(message == STARTING, !heard);
    }
}

#[test]
fn a_primary_that_is_not_seen_yet_does_not_set_the_clock_back() {
    let (record, children) = (record(1), children(1));
    let mut run = run(json!({}));
    let running = observation("Running", 2);
    for second in [0, 1, 2] {
        let situated = run.clone();
        let situation = situation(&situated, &record, &children, Some(&running), second);
        let told = next(&run, &Outcome::Launched { situation, primary: None, end: None, trouble: None }, at(second));
        assert_eq!(told.status.start_time, Some(Time(at(0))));
        run.status = Some(told.status);
    }
}

#[test]
fn trouble_of_pods_is_shown_while_it_starts_or_runs() {
    for (phase, shown) in [("Starting", true), ("Running", true), ("Queued", false), ("Suspended", false)] {
        let mut life = Life::new(json!({}));
        let waiting = json!({"name": "worker", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull"}}});
        life.pods = vec![pod("old", "worker", 2, json!({"containerStatuses": [waiting]}))];
        life.wake(0, "launched", Some(&observation(phase, 0)));
        assert_eq!(life.status().reason.as_deref(), Some(phase), "of another attempt");
        life.pods = vec![pod("p", "worker", 1, json!({"containerStatuses": [waiting]}))];
        life.wake(1, "", Some(&observation(phase, 0)));
        assert_eq!(life.status().reason.as_deref() == Some("ImagePullBackOff"), shown, "{phase}");
        assert_eq!(life.told.contains("# Warning ImagePullBackOff"), shown, "{phase}");
    }
}

#[test]
fn an_end_shows_how_the_program_ended() {
    let ended = |end: End, observation: Option<&Observation>| {
        let (record, children) = (record(1), children(1));
        let run = with_status(run(json!({})), launched(1, "Running", json!({})));
        let situation = situation(&run, &record, &children, observation, 9);
        let told = next(
            &run,
            &Outcome::Launched { situation, primary: Some(primary(1)), end: Some(end), trouble: None },
            at(9),
        );
        assert_eq!(told.status.completion_time, Some(Time(at(9))));
        (
            told.status.exit.clone().and_then(|exit| exit.code),
            told.status.message.clone().unwrap(),
            states(&told.status)[5..].iter().map(|(_, state)| (*state).to_owned()).collect::<Vec<_>>(),
        )
    };
    let failed = |exit_code| End::Failed { cause: Reason::ProgramFailed.into(), message: "bad".into(), exit_code };
    assert_eq!(ended(End::Succeeded, None), (Some(0), "it ended well".into(), vec!["True".into(), "False".into()]));
    assert_eq!(ended(End::Succeeded, Some(&observation("Succeeded", 2))).1, "2 workers: succeeded");
    assert_eq!(ended(failed(Some(3)), None), (Some(3), "bad".into(), vec!["False".into(), "True".into()]));
    assert_eq!(ended(failed(None), None).0, None);
}

#[test]
fn a_new_attempt_sets_clock_and_workers_back_even_where_its_reason_was_not_told() {
    let record = record(2);
    let run = with_status(run(json!({})), launched(1, "Running", json!({"workers": "3/3"})));
    let told = next(&run, &Outcome::WaitingForPods(&record), at(9));
    let status = &told.status;
    assert_eq!((status.phase, status.reason.as_deref()), (Some(Phase::Restarting), Some("Retrying")));
    assert_eq!(status.message.as_deref(), Some("attempt 2 starts once what is left of the one before is gone"));
    assert_eq!((status.start_time.clone(), status.workers.as_deref()), (None, Some("0/3")));
    let launch = status.launch.as_ref().unwrap();
    assert_eq!((launch.attempt, launch.object.as_ref().unwrap().uid.clone()), (2, None));
    assert_eq!(told.events.iter().map(|event| event.warning).collect::<Vec<_>>(), [true]);
}

#[test]
fn only_choices_that_overruled_somebody_are_shown() {
    let mut life = Life::new(json!({}));
    life.wake(0, "launched", None);
    let choices = &life.status().launch.as_ref().unwrap().choices;
    assert_eq!(choices.iter().map(|choice| choice.by.as_str()).collect::<Vec<_>>(), ["Run/hello"]);
}

#[test]
fn what_is_to_be_said_beside_an_observation_is_in_the_message() {
    let life = Life::new(json!({}));
    for phase in ["Starting", "Running"] {
        let observation = observation(phase, 1);
        let situation = Situation {
            aside: Some("sha256:2 answers for it"),
            ..situation(&life.run, &life.record, &life.children, Some(&observation), 1)
        };
        let outcome = Outcome::Launched { situation, primary: Some(primary(1)), end: None, trouble: None };
        let message = next(&life.run, &outcome, at(1)).status.message.unwrap();
        assert!(message.ends_with("; sha256:2 answers for it") && message.len() > 30, "{phase}: {message}");
    }
}

#[test]
fn what_a_launcher_said_last_holds_while_others_are_before_its_run() {
    let mut life = Life::new(json!({}));
    life.wake(0, "launched", None);
    life.wake(1, "pods run", Some(&observation("Running", 2)));
    let before = life.status().clone();
    let run = life.run.clone();
    let (record, children) = (life.record.clone(), life.children.clone());
    let outcome = Outcome::Launched {
        situation: situation(&run, &record, &children, None, 2),
        primary: Some(primary(1)),
        end: None,
        trouble: Some(stop(ConditionType::Launched, Reason::PluginBusy, "it is busy with other Runs")),
    };
    let told = next(&run, &outcome, at(2));
    assert_eq!((told.status, told.events), (before, Vec::new()));
    assert_eq!(told.wake, Some(Duration::from_secs(10)));
}

#[test]
fn what_was_launched_is_shown_as_it_was_planned() {
    let mut life = Life::new(json!({}));
    life.record.plan.size.worker =
        Resources { cpu_millis: 500, memory_bytes: 3 << 30, extended: [("amd.com/gpu".into(), 2)].into() };
    life.record.seen.source = Some(SeenSource::Fetched(FetchedSource {
        repo: "https://git.example.com/org/repo".into(),
        reference: "main".into(),
        commit: "c0ffee".into(),
        path: "examples/a".into(),
        digest: "sha256:33".into(),
        bytes: 512,
        url: "http://source.svc/unguessable".into(),
    }));
    life.record.plan.launcher.digest = "sha256:11".into();
    life.record.plan.sizing_policies[0].digest = "sha256:22".into();
    life.wake(0, "launched", None);
    assert_eq!(
        serde_json::to_value(&life.status().launch).unwrap(),
        json!({
            "attempt": 1, "plan": "sha256:1", "record": "hello-1-record",
            "object": {"apiVersion": "batch/v1", "kind": "Job", "name": "hello-1", "uid": primary(1)},
            "sizeName": "sm",
            "size": {
                "workers": 3,
                "worker": {"cpuMillis": 500, "memoryBytes": 3_u64 << 30, "extended": {"amd.com/gpu": 2}},
            },
            "choices": [{
                "field": "workers", "value": 2, "by": "Run/hello", "why": "the size says so",
                "over": [["plugin sizing", 4]],
            }],
            "source": {
                "repo": "https://git.example.com/org/repo", "ref": "main", "commit": "c0ffee",
                "path": "examples/a", "digest": "sha256:33",
            },
            "launcher": {"name": "job", "digest": "sha256:11"},
            "sizingPolicies": [{"name": "sizing", "digest": "sha256:22"}],
        })
    );
}

#[test]
fn a_dashboard_is_shown_where_a_service_of_the_plan_has_it() {
    let shown = |service: &str| {
        let mut life = Life::new(json!({}));
        let more = json!({"dashboard": {"service": service, "port": 8265}});
        life.wake(0, "pods run", Some(&Observation { more, ..observation("Running", 1) }));
        life.status().dashboard.clone()
    };
    assert_eq!(shown("hello-1").as_deref(), Some("http://hello-1.team.svc:8265"));
    // A ConfigMap of the plan, and a Service of somebody else.
    assert_eq!((shown("hello-1-files"), shown("other")), (None, None));
}
