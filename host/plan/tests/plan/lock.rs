//! A launcher's draft becomes a plan, or says everything that is not allowed.

use codeflare_api::{ConditionType, Reason};
use codeflare_plan::lock::digest;
use serde_json::{Value, json};

use crate::support::{lines, plan, plan_with, seen};

#[test]
fn one_worker_is_one_job() {
    insta::assert_yaml_snapshot!(plan(&seen(&[])).1);
}

#[test]
fn two_workers_have_a_service_and_the_primary_comes_last() {
    let plan = plan(&seen(&[("/run/spec/size", json!("md")), ("/run/spec/retries", json!(3))])).1;
    assert_eq!(plan.controls[0].manifest, 1, "a control counts the objects as they are ordered");
    insta::assert_yaml_snapshot!(plan);
}

#[test]
fn a_digest_is_of_sorted_members_and_changes_with_the_plan() {
    let mut plan = plan(&seen(&[])).1;
    let first = digest(&plan);
    insta::assert_snapshot!(first);
    plan.retries += 1;
    assert_ne!(digest(&plan), first);
    let text = serde_json::to_value(&plan).expect("should write").to_string();
    assert!(text.starts_with("{\"attempt\""), "{text}");
}

/// The Service of a draft of two workers.
const SERVICE: &str = "/manifests/1/object";
/// Its Job.
const JOB: &str = "/manifests/0/object";

#[test]
fn everything_that_is_allowed_is_allowed() {
    let two = seen(&[("/run/spec/size", json!("md"))]);
    let ports =
        json!([{"name": "http", "port": 1, "targetPort": 65535, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]);
    let own = |key: &str| format!("job.plugins.codeflare.dev/{key}");
    let annotations: Value = [(own("a"), json!("x".repeat(1024))), (own("b"), json!(""))].into_iter().collect();
    let labels: Value = [(own(&"k".repeat(63)), json!("A.b_c-9")), (own("b"), json!(""))].into_iter().collect();
    let cases: Vec<Vec<(String, Value)>> = vec![
        vec![(format!("{SERVICE}/spec/ports"), ports)],
        vec![(format!("{SERVICE}/spec/ports"), json!(vec![json!({"port": 1}); 16]))],
        vec![(format!("{SERVICE}/spec/clusterIP"), Value::Null), (format!("{SERVICE}/spec/type"), json!("ClusterIP"))],
        vec![(format!("{SERVICE}/metadata/name"), json!({"$name": "peers"}))],
        vec![(format!("{SERVICE}/metadata/name"), json!({"$name": "s".repeat(16)}))],
        vec![(format!("{JOB}/metadata/annotations"), annotations), (format!("{JOB}/metadata/labels"), labels)],
        vec![(format!("{JOB}/spec/suspend"), Value::Null)],
        vec![(format!("{JOB}/spec/suspend"), json!(true))],
        vec![("/controls".to_owned(), json!([]))],
        vec![("/choices".to_owned(), choices(32))],
        vec![("/roles/0/ports".to_owned(), json!([["a", 1], ["abcdefghijklmno", 65535]]))],
        vec![("/roles/0/env".to_owned(), json!([["_A9", {"text": ""}], ["CODEFLARE_WORKER", {"text": ""}]]))],
        vec![("/roles/0/env".to_owned(), json!([["A", {"field": "metadata.labels['a.b/c_d-e']"}]]))],
        vec![(
            "/roles/0/resources".to_owned(),
            json!({"cpuMillis": 4500, "memoryBytes": 35_u64 << 29, "extended": {}}),
        )],
        vec![("/roles/0/more/scratch".to_owned(), json!({"/a": {"sizeBytes": 1}, "/tmp2": {"sizeBytes": 1}}))],
        vec![("/roles/0/more/scratch".to_owned(), json!({"/dev/shm": {"sizeBytes": 1, "memory": true}}))],
        vec![("/more".to_owned(), json!({"requirements": true}))],
        vec![("/roles/0/more/subdomain".to_owned(), Value::Null)],
        vec![("/roles/0/count".to_owned(), json!(1))],
    ];
    for changes in cases {
        let changes: Vec<_> = changes.iter().map(|(pointer, value)| (pointer.as_str(), value.clone())).collect();
        plan_with(&two, &changes).unwrap_or_else(|stop| panic!("{changes:?}: {stop}"));
    }
}

fn choices(count: usize) -> Value {
    json!(vec![json!({"field": "a", "value": 1, "by": "b", "why": "c", "over": []}); count])
}

fn job() -> Value {
    json!({"primary": false, "ends": "with-run", "object": {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": {"$name": "b"}},
        "spec": {
            "completionMode": "Indexed", "completions": {"$count": "worker"}, "parallelism": {"$count": "worker"},
            "backoffLimit": 0, "podReplacementPolicy": "Failed", "template": {"$pod": "worker"},
        },
    }})
}

fn service(suffix: &str) -> Value {
    json!({"primary": false, "ends": "with-run", "object": {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": {"$name": suffix}},
        "spec": {"selector": {"$selector": "worker"}},
    }})
}

/// Each change of a draft that the check refuses: where, to what.
fn refusals() -> Vec<(&'static str, Value)> {
    let role = json!({
        "name": "worker", "count": 0, "command": "program", "env": [], "ports": [], "inputs": true, "more": {},
    });
    let mut other = role.clone();
    other["name"] = json!("Head");
    let services: Vec<_> = (0..64).map(|index| service(&format!("s{index}"))).collect();
    let mut services = services;
    services.push(job());
    let long = "x".repeat(1 << 20);
    vec![
        // Kinds and members.
        ("/manifests/0/object/kind", json!("Pod")),
        ("/manifests/0/object/kind", Value::Null),
        ("/manifests/0/object/kind", json!({"$name": ""})),
        ("/manifests/0/object/apiVersion", json!("batch/v2")),
        ("/manifests/0/object/apiVersion", json!("v1")),
        ("/manifests/0/object", json!("Job")),
        ("/manifests/0/object/status", json!({})),
        ("/manifests/0/object/spec", json!([])),
        ("/manifests/0/object/spec", json!({"$pod": "worker"})),
        ("/manifests/0/object/spec", Value::Null),
        ("/manifests/0/object/spec/ttlSecondsAfterFinished", json!(1)),
        ("/manifests/0/object/spec/selector", json!({})),
        ("/manifests/0/object/spec/a~1b~0c", json!(1)),
        ("/manifests/1/object/spec/ports[]", json!({"port": 1})),
        ("/manifests/1/object/spec/ports[].port", json!(1)),
        // Values.
        ("/manifests/0/object/spec/backoffLimit", json!(3)),
        ("/manifests/0/object/spec/completionMode", json!("NonIndexed")),
        ("/manifests/0/object/spec/completionMode", Value::Null),
        ("/manifests/0/object/spec/podReplacementPolicy", Value::Null),
        ("/manifests/0/object/spec/suspend", json!("true")),
        ("/manifests/0/object/spec/completions", json!(2)),
        ("/manifests/0/object/spec/completions", json!({"$count": "nobody"})),
        ("/manifests/0/object/spec/parallelism", json!({"$count": 1})),
        ("/manifests/0/object/spec/parallelism", Value::Null),
        ("/manifests/0/object/spec/template", json!({"spec": {"containers": []}})),
        ("/manifests/0/object/spec/template", json!({"$pod": "nobody"})),
        ("/manifests/0/object/spec/template", json!({"$pod": ["worker"]})),
        ("/manifests/0/object/spec/template", json!({"$pod": "worker", "spec": {"hostNetwork": true}})),
        ("/manifests/0/object/spec/template", json!({"$count": "worker"})),
        ("/manifests/0/object/spec/template", json!({"$secret": "worker"})),
        ("/manifests/1/object/spec/type", json!("NodePort")),
        ("/manifests/1/object/spec/clusterIP", json!("10.0.0.1")),
        ("/manifests/1/object/spec/externalName", json!("example.com")),
        ("/manifests/1/object/spec/selector", json!({"app": "other"})),
        ("/manifests/1/object/spec/selector", json!({"$selector": "nobody"})),
        ("/manifests/1/object/spec/selector", json!({"$selector": "worker", "app": "other"})),
        ("/manifests/1/object/spec/selector", Value::Null),
        ("/manifests/1/object/spec/ports", json!({})),
        ("/manifests/1/object/spec/ports", json!(vec![json!({"port": 1}); 17])),
        ("/manifests/1/object/spec/ports", json!([1])),
        ("/manifests/1/object/spec/ports", json!([{"port": 0}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1}, {"port": 65536}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1, "nodePort": 30000}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1, "name": "A"}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1, "name": "-a"}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1, "name": "a-"}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1, "name": ""}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1, "name": "a".repeat(64)}])),
        ("/manifests/1/object/spec/ports", json!([{"port": 1, "protocol": "SCTP"}])),
        // Names and metadata.
        ("/manifests/0/object/metadata", Value::Null),
        ("/manifests/0/object/metadata", json!([])),
        ("/manifests/0/object/metadata/name", json!("mine")),
        ("/manifests/0/object/metadata/name", json!({"$name": "a"})),
        ("/manifests/0/object/metadata/name", json!({"$name": 1})),
        ("/manifests/0/object/metadata/name", json!({"$count": "worker"})),
        ("/manifests/1/object/metadata/name", json!({"$name": "A"})),
        ("/manifests/1/object/metadata/name", json!({"$name": "a".repeat(17)})),
        ("/manifests/0/object/metadata/namespace", json!("kube-system")),
        ("/manifests/0/object/metadata/generateName", json!("a")),
        ("/manifests/0/object/metadata/finalizers", json!(["a/b"])),
        ("/manifests/0/object/metadata/ownerReferences", json!([])),
        ("/manifests/0/object/metadata/labels", json!("a")),
        ("/manifests/0/object/metadata/labels", json!({"codeflare.dev/run-uid": "x"})),
        ("/manifests/0/object/metadata/labels", json!({"job.plugins.codeflare.dev/": "x"})),
        ("/manifests/0/object/metadata/labels", json!({"job.plugins.codeflare.dev/a b": "x"})),
        ("/manifests/0/object/metadata/labels", json!({"other.plugins.codeflare.dev/a": "x"})),
        ("/manifests/0/object/metadata/labels", json!({"job.plugins.codeflare.dev/a": "-x"})),
        ("/manifests/0/object/metadata/labels", json!({"job.plugins.codeflare.dev/a": "x."})),
        ("/manifests/0/object/metadata/labels", json!({"job.plugins.codeflare.dev/a": "x y"})),
        ("/manifests/0/object/metadata/labels", json!({"job.plugins.codeflare.dev/a": "x".repeat(64)})),
        ("/manifests/0/object/metadata/labels", json!({"job.plugins.codeflare.dev/a": 1})),
        ("/manifests/0/object/metadata/annotations", json!({"job.plugins.codeflare.dev/a": "x".repeat(1025)})),
        ("/manifests/-", service("")),
        // How many.
        ("/manifests", json!([])),
        ("/manifests", json!(services)),
        ("/manifests/0/primary", json!(false)),
        ("/manifests/1/primary", json!(true)),
        ("/manifests/1/object/spec/publishNotReadyAddresses", json!(long)),
        ("/manifests/-", job()),
        ("/choices", choices(33)),
        ("/more", json!({"a": 1})),
        ("/more", json!([])),
        // Controls.
        ("/controls/0/what", json!("resume")),
        ("/controls/0/manifest", json!(1)),
        ("/controls/0/manifest", json!(9)),
        ("/controls/0/at", json!("/spec/parallelism")),
        ("/controls/0/at", json!("spec/suspend")),
        ("/controls/0/on", json!("true")),
        ("/controls/0/off", json!(1)),
        ("/controls/0/off", json!(true)),
        ("/controls/-", json!({"what": "suspend", "manifest": 0, "at": "/spec/suspend", "on": true, "off": false})),
        // Roles.
        ("/roles", json!([])),
        ("/roles/-", role),
        ("/roles/-", other),
        ("/roles/0/count", json!(33)),
        ("/roles/0/command", json!({"argv": []})),
        ("/roles/0/resources", json!({"cpuMillis": 4501, "memoryBytes": 1, "extended": {}})),
        ("/roles/0/resources", json!({"cpuMillis": 1, "memoryBytes": (35_u64 << 29) + 1, "extended": {}})),
        ("/roles/0/resources", json!({"cpuMillis": 1, "memoryBytes": 1, "extended": {"nvidia.com/gpu": 1}})),
        ("/roles/0/resources", json!({"cpuMillis": 1, "memoryBytes": 1, "extended": {"example.com/fpga": 1}})),
        ("/roles/0/resources", json!({"cpuMillis": 0, "memoryBytes": 1, "extended": {}})),
        ("/roles/0/resources", json!({"cpuMillis": 1, "memoryBytes": 0, "extended": {}})),
        ("/roles/0/env", json!([["9A", {"text": ""}], ["", {"text": ""}], ["A-B", {"text": ""}]])),
        ("/roles/0/env", json!([["A", {"text": ""}], ["A", {"text": ""}]])),
        (
            "/roles/0/env",
            json!([["HOME", {"text": ""}], ["CODEFLARE_RUN", {"text": ""}], ["KUBERNETES_A", {"text": ""}]]),
        ),
        ("/roles/0/env", json!([["A", {"field": "spec.serviceAccountName"}]])),
        ("/roles/0/env", json!([["A", {"field": "metadata.labels['']"}]])),
        ("/roles/0/env", json!([["A", {"field": "metadata.labels['a'] b']"}]])),
        ("/roles/0/ports", json!([["A", 1], ["a", 0], ["1", 1], ["a--b", 2], ["abcdefghijklmnop", 3]])),
        ("/roles/0/ports", json!([["a", 1], ["a", 2], ["b", 1]])),
        ("/roles/0/more", json!({"hostNetwork": true})),
        ("/roles/0/more", json!({"subdomain": "text"})),
        ("/roles/0/more", json!({"subdomain": {"$name": "A"}})),
        ("/roles/0/more", json!({"subdomain": {"$count": "worker"}})),
        ("/roles/0/more/scratch", json!({"/a": {"sizeBytes": 0}})),
        ("/roles/0/more/scratch", json!({"/tmp": {"sizeBytes": 1}, "/tmp/a": {"sizeBytes": 1}})),
        ("/roles/0/more/scratch", json!({"/home/codeflare": {"sizeBytes": 1}, "/home/codeflare/a": {"sizeBytes": 1}})),
        ("/roles/0/more/scratch", json!({"a": {"sizeBytes": 1}, "/": {"sizeBytes": 1}, "/a/../b": {"sizeBytes": 1}})),
        (
            "/roles/0/more/scratch",
            json!({"/a//b": {"sizeBytes": 1}, "/a/./b": {"sizeBytes": 1}, "/a:b": {"sizeBytes": 1}}),
        ),
    ]
}

#[test]
fn everything_that_is_not_allowed_is_refused_by_name() {
    let two = seen(&[("/run/spec/size", json!("md"))]);
    let mut said = Vec::new();
    for (pointer, value) in refusals() {
        let stop = match plan_with(&two, &[(pointer, value.clone())]) {
            Err(stop) => stop,
            Ok(_) => panic!("{pointer} {value} was let through"),
        };
        assert_eq!(stop.step, ConditionType::Planned);
        assert!(stop.problems.iter().all(|problem| problem.reason == Reason::PlanRefused));
        let shown: String = value.to_string().chars().take(100).collect();
        let lines: Vec<_> = lines(&stop).into_iter().skip(1).map(|line| line.replace("PlanRefused: ", "")).collect();
        said.push(json!({"at": pointer, "to": shown, "said": lines}));
    }
    insta::assert_yaml_snapshot!(said);
}

#[test]
fn a_kind_that_the_plugin_does_not_declare_is_refused() {
    let kinds = ("/plugins/0/ready/description/kinds", json!([{"group": "batch", "version": "v1", "kind": "Job"}]));
    let stop = plan_with(&seen(&[kinds, ("/run/spec/size", json!("md"))]), &[]).expect_err("should stop");
    let message = "manifest 1 (Service) /kind: the plugin does not declare this kind in its description";
    assert_eq!(lines(&stop), ["Planned".to_owned(), format!("PlanRefused: Plugin/job: {message}")]);
}
