use std::fmt::Write;

use codeflare_documents::shared::{Choice, Resources};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::act::act;
use crate::act::fixture::*;
use crate::live::Child;
use crate::stop::Problem;

/// A Run and what is said of it, wake-up after wake-up.
struct Life {
    run: Run,
    record: Record,
    children: Vec<Child>,
    pods: Vec<k8s_openapi::api::core::v1::Pod>,
    /// Statuses that were published, and what came with them.
    told: String,
    published: u32,
}

impl Life {
    fn new(spec: Value) -> Life {
        let (record, children) = (record(1), children(1));
        Life { run: run(spec), record, children, pods: Vec::new(), told: String::new(), published: 0 }
    }

    fn tell(&mut self, next: Next, second: i64, what: &str) {
        let fresh = self.run.status.as_ref() != Some(&next.status);
        let status = serde_json::to_value(&next.status).unwrap();
        writeln!(self.told, "# {second:>4} s: {what}").unwrap();
        for RunEvent { warning, reason, note } in &next.events {
            writeln!(self.told, "# {} {reason}: {note}", if *warning { "Warning" } else { "Normal" }).unwrap();
        }
        if let Some(wake) = next.wake {
            writeln!(self.told, "# again in {wake:?}").unwrap();
        }
        if fresh {
            let yaml = serde_saphyr::to_string(&status).unwrap();
            writeln!(self.told, "{}\n---", yaml.trim_end()).unwrap();
            self.published += 1;
        } else {
            writeln!(self.told, "# nothing new\n---").unwrap();
        }
        // As the API server keeps it.
        self.run.status = Some(serde_json::from_value(status).unwrap());
        assert_eq!(self.run.status, Some(next.status));
    }

    fn step(&mut self, second: i64, what: &str, outcome: &Outcome<'_>) {
        let told = next(&self.run, outcome, at(second));
        self.tell(told, second, what);
        assert_idle(&self.run, outcome, second);
    }

    /// Observes, acts and tells, as the host does.
    fn wake(&mut self, second: i64, what: &str, observation: Option<&Observation>) {
        let run = self.run.clone();
        let situation =
            Situation { pods: &self.pods, ..situation(&run, &self.record, &self.children, observation, second) };
        let end = act(&situation).end;
        let primary = Some(primary(self.record.plan.attempt));
        let outcome = Outcome::Launched { situation, primary, end, trouble: None };
        let told = next(&run, &outcome, at(second));
        let mut after = run.clone();
        after.status = Some(told.status.clone());
        assert_idle(&after, &outcome, second);
        self.tell(told, second, what);
    }

    fn status(&self) -> &RunStatus {
        self.run.status.as_ref().unwrap()
    }
}

/// What was published once is not published again.
fn assert_idle(run: &Run, outcome: &Outcome<'_>, second: i64) {
    let again = next(run, outcome, at(second));
    assert_eq!(Some(&again.status), run.status.as_ref());
    assert_eq!(again.events, []);
}

fn stop(step: ConditionType, reason: Reason, message: &str) -> Stop {
    Stop::one(step, Problem::new(reason, "Run/hello", "/spec/size", message))
}

#[test]
fn a_good_life() {
    let mut life = Life::new(json!({"size": "huge"}));
    let unknown = stop(ConditionType::Sized, Reason::UnknownSize, "`huge` is not a size; known are sm, md");
    life.step(0, "the size is unknown", &Outcome::Stopped(unknown));
    life.published = 0;
    life.wake(30, "mended and launched", None);
    life.wake(31, "pods are made", Some(&observation("Starting", 0)));
    life.wake(33, "pods run", Some(&observation("Running", 2)));
    life.wake(34, "nothing new", Some(&observation("Running", 2)));
    life.wake(60, "ended", Some(&observation("Succeeded", 3)));
    life.wake(61, "ended", Some(&observation("Running", 0)));
    assert_eq!(life.published, 3);
    insta::assert_snapshot!(life.told);
}

#[test]
fn a_life_with_a_second_attempt() {
    let mut life = Life::new(json!({}));
    life.record = retrying(1, 1, &[]);
    life.wake(0, "launched", None);
    life.wake(1, "pods run", Some(&observation("Running", 2)));
    let failure = failed("ProgramFailed", Some(3), true);
    life.wake(9, "the first attempt failed", Some(&failure));
    life.record = retrying(2, 1, &[]);
    let record = life.record.clone();
    life.step(10, "the second is recorded", &Outcome::WaitingForPods(&record));
    life.step(12, "pods are still there", &Outcome::WaitingForPods(&record));
    let refused = Stop::one(ConditionType::Launched, Problem::new(Reason::ObjectRefused, "Job/hello-2", "", "quota"));
    life.step(13, "the primary is refused", &Outcome::Stopped(refused.clone()));
    life.step(53, "and again", &Outcome::Stopped(refused));
    life.children = children(2);
    life.wake(54, "the second attempt is launched", None);
    life.wake(55, "pods run", Some(&observation("Running", 2)));
    life.wake(59, "the second attempt failed", Some(&failure));
    insta::assert_snapshot!(life.told);
}

#[test]
fn a_life_up_to_its_deadline() {
    let mut life = Life::new(json!({"deadline": "1m"}));
    life.wake(0, "launched", None);
    life.pods = vec![pod(
        "p",
        "worker",
        1,
        json!({"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"},
        ]}),
    )];
    life.wake(2, "a pod finds no node", Some(&observation("Starting", 0)));
    life.pods = Vec::new();
    life.wake(5, "pods run", Some(&observation("Running", 2)));
    life.wake(64, "nothing new", Some(&observation("Running", 2)));
    life.wake(65, "the deadline", Some(&observation("Running", 2)));
    insta::assert_snapshot!(life.told);
}

#[test]
fn a_life_with_a_pause() {
    let mut life = Life::new(json!({"suspend": true}));
    life.step(0, "held before its record", &Outcome::Held);
    life.run.spec.suspend = Some(false);
    life.run.metadata.generation = Some(2);
    life.wake(5, "resumed and launched", None);
    life.wake(6, "pods run", Some(&observation("Running", 2)));
    life.wake(9, "suspended", Some(&observation("Suspended", 0)));
    life.wake(20, "resumed", Some(&observation("Starting", 0)));
    life.wake(21, "pods run", Some(&observation("Running", 2)));
    insta::assert_snapshot!(life.told);
}

#[test]
fn a_life_that_somebody_ends() {
    let mut life = Life::new(json!({}));
    life.wake(0, "launched", None);
    life.children.pop();
    life.wake(9, "the Job was deleted", Some(&observation("Starting", 0)));
    life.wake(10, "and is found again", Some(&observation("Running", 2)));
    insta::assert_snapshot!(life.told);
}

#[test]
fn a_life_with_a_forged_record() {
    let mut life = Life::new(json!({}));
    let forged = Stop::one(
        ConditionType::Recorded,
        Problem::new(Reason::RecordForged, "ConfigMap/r", "", "its seal does not fit"),
    );
    life.step(0, "the record is not ours", &Outcome::Stopped(forged));
    life.wake(5, "nothing is launched", None);
    insta::assert_snapshot!(life.told);
}

#[test]
fn a_launcher_that_fails_is_told_of_beside_what_goes_on() {
    let mut life = Life::new(json!({}));
    life.wake(0, "launched", None);
    life.wake(1, "pods run", Some(&observation("Running", 2)));
    let run = life.run.clone();
    let (record, children) = (life.record.clone(), life.children.clone());
    let outcome = |stop: &Stop, end| Outcome::Launched {
        situation: situation(&run, &record, &children, None, 9),
        primary: Some(primary(1)),
        end,
        trouble: Some(stop.clone()),
    };
    let panicked =
        Stop::one(ConditionType::Launched, Problem::new(Reason::PluginFailed, "Plugin/job", "", "it panicked"));
    life.step(9, "the launcher panics", &outcome(&panicked, None));
    life.step(29, "and again", &outcome(&panicked, None));
    life.wake(30, "it is mended", Some(&observation("Running", 2)));
    insta::assert_snapshot!(life.told);
    let late = End::Failed { cause: Reason::DeadlineExceeded.into(), message: "late".into(), exit_code: None };
    let ended = next(&life.run, &outcome(&panicked, Some(late)), at(40));
    assert_eq!((ended.status.reason.as_deref(), ended.wake), (Some("DeadlineExceeded"), None));
    assert_eq!(state(&ended.status, "Launched"), Some("True".into()));
    let refused = Stop::one(ConditionType::Launched, Problem::new(Reason::PluginRefused, "", "", "no"));
    assert_eq!(next(&life.run, &outcome(&refused, None), at(40)).wake, None);
}

fn state(status: &RunStatus, type_: &str) -> Option<String> {
    status.conditions.iter().find(|condition| condition.type_ == type_).map(|condition| condition.status.clone())
}

fn states(status: &RunStatus) -> Vec<(&str, &str)> {
    status.conditions.iter().map(|condition| (condition.type_.as_str(), condition.status.as_str())).collect()
}

#[test]
fn the_condition_of_the_step_that_stopped_is_false_and_those_behind_it_are_not_there() {
    for (index, step) in ConditionType::ALL.into_iter().enumerate().take(5) {
        let mut life = Life::new(json!({}));
        life.step(0, "held", &Outcome::Held);
        life.step(1, "stopped", &Outcome::Stopped(stop(step, Reason::ApiUnavailable, "no")));
        let mut expected: Vec<_> = ConditionType::ALL.iter().take(index).map(|one| (one.as_str(), "True")).collect();
        expected.push((step.as_str(), "False"));
        assert_eq!(states(life.status()), expected, "{step:?}");
        assert_eq!(life.status().phase, Some(Phase::Pending));
    }
}

#[test]
fn a_step_that_stops_after_the_launch_takes_nothing_back() {
    let mut life = Life::new(json!({}));
    life.wake(0, "launched", None);
    life.wake(1, "pods run", Some(&observation("Running", 2)));
    life.step(2, "stopped", &Outcome::Stopped(stop(ConditionType::Recorded, Reason::ApiUnavailable, "no")));
    assert_eq!((life.status().phase, state(life.status(), "Launched")), (Some(Phase::Running), Some("True".into())));
    assert_eq!(state(life.status(), "Recorded"), Some("False".into()));
    life.wake(3, "pods run", Some(&observation("Running", 2)));
    assert!(life.status().conditions.iter().all(|condition| condition.status == "True"));
}

#[test]
fn a_later_step_is_forgotten_while_the_next_attempt_waits() {
    let mut life = Life::new(json!({}));
    let record = record(2);
    life.step(0, "waits", &Outcome::WaitingForPods(&record));
    life.step(1, "refused", &Outcome::Stopped(stop(ConditionType::Launched, Reason::ObjectRefused, "no")));
    life.step(2, "stopped", &Outcome::Stopped(stop(ConditionType::Recorded, Reason::ApiUnavailable, "no")));
    assert_eq!((life.status().phase, state(life.status(), "Launched")), (Some(Phase::Restarting), None));
}

#[test]
fn a_record_that_is_too_large_or_an_api_that_is_away_can_be_mended_and_a_lost_record_cannot() {
    for (reason, phase, wake) in [
        (Reason::RecordTooLarge, Phase::Pending, None),
        (Reason::ApiUnavailable, Phase::Pending, Some(5)),
        (Reason::PluginWaiting, Phase::Pending, Some(10)),
        (Reason::RecordGone, Phase::Failed, None),
        (Reason::RecordForged, Phase::Failed, None),
    ] {
        let mut run = run(json!({}));
        run.metadata.uid = None;
        let told = next(&run, &Outcome::Stopped(stop(ConditionType::Recorded, reason, "no")), at(0));
        assert_eq!((told.status.phase, told.wake), (Some(phase), wake.map(Duration::from_secs)), "{reason:?}");
        assert_eq!(told.status.completion_time.is_some(), phase.is_terminal());
        assert_eq!(told.events.iter().map(|event| event.warning).collect::<Vec<_>>(), [true]);
    }
}

#[test]
fn times_are_whole_seconds() {
    let now = at(1) + jiff::SignedDuration::from_millis(900);
    let told = next(&run(json!({})), &Outcome::Held, now);
    assert!(told.status.conditions.iter().all(|condition| condition.last_transition_time == Time(at(1))));
}

#[test]
fn the_time_of_a_condition_changes_with_its_status_only() {
    let mut life = Life::new(json!({}));
    let since = |life: &Life| life.status().conditions[0].last_transition_time.clone();
    life.step(0, "stopped", &Outcome::Stopped(stop(ConditionType::Resolved, Reason::ApplicationNotFound, "no")));
    life.run.metadata.generation = Some(7);
    life.step(5, "stopped", &Outcome::Stopped(stop(ConditionType::Resolved, Reason::NoLauncher, "no")));
    assert_eq!((since(&life), life.status().conditions[0].observed_generation), (Time(at(0)), Some(7)));
    assert_eq!(life.status().observed_generation, Some(7));
    life.step(9, "held", &Outcome::Held);
    assert_eq!(since(&life), Time(at(9)));
}

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

fn json_bytes(status: &RunStatus) -> usize {
    serde_json::to_vec(status).unwrap().len()
}

#[test]
fn choices_go_first_and_the_message_stays() {
    let mut record = record(1);
    let one = record.plan.choices[0].clone();
    record.plan.choices = vec![Choice { why: "w".repeat(200), ..one }; 32];
    let (run, children) = (run(json!({})), children(1));
    let message = "m".repeat(1500);
    let said = Observation { message: message.clone(), ..observation("Running", 2) };
    let situation = situation(&run, &record, &children, Some(&said), 0);
    let told = next(&run, &Outcome::Launched { situation, primary: None, end: None, trouble: None }, at(0));
    let shown = told.status.message.as_ref().unwrap();
    assert_eq!((shown.len(), shown.ends_with('…')), (1024, true));
    let left = told.status.launch.as_ref().unwrap().choices.len();
    let mut more = told.status.clone();
    more.launch.as_mut().unwrap().choices.push(record.plan.choices[0].clone());
    // As many as there is room for, and no more.
    assert!(left > 0 && json_bytes(&told.status) <= fit::MOST && json_bytes(&more) > fit::MOST, "{left}");
}

#[test]
fn a_size_of_any_length_does_not_make_a_status_longer_than_it_may_be() {
    let mut record = record(1);
    record.plan.size.worker =
        Resources { extended: (0..999).map(|one| (format!("example.com/{one}"), 1)).collect(), ..Resources::default() };
    let (run, children) = (run(json!({})), children(1));
    let situation = situation(&run, &record, &children, None, 0);
    let end = Some(End::Failed { cause: Reason::ProgramFailed.into(), message: "\"".repeat(2000), exit_code: None });
    let told = next(&run, &Outcome::Launched { situation, primary: None, end, trouble: None }, at(0));
    assert!(json_bytes(&told.status) <= fit::MOST);
    let launch = told.status.launch.unwrap();
    assert_eq!((launch.size, launch.sizing_policies.len(), launch.choices.len()), (None, 0, 0));
    assert!(told.status.message.unwrap().len() >= 64);
}

fn reasons() -> impl Strategy<Value = Reason> {
    prop::sample::select(Reason::ALL)
}

fn steps() -> impl Strategy<Value = ConditionType> {
    prop::sample::select(&ConditionType::ALL[..5])
}

fn phases() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["Queued", "Starting", "Running", "Restarting", "Suspended", "Succeeded", "Failed", "?"])
}

fn ends() -> impl Strategy<Value = End> {
    prop_oneof![
        Just(End::Succeeded),
        ".{0,1200}".prop_map(|message| End::Retrying { message }),
        (reasons(), ".{0,1200}", any::<Option<i32>>()).prop_map(|(reason, message, exit_code)| End::Failed {
            cause: reason.into(),
            message,
            exit_code
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_a_status_is_small_told_once_and_final_at_its_end(
        kinds in prop::collection::vec(0_u8..4, 1..4),
        (reason, step, said) in (reasons(), steps(), prop_oneof![".{0,1200}", "[\\x00-\\x1f\"]{0,1200}"]),
        (phase, word) in (phases(), ".{0,80}"),
        end in prop::option::weighted(0.3, ends()),
        trouble in any::<bool>(),
        seconds in 0_i64..1000,
        over in 0_usize..40,
    ) {
        let mut record = record(2);
        record.plan.choices = vec![record.plan.choices[0].clone(); over];
        let children = children(2);
        let stop = stop(step, reason, &said);
        let observation = Observation { reason: word, message: said.clone(), ..observation(phase, u32::MAX) };
        let mut run = run(json!({}));
        for (round, kind) in (0_i64..).zip(kinds) {
            let before = run.clone();
            let outcome = match kind {
                0 => Outcome::Stopped(stop.clone()),
                1 => Outcome::Held,
                2 => Outcome::WaitingForPods(&record),
                _ => Outcome::Launched {
                    situation: situation(&before, &record, &children, Some(&observation), 0),
                    primary: Some("u".repeat(36)),
                    end: end.clone(),
                    trouble: trouble.then(|| stop.clone()),
                },
            };
            let now = at(round * seconds);
            let told = next(&before, &outcome, now);
            prop_assert!(json_bytes(&told.status) <= fit::MOST, "{}", json_bytes(&told.status));
            prop_assert!(told.events.iter().all(|event| event.note.len() <= 1024));
            if before.status.as_ref().and_then(|status| status.phase).is_some_and(Phase::is_terminal) {
                prop_assert_eq!(Some(&told.status), before.status.as_ref());
                prop_assert_eq!((told.events.len(), told.wake), (0, None));
            }
            run.status = Some(told.status);
            let again = next(&run, &outcome, now);
            prop_assert_eq!(Some(&again.status), run.status.as_ref());
            prop_assert_eq!(again.events, vec![]);
        }
    }
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
