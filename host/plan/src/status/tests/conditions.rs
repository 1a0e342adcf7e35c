//! Conditions: one for each step, true up to where it stopped.

use super::*;

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
