//! Kinds beyond the host's own: what the ceiling has, a grant may choose, and nothing else.

use codeflare_plan::lock::Ceiling;
use codeflare_plan::plan::Plan;
use codeflare_plan::ready::not_granted;
use codeflare_plan::stop::Stop;
use serde_json::{Value, json};

use crate::support::{lines, plan_with, seen};

/// A kind with most of what a list can say.
const CEILING: &str = "
- group: example.com
  version: v1
  kind: Widget
  plural: widgetry
  required: [spec.members, 'spec.members[].template']
  fields:
    spec.flavour: {enum: [sweet, sour]}
    spec.title: {text: 16}
    spec.paused: {type: switch}
    spec.members: {list: 4}
    spec.members[].count: {hole: count}
    spec.members[].template: {pod: {counts: ['spec.members[].count']}}
    spec.config: {yaml: {bytes: 64, fields: {level: {integer: [1, 3]}}}}
  labels: [kueue.x-k8s.io/queue-name]
  annotations: [example.com/note]
- group: example.com
  version: v1
  kind: Gadget
  plural: gadgets
  fields: {spec.size: {integer: [1, 9]}}
";

/// Changes of the Widget: where, to what.
type Changes = Vec<(&'static str, Value)>;

fn ceiling() -> Value {
    serde_json::to_value(Ceiling::read(CEILING).expect("should be a ceiling")).expect("should write")
}

fn grant(kind: &str, more: Value) -> Value {
    let mut grant = json!({"group": "example.com", "version": "v1", "kind": kind});
    for (name, value) in more.as_object().expect("should be an object") {
        grant[name] = value.clone();
    }
    grant
}

fn widget() -> Value {
    json!({
        "apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {
            "name": {"$name": ""}, "labels": {"kueue.x-k8s.io/queue-name": "team-a"}, "annotations": {"example.com/note": "x"},
        },
        "spec": {
            "flavour": "sour", "title": "any text: $(id)", "paused": false, "config": "level: 2",
            "members": [{"count": {"$count": "worker"}, "template": {"$pod": "worker"}}],
        },
    })
}

/// The plan of a plugin with these grants, whose primary is a Widget with these changes.
fn planned(grants: &Value, changes: &[(&str, Value)]) -> Result<Plan, Stop> {
    planned_under(&ceiling(), &json!([]), grants, changes)
}

fn planned_under(
    ceiling: &Value,
    cluster_scoped: &Value,
    grants: &Value,
    changes: &[(&str, Value)],
) -> Result<Plan, Stop> {
    let kind = json!({"group": "example.com", "version": "v1", "kind": "Widget"});
    let seen = seen(&[
        ("/ceiling", ceiling.clone()),
        ("/clusterScoped", cluster_scoped.clone()),
        ("/plugins/0/grants", grants.clone()),
        ("/plugins/0/ready/description/kinds", json!([kind])),
        ("/served", json!([kind])),
    ]);
    let mut all = vec![
        ("/manifests/0/object".to_owned(), widget()),
        (
            "/controls".to_owned(),
            json!([{"what": "suspend", "manifest": 0, "at": "/spec/paused", "on": true, "off": false}]),
        ),
    ];
    all.extend(changes.iter().map(|(at, value)| (format!("/manifests/0/object{at}"), value.clone())));
    let all: Vec<_> = all.iter().map(|(at, value)| (at.as_str(), value.clone())).collect();
    plan_with(&seen, &all)
}

#[test]
fn a_granted_kind_is_locked_like_any_other() {
    let plan = planned(&json!([grant("Widget", json!({}))]), &[]).expect("should be a plan");
    let object = &plan.primary().expect("should have a primary").object;
    assert_eq!(object["metadata"]["labels"]["kueue.x-k8s.io/queue-name"], "team-a");
    assert_eq!(object["metadata"]["labels"]["codeflare.dev/part"], "primary");
    assert_eq!(object["metadata"]["namespace"], "demo");
    assert_eq!(object["spec"]["config"], r#"{"level":2}"#, "what was checked is what the operator reads");
    assert_eq!(object["spec"]["members"][0]["count"], 1);
    let container = &object["spec"]["members"][0]["template"]["spec"]["containers"][0];
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
}

#[test]
fn a_grant_is_of_one_group_version_and_kind() {
    for (member, other) in [("group", "example.org"), ("version", "v2"), ("kind", "Gadget")] {
        let mut grant = grant("Widget", json!({}));
        grant[member] = json!(other);
        let said = lines(&planned(&json!([grant]), &[]).expect_err(member));
        assert!(said[1].contains("/kind: `example.com/v1 Widget` is not allowed"), "{member}: {said:?}");
    }
}

#[test]
fn annotations_are_granted_and_narrowed_as_labels_are() {
    let narrow = |key: &str| json!([grant("Widget", json!({"annotations": [key]}))]);
    let plan = planned(&narrow("example.com/note"), &[]).expect("should be a plan");
    assert_eq!(
        plan.primary().expect("should have a primary").object["metadata"]["annotations"]["example.com/note"],
        "x"
    );
    let said = lines(&planned(&narrow("a.b/c"), &[]).expect_err("should stop"));
    assert!(said[1].contains("/metadata/annotations: `example.com/note` is not allowed"), "{said:?}");
}

#[test]
fn what_is_not_granted_is_refused_and_the_cut_is_named() {
    let all = json!([grant("Widget", json!({}))]);
    let narrow = |fields: Value| json!([grant("Widget", json!({"fields": fields, "labels": ["a.b/c"]}))]);
    let cluster_scoped = json!([{"group": "example.com", "version": "v1", "kind": "Widget"}]);
    let none = json!([]);
    let rows: Vec<(&str, Value, &Value, &Value, Changes)> = vec![
        ("no grant", ceiling(), &none, &none, vec![]),
        ("no ceiling", json!([]), &none, &all, vec![]),
        ("of the whole cluster", ceiling(), &cluster_scoped, &all, vec![]),
        ("a field on no list", ceiling(), &none, &all, vec![("/spec/other", json!(1))]),
        ("a value that is not allowed", ceiling(), &none, &all, vec![("/spec/flavour", json!("bitter"))]),
        ("too long", ceiling(), &none, &all, vec![("/spec/title", json!("x".repeat(17)))]),
        ("no pod of the host's", ceiling(), &none, &all, vec![("/spec/members/0/template", json!({"spec": {}}))]),
        ("no count of its own", ceiling(), &none, &all, vec![("/spec/members/0/count", json!(7))]),
        ("in YAML", ceiling(), &none, &all, vec![("/spec/config", json!("level: 4\nother: 1"))]),
        ("required", ceiling(), &none, &all, vec![("/spec/members", Value::Null)]),
        ("a label", ceiling(), &none, &all, vec![("/metadata/labels", json!({"example.com/note": "x"}))]),
    ];
    let narrowed = [
        ("narrowed", narrow(json!(["spec.flavour", "spec.title", "spec.paused", "spec.config"]))),
        ("narrowed, with a field of no ceiling", narrow(json!(["spec.flavour", "spec.replicas"]))),
    ];
    let mut said: Vec<_> = rows
        .into_iter()
        .map(|(row, ceiling, cluster_scoped, grants, changes)| {
            let stop = planned_under(&ceiling, cluster_scoped, grants, &changes).expect_err(row);
            (row, lines(&stop).into_iter().skip(1).collect::<Vec<_>>())
        })
        .collect();
    for (row, grants) in &narrowed {
        let stop = planned(grants, &[("/spec/replicas", json!(1))]).expect_err(row);
        said.push((row, lines(&stop).into_iter().skip(1).collect()));
    }
    insta::assert_yaml_snapshot!(said);
}

#[test]
fn a_narrow_grant_still_has_what_the_list_requires() {
    let grants = json!([grant("Widget", json!({"fields": ["spec.paused"]}))]);
    let without = ["/spec/flavour", "/spec/title", "/spec/config"].map(|at| (at, Value::Null));
    let plan = planned(&grants, &without).expect("should be a plan");
    assert_eq!(plan.controls[0].at, "/spec/paused");
}

#[test]
fn a_plugin_says_which_of_its_grants_are_cut() {
    let grants = json!([
        grant("Widget", json!({"fields": ["spec.title", "spec.replicas"], "labels": ["a/b"], "annotations": ["c"]})),
        grant("Widget", json!({})),
        grant("Gadget", json!({})),
        grant("Gizmo", json!({})),
        {"group": "", "version": "v1", "kind": "Secret"},
        {"group": "batch", "version": "v1", "kind": "Job"},
        {"group": "codeflare.dev", "version": "v1alpha1", "kind": "Plugin"},
    ]);
    let scoped = json!([{"group": "example.com", "version": "v1", "kind": "Gadget"}]);
    let seen = seen(&[("/plugins/0/grants", grants), ("/ceiling", ceiling()), ("/clusterScoped", scoped)]);
    insta::assert_snapshot!(not_granted(&seen.plugins[0], &seen.ceiling, &seen.cluster_scoped).join("\n"));
}

#[test]
fn a_ceiling_is_read_whole_or_not_at_all() {
    let with = |group: &str, version: &str, kind: &str, plural: &str| {
        let entry = json!({"group": group, "version": version, "kind": kind, "plural": plural, "fields": {"spec.a": {"text": 1}}});
        json!([entry]).to_string()
    };
    for good in [
        "[]".to_owned(),
        CEILING.to_owned(),
        with("ray.io", "v1", "RayCluster", "rayclusters"),
        with("jobset.x-k8s.io", "v1beta1", "Other", "others"),
        with("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ] {
        Ceiling::read(&good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    let own = "the host has a list of";
    let kubernetes = "of Kubernetes itself; it can never be granted";
    let rows = [
        ("a: b".to_owned(), "expected a YAML list of kinds"),
        ("- {group: a.b, version: v1, kind: A, plural: as}".to_owned(), "missing field `fields`"),
        ("- {group: a.b, version: v1, kind: A, plural: as, fields: {a: {sort: 1}}}".to_owned(), "sort"),
        (with("", "v1", "Secret", "secrets"), kubernetes),
        (with("", "v1", "Pod", "pods"), kubernetes),
        (with("", "v1", "Namespace", "namespaces"), kubernetes),
        (with("", "v1", "ServiceAccount", "serviceaccounts"), kubernetes),
        (with("", "v1", "Endpoints", "endpoints"), kubernetes),
        (with("apps", "v1", "DaemonSet", "daemonsets"), kubernetes),
        (with("batch", "v1", "CronJob", "cronjobs"), kubernetes),
        (with("rbac.authorization.k8s.io", "v1", "Role", "roles"), kubernetes),
        (with("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings"), kubernetes),
        (with("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "a"), kubernetes),
        (with("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions"), kubernetes),
        (with("networking.k8s.io", "v1", "Ingress", "ingresses"), kubernetes),
        (with("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"), kubernetes),
        (with("made-up.k8s.io", "v1", "New", "news"), kubernetes),
        (with("madeup", "v1", "New", "news"), kubernetes),
        (with("codeflare.dev", "v1alpha1", "Run", "runs"), "can never be granted"),
        (with("a.codeflare.dev", "v1", "A", "as"), "can never be granted"),
        (with("route.openshift.io", "v1", "Route", "routes"), "can never be granted"),
        (with("batch", "v1", "Job", "jobs"), own),
        (with("ray.io", "v1", "RayJob", "rayjobs"), own),
        (with("ray.io", "v1alpha1", "RayJob", "rayjobs"), own),
        (with("", "v1", "PersistentVolumeClaim", "secrets"), "must be spelled"),
        (with("a.b", "1", "A", "as"), "must be spelled"),
        (with("a.b", "v1/../..", "A", "as"), "must be spelled"),
        (with("a.b", "v1", "a", "as"), "must be spelled"),
        (with("a.b", "v1", "A", "as/x"), "must be spelled"),
        (with("a/b", "v1", "A", "as"), "must be spelled"),
        (with("a.b", "v1", "A", ""), "must be spelled"),
        (CEILING.replace("Gadget", "Widget"), "kind 1 (example.com/v1 Widget): it is there twice"),
        (CEILING.replace("spec.size", "metadata.name"), "kind 1 (example.com/v1 Gadget): fields, metadata.name"),
    ];
    for (text, words) in rows {
        let error = Ceiling::read(&text).expect_err(&text).to_string();
        assert!(error.contains(words), "{text}: `{error}` does not say `{words}`");
    }
}

#[test]
fn the_ceiling_is_recorded_with_what_was_seen() {
    let before = seen(&[("/ceiling", ceiling())]);
    let text = serde_json::to_string(&before).expect("should write");
    let after: codeflare_plan::seen::Seen = serde_json::from_str(&text).expect("should read");
    assert_eq!(before, after);
    assert!(!serde_json::to_string(&seen(&[])).expect("should write").contains("ceiling"));
}
