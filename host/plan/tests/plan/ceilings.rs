//! Ceilings over what the shipped policy decides: who cut what, and what holds whatever is
//! configured.

use codeflare_documents::call::{Answer, Request};
use codeflare_plan::draft::drive;
use codeflare_plan::plan::{Call, Plan};
use codeflare_plan::stop::Stop;
use codeflare_plugin::SizingPolicy;
use proptest::prelude::*;
use serde_json::{Value, json};
use sizing_policy::TeeShirts;

use crate::support::{self, launch, lines, seen, set};

/// The sizes that the chart ships, smallest first.
const SHIPPED: [(&str, u32, u32, u32); 6] =
    [("xs", 1, 1, 4), ("sm", 2, 1, 8), ("md", 4, 2, 16), ("lg", 8, 4, 32), ("xl", 20, 4, 48), ("xxl", 40, 8, 64)];

fn shipped() -> Value {
    let shirt = |(name, workers, cpu, memory): (&str, u32, u32, u32)| {
        (name.to_owned(), json!({"workers": workers, "cpu": cpu, "memory": format!("{memory}Gi"), "gpu": 1}))
    };
    let config: serde_json::Map<_, _> = SHIPPED.into_iter().map(shirt).collect();
    configuration("codeflare-default", json!({"priority": 100, "config": config}))
}

fn configuration(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "RunSizeConfiguration",
        "metadata": {"name": name}, "spec": spec,
    })
}

/// Answers as the shipped policy does; the launcher's draft may be changed.
fn planned(changes: &[(&str, Value)], of_draft: &[(&str, Value)]) -> Result<Plan, Stop> {
    let ask = |call: &Call| match &call.request {
        Request::Decide { request, proposed } => Ok(match TeeShirts::decide((**request).clone(), proposed.clone()) {
            Ok(decision) => Answer::Decided(decision),
            Err(decline) => Answer::Declined(decline),
        }),
        Request::Launch(request) => {
            let mut draft = launch(request);
            for (pointer, value) in of_draft {
                set(&mut draft, pointer, value.clone());
            }
            Ok(Answer::Launched(support::from(draft)))
        }
        Request::Observe(_) => unreachable!("nothing is observed before it is launched"),
    };
    drive(&seen(changes), 1, ask).map(|(_, plan)| plan)
}

fn configurations(more: &[(&str, Value)]) -> Value {
    std::iter::once(shipped()).chain(more.iter().map(|(name, spec)| configuration(name, spec.clone()))).collect()
}

/// Choices as sentences: what, who, why and over whom.
fn said(plan: &Plan) -> Vec<String> {
    plan.choices
        .iter()
        .filter(|choice| !choice.over.is_empty())
        .map(|choice| {
            let over: Vec<_> = choice.over.iter().map(|(who, value)| format!("{who} {value}")).collect();
            format!("{} = {} by {}: {}; over {}", choice.field, choice.value, choice.by, choice.why, over.join(", "))
        })
        .collect()
}

#[test]
fn each_cut_names_who_decided_otherwise() {
    let size = |name: &str| ("/run/spec/size", json!(name));
    let limits = |limits: Value| ("/configurations", configurations(&[("ceiling", json!({"limits": limits}))]));
    let cases: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("below", vec![size("md"), limits(json!({"workers": 4, "cpu": 8, "memory": "64Gi", "gpu": 0}))]),
        ("workers", vec![size("md"), limits(json!({"workers": 3}))]),
        ("cpu of all", vec![size("md"), limits(json!({"cpu": 5}))]),
        ("memory of all", vec![size("lg"), limits(json!({"memory": "100Gi"}))]),
        ("one worker is too large", vec![size("xxl"), limits(json!({"cpu": "1500m", "memory": "1Gi"}))]),
        ("a wish", vec![size("sm"), ("/run/spec/workers", json!(50)), limits(json!({"workers": 10, "cpu": 8}))]),
        (
            "no GPUs",
            vec![
                size("md"),
                ("/run/spec/supportsGpu", json!(true)),
                ("/application/spec/supportsGpu", json!(true)),
                limits(json!({"gpu": 0})),
            ],
        ),
        (
            "two GPUs in all, of another make",
            vec![
                size("fast"),
                ("/run/spec/supportsGpu", json!(true)),
                ("/application/spec/supportsGpu", json!(true)),
                (
                    "/configurations",
                    configurations(&[
                        ("ceiling", json!({"limits": {"gpu": 2}})),
                        (
                            "fast",
                            json!({"gpuResource": "amd.com/gpu", "config": {"fast": {"workers": 4, "cpu": 1, "memory": "1Gi", "gpu": 1}}}),
                        ),
                    ]),
                ),
            ],
        ),
        (
            "GPUs refused, memory raised and cut",
            vec![
                size("md"),
                ("/run/spec/supportsGpu", json!(true)),
                ("/application/spec/minMemory", json!("48Gi")),
                limits(json!({"memory": "32Gi"})),
            ],
        ),
        (
            "the smallest of several, in this namespace",
            vec![
                size("md"),
                ("/namespaceLabels", json!({"team": "ml"})),
                (
                    "/configurations",
                    configurations(&[
                        ("of-all", json!({"limits": {"workers": 3, "memory": "48Gi"}})),
                        (
                            "of-ml",
                            json!({"namespaceSelector": {"matchLabels": {"team": "ml"}}, "limits": {"workers": 2}}),
                        ),
                        (
                            "of-web",
                            json!({"namespaceSelector": {"matchLabels": {"team": "web"}}, "limits": {"workers": 1}}),
                        ),
                        (
                            "sizes-of-web",
                            json!({"namespaceSelector": {"matchLabels": {"team": "web"}}, "config": {"md": {"workers": 9, "cpu": 9, "memory": "9Gi"}}}),
                        ),
                    ]),
                ),
            ],
        ),
    ];
    let found: Vec<_> = cases
        .into_iter()
        .map(|(case, changes)| {
            let plan = planned(&changes, &[]).unwrap_or_else(|stop| panic!("{case}: {:?}", lines(&stop)));
            (case, json!(plan.size), said(&plan))
        })
        .collect();
    insta::assert_yaml_snapshot!(found);
}

#[test]
fn a_ceiling_that_cannot_be_read_is_never_skipped() {
    let stopped = |changes: &[(&str, Value)]| lines(&planned(changes, &[]).expect_err("should stop"));
    insta::assert_yaml_snapshot!([
        stopped(&[
            ("/configurations", configurations(&[("odd", json!({"limits": {"cpu": "two", "memory": "2GB"}}))]),)
        ]),
        stopped(&[(
            "/configurations",
            configurations(&[(
                "odd",
                json!({"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}, "limits": {"workers": 1}})
            )]),
        )]),
        stopped(&[("/application/spec/minMemory", json!("plenty")), ("/configurations", configurations(&[]))]),
    ]);
}

/// A head of its own beside the workers.
fn with_head(memory: u64) -> Vec<(&'static str, Value)> {
    let job = json!({"primary": false, "ends": "with-run", "object": {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": {"$name": "head"}},
        "spec": {
            "completionMode": "Indexed", "completions": {"$count": "head"}, "parallelism": {"$count": "head"},
            "backoffLimit": 0, "podReplacementPolicy": "Failed", "template": {"$pod": "head"},
        },
    }});
    let head = json!({
        "name": "head", "count": 1, "command": "program", "ports": [], "inputs": true, "more": {}, "env": [],
        "resources": {"cpuMillis": 1000, "memoryBytes": memory, "extended": {}},
    });
    vec![("/manifests/-", job), ("/roles/-", head)]
}

#[test]
fn pods_beside_the_workers_count_too() {
    let with = |limits: Value, memory_gib: u64| {
        let changes = [
            ("/run/spec/size", json!("md")),
            ("/configurations", configurations(&[("ceiling", json!({"limits": limits}))])),
        ];
        planned(&changes, &with_head(memory_gib << 30))
            .map(|plan| (plan.size.workers, said(&plan)))
            .map_err(|stop| lines(&stop))
    };
    insta::assert_yaml_snapshot!([
        with(json!({"memory": "72Gi"}), 8),
        with(json!({"memory": "64Gi"}), 8),
        with(json!({"memory": "16Gi"}), 8),
        with(json!({"cpu": 8}), 8),
    ]);
}

prop_compose! {
    fn ceiling()(
        workers in prop::option::of(1_u32..50),
        cpu in prop::option::of(1_u64..100),
        memory in prop::option::of(1_u64..600),
        gpu in prop::option::of(0_u32..10),
    ) -> Value {
        let mut limits = serde_json::Map::new();
        for (name, value) in [
            ("workers", workers.map(Value::from)),
            ("cpu", cpu.map(Value::from)),
            ("memory", memory.map(|gib| format!("{gib}Gi").into())),
            ("gpu", gpu.map(Value::from)),
        ] {
            limits.extend(value.map(|value| (name.to_owned(), value)));
        }
        json!({"limits": limits})
    }
}

/// The size of a Run of a shipped size, of which GPUs are wanted.
fn size_of(name: &str, wish: Option<u32>, configurations: &Value) -> codeflare_documents::shared::Size {
    let changes = [
        ("/run/spec/size", json!(name)),
        ("/run/spec/workers", json!(wish)),
        ("/run/spec/supportsGpu", json!(true)),
        ("/application/spec/supportsGpu", json!(true)),
        ("/configurations", configurations.clone()),
    ];
    planned(&changes, &[]).expect("should come to a plan").size
}

fn gpus(size: &codeflare_documents::shared::Size) -> u64 {
    size.worker.extended.get("nvidia.com/gpu").copied().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_size_is_above_a_ceiling(
        all in prop::collection::vec(ceiling(), 0..4),
        shirt in 0_usize..6,
        wish in prop::option::of(0_u32..100),
    ) {
        let named: Vec<(String, Value)> = all.iter().enumerate().map(|(index, spec)| (format!("c{index}"), spec.clone())).collect();
        let named: Vec<_> = named.iter().map(|(name, spec)| (name.as_str(), spec.clone())).collect();
        let size = size_of(SHIPPED[shirt].0, wish, &configurations(&named));
        let pods = u64::from(size.workers.max(1));
        for limits in all.iter().map(|spec| &spec["limits"]) {
            let most = |name: &str| limits[name].as_u64().unwrap_or(u64::MAX);
            let memory = limits["memory"].as_str().map_or(u64::MAX, |text| text.trim_end_matches("Gi").parse().expect("a number"));
            prop_assert!(u64::from(size.workers) <= most("workers"));
            prop_assert!(size.worker.cpu_millis * pods <= most("cpu").saturating_mul(1000));
            prop_assert!(size.worker.memory_bytes * pods <= memory.saturating_mul(1 << 30));
            prop_assert!(gpus(&size) * pods <= most("gpu"));
        }
        prop_assert!(size.worker.cpu_millis > 0 && size.worker.memory_bytes > 0);
    }

    #[test]
    fn the_order_of_the_list_does_not_matter(
        (sorted, shuffled) in prop::collection::vec(ceiling(), 1..5)
            .prop_map(|all| all.into_iter().enumerate().map(|(index, spec)| configuration(&format!("c{index}"), spec)).chain([shipped()]).collect::<Vec<_>>())
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        shirt in 0_usize..6,
    ) {
        let plan = |all: Vec<Value>| {
            let changes = [("/run/spec/size", json!(SHIPPED[shirt].0)), ("/configurations", all.into())];
            planned(&changes, &[]).map(|plan| (plan.size, plan.choices)).map_err(|stop| lines(&stop))
        };
        prop_assert_eq!(plan(sorted), plan(shuffled));
    }

    /// A larger tee shirt never has smaller workers; it has fewer only where a ceiling says so.
    #[test]
    fn a_larger_tee_shirt_is_larger(spec in ceiling(), smaller in 0_usize..5) {
        let all = configurations(&[("ceiling", spec)]);
        let (small, large) = (size_of(SHIPPED[smaller].0, None, &all), size_of(SHIPPED[smaller + 1].0, None, &all));
        prop_assert!(small.worker.cpu_millis <= large.worker.cpu_millis);
        prop_assert!(small.worker.memory_bytes <= large.worker.memory_bytes);
        let cut = large.workers < SHIPPED[smaller + 1].1;
        prop_assert!(cut || small.workers <= large.workers);
    }
}
