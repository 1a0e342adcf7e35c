//! Packages of the program's language: who installs them, from where, and how the program
//! finds them.

use codeflare_plan::plan::Plan;
use serde_json::{Value, json};

use crate::support::{lines, plan, plan_with, seen};

const LINES: (&str, &str) = ("/application/spec/requirements", "a==1  # of ours\n\n# none\n--pre\nb\n");

/// What was seen of an Application that needs packages, changed.
fn needing(changes: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    let mut all = vec![(LINES.0, json!(LINES.1))];
    all.extend(changes.iter().cloned());
    all
}

fn index() -> (&'static str, Value) {
    let index = json!({
        "indexUrl": "https://index/simple", "extraIndexUrls": ["https://a", "https://b/$(HOME)"],
        "trustedHosts": ["a", "b:80"], "authorities": "PEM\n", "sizeBytes": 1 << 20,
    });
    ("/site/packages", index)
}

fn pod(plan: &Plan) -> Value {
    plan.primary().expect("should have a primary").object["spec"]["template"]["spec"].clone()
}

fn variable(container: &Value, name: &str) -> Option<String> {
    let all = container["env"].as_array().expect("should be there");
    let found: Vec<_> = all.iter().filter(|one| one["name"] == name).collect();
    assert!(found.len() <= 1, "{name} is there twice");
    found.first().map(|one| one["value"].as_str().unwrap_or("of a Secret").to_owned())
}

/// A parameter that is passed as this variable, from a Secret.
fn of_a_secret(name: &str) -> [(&'static str, Value); 3] {
    [
        ("/application/spec/parameters", json!({"properties": {"s": {"x-secret": true, "x-env": name}}})),
        ("/application/spec/secretNames", json!(["hub"])),
        ("/run/spec/arguments", json!({"s": {"name": "hub", "key": "k"}})),
    ]
}

#[test]
fn an_init_step_in_the_applications_own_image_installs_them() {
    let plan = plan(&seen(&needing(&[index()]))).1;
    let pod = pod(&plan);
    let mut step = pod["initContainers"][0].clone();
    // The program has a file of its own.
    let text = step["command"][2].take();
    assert!(text.as_str().is_some_and(|text| text.contains("runpy.run_module") && !text.contains('$')));
    insta::assert_yaml_snapshot!([&plan.objects[0].object, &step, &pod["volumes"], &pod["containers"][0]]);
    assert!(plan.objects[0].by_host);
    assert_eq!(pod["initContainers"].as_array().map(Vec::len), Some(1), "nothing else is staged");
}

#[test]
fn the_source_comes_first_and_the_step_has_no_devices() {
    let changes = needing(&[
        ("/application/spec/code", json!([{"name": "main.py", "source": ""}])),
        ("/site/image", json!("platform:1")),
        ("/application/spec/supportsGpu", json!(true)),
        ("/run/spec/supportsGpu", json!(true)),
    ]);
    let pod = pod(&plan(&seen(&changes)).1);
    let names: Vec<_> =
        pod["initContainers"].as_array().expect("should be there").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["stage", "requirements"]);
    // Lines may name files of the source.
    assert_eq!(pod["initContainers"][1]["workingDir"], "/workdir");
    let of = |container: &Value| container["resources"]["limits"].clone();
    assert_eq!(of(&pod["containers"][0]), json!({"cpu": "1", "memory": "8Gi", "nvidia.com/gpu": "1"}));
    assert_eq!(of(&pod["initContainers"][1]), json!({"cpu": "1", "memory": "8Gi"}));
    assert_eq!(pod["initContainers"][1]["resources"]["requests"], of(&pod["initContainers"][1]));
}

#[test]
fn packages_are_made_for_the_python_that_the_program_names() {
    for (command, wanted) in [
        ("python3 main.py", "python3"),
        ("/venv/bin/python -m a", "/venv/bin/python"),
        ("python3.12 -u main.py", "python3.12"),
        ("pythonic main.py", "python3"),
        ("/opt/train --x", "python3"),
    ] {
        let pod = pod(&plan(&seen(&needing(&[("/application/spec/command", json!(command))]))).1);
        assert_eq!(pod["initContainers"][0]["command"][0], wanted, "{command}");
    }
}

#[test]
fn the_program_finds_them_before_what_it_would_find_otherwise() {
    let site = "/opt/codeflare/packages/site";
    let env = |text: &str| vec![("/application/spec/env", json!({"PYTHONPATH": text}))];
    for (changes, wanted, step) in [
        (vec![], site.to_owned(), Some("")),
        (env(""), site.to_owned(), Some("")),
        (env("/a:/b"), format!("{site}:/a:/b"), Some("/a:/b")),
        // Kubernetes takes two dollars for one, in both places.
        (env("/$x"), format!("{site}:/$$x"), Some("/$$x")),
        (of_a_secret("PYTHONPATH").to_vec(), "of a Secret".to_owned(), None),
    ] {
        let pod = pod(&plan(&seen(&needing(&changes))).1);
        let container = &pod["containers"][0];
        assert_eq!(variable(container, "PYTHONPATH"), Some(wanted), "{changes:?}");
        assert_eq!(variable(container, "PYTHONUSERBASE").as_deref(), Some("/opt/codeflare/packages"));
        // The step is told, to see whether the image has one that would be lost.
        assert_eq!(pod["initContainers"][0]["command"].get(5).and_then(Value::as_str), step, "{changes:?}");
    }
    let own = ("/application/spec/env", json!({"PYTHONUSERBASE": "/own"}));
    let pod = pod(&plan(&seen(&needing(&[own]))).1);
    assert_eq!(variable(&pod["containers"][0], "PYTHONUSERBASE").as_deref(), Some("/own"));
    assert_eq!(variable(&pod["initContainers"][0], "PYTHONUSERBASE").as_deref(), Some("/opt/codeflare/packages"));
}

#[test]
fn the_index_is_the_users_then_the_installations() {
    let mut changes = needing(&[index()]);
    changes.extend(of_a_secret("PIP_EXTRA_INDEX_URL"));
    changes.push(("/run/spec/env", json!({"PIP_INDEX_URL": "https://mine"})));
    let pod = pod(&plan(&seen(&changes)).1);
    let step = &pod["initContainers"][0];
    let of = |name: &str| variable(step, name);
    assert_eq!(of("PIP_INDEX_URL").as_deref(), Some("https://mine"));
    assert_eq!(of("PIP_EXTRA_INDEX_URL").as_deref(), Some("of a Secret"));
    assert_eq!(of("PIP_TRUSTED_HOST").as_deref(), Some("a b:80"));
    // Where the host installs, the program needs no index.
    assert_eq!(variable(&pod["containers"][0], "PIP_TRUSTED_HOST"), None);
}

#[test]
fn a_plan_that_takes_them_over_gets_the_index_and_nothing_is_installed() {
    let over = [("/more", json!({"requirements": true}))];
    let taken = plan_with(&seen(&needing(&[index()])), &over).expect("should be a plan");
    let with = pod(&taken);
    assert_eq!(with.get("initContainers"), None);
    let container = &with["containers"][0];
    assert_eq!(variable(container, "PIP_INDEX_URL").as_deref(), Some("https://index/simple"));
    assert_eq!(variable(container, "PIP_CERT").as_deref(), Some("/opt/codeflare/requirements/ca.crt"));
    assert_eq!(variable(container, "PYTHONPATH"), None);
    assert_eq!(taken.objects[0].object["data"], json!({"ca.crt": "PEM\n"}));
    assert!(
        container["volumeMounts"]
            .as_array()
            .expect("should be there")
            .contains(&json!({"name": "requirements", "mountPath": "/opt/codeflare/requirements", "readOnly": true}))
    );
    // Without an index of its own nothing is left of it.
    let bare = plan_with(&seen(&needing(&[])), &over).expect("should be a plan");
    assert_eq!(bare.objects, plan(&seen(&[])).1.objects);
}

#[test]
fn what_is_in_the_way_is_named() {
    let map = json!({"primary": false, "ends": "with-run", "object": {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": {"$name": "requirements"}}, "data": {"a": "b"},
    }});
    let cases = [
        ("nobody could", vec![("/roles/0/inputs", json!(false))]),
        (
            "a role of the step's name",
            vec![
                ("/roles/0/name", json!("requirements")),
                ("/manifests/0/object/spec/template", json!({"$pod": "requirements"})),
                ("/manifests/0/object/spec/completions", json!({"$count": "requirements"})),
                ("/manifests/0/object/spec/parallelism", json!({"$count": "requirements"})),
            ],
        ),
        ("an object of the map's name", vec![("/manifests/-", map)]),
        ("a mount in its folder", vec![("/roles/0/more/scratch", json!({"/opt/codeflare/x": {"sizeBytes": 1}}))]),
    ];
    let said: Vec<_> = cases
        .into_iter()
        .map(|(case, changes)| {
            let stop = plan_with(&seen(&needing(&[])), &changes).expect_err(case);
            // Whether the plugin may make such a map is another question.
            let lines = lines(&stop).into_iter().filter(|line| !line.contains("kind"));
            (case, lines.collect::<Vec<_>>())
        })
        .collect();
    insta::assert_yaml_snapshot!(said);
}
