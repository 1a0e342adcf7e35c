//! What the policy decides and records, and that lists may come in any order.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::{configuration, decide_request};
use insta::assert_json_snapshot;
use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, proptest};
use rstest::rstest;
use serde_json::json;
use sizing_policy::TeeShirts;

fn shirt(workers: u32, memory_gi: u64, gpu: u64) -> TeeShirt {
    TeeShirt { workers, cpu_millis: 500, memory_bytes: memory_gi << 30, gpu }
}

fn with(change: impl FnOnce(&mut DecideRequest)) -> DecideRequest {
    let mut request = decide_request();
    change(&mut request);
    request
}

fn with_gpus(request: &mut DecideRequest) {
    request.asked.gpus = true;
    request.asked.gpus_refused_by = None;
}

#[test]
fn description() {
    let mut description = TeeShirts::describe();
    description.version = "VERSION".into();
    assert_json_snapshot!(description);
}

#[rstest]
#[case::the_shipped_size(decide_request())]
#[case::gpus_where_both_want_them(with(with_gpus))]
#[case::no_gpus_to_refuse(with(|request| request.configurations.push(configuration("site", 1, [("sm", shirt(2, 1, 0))]))))]
#[case::workers_asked_for(with(|request| {
    request.asked.workers = Some(7);
    request.asked.workers_by = Some("Run/lightning".into());
}))]
#[case::no_workers_asked_for(with(|request| {
    request.asked.workers = Some(0);
    request.asked.workers_by = Some("Application/trainer".into());
}))]
#[case::more_memory_needed(with(|request| request.asked.min_memory_bytes = Some(12 << 30)))]
#[case::less_memory_needed(with(|request| request.asked.min_memory_bytes = Some(1 << 30)))]
#[case::the_lowest_priority_wins(with(|request| {
    with_gpus(request);
    request.configurations.insert(0, configuration("later", 200, [("sm", shirt(9, 9, 9))]));
    request.configurations.push(configuration("site", 1, [("sm", shirt(1, 1, 0)), ("nano", shirt(1, 1, 0))]));
}))]
#[case::ties_go_by_name(with(|request| {
    request.configurations.push(configuration("beta", 1, [("sm", shirt(2, 2, 0))]));
    request.configurations.push(configuration("alpha", 1, [("sm", shirt(1, 1, 0))]));
}))]
#[case::each_size_by_itself(with(|request| {
    request.configurations.push(configuration("site", 1, [("xs", shirt(9, 1, 0))]));
}))]
#[case::everything_at_once(with(|request| {
    request.asked.workers = Some(3);
    request.asked.min_memory_bytes = Some(3 << 29);
    request.configurations.push(configuration("site", 1, [("sm", shirt(1, 1, 2))]));
}))]
fn decisions(#[case] request: DecideRequest) {
    let decision = TeeShirts::decide(request, None).unwrap();
    assert_json_snapshot!(case(), decision);
}

#[rstest]
#[case::unknown_size(with(|request| request.asked.size = "huge".into()))]
#[case::unknown_size_of_an_application(with(|request| {
    request.asked.size = "huge".into();
    request.asked.size_by = "Application/trainer".into();
    request.configurations.push(configuration("site", 1, [("md", shirt(1, 1, 0)), ("nano", shirt(1, 0, 0))]));
}))]
#[case::unknown_default(with(|request| {
    request.asked.size_by = "default".into();
    request.configurations = vec![configuration("site", 1, [("nano", shirt(1, 1, 0))])];
}))]
#[case::no_sizes_at_all(with(|request| request.configurations.clear()))]
#[case::unknown_settings(with(|request| request.settings = json!({"budget": 3})))]
fn declines(#[case] request: DecideRequest) {
    let decline = TeeShirts::decide(request, None).unwrap_err();
    assert_json_snapshot!(case(), decline);
}

/// Name of the case without its number, so that a new one renames no file.
fn case() -> String {
    let name = std::thread::current().name().unwrap_or_default().rsplit("::").next().unwrap_or_default().to_owned();
    name.splitn(3, '_').nth(2).unwrap_or(&name).to_owned()
}

fn proposal() -> Size {
    Size { workers: 1, worker: Resources { cpu_millis: 250, memory_bytes: 1 << 30, ..Resources::default() } }
}

#[test]
fn a_proposal_is_kept_also_where_the_size_is_unknown() {
    let request = with(|request| request.asked.size = "huge".into());
    let decision = TeeShirts::decide(request, Some(proposal())).unwrap();
    assert_eq!(decision, Decision { size: proposal(), choices: Vec::new() });
}

#[test]
fn a_proposal_is_overruled_where_the_settings_say_so() {
    let request = with(|request| request.settings = json!({"overrule": true}));
    let decision = TeeShirts::decide(request, Some(proposal())).unwrap();
    assert_json_snapshot!(decision);
}

proptest! {
    #[test]
    fn the_order_of_configurations_does_not_matter(
        (sorted, shuffled) in prop::collection::vec((0_i64..3, prop::collection::btree_map("xs|sm|md", (0_u32..4, 0_u64..3), 0..3)), 0..5)
            .prop_map(|all| {
                let shirts = |sizes: std::collections::BTreeMap<String, (u32, u64)>| {
                    sizes.into_iter().map(|(name, (workers, gpu))| (name, shirt(workers, 1, gpu))).collect()
                };
                all.into_iter()
                    .enumerate()
                    .map(|(index, (priority, sizes))| Configuration {
                        sizes: shirts(sizes),
                        ..configuration(&format!("c{index}"), priority, [])
                    })
                    .collect::<Vec<_>>()
            })
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        let decide = |configurations| TeeShirts::decide(with(|request| request.configurations = configurations), None);
        prop_assert_eq!(decide(sorted), decide(shuffled));
    }
}
