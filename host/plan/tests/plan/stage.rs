//! What is staged into pods: source in place, and the program's words for the shim.

use codeflare_api::ConditionType;
use codeflare_documents::launcher::Ends;
use codeflare_plan::draft::drive;
use codeflare_plan::plan::Plan;
use codeflare_plan::seen::Seen;
use codeflare_source::stage::Stage;
use serde_json::{Value, json};

use crate::support::{ask, lines, plan, plan_with, seen};

fn code() -> (&'static str, Value) {
    let main = json!({"name": "main.py", "source": "print('$HOME $(X) é')\n"});
    ("/application/spec/code", json!([main, {"name": "lib/a.py", "source": ""}]))
}

/// A Run whose platform knows its own image.
fn staged(changes: &[(&'static str, Value)]) -> Seen {
    let mut all = vec![("/site/image", json!("registry/platform:1"))];
    all.extend(changes.iter().cloned());
    seen(&all)
}

/// What the init step will read.
fn document(plan: &Plan) -> Stage {
    let text = plan.objects[0].object["data"]["stage.json"].as_str().expect("should be text");
    serde_json::from_str(text).expect("should be what the init step reads")
}

fn pod(plan: &Plan) -> &Value {
    &plan.primary().expect("should have a primary").object["spec"]["template"]["spec"]
}

#[test]
fn source_comes_as_a_config_map_that_an_init_step_writes_into_a_folder() {
    let plan = plan(&staged(&[code(), ("/run/spec/size", json!("md"))])).1;
    let kinds: Vec<_> = plan.objects.iter().map(|object| (object.kind.kind.as_str(), object.by_host)).collect();
    assert_eq!(kinds, [("ConfigMap", true), ("Service", false), ("Job", false)]);
    assert_eq!(plan.objects[0].ends, Ends::WithRun);
    assert_eq!(plan.controls[0].manifest, 2, "a control counts the host's own objects too");
    let document = document(&plan);
    assert_eq!((document.argv, document.workdir.as_str()), (None, "/workdir"));
    assert_eq!(document.files[0].source, "print('$HOME $(X) é')\n");
    assert_eq!(document.files[1].name, "lib/a.py");
    insta::assert_yaml_snapshot!((&plan.objects[0], &plan.objects[2]));
}

#[test]
fn words_for_the_shim_are_as_the_user_wrote_them() {
    let exec = [("/roles/0/more/exec", json!(true)), ("/roles/0/command", json!({"argv": ["/codeflare/exec"]}))];
    let options = ("/run/spec/options", json!("'$(HOSTNAME)' '$$' '' 'a\nb'"));
    let policy = ("/site/imagePullPolicy", json!("Never"));
    let plan = plan_with(&staged(&[options.clone(), policy]), &exec).expect("should be a plan");
    let alone = document(&plan);
    let argv = ["python3", "-c", "print(1)", "$(HOSTNAME)", "$$", "", "a\nb"];
    assert_eq!(alone.argv.as_deref(), Some(&argv.map(str::to_owned)[..]));
    assert_eq!((alone.workdir.as_str(), alone.files.len()), ("", 0));
    assert_eq!(pod(&plan)["containers"][0].get("workingDir"), None);
    insta::assert_yaml_snapshot!(pod(&plan));

    let both = plan_with(&staged(&[options, code()]), &exec).expect("should be a plan");
    let document = document(&both);
    assert_eq!((document.argv, document.workdir.as_str(), document.files.len()), (alone.argv, "/workdir", 2));
    let command = &pod(&both)["initContainers"][0]["command"];
    let expected = "/usr/local/bin/codeflare stage --from /stage/stage.json --workdir /workdir --into /codeflare";
    assert_eq!(command, &json!(expected.split(' ').collect::<Vec<_>>()));
}

#[test]
fn a_role_without_inputs_gets_nothing_and_a_plan_without_needs_no_object() {
    let bare = plan(&seen(&[])).1;
    assert_eq!(plan(&staged(&[])).1, bare, "the image alone changes nothing");
    let without = plan_with(&staged(&[code()]), &[("/roles/0/inputs", json!(false))]).expect("should be a plan");
    assert_eq!((without.objects, without.controls), (bare.objects, bare.controls));
}

#[test]
fn the_init_step_never_makes_a_pod_larger() {
    let of = |cpu: u64, memory: u64| {
        let resources = json!({"cpuMillis": cpu, "memoryBytes": memory, "extended": {}});
        let plan = plan_with(&staged(&[code()]), &[("/roles/0/resources", resources)]).expect("should be a plan");
        let step = &pod(&plan)["initContainers"][0]["resources"];
        assert_eq!(step["requests"], step["limits"]);
        step["limits"].clone()
    };
    assert_eq!(of(1000, 1 << 30), json!({"cpu": "100m", "memory": "64Mi"}));
    assert_eq!(of(50, 32 << 20), json!({"cpu": "50m", "memory": "32Mi"}));
}

#[test]
fn each_attempt_has_its_own_and_a_record_keeps_whose_it_is() {
    let second = drive(&staged(&[code()]), 2, ask).expect("should come to a plan").1;
    let first = plan(&staged(&[code()])).1;
    for plan in [&first, &second] {
        let name = &plan.objects[0].name;
        assert_eq!(name, &format!("{}-stage", plan.name));
        assert_eq!(pod(plan)["volumes"][2]["configMap"]["name"], json!(name));
    }
    assert_ne!(first.name, second.name);
    let kept = serde_json::to_value(&first).expect("should write");
    assert_eq!(serde_json::from_value::<Plan>(kept).expect("should read"), first);
}

#[test]
fn what_cannot_be_staged_is_named_with_what_to_do() {
    let exec = ("/roles/0/more/exec", json!(true));
    let large = |bytes: usize| json!([{"name": "a", "source": "x".repeat(bytes)}]);
    let map = json!({"primary": false, "ends": "with-run", "object": {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": {"$name": "stage"}}, "data": {"a": "b"},
    }});
    let cases = [
        ("no image", seen(&[code()]), vec![]),
        ("no image, for the shim", seen(&[]), vec![exec.clone()]),
        ("too large", staged(&[("/application/spec/code", large(900 << 10))]), vec![]),
        ("a shim without inputs", staged(&[]), vec![exec, ("/roles/0/inputs", json!(false))]),
        (
            "a role of the step's name",
            staged(&[code()]),
            vec![
                ("/roles/0/name", json!("stage")),
                ("/manifests/0/object/spec/template", json!({"$pod": "stage"})),
                ("/manifests/0/object/spec/completions", json!({"$count": "stage"})),
                ("/manifests/0/object/spec/parallelism", json!({"$count": "stage"})),
            ],
        ),
        ("an object of the map's name", staged(&[code()]), vec![("/manifests/-", map)]),
    ];
    let said: Vec<_> = cases
        .into_iter()
        .map(|(case, seen, changes)| {
            let stop = plan_with(&seen, &changes).expect_err(case);
            assert_eq!(stop.step, ConditionType::Planned);
            // Whether the plugin may make such a map is another question.
            let lines = lines(&stop).into_iter().skip(1).filter(|line| !line.contains("kind"));
            (case, lines.collect::<Vec<_>>())
        })
        .collect();
    assert!(plan_with(&staged(&[("/application/spec/code", large((900 << 10) - 100))]), &[]).is_ok());
    insta::assert_yaml_snapshot!(said);
}
