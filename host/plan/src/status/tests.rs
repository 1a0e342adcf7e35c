//! Lives of Runs, wake-up after wake-up, and what all tests of the status share.

use std::fmt::Write;

use serde_json::{Value, json};

use super::*;
use crate::act::act;
use crate::act::fixture::*;
use crate::live::Child;
use crate::stop::Problem;

mod bounds;
mod conditions;
mod observed;

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
