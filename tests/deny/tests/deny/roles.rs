//! What a role cannot even say, and what its sums cannot hide: pods are the host's, and so is
//! what is in them.

use codeflare_deny::cluster::{Cluster, drafts};
use serde_json::{Value, json};

/// The draft `elastic`, a role of which has a change: where, to what.
fn refused(at: &str, value: &Value) -> Vec<String> {
    let (_, mut draft) = drafts().remove(3);
    let (parent, last) = at.rsplit_once('/').unwrap_or_default();
    let place = draft.pointer_mut(&format!("/roles/1{parent}")).unwrap_or_else(|| panic!("no {parent}"));
    place[last] = value.clone();
    match Cluster::new().judge_json(&draft) {
        Err(problems) => problems,
        Ok(_) => panic!("{at}: {value} was let through"),
    }
}

#[test]
fn a_role_cannot_ask_for_what_only_the_host_writes() {
    let secret = json!({"secretKeyRef": {"name": "a", "key": "b"}});
    let limits = json!({"resourceFieldRef": {"resource": "limits.cpu"}});
    let probe = |how: &str| json!({"livenessProbe": {how: {"host": "10.0.0.1", "port": 80}}});
    let rows: Vec<(&str, Value, &str)> = vec![
        ("/env", json!([["A", secret]]), "unknown variant `secretKeyRef`"),
        ("/env", json!([["A", {"valueFrom": secret}]]), "unknown variant `valueFrom`"),
        ("/env", json!([["A", {"configMapKeyRef": {"name": "a", "key": "b"}}]]), "unknown variant"),
        ("/env", json!([["A", limits]]), "unknown variant"),
        ("/env", json!([["A", {"text": "a", "field": "metadata.name"}]]), "no answer"),
        ("/env", json!([["A", {"field": "spec.nodeName.a"}]]), "the pod field `spec.nodeName.a` is not allowed"),
        ("/env", json!([["A", {"field": "status.hostIP"}]]), "is not allowed"),
        ("/env", json!([["A", {"field": "metadata.annotations['a']"}]]), "is not allowed"),
        ("/envFrom", json!([{"secretRef": {"name": "a"}}]), "unknown field `envFrom`"),
        ("/image", json!("other"), "unknown field `image`"),
        ("/volumes", json!([]), "unknown field `volumes`"),
        ("/securityContext", json!({}), "unknown field `securityContext`"),
        ("/serviceAccountName", json!("admin"), "unknown field `serviceAccountName`"),
        ("/nodeSelector", json!({}), "unknown field `nodeSelector`"),
        ("/hostNetwork", json!(true), "unknown field `hostNetwork`"),
        ("/ports", json!([["http", 80, 80]]), "no answer"),
        ("/ports", json!([{"name": "http", "containerPort": 80, "hostPort": 80}]), "no answer"),
        ("/ports", json!([["http", 65536]]), "no answer"),
        ("/ports", json!([["http", -1]]), "no answer"),
        ("/count", json!(-1), "no answer"),
        ("/count", json!(1.5), "no answer"),
        ("/count", json!(u64::MAX), "no answer"),
        ("/count", json!(u32::MAX), "of cpu (thousandths) in all"),
        ("/count", json!(40), "its roles ask for"),
        ("/command", json!("sh"), "unknown variant `sh`"),
        ("/command", json!({"argv": [1]}), "no answer"),
        ("/resources", json!({"cpuMillis": u64::MAX, "memoryBytes": 1, "extended": {}}), "of cpu (thousandths)"),
        ("/resources", json!({"cpuMillis": 1, "memoryBytes": u64::MAX, "extended": {}}), "of memory (bytes)"),
        ("/resources", json!({"cpuMillis": 1, "memoryBytes": 1, "extended": {"a.b/c": u64::MAX}}), "of a.b/c in all"),
        ("/resources", json!({"cpuMillis": -1, "memoryBytes": 1, "extended": {}}), "no answer"),
        ("/more/scratch", json!({"/a": {}}), "missing field `sizeBytes`"),
        ("/more/scratch", json!({"/a": {"memory": true}}), "missing field `sizeBytes`"),
        ("/more/scratch", json!({"/a": {"sizeBytes": "1Gi"}}), "invalid type"),
        ("/more/scratch", json!({"/a": {"sizeBytes": 1, "hostPath": "/"}}), "unknown field `hostPath`"),
        ("/more/scratch", json!({"/a": {"sizeBytes": 1, "medium": "HugePages"}}), "unknown field `medium`"),
        ("/more/probes", json!({}), "unknown field `probes`"),
        ("/more/livenessProbe", probe("httpGet"), "unknown field `livenessProbe`"),
        ("/more/readinessProbe", probe("tcpSocket"), "unknown field `readinessProbe`"),
        ("/more/lifecycle", probe("httpGet"), "unknown field `lifecycle`"),
        ("/more/hostPort", json!(80), "unknown field `hostPort`"),
        ("/more/secrets", json!(["a"]), "unknown field `secrets`"),
        ("/more/subdomain", json!("other-run"), "expected {\"$name\": SUFFIX}"),
    ];
    for (at, value, words) in rows {
        let problems = refused(at, &value);
        assert!(problems.iter().any(|one| one.contains(words)), "{at} {value}: {words} in {problems:#?}");
    }
}

/// Sums that would run over are refused like any that is too large: no two roles can wrap
/// around to a small number.
#[test]
fn sums_of_roles_do_not_run_over() {
    let (_, mut draft) = drafts().remove(3);
    let half = json!({"cpuMillis": 1_u64 << 63, "memoryBytes": 1_u64 << 63, "extended": {"a.b/c": 1_u64 << 63}});
    draft["roles"][0]["resources"] = half.clone();
    draft["roles"][1]["resources"] = half;
    let problems = match Cluster::new().judge_json(&draft) {
        Err(problems) => problems.join("\n"),
        Ok(_) => panic!("it was let through"),
    };
    for name in ["cpu (thousandths)", "memory (bytes)", "a.b/c"] {
        assert!(problems.contains(&format!("its roles ask for {} of {name} in all", u64::MAX)), "{problems}");
    }
}
