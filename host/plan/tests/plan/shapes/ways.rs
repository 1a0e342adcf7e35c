//! Ways around the lists: each a change of a draft that is let through without it.

use codeflare_api::{ConditionType, Reason};
use serde_json::{Value, json};

use super::{CLUSTER, DATA, GROUP, HEAD, JOBS, NODE, PRIMARY, RUNTIME, TRAINED, TRAINING, changed, pip};
use crate::support::lines;

/// Where, below what, to what; null takes it away.
type Ways = Vec<(&'static str, &'static str, Value)>;

/// Ways around the list of RayJob.
fn rayjobs() -> Ways {
    let pod = json!({"spec": {"containers": [{"name": "a", "image": "a"}], "hostNetwork": true}});
    vec![
        (PRIMARY, "/metadata/labels", json!({"kueue.x-k8s.io/queue-name": "team-a"})),
        (PRIMARY, "/metadata/annotations", json!({"ray.io/overwrite-container-cmd": "true"})),
        (PRIMARY, "/spec/clusterSelector", json!({"ray.io/cluster": "other"})),
        (PRIMARY, "/spec/managedBy", json!("kueue.x-k8s.io/multikueue")),
        (PRIMARY, "/spec/activeDeadlineSeconds", json!(1)),
        (PRIMARY, "/spec/preRunningDeadlineSeconds", json!(1)),
        (PRIMARY, "/spec/ttlSecondsAfterFinished", json!(1)),
        (PRIMARY, "/spec/deletionStrategy", json!({"deletionRules": []})),
        (PRIMARY, "/spec/metadata", json!({"a": "b"})),
        (PRIMARY, "/spec/jobId", json!("a")),
        (PRIMARY, "/spec/entrypointNumCpus", json!(1)),
        (PRIMARY, "/spec/entrypoint", json!("python3 main.py")),
        (PRIMARY, "/spec/entrypoint", json!("/codeflare/exec; id")),
        (PRIMARY, "/spec/entrypoint", Value::Null),
        ("/roles/1/more", "/exec", json!(false)),
        (PRIMARY, "/spec/submissionMode", json!("SidecarMode")),
        (PRIMARY, "/spec/submissionMode", json!("InteractiveMode")),
        (PRIMARY, "/spec/submissionMode", Value::Null),
        (PRIMARY, "/spec/backoffLimit", json!(1)),
        (PRIMARY, "/spec/submitterConfig", json!({"backoffLimit": 2})),
        (PRIMARY, "/spec/submitterConfig", Value::Null),
        (PRIMARY, "/spec/submitterPodTemplate", Value::Null),
        (PRIMARY, "/spec/submitterPodTemplate", pod.clone()),
        (PRIMARY, "/spec/suspend", json!("false")),
        (PRIMARY, "/spec/volumes", json!([{"hostPath": {"path": "/"}}])),
        (CLUSTER, "/rayVersion", json!("2.52")),
        (CLUSTER, "/rayVersion", json!("2.52.0; id")),
        (CLUSTER, "/enableInTreeAutoscaling", json!(true)),
        (CLUSTER, "/autoscalerOptions", json!({"image": "a"})),
        (CLUSTER, "/gcsFaultToleranceOptions", json!({"redisAddress": "a"})),
        (CLUSTER, "/headServiceAnnotations", json!({"a": "b"})),
        (CLUSTER, "/suspend", json!(true)),
        (CLUSTER, "/managedBy", json!("a")),
        (HEAD, "/headService", json!({"spec": {"type": "LoadBalancer"}})),
        (HEAD, "/serviceType", json!("NodePort")),
        (HEAD, "/enableIngress", json!(true)),
        (HEAD, "/resources", json!({"cpu": "99"})),
        (HEAD, "/rayStartParams/num-cpus", json!("1; id")),
        (HEAD, "/rayStartParams/num-cpus", json!(1)),
        (HEAD, "/rayStartParams/num-cpus", json!("")),
        (HEAD, "/rayStartParams/memory", json!("9".repeat(20))),
        (HEAD, "/rayStartParams/dashboard-host", json!("127.0.0.1")),
        (HEAD, "/rayStartParams/block", json!("true")),
        (HEAD, "/rayStartParams/$(id)", json!("1")),
        (HEAD, "/template", pod.clone()),
        (HEAD, "/template", Value::Null),
        ("/roles/1", "/count", json!(0)),
        ("/roles/1", "/count", json!(2)),
        (CLUSTER, "/workerGroupSpecs", json!({})),
        (CLUSTER, "/workerGroupSpecs/0", json!("a")),
        (CLUSTER, "/workerGroupSpecs/-", json!({"groupName": "a", "rayStartParams": {}})),
        (CLUSTER, "/workerGroupSpecs", json!(vec![json!({}); 17])),
        (GROUP, "/groupName", json!("head")),
        (GROUP, "/groupName", json!("headgroup")),
        (GROUP, "/groupName", json!("A")),
        (GROUP, "/groupName", Value::Null),
        (GROUP, "/replicas", json!(2)),
        (GROUP, "/replicas", json!({"$count": "other"})),
        (GROUP, "/minReplicas", Value::Null),
        (GROUP, "/maxReplicas", json!({"$count": "head"})),
        (GROUP, "/numOfHosts", json!(2)),
        (GROUP, "/idleTimeoutSeconds", json!(1)),
        (GROUP, "/suspend", json!(true)),
        (GROUP, "/scaleStrategy", json!({"workersToDelete": []})),
        (GROUP, "/rayStartParams/dashboard-host", json!("0.0.0.0")),
        (GROUP, "/rayStartParams/object-store-memory", json!("1Gi")),
        (GROUP, "/template", pod),
        (GROUP, "/template", json!({"$pod": "other"})),
        (GROUP, "/template", Value::Null),
    ]
}

/// Ways around the list of a RayJob's runtime environment.
fn environments() -> Ways {
    let texts = [
        "pip: [a]\nimage_uri: evil",
        "pip: [a]\ncontainer: {image: evil}",
        "pip: [a]\nworking_dir: https://example.com/a.zip",
        "pip: [a]\npy_modules: [https://example.com/a.zip]",
        "pip: [a]\nenv_vars: {LD_PRELOAD: a}",
        "pip: [a]\nconda: {dependencies: []}",
        "pip: [a]\njava_jars: [a]",
        "pip: {packages: [a], pip_version: ==1}",
        "pip: requirements.txt",
        "pip: [1, true, [a], {a: b}]",
        "pip: ['--index-url https://example.com']",
        "pip: [\"\\u2003--index-url https://example.com\"]",
        "pip: [\"a\\n--index-url https://example.com\"]",
        "pip: [\"a\\r--index-url https://example.com\"]",
        "pip: [\"a\\u2028--index-url https://example.com\"]",
        "pip: ['$(id)', '`id`', '', ' ']",
        "pip: &a [b]",
        "pip: [*a]",
        "pip: [!!python/name:a b]",
        "!!pip: [a]",
        "<<: {image_uri: evil}",
        "pip: [a]\npip: [b]",
        "pip: [a]\n---\nimage_uri: evil",
        "[a]",
        "a",
        "",
        "pip: [a",
        "\"pip\\u0000\": [a]",
    ];
    let mut all: Ways = texts.into_iter().map(|text| (RUNTIME, "", json!(text))).collect();
    all.extend([
        (RUNTIME, "", json!({"pip": ["a"]})),
        (RUNTIME, "", pip(257, "a")),
        (RUNTIME, "", pip(1, &"a".repeat(513))),
        (RUNTIME, "", pip(200, &"a".repeat(400))),
    ]);
    all
}

/// Ways around the lists of JobSet.
fn jobsets() -> Ways {
    let pod = json!({"spec": {"containers": [{"name": "a", "image": "a"}], "volumes": [{"hostPath": {"path": "/"}}]}});
    vec![
        (PRIMARY, "/metadata/labels", json!({"kueue.x-k8s.io/queue-name": "team-a"})),
        (PRIMARY, "/metadata/annotations", json!({"alpha.jobset.sigs.k8s.io/exclusive-topology": "a"})),
        (PRIMARY, "/spec/ttlSecondsAfterFinished", json!(1)),
        (PRIMARY, "/spec/managedBy", json!("a/b")),
        (PRIMARY, "/spec/coordinator", json!({"replicatedJob": "node"})),
        (PRIMARY, "/spec/startupPolicy", json!({"startupPolicyOrder": "InOrder"})),
        (PRIMARY, "/spec/volumeClaimPolicies", json!([])),
        (PRIMARY, "/spec/network/subdomain", json!("a")),
        (PRIMARY, "/spec/failurePolicy/maxRestarts", json!(1)),
        (PRIMARY, "/spec/failurePolicy/rules", json!([])),
        (PRIMARY, "/spec/successPolicy/operator", json!("Some")),
        (PRIMARY, "/spec/successPolicy/targetReplicatedJobs", json!(["A", {"$name": ""}])),
        (PRIMARY, "/spec/replicatedJobs", Value::Null),
        (JOBS, "/0/replicas", json!(2)),
        (JOBS, "/0/groupName", json!("a")),
        (JOBS, "/0/dependsOn", json!([])),
        (JOBS, "/0/name", json!("Node")),
        (JOBS, "/1/name", Value::Null),
        (JOBS, "/0/template/metadata", json!({"labels": {"a": "b"}})),
        (JOBS, "/0/template/spec", Value::Null),
        (NODE, "/activeDeadlineSeconds", json!(1)),
        (NODE, "/backoffLimit", json!(6)),
        (NODE, "/backoffLimit", Value::Null),
        (NODE, "/completionMode", json!("NonIndexed")),
        (NODE, "/podReplacementPolicy", Value::Null),
        (NODE, "/podFailurePolicy", json!({"rules": []})),
        (NODE, "/parallelism", json!({"$count": "driver"})),
        (NODE, "/completions", json!(2)),
        (NODE, "/template", pod),
        (NODE, "/template", Value::Null),
    ]
}

/// Ways around the lists of TrainJob and TrainingRuntime.
fn trainjobs() -> Ways {
    let pod = json!({"metadata": {}, "spec": {"containers": []}});
    let second = json!({"primary": false, "ends": "with-run", "object": {
        "apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "metadata": {"name": {"$name": "b"}},
        "spec": {"runtimeRef": {
            "apiGroup": "trainer.kubeflow.org", "kind": "TrainingRuntime", "name": {"$name": "runtime"},
        }},
    }});
    let torch = json!({"numNodes": {"$count": "node"}, "torch": {}});
    vec![
        (PRIMARY, "/spec/runtimeRef/kind", json!("ClusterTrainingRuntime")),
        (PRIMARY, "/spec/runtimeRef/kind", Value::Null),
        (PRIMARY, "/spec/runtimeRef/apiGroup", Value::Null),
        (PRIMARY, "/spec/runtimeRef/name", json!("torch-distributed")),
        (PRIMARY, "/spec/runtimeRef/name", json!({"$name": "other"})),
        (PRIMARY, "/spec/runtimeRef/name", json!({"$name": ""})),
        (PRIMARY, "/spec/runtimeRef/name", json!({"$count": "node"})),
        (PRIMARY, "/spec/runtimeRef/name", Value::Null),
        ("/manifests", "/-", second),
        (PRIMARY, "/spec/trainer", json!({"image": "evil"})),
        (PRIMARY, "/spec/trainer/command", json!(["sh"])),
        (PRIMARY, "/spec/initializer", json!({"dataset": {"storageUri": "s3://a"}})),
        (PRIMARY, "/spec/runtimePatches", json!([{"manager": "a.b/c"}])),
        (PRIMARY, "/spec/podTemplateOverrides", json!([])),
        (PRIMARY, "/spec/managedBy", json!("trainer.kubeflow.org/trainjob-controller")),
        (PRIMARY, "/spec/activeDeadlineSeconds", json!(1)),
        (PRIMARY, "/spec/labels", json!({"a": "b"})),
        (TRAINING, "/mlPolicy/numNodes", json!(2)),
        (TRAINING, "/mlPolicy/numNodes", Value::Null),
        (TRAINING, "/mlPolicy", torch),
        (TRAINING, "/podGroupPolicy", json!({"coscheduling": {}})),
        (TRAINING, "/template/metadata", json!({"labels": {"kueue.x-k8s.io/queue-name": "team-a"}})),
        (TRAINING, "/template/spec/failurePolicy/maxRestarts", json!(1)),
        (TRAINING, "/template/spec/suspend", json!(true)),
        (TRAINING, "/template/spec/replicatedJobs", Value::Null),
        (TRAINED, "/replicas", json!(2)),
        (TRAINED, "/template/metadata", Value::Null),
        (
            TRAINED,
            "/template/metadata/labels",
            json!({"trainer.kubeflow.org/trainjob-ancestor-step": "model-initializer"}),
        ),
        (TRAINED, "/template/metadata/labels/a", json!("b")),
        (TRAINED, "/template/metadata/annotations", json!({"a": "b"})),
        (TRAINED, "/template/spec/completions", json!(9)),
        (TRAINED, "/template/spec/parallelism", json!({"$count": "nobody"})),
        (TRAINED, "/template/spec/backoffLimit", Value::Null),
        (TRAINED, "/template/spec/template", pod),
        (TRAINED, "/template/spec/template", json!({"$pod": "node", "spec": {}})),
    ]
}

/// Ways around what supporting objects may be.
fn elastics() -> Ways {
    let control = json!({"what": "suspend", "manifest": 1, "at": "/spec/suspend", "on": true, "off": false});
    vec![
        (PRIMARY, "/spec/backoffLimit", json!(1)),
        ("/manifests/1/object", "/spec/backoffLimit", json!(1001)),
        ("/manifests/1/object", "/spec/backoffLimit", json!(-1)),
        ("/manifests/1/object", "/spec/backoffLimit", json!(1.5)),
        ("/manifests/1/object", "/spec/backoffLimitPerIndex", json!(1)),
        ("/controls", "/-", control),
        ("/manifests/2/object", "/metadata/name", json!({"$name": "record"})),
        ("/manifests/2/object", "/binaryData", json!({"a": "YQ=="})),
        ("/manifests/2/object", "/immutable", json!(true)),
        ("/manifests/2/object", "/spec", json!({})),
        ("/manifests/2/object", "/data", json!(["a"])),
        ("/manifests/2/object", "/data", (0..17).map(|index| (index.to_string(), json!(""))).collect()),
        (DATA, "/a", json!("x".repeat((1 << 16) + 1))),
        (DATA, "/a", json!(1)),
        (DATA, "/a", json!({"$name": ""})),
        (DATA, "/..", json!("")),
        (DATA, "/a b", json!("")),
        (DATA, "/$name", json!("")),
        ("/manifests/2/object", "/data", json!({"$name": "a"})),
        ("/more", "", json!({"requirement": true})),
        ("/more", "", json!([true])),
        ("/roles/0/more", "", json!([null, {}, true])),
        ("/roles/0/more", "/scratch", json!({"/workdir": {"sizeBytes": 1}, "/codeflare/a": {"sizeBytes": 1}})),
    ]
}

fn refused(shape: &str, ways: Ways) -> Vec<Value> {
    let mut said = Vec::new();
    for (below, at, value) in ways {
        let stop = match changed(shape, &[(&format!("{below}{at}"), value.clone())]) {
            Err(stop) => stop,
            Ok(_) => panic!("{shape} {below}{at} {value} was let through"),
        };
        assert_eq!(stop.step, ConditionType::Planned);
        assert!(stop.problems.iter().all(|problem| problem.reason == Reason::PlanRefused));
        assert!(stop.problems.iter().all(|problem| problem.fault.object == "Plugin/job"));
        let shown: String = value.to_string().chars().take(80).collect();
        let lines: Vec<_> =
            lines(&stop).into_iter().skip(1).map(|line| line.replace("PlanRefused: Plugin/job: ", "")).collect();
        said.push(json!({"at": format!("{below}{at}"), "to": shown, "said": lines}));
    }
    said
}

#[test]
fn ways_around_the_lists_are_refused_by_object_and_field() {
    insta::assert_yaml_snapshot!("refused_rayjob", refused("rayjob", rayjobs()));
    insta::assert_yaml_snapshot!("refused_environment", refused("rayjob", environments()));
    insta::assert_yaml_snapshot!("refused_jobset", refused("jobset", jobsets()));
    insta::assert_yaml_snapshot!("refused_trainjob", refused("trainjob", trainjobs()));
    insta::assert_yaml_snapshot!("refused_elastic", refused("elastic", elastics()));
}
