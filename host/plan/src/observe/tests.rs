use serde_json::json;

use super::*;
use crate::act::fixture::{UID, children, pod, record, run};

#[test]
fn the_request_speaks_of_the_recorded_attempt() {
    let mut record = record(2);
    record.plan.launcher.settings.insert("variant".into(), json!("auto"));
    let held = run(json!({"suspend": true}));
    let asked = request(&held, &record, &[], &[]);
    assert_eq!((asked.name.as_str(), asked.attempt, asked.suspended), ("hello-2", 2, true));
    assert_eq!(asked.run, ObjectName { namespace: "team".into(), name: "hello".into() });
    assert_eq!(asked.settings, json!({"variant": "auto"}));
    assert!(!request(&run(json!({})), &record, &[], &[]).suspended);
}

#[test]
fn objects_stand_in_the_order_of_the_plan_without_managed_fields() {
    let mut children = children(1);
    children[2].object = json!({"metadata": {"name": "hello-1", "managedFields": [{}]}, "spec": {}});
    children.reverse();
    let asked = request(&run(json!({})), &record(1), &children, &[]);
    let seen: Vec<_> =
        asked.objects.iter().map(|live| (live.kind.as_str(), live.name.as_str(), live.primary)).collect();
    assert_eq!(seen, [("Service", "hello-1", false), ("ConfigMap", "hello-1-files", false), ("Job", "hello-1", true)]);
    assert_eq!(asked.objects[0].object, Value::Null);
    assert_eq!(asked.objects[2].object, json!({"metadata": {"name": "hello-1"}, "spec": {}}));
}

#[test]
fn an_object_of_another_name_kind_or_owner_is_not_the_planned_one() {
    let job = |change: &dyn Fn(&mut Child)| {
        let mut children = children(1);
        change(&mut children[2]);
        request(&run(json!({})), &record(1), &children, &[]).objects[2].object.clone()
    };
    assert_ne!(job(&|_| {}), Value::Null);
    assert_eq!(job(&|child| child.name = "other".into()), Value::Null);
    assert_eq!(job(&|child| child.kind.group = "other".into()), Value::Null);
    assert_eq!(job(&|child| child.owner = Some("other".into())), Value::Null);
    assert_eq!(job(&|child| child.owner = None), Value::Null);
    let mut nobody = run(json!({}));
    nobody.metadata.uid = None;
    let mut children = children(1);
    children[2].owner = None;
    assert_eq!(request(&nobody, &record(1), &children, &[]).objects[2].object, Value::Null);
}

#[test]
fn roles_have_the_pods_of_this_run_and_attempt_in_order() {
    let indexed = |name: &str, index: &str| {
        let mut pod = pod(name, "worker", 1, json!({}));
        pod.metadata.annotations = Some([(INDEX.to_owned(), index.to_owned())].into());
        pod
    };
    let mut foreign = pod("foreign", "worker", 1, json!({}));
    foreign.metadata.labels.as_mut().unwrap().insert(labels::RUN_UID.into(), "other".into());
    let mut labelled = pod("labelled", "worker", 1, json!({}));
    labelled.metadata.labels.as_mut().unwrap().insert(INDEX.into(), "7".into());
    let pods = [
        indexed("c", "10"),
        indexed("b", "2"),
        pod("d", "worker", 1, json!({})),
        pod("e", "worker", 2, json!({})),
        pod("f", "head", 1, json!({})),
        Pod::default(),
        foreign,
        labelled,
        indexed("bad", "x"),
    ];
    let asked = request(&run(json!({})), &record(1), &[], &pods);
    let seen: Vec<_> = asked.roles.iter().map(|role| (role.name.as_str(), role.count)).collect();
    assert_eq!(seen, [("worker", 2), ("head", 1)]);
    let of = |role: usize| asked.roles[role].pods.iter().map(|pod| (pod.name.as_str(), pod.index)).collect::<Vec<_>>();
    assert_eq!(of(0), [("bad", None), ("d", None), ("b", Some(2)), ("labelled", Some(7)), ("c", Some(10))]);
    assert_eq!(of(1), [("f", None)]);
    assert_eq!(pods[0].metadata.labels.as_ref().unwrap()[labels::RUN_UID], UID);
}

#[test]
fn a_pod_without_a_status_is_pending() {
    let mut pod = pod("p", "worker", 1, json!({}));
    pod.status = None;
    let seen = live(&pod, "worker");
    let expected = LivePod {
        name: "p".into(),
        index: None,
        phase: "Pending".into(),
        ready: false,
        terminating: false,
        reason: None,
        exit: None,
        waiting: None,
        restarts: 0,
    };
    assert_eq!(seen, expected);
}

#[test]
fn a_pod_is_read_by_its_main_container() {
    let main = |state: Value, last: Value| {
        let container = |name: &str, state: Value, last: Value, restarts: i32| json!({"name": name, "image": "i", "imageID": "", "ready": true, "restartCount": restarts, "state": state, "lastState": last});
        let other = container("other", json!({"terminated": {"exitCode": 9}}), json!({}), 9);
        let status = json!({"phase": "Running", "reason": "Evicted", "containerStatuses": [other, container("worker", state, last, 2)]});
        let mut pod = pod("p", "worker", 1, status);
        pod.metadata.deletion_timestamp = Some(serde_json::from_value(json!("2026-01-05T12:00:00Z")).unwrap());
        live(&pod, "worker")
    };
    let ended = |code: i32| json!({"terminated": {"exitCode": code, "reason": "Error"}});
    let exit = |code: i32| Some(ContainerExit { code, reason: Some("Error".into()) });
    for (state, last, expected) in [
        (ended(3), json!({}), exit(3)),
        (ended(3), ended(4), exit(3)),
        (json!({"waiting": {}}), ended(4), exit(4)),
        (json!({}), ended(4), exit(4)),
        (json!({"running": {}}), ended(4), None),
        (json!({"running": {}}), json!({}), None),
    ] {
        assert_eq!(main(state.clone(), last.clone()).exit, expected, "{state} {last}");
    }
    let seen = main(json!({"waiting": {"reason": "CrashLoopBackOff"}}), json!({}));
    assert_eq!(seen.waiting.as_deref(), Some("CrashLoopBackOff"));
    assert_eq!((seen.phase.as_str(), seen.reason.as_deref()), ("Running", Some("Evicted")));
    assert_eq!((seen.restarts, seen.terminating, seen.ready), (2, true, false));
}

#[test]
fn ready_is_the_condition_ready() {
    for (type_, state, ready) in [("Ready", "True", true), ("Ready", "False", false), ("Initialized", "True", false)] {
        let pod = pod("p", "worker", 1, json!({"conditions": [{"type": type_, "status": state}]}));
        assert_eq!(live(&pod, "worker").ready, ready, "{type_} {state}");
    }
}
