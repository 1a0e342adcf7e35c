//! Every control of the restricted Pod Security Standard, in every place where a pod of the
//! host's may stand.

use codeflare_deny::cluster::{Cluster, PLUGIN, drafts, drafts_of};
use codeflare_deny::restricted::{broken, violations, ways};
use codeflare_deny::{lists, sound};
use serde_json::{Value, json};

/// A pod that the host has built.
fn built() -> Value {
    let (_, draft) = drafts().remove(3);
    let plan = Cluster::new().judge_json(&draft).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let primary = plan.primary().map(|primary| primary.object["spec"]["template"].clone());
    primary.unwrap_or_default()
}

#[test]
fn the_table_breaks_what_it_says() {
    let good = built();
    assert_eq!(violations(&good).into_iter().collect::<Vec<_>>(), [""; 0], "{good:#}");
    for way in ways() {
        let found = violations(&broken(&good, &way));
        assert!(found.contains(way.0), "{way:?} breaks {found:?}");
    }
}

#[test]
fn every_pod_that_the_host_builds_keeps_every_control() {
    for (name, draft) in drafts() {
        let plan = Cluster::new().judge_json(&draft).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        sound::hold(&plan);
    }
}

/// Pod templates of every draft, on this cluster.
fn templates(cluster: &Cluster) -> Vec<(&'static str, Value)> {
    let of = |name: &'static str, draft: &Value| {
        let plan = cluster.judge_json(draft).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        let mut pods = Vec::new();
        for object in &plan.objects {
            sound::walk(&object.object, &mut pods).unwrap_or_else(|hole| panic!("{name}: {hole} is left"));
        }
        pods.into_iter().map(|pod| (name, pod.clone())).collect::<Vec<_>>()
    };
    drafts().iter().flat_map(|(name, draft)| of(name, draft)).collect()
}

#[test]
fn what_users_choose_breaks_no_control() {
    let run = json!({"serviceAccountName": "reader", "priority": "high", "env": {"A": "b"}});
    let application = json!({
        "serviceAccountNames": ["reader"], "imagePullSecret": "registry", "runAsUser": 7, "fsGroup": 0,
        "code": [{"name": "main.py", "source": ""}], "requirements": "a==1\n",
    });
    let cluster = Cluster::with(run, application, json!({}));
    for (name, pod) in templates(&cluster) {
        assert_eq!(violations(&pod).into_iter().collect::<Vec<_>>(), [""; 0], "{name}: {pod:#}");
    }
}

/// Everything in which the pods of an installation that says baseline are less than
/// restricted; the baseline standard allows each of it, and docs/trust.md tells it.
#[test]
fn baseline_lets_root_and_usual_capabilities_in_and_nothing_else() {
    let baseline = Cluster::with(json!({}), json!({"runAsUser": 0}), json!({"podSecurity": "baseline"}));
    for (name, pod) in templates(&baseline) {
        let found: Vec<_> = violations(&pod).into_iter().collect();
        assert_eq!(found, ["Capabilities", "Running as non-root", "Running as non-root user"], "{name}: {pod:#}");
        for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
            assert_eq!(container["securityContext"], json!({"allowPrivilegeEscalation": false}), "{name}");
        }
    }
}

#[test]
fn no_control_can_be_broken_where_a_pod_may_stand() {
    let (cluster, good) = (Cluster::new(), built());
    let (mut cases, mut places) = (0, Vec::new());
    for list in lists::all() {
        for path in list.pods() {
            let pointer = format!("/{}", path.replace("[]", "/0").replace('.', "/"));
            let drafts = drafts_of(&list.kind);
            let holed = |(_, draft, at): &&(&str, Value, usize)| {
                draft["manifests"][*at]["object"].pointer(&pointer).is_some_and(|hole| hole["$pod"].is_string())
            };
            let (name, draft, at) = drafts
                .iter()
                .find(holed)
                .unwrap_or_else(|| panic!("no draft has a pod at {path} of {}; add one", list.kind));
            for way in ways() {
                let bad = broken(&good, &way);
                for beside_the_hole in [false, true] {
                    let mut draft = draft.clone();
                    let place = draft["manifests"][*at]["object"].pointer_mut(&pointer);
                    let place = place.unwrap_or_else(|| panic!("it was there"));
                    let hole = place["$pod"].clone();
                    *place = bad.clone();
                    if beside_the_hole {
                        place["$pod"] = hole;
                    }
                    let row = format!("{name}, {} {path}, {way:?}, beside the hole: {beside_the_hole}", list.kind);
                    let problems = match cluster.judge_json(&draft) {
                        Err(problems) => problems,
                        Ok(_) => panic!("{row} was let through"),
                    };
                    let words = format!("{PLUGIN}: manifest {at} ({}) {pointer}: ", list.kind);
                    assert!(problems.iter().any(|one| one.starts_with(&words)), "{row}: {problems:#?}");
                    cases += 1;
                }
            }
            places.push(format!("{} {path}", list.kind));
        }
    }
    println!("{} controls' ways in {} places: {cases} cases\n{}", ways().len(), places.len(), places.join("\n"));
    assert_eq!(cases, ways().len() * places.len() * 2);
    assert!(places.len() >= 6, "{places:?}");
}
