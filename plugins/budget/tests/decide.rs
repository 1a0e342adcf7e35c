//! What the budget grants, and that sums never exceed it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use budget::Budget;
use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::decide_request;
use insta::assert_json_snapshot;
use proptest::prelude::{Strategy, any, prop, prop_assert, proptest};
use rstest::rstest;
use serde_json::{Value, json};

fn request(settings: Value, used: Usage) -> DecideRequest {
    DecideRequest { settings, usage: Some(used), ..decide_request() }
}

/// Workers of two cores, 4 Gi and a GPU.
fn size(workers: u32) -> Size {
    let worker =
        Resources { cpu_millis: 2000, memory_bytes: 4 << 30, extended: [("a.example/gpu".to_owned(), 1)].into() };
    Size { workers, worker }
}

fn used(sizes: &[Size]) -> Usage {
    sizes.iter().fold(Usage::default(), |sum, size| sum.plus(&Usage::of(size)))
}

#[test]
fn description() {
    let mut description = Budget::describe();
    description.version = "VERSION".into();
    assert_json_snapshot!(description);
}

#[rstest]
#[case::what_fits_is_left_alone(json!({"limits": {"cpu": 16}}), &[6], 2)]
#[case::a_head_alone_holds_one(json!({"limits": {"cpu": 3}}), &[0], 0)]
#[case::cpu_is_short(json!({"limits": {"cpu": 16}}), &[6], 4)]
#[case::everything_is_short(
    json!({"limits": {"cpu": "12500m", "memory": "25Gi", "workers": 6, "runs": 1, "extended": {"a.example/gpu": 6}}}),
    &[6],
    1
)]
#[case::runs_are_short(json!({"limits": {"runs": 3}}), &[1, 1, 1], 1)]
#[case::never_fits(json!({"limits": {"cpu": 16, "extended": {"a.example/gpu": 3}}}), &[], 9)]
#[case::never_fits_though_others_run(json!({"limits": {"memory": "8Gi"}}), &[1], 3)]
#[case::no_gpus_at_all(json!({"limits": {"extended": {"a.example/gpu": 0}}}), &[], 1)]
#[case::cut_to_what_is_left(json!({"mode": "cut", "limits": {"cpu": 16}}), &[6], 4)]
#[case::cut_to_the_scarcest(json!({"mode": "cut", "limits": {"cpu": 16, "workers": 5}}), &[1], 9)]
#[case::cut_to_less_than_one_waits(json!({"mode": "cut", "limits": {"cpu": 16}}), &[8], 4)]
#[case::cut_adds_no_run(json!({"mode": "cut", "limits": {"runs": 1}}), &[1], 4)]
#[case::cut_never_fits(json!({"mode": "cut", "limits": {"cpu": 1}}), &[], 4)]
#[case::more_is_used_than_there_is(json!({"limits": {"cpu": 4}}), &[6], 1)]
#[case::a_quantity_that_is_none(json!({"limits": {"cpu": "0", "memory": "lots"}}), &[], 1)]
#[case::no_limits(json!({}), &[], 1)]
fn decisions(#[case] settings: Value, #[case] others: &[u32], #[case] workers: u32) {
    let others: Vec<_> = others.iter().map(|workers| size(*workers)).collect();
    let answer = Budget::decide(request(settings, used(&others)), Some(size(workers)));
    let shown = match answer {
        Ok(decision) => json!({"workers": decision.size.workers, "choices": decision.choices}),
        Err(decline) => json!(decline),
    };
    let name = std::thread::current().name().unwrap_or_default().rsplit("::").next().unwrap_or_default().to_owned();
    assert_json_snapshot!(name.splitn(3, '_').nth(2).unwrap_or(&name).to_owned(), shown);
}

#[test]
fn who_asked_for_workers_is_named() {
    let mut asked = request(json!({"mode": "cut", "limits": {"workers": 3}}), Usage::default());
    asked.asked.workers = Some(5);
    asked.asked.workers_by = Some("Run/lightning".into());
    let decision = Budget::decide(asked.clone(), Some(size(5))).unwrap();
    assert_eq!(decision.choices[0].over, [("Run/lightning".to_owned(), json!(5))]);
    asked.settings = json!({"limits": {"workers": 3}});
    let Decline::Invalid(faults) = Budget::decide(asked, Some(size(5))).unwrap_err() else { panic!("it never fits") };
    assert_eq!((faults[0].object.as_str(), faults[0].pointer.as_str()), ("Run/lightning", "/spec/workers"));
}

#[test]
fn without_a_proposal_or_a_figure_nothing_is_granted() {
    let settings = json!({"limits": {"cpu": 16}});
    assert_json_snapshot!([
        Budget::decide(request(settings.clone(), Usage::default()), None).unwrap_err(),
        Budget::decide(DecideRequest { settings, ..decide_request() }, Some(size(1))).unwrap_err(),
    ]);
}

/// What happens in a namespace: a Run of so many workers asks, or one of those that were
/// granted something ends.
#[derive(Clone, Debug)]
enum Step {
    Ask(Size),
    End(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let asked = (0_u32..6, 1_u64..3000, 1_u64..5, 0_u64..3).prop_map(|(workers, cpu_millis, gi, gpus)| {
        let worker =
            Resources { cpu_millis, memory_bytes: gi << 30, extended: [("a.example/gpu".to_owned(), gpus)].into() };
        Step::Ask(Size { workers, worker })
    });
    let ends = any::<prop::sample::Index>().prop_map(Step::End);
    prop::collection::vec(prop::strategy::Union::new_weighted(vec![(3, asked.boxed()), (1, ends.boxed())]), 0..60)
}

proptest! {
    #[test]
    fn sums_never_exceed_the_budget_in_any_order(steps in steps(), cut in any::<bool>()) {
        let mode = if cut { "cut" } else { "wait" };
        let settings = json!({"mode": mode, "limits": {
            "cpu": 8, "memory": "16Gi", "workers": 7, "runs": 4, "extended": {"a.example/gpu": 5},
        }});
        let mut held: Vec<Size> = Vec::new();
        for step in steps {
            match step {
                Step::Ask(size) => match Budget::decide(request(settings.clone(), used(&held)), Some(size.clone())) {
                    Ok(decision) => {
                        prop_assert!(decision.size.workers <= size.workers && decision.size.worker == size.worker);
                        prop_assert!(decision.size.workers > 0 || size.workers == 0);
                        prop_assert!(decision.choices.is_empty() == (decision.size == size));
                        held.push(decision.size);
                    }
                    // Nobody waits for an empty namespace.
                    Err(Decline::Waiting(_)) => prop_assert!(!held.is_empty()),
                    Err(Decline::Invalid(_)) => {
                        let alone = Usage::of(&if cut && size.workers > 1 { Size { workers: 1, ..size } } else { size });
                        let gpus = alone.extended["a.example/gpu"];
                        prop_assert!(alone.cpu_millis > 8000 || alone.memory_bytes > 16 << 30 || alone.workers > 7 || gpus > 5);
                    }
                },
                Step::End(which) if !held.is_empty() => drop(held.swap_remove(which.index(held.len()))),
                Step::End(_) => {}
            }
            let sum = used(&held);
            prop_assert!(sum.cpu_millis <= 8000 && sum.memory_bytes <= 16 << 30, "{sum:?}");
            prop_assert!(sum.workers <= 7 && sum.runs <= 4, "{sum:?}");
            prop_assert!(sum.extended.get("a.example/gpu").copied().unwrap_or(0) <= 5, "{sum:?}");
        }
    }
}
