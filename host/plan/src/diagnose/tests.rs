use serde_json::{Value, json};

use super::*;
use crate::act::fixture::pod;

fn container(state: Value, last: Value, ready: bool) -> Value {
    json!({"name": "worker", "image": "reg/img:1", "imageID": "", "ready": ready, "restartCount": 0, "state": state, "lastState": last})
}

fn waiting(reason: &str) -> Value {
    container(json!({"waiting": {"reason": reason, "message": "secret \"x\" not found"}}), json!({}), false)
}

fn with(name: &str, container: Value) -> Pod {
    pod(name, "worker", 1, json!({"phase": "Pending", "containerStatuses": [container]}))
}

fn unscheduled(name: &str, message: &str) -> Pod {
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message});
    pod(name, "worker", 1, json!({"phase": "Pending", "conditions": [condition]}))
}

fn of(pods: &[Pod]) -> Option<(String, String)> {
    diagnose(pods.iter()).map(|found| (found.reason, found.message))
}

fn pair(reason: &str, message: &str) -> Option<(String, String)> {
    Some((reason.to_owned(), message.to_owned()))
}

#[test]
fn what_keeps_a_pod_from_running_is_named() {
    let pull = "pod p cannot pull image reg/img:1; check its name, its registry and its pull secret";
    let made = "pod p cannot start container worker: secret \"x\" not found";
    let memory = "pod p needs more memory in container worker than its size has; take a larger size";
    let crash = "pod p fails in container worker again and again";
    let killed = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
    let ended = json!({"terminated": {"exitCode": 3, "reason": "Error"}});
    let crashing = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    for (status, expected) in [
        (
            waiting("InvalidImageName"),
            pair("InvalidImageName", "pod p cannot start: \"reg/img:1\" is not the name of an image"),
        ),
        (waiting("ErrImagePull"), pair("ImagePullBackOff", pull)),
        (waiting("ImagePullBackOff"), pair("ImagePullBackOff", pull)),
        (waiting("ErrImageNeverPull"), pair("ImagePullBackOff", pull)),
        (waiting("CreateContainerConfigError"), pair("CreateContainerConfigError", made)),
        (waiting("CreateContainerError"), pair("CreateContainerConfigError", made)),
        (waiting("RunContainerError"), pair("CreateContainerConfigError", made)),
        (waiting("FailedMount"), pair("FailedMount", made)),
        (waiting("ContainerCreating"), None),
        (waiting("PodInitializing"), None),
        (container(json!({"running": {}}), json!({}), true), None),
        (container(json!({}), json!({}), false), None),
        (container(crashing.clone(), json!({}), false), pair("CrashLoopBackOff", crash)),
        (
            container(crashing.clone(), ended.clone(), false),
            pair("CrashLoopBackOff", &format!("{crash}, last with exit code 3")),
        ),
        (container(crashing, killed.clone(), false), pair("OOMKilled", memory)),
        (container(killed.clone(), json!({}), false), pair("OOMKilled", memory)),
        (container(json!({"running": {}}), killed.clone(), false), pair("OOMKilled", memory)),
        (container(json!({"running": {}}), killed.clone(), true), None),
        (container(ended, json!({}), false), None),
        (container(json!({"waiting": {"reason": "ErrImagePull"}}), killed, false), pair("ImagePullBackOff", pull)),
    ] {
        assert_eq!(of(&[with("p", status.clone())]), expected, "{status}");
    }
}

#[test]
fn a_silent_kubelet_and_a_silent_scheduler_are_said_to_be_silent() {
    let silent = container(json!({"waiting": {"reason": "CreateContainerError"}}), json!({}), false);
    let said = "pod p cannot start container worker: the kubelet does not say why";
    assert_eq!(of(&[with("p", silent)]), pair("CreateContainerConfigError", said));
    let mut pod = unscheduled("p", "");
    pod.status.as_mut().unwrap().conditions.as_mut().unwrap()[0].message = None;
    assert_eq!(of(&[pod]), pair("Unschedulable", "pod p finds no node: the scheduler does not say why"));
}

#[test]
fn an_init_container_counts_and_the_worst_container_wins() {
    let status = json!({
        "initContainerStatuses": [waiting("CreateContainerError")],
        "containerStatuses": [waiting("PodInitializing"), waiting("ErrImagePull")],
    });
    assert_eq!(of(&[pod("p", "worker", 1, status)]).unwrap().0, "ImagePullBackOff");
    let status = json!({"initContainerStatuses": [waiting("CreateContainerError")]});
    assert_eq!(of(&[pod("p", "worker", 1, status)]).unwrap().0, "CreateContainerConfigError");
}

#[test]
fn the_platforms_own_image_is_told_from_that_of_the_program() {
    let step = |name: &str, reason: &str| {
        let mut step = waiting(reason);
        step["name"] = json!(name);
        json!({"phase": "Pending", "initContainerStatuses": [step], "containerStatuses": [waiting("PodInitializing")]})
    };
    let of_pod = |status: Value, account: Option<&str>| {
        let mut pod = pod("p", "worker", 1, status);
        pod.metadata.namespace = Some("team-a".to_owned());
        pod.spec = account
            .map(|account| serde_json::from_value(json!({"containers": [], "serviceAccountName": account})).unwrap());
        of(&[pod])
    };
    let ours = |account: &str| {
        let said = format!(
            "pod p cannot pull image reg/img:1 of the platform itself, which prepares it; pull secrets of the host stay in its own namespace, so give ServiceAccount/{account} in namespace team-a an imagePullSecret for it, or the nodes access to its registry"
        );
        pair("ImagePullBackOff", &said)
    };
    for reason in ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"] {
        assert_eq!(of_pod(step("stage", reason), None), ours("default"), "{reason}");
        assert_eq!(of_pod(step("stage", reason), Some("robot")), ours("robot"), "{reason}");
    }
    let pull = "pod p cannot pull image reg/img:1; check its name, its registry and its pull secret";
    assert_eq!(of_pod(step("other", "ErrImagePull"), None), pair("ImagePullBackOff", pull));
    // A role may be called so where the host has no step of its own.
    let mut role = waiting("ErrImagePull");
    role["name"] = json!("stage");
    assert_eq!(of_pod(json!({"containerStatuses": [role]}), None), pair("ImagePullBackOff", pull));
    let invalid = "pod p cannot start: \"reg/img:1\" is not the name of an image";
    assert_eq!(of_pod(step("stage", "InvalidImageName"), None), pair("InvalidImageName", invalid));
    assert_eq!(of_pod(step("stage", "PodInitializing"), None), None);
}

#[test]
fn the_scheduler_speaks_for_itself() {
    let said = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: none.";
    let expected = "pod p finds no node: 0/1 nodes are available: 1 Insufficient cpu.";
    assert_eq!(of(&[unscheduled("p", said)]), pair("Unschedulable", expected));
    for (field, value) in [("type", "Ready"), ("status", "True"), ("reason", "SchedulingGated")] {
        let mut condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"});
        condition[field] = json!(value);
        let pod = pod("p", "worker", 1, json!({"conditions": [condition]}));
        assert_eq!(of(&[pod]), None, "{field}");
    }
}

#[test]
fn the_worst_pod_wins_then_the_first_by_name_in_any_order() {
    let mut pods = [
        with("d", waiting("ErrImagePull")),
        with("c", waiting("ImagePullBackOff")),
        with("b", waiting("CrashLoopBackOff")),
        unscheduled("a", "no"),
    ];
    for _ in 0..pods.len() {
        assert!(of(&pods).unwrap().1.starts_with("pod c cannot pull"));
        pods.rotate_left(1);
    }
}

#[test]
fn order_from_the_worst_is_as_declared() {
    let names = ["InvalidImageName", "ErrImagePull", "CreateContainerError", "FailedMount", "CrashLoopBackOff"];
    for pair in names.windows(2) {
        let worst = of(&[with("z", waiting(pair[0])), with("a", waiting(pair[1]))]).unwrap();
        assert!(worst.1.starts_with("pod z"), "{pair:?}");
    }
    let worst = of(&[with("z", waiting("CrashLoopBackOff")), unscheduled("a", "no")]).unwrap();
    assert_eq!(worst.0, "CrashLoopBackOff");
}

#[test]
fn a_pod_that_goes_or_has_ended_well_is_no_trouble() {
    let mut going = with("p", waiting("ErrImagePull"));
    going.metadata.deletion_timestamp = Some(serde_json::from_value(json!("2026-01-05T12:00:00Z")).unwrap());
    let mut done = with("p", waiting("ErrImagePull"));
    done.status.as_mut().unwrap().phase = Some("Succeeded".into());
    assert_eq!(of(&[going, done, Pod::default()]), None);
}

#[test]
fn a_pod_that_could_not_be_prepared_says_what_the_init_step_said() {
    let step = |name: &str, state: Value| {
        let status =
            json!({"name": name, "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state});
        pod("p", "worker", 1, json!({"phase": "Failed", "initContainerStatuses": [status]}))
    };
    let ended = |code: i32, message: &str| json!({"terminated": {"exitCode": code, "message": message}});
    let said = |pod: &Pod| unprepared([pod].into_iter()).map(|(_, why)| why);
    assert_eq!(
        said(&step("stage", ended(1, "error: no space\nfree some\n"))).as_deref(),
        Some("pod p could not be prepared: error: no space; free some")
    );
    assert_eq!(said(&step("stage", ended(9, ""))).as_deref(), Some("pod p could not be prepared: exit code 9"));
    for fine in [step("stage", ended(0, "")), step("other", ended(1, "x")), step("stage", json!({})), Pod::default()] {
        assert_eq!(said(&fine), None);
    }
}

#[test]
fn requirements_that_could_not_be_installed_are_told_with_pips_last_words() {
    let step = |message: &str| {
        let state = json!({"terminated": {"exitCode": 1, "message": message}});
        let status = json!({"name": "requirements", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state});
        pod("p", "worker", 1, json!({"phase": "Failed", "initContainerStatuses": [status]}))
    };
    let said = |message: &str| {
        let (reason, message) = unprepared([&step(message)].into_iter()).unwrap();
        assert_eq!(reason, Reason::RequirementsFailed);
        message.strip_prefix("pod p could not install spec.requirements: ").unwrap().to_owned()
    };
    assert_eq!(
        said("Collecting a\nERROR: no version of a\nsome hint\nERROR: no distribution for a\n[notice] new pip"),
        "ERROR: no version of a; ERROR: no distribution for a"
    );
    assert_eq!(said("one\ntwo\n\nthree\nfour\n"), "two; three; four");
    assert_eq!(said(""), "exit code 1");
    assert_eq!(said(&"x".repeat(2000)).len(), LONGEST_LINE);
}

#[test]
fn packages_without_room_are_told_of_and_other_evictions_are_not() {
    let evicted = |volume: &str| {
        let message = format!("Usage of EmptyDir volume \"{volume}\" exceeds the limit \"1Gi\". ");
        pod("p", "worker", 1, json!({"phase": "Failed", "reason": "Evicted", "message": message}))
    };
    let (reason, message) = unprepared([&evicted("packages")].into_iter()).unwrap();
    assert_eq!(reason, Reason::RequirementsFailed);
    assert!(message.contains("exceeds the limit") && message.ends_with("packages.size of the chart"), "{message}");
    assert_eq!(unprepared([&evicted("tmp")].into_iter()), None);
}
