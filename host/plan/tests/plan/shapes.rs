//! Drafts of frameworks: each shape is let through, and every way around a list is refused
//! by plugin, object and field.

use codeflare_documents::call::{Answer, Request};
use codeflare_plan::draft::drive;
use codeflare_plan::lock::{Watch, kinds, watched};
use codeflare_plan::plan::Plan;
use codeflare_plan::seen::Seen;
use codeflare_plan::stop::Stop;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::support::{ask, from, seen, set};

mod ways;

/// Two workers on a cluster that serves everything.
fn cluster(changes: &[(&str, Value)]) -> Seen {
    let kinds = serde_json::to_value(kinds()).expect("should write");
    let mut all = vec![
        ("/plugins/0/ready/description/kinds", kinds.clone()),
        ("/served", kinds),
        ("/site/image", json!("registry/platform:1")),
        ("/run/spec/size", json!("md")),
    ];
    all.extend(changes.iter().cloned());
    seen(&all)
}

fn draft(shape: &str) -> Value {
    let text = match shape {
        "rayjob" => include_str!("shapes/rayjob.yaml"),
        "jobset" => include_str!("shapes/jobset.yaml"),
        "trainjob" => include_str!("shapes/trainjob.yaml"),
        _ => include_str!("shapes/elastic.yaml"),
    };
    serde_saphyr::from_str(text).expect("should be YAML")
}

fn locked(seen: &Seen, draft: &Value) -> Result<Plan, Stop> {
    let answers = |call: &codeflare_plan::plan::Call| match &call.request {
        Request::Launch(_) => Ok(Answer::Launched(from(draft.clone()))),
        _ => ask(call),
    };
    drive(seen, 1, answers).map(|(_, plan)| plan)
}

fn changed(shape: &str, changes: &[(&str, Value)]) -> Result<Plan, Stop> {
    let mut draft = draft(shape);
    for (pointer, value) in changes {
        set(&mut draft, pointer, value.clone());
    }
    locked(&cluster(&[]), &draft)
}

/// An object with the name of its role where a pod is; what is in a pod is tested elsewhere.
fn without_pods(value: &Value) -> Value {
    match value {
        Value::Object(_) if value.pointer("/spec/containers").is_some() => {
            json!(format!("the pod of {}", value["metadata"]["labels"]["codeflare.dev/role"]))
        }
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), without_pods(value))).collect(),
        Value::Array(elements) => elements.iter().map(without_pods).collect(),
        literal => literal.clone(),
    }
}

#[test]
fn each_shape_is_locked() {
    for shape in ["rayjob", "jobset", "trainjob", "elastic"] {
        let plan = changed(shape, &[]).unwrap_or_else(|stop| panic!("{shape}: {stop}"));
        let objects: Vec<_> =
            plan.objects.iter().filter(|one| !one.by_host).map(|one| without_pods(&one.object)).collect();
        assert_eq!(objects.len(), draft(shape)["manifests"].as_array().map_or(0, Vec::len));
        insta::assert_yaml_snapshot!(shape, objects);
    }
}

#[test]
fn the_yaml_that_was_checked_is_what_the_operator_reads() {
    let yaml = "# comment\npip:\n- 'a'\n- b # comment\n- \"c\\x41\"\n- !!str d\n";
    let plan = changed("rayjob", &[(RUNTIME, json!(yaml))]).expect("should be a plan");
    let primary = &plan.primary().expect("should have a primary").object;
    assert_eq!(primary["spec"]["runtimeEnvYAML"], r#"{"pip":["a","b","cA","d"]}"#);
}

#[test]
fn kinds_are_watched_in_full_where_a_state_is_read_from_them() {
    let all: Vec<_> = watched()
        .into_iter()
        .map(|(kind, watch)| (format!("{} {}", kind.api_version(), kind.kind), watch == Watch::Full))
        .collect();
    let all: Vec<_> = all.iter().map(|(kind, full)| (kind.as_str(), *full)).collect();
    assert_eq!(
        all,
        [
            ("batch/v1 Job", true),
            ("jobset.x-k8s.io/v1alpha2 JobSet", true),
            ("ray.io/v1 RayJob", true),
            ("trainer.kubeflow.org/v1alpha1 TrainJob", true),
            ("trainer.kubeflow.org/v1alpha1 TrainingRuntime", false),
            ("v1 Service", false),
            ("v1 ConfigMap", false),
        ]
    );
}

const PRIMARY: &str = "/manifests/0/object";
const RUNTIME: &str = "/manifests/0/object/spec/runtimeEnvYAML";
const CLUSTER: &str = "/manifests/0/object/spec/rayClusterSpec";
const HEAD: &str = "/manifests/0/object/spec/rayClusterSpec/headGroupSpec";
const GROUP: &str = "/manifests/0/object/spec/rayClusterSpec/workerGroupSpecs/0";
const JOBS: &str = "/manifests/0/object/spec/replicatedJobs";
const NODE: &str = "/manifests/0/object/spec/replicatedJobs/0/template/spec";
const TRAINING: &str = "/manifests/1/object/spec";
const TRAINED: &str = "/manifests/1/object/spec/template/spec/replicatedJobs/0";
const DATA: &str = "/manifests/2/object/data";

fn pip(count: usize, text: &str) -> Value {
    json!(json!({"pip": vec![text; count]}).to_string())
}

#[test]
fn what_the_lists_leave_open_is_open() {
    let alone = json!([{"name": "head", "count": 1, "command": "image", "env": [], "ports": [], "inputs": true, "more": {"exec": true}}]);
    let group = |name: &str| (format!("{GROUP}/groupName"), json!(name));
    let without = |pointer: &str| (pointer.to_owned(), Value::Null);
    let with = |pointer: String, value: Value| (pointer, value);
    let cases: Vec<(&str, Vec<(String, Value)>)> = vec![
        ("rayjob", vec![without(RUNTIME)]),
        ("rayjob", vec![with(RUNTIME.into(), pip(256, "a"))]),
        ("rayjob", vec![with(RUNTIME.into(), pip(1, &"é".repeat(512)))]),
        ("rayjob", vec![with(RUNTIME.into(), json!("{}"))]),
        ("rayjob", vec![group("w"), with(format!("{GROUP}/rayStartParams/num-cpus"), json!("9".repeat(19)))]),
        (
            "rayjob",
            vec![
                with(format!("{PRIMARY}/spec/submissionMode"), json!("HTTPMode")),
                without(&format!("{PRIMARY}/spec/submitterConfig")),
                without(&format!("{PRIMARY}/spec/submitterPodTemplate")),
                without(&format!("{CLUSTER}/workerGroupSpecs")),
                without(&format!("{HEAD}/rayStartParams")),
                with("/roles".into(), alone),
            ],
        ),
        ("jobset", vec![without(&format!("{PRIMARY}/spec/failurePolicy")), without(&format!("{JOBS}/0/replicas"))]),
        ("jobset", vec![with(format!("{PRIMARY}/spec/successPolicy/operator"), json!("Any"))]),
        ("trainjob", vec![without(&format!("{TRAINED}/template/spec/completions"))]),
        ("trainjob", vec![without(&format!("{TRAINED}/template/spec/parallelism"))]),
        ("elastic", vec![with(format!("{DATA}/a"), json!("x".repeat(1 << 16)))]),
        ("elastic", vec![without(DATA)]),
        ("elastic", vec![with("/manifests/1/object/spec/backoffLimit".into(), json!(0))]),
        // Twice a pod of four cores and 16Gi beside the two workers.
        (
            "elastic",
            vec![with(
                "/roles/0/resources".into(),
                json!({"cpuMillis": 8000, "memoryBytes": 32_u64 << 30, "extended": {}}),
            )],
        ),
    ];
    for (shape, changes) in cases {
        let changes: Vec<_> = changes.iter().map(|(pointer, value)| (pointer.as_str(), value.clone())).collect();
        changed(shape, &changes).unwrap_or_else(|stop| panic!("{shape} {changes:?}: {stop}"));
    }
}

/// Any JSON, with names that mean something.
fn json_like() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        prop::sample::select(
            [
                "$pod",
                "$count",
                "$name",
                "spec",
                "metadata",
                "name",
                "data",
                "template",
                "replicatedJobs",
                "replicas",
                "rayClusterSpec",
                "workerGroupSpecs",
                "headGroupSpec",
                "runtimeEnvYAML",
                "suspend",
                "entrypoint",
                "runtimeRef",
            ]
            .map(str::to_owned)
            .to_vec()
        ),
        any::<String>(),
    ];
    let texts = prop_oneof![
        prop::sample::select(["worker", "head", "", "pip: [a]", "K8sJobMode"].map(str::to_owned).to_vec()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        texts.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..5).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn whatever_a_launcher_answers_is_judged(value in json_like(), place in prop::sample::select(vec![
        ("rayjob", PRIMARY), ("rayjob", "/manifests/0/object/spec"), ("rayjob", CLUSTER), ("rayjob", HEAD), ("rayjob", GROUP),
        ("rayjob", RUNTIME), ("jobset", "/manifests/0/object/spec"), ("jobset", JOBS), ("jobset", NODE),
        ("trainjob", "/manifests/0/object/spec"), ("trainjob", TRAINING), ("trainjob", TRAINED),
        ("elastic", "/manifests/2/object"), ("elastic", DATA), ("elastic", "/more"), ("elastic", "/roles/0/more"),
    ])) {
        let (shape, pointer) = place;
        let mut draft = draft(shape);
        *draft.pointer_mut(pointer).expect("should be in the draft") = value;
        // A plan or a refusal; never a panic.
        let _ = locked(&cluster(&[]), &draft);
    }
}
