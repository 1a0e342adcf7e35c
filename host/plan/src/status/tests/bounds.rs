//! No status is longer than it may be, whatever it is made of.

use codeflare_documents::shared::{Choice, Resources};
use proptest::prelude::*;

use super::*;
use crate::seen::{FetchedSource, SeenSource};

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

/// A source whose every text is as long as it may be.
fn fetched(text: &str) -> FetchedSource {
    let text = || text.to_owned();
    FetchedSource {
        repo: text(),
        reference: text(),
        commit: "c".repeat(64),
        path: text(),
        digest: "d".repeat(71),
        bytes: 1,
        url: text(),
    }
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
        repo in prop::option::of(".{0,1100}"),
    ) {
        let mut record = record(2);
        record.plan.choices = vec![record.plan.choices[0].clone(); over];
        record.seen.source = repo.map(|text| SeenSource::Fetched(fetched(&text)));
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
