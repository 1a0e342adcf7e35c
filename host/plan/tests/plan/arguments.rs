//! Arguments: how each reaches the program, and what is said of those that do not fit.

use codeflare_plan::resolve::{Resolved, resolve};
use serde_json::{Value, json};

use crate::support::{lines, plan, seen};

/// Parameters of every kind.
fn parameters() -> Value {
    json!({
        "type": "object",
        "required": ["epochs", "input"],
        "properties": {
            "batch": {"type": "integer", "minimum": 1, "default": 32, "x-flag": "-b"},
            "epochs": {"type": "integer", "minimum": 1, "maximum": 100, "x-flag": "--max_epochs"},
            "input": {"type": "string", "x-positional": 1},
            "layers": {"type": "array", "items": {"type": "integer"}},
            "more": {"type": "array", "items": {"type": "string"}, "x-positional": 2},
            "optimizer": {"enum": ["adam", "sgd"], "default": "adam"},
            "token": {"x-env": "HUB_TOKEN", "x-secret": true},
            "tracking": {"enum": ["online", "offline"], "x-env": "WANDB_MODE", "default": "offline"},
            "verbose": {"type": "boolean"},
        },
    })
}

fn with(changes: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("/application/spec/command", json!("python3 main.py")),
        ("/application/spec/parameters", parameters()),
        ("/application/spec/secretNames", json!(["hub"])),
    ];
    all.extend_from_slice(changes);
    all
}

fn resolved(changes: &[(&'static str, Value)]) -> Resolved {
    resolve(&seen(&with(changes))).expect("should resolve")
}

fn stopped(changes: &[(&'static str, Value)]) -> Vec<String> {
    lines(&resolve(&seen(&with(changes))).expect_err("should stop"))
}

#[test]
fn arguments_reach_the_program_as_their_parameters_say() {
    let given = |arguments: Value| ("/run/spec/arguments", arguments);
    let few = json!({"epochs": 3, "input": "data"});
    let cases: Vec<(&str, Vec<(&'static str, Value)>)> = vec![
        ("the fewest, and defaults", vec![given(few.clone())]),
        (
            "every kind",
            vec![given(json!({
                "batch": 8, "epochs": 3, "input": "two words", "layers": [64, 32], "more": ["a", "b"],
                "optimizer": "sgd", "token": {"name": "hub", "key": "token"}, "tracking": "online", "verbose": true,
            }))],
        ),
        ("a switch that is off", vec![given(json!({"epochs": 3, "input": "data", "verbose": false}))]),
        (
            "text that looks like a flag",
            vec![
                ("/application/spec/parameters/properties/note", json!({"type": "string"})),
                given(json!({"epochs": 3, "input": "data", "note": "--rm -rf $(HOME)"})),
            ],
        ),
        (
            "behind options, which take the place of a default and of what is required",
            vec![("/run/spec/options", json!("--max_epochs=7 --optimizer lbfgs")), given(json!({"input": "data"}))],
        ),
        ("options of the Application", vec![("/application/spec/options", json!("--fast")), given(few.clone())]),
        (
            "a variable of the Run takes the place of a default",
            vec![
                ("/application/spec/env", json!({"WANDB_MODE": "disabled", "A": "1"})),
                ("/run/spec/env", json!({"WANDB_MODE": "dryrun"})),
                given(few.clone()),
            ],
        ),
        (
            "a variable of the Application does not",
            vec![
                ("/application/spec/env", json!({"WANDB_MODE": "disabled", "HUB_TOKEN": "none"})),
                given(json!({"epochs": 3, "input": "data", "token": {"name": "hub", "key": "token"}})),
            ],
        ),
        (
            "parameters that allow others ignore them",
            vec![
                ("/application/spec/parameters/additionalProperties", json!(true)),
                given(json!({"epochs": 3, "input": "data", "other": 1})),
            ],
        ),
        ("no parameters at all", vec![("/application/spec/parameters", Value::Null), given(json!({}))]),
    ];
    let found: Vec<_> = cases
        .into_iter()
        .map(|(case, changes)| {
            let Resolved { argv, env, secret_env, .. } = resolved(&changes);
            let secrets: Vec<_> =
                secret_env.into_iter().map(|(name, of)| format!("{name} from {}/{}", of.name, of.key)).collect();
            (case, argv.join("|"), env, secrets)
        })
        .collect();
    insta::assert_yaml_snapshot!(found);
}

#[test]
fn every_argument_that_does_not_fit_is_named_with_its_rule() {
    let given = |arguments: Value| ("/run/spec/arguments", arguments);
    let cases: Vec<(&str, Vec<(&'static str, Value)>)> = vec![
        ("nothing", vec![]),
        (
            "everything wrong at once",
            vec![given(json!({
                "batch": 0, "epochs": "many", "optimizer": "rprop", "layers": [1, "two"], "more": "a",
                "verbose": "yes", "tracking": 1, "token": "geheim", "epoch": 3, "a/b": 1,
            }))],
        ),
        (
            "a Secret that is not allowed",
            vec![given(json!({"epochs": 1, "input": "data", "token": {"name": "admin", "key": "token"}}))],
        ),
        (
            "no Secret is allowed",
            vec![
                ("/application/spec/secretNames", json!([])),
                given(json!({"epochs": 1, "input": "data", "token": {"name": "hub", "key": "token"}})),
            ],
        ),
        (
            "said twice",
            vec![
                ("/run/spec/options", json!("--max_epochs 7")),
                ("/run/spec/env", json!({"WANDB_MODE": "online"})),
                given(json!({"epochs": 1, "input": "data", "tracking": "offline"})),
            ],
        ),
        ("no parameters", vec![("/application/spec/parameters", Value::Null), given(json!({"epochs": 1}))]),
        ("beside what cannot be split", vec![("/run/spec/options", json!("'")), given(json!({"epochs": 0}))]),
    ];
    let said: Vec<_> = cases.into_iter().map(|(case, changes)| (case, stopped(&changes))).collect();
    insta::assert_yaml_snapshot!(said);
}

#[test]
fn parameters_that_cannot_be_used_are_the_applications_fault() {
    let cases: Vec<(&str, Value)> = vec![
        ("not of an object", json!({"type": "array"})),
        ("properties in a list", json!({"properties": []})),
        ("no schema", json!({"properties": {"a": {"type": "strong"}}})),
        ("a schema from elsewhere", json!({"properties": {"a": {"$ref": "https://example.com/schema.json"}}})),
        ("not an object", json!({"properties": {"a": true}})),
        ("an unknown way", json!({"properties": {"a": {"x-flags": "--a"}}})),
        ("two ways", json!({"properties": {"a": {"x-flag": "--a", "x-env": "A"}}})),
        ("the same way twice", json!({"properties": {"a": {"x-flag": "--b"}, "b": {}}})),
        (
            "bad ways",
            json!({"properties": {
                "a": {"x-flag": "a"}, "b": {"x-flag": "--a b"}, "c": {"x-flag": "--"}, "d": {"x-positional": 0},
                "e": {"x-positional": "1"}, "f": {"x-env": "9"}, "g": {"x-env": "CODEFLARE_RUN"}, "h": {"x-secret": true},
                "i": {"x-secret": "yes", "x-env": "I"}, "two words": {},
            }}),
        ),
        ("a default that does not fit", json!({"properties": {"a": {"type": "integer", "default": "x"}}})),
    ];
    let said: Vec<_> = cases
        .into_iter()
        .map(|(case, parameters)| (case, stopped(&[("/application/spec/parameters", parameters)])))
        .collect();
    insta::assert_yaml_snapshot!(said);
}

#[test]
fn a_secret_reaches_the_pod_by_its_name_only() {
    let arguments = json!({"epochs": 1, "input": "data", "token": {"name": "hub", "key": "token"}});
    let (_, plan) = plan(&seen(&with(&[("/run/spec/arguments", arguments)])));
    let job = &plan.primary().expect("should have a primary").object;
    let env = job.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array).expect("should have env");
    let token = env.iter().find(|variable| variable["name"] == "HUB_TOKEN").expect("should be there");
    assert_eq!(token["valueFrom"], json!({"secretKeyRef": {"name": "hub", "key": "token"}}));
    assert_eq!(token.get("value"), None);
}
