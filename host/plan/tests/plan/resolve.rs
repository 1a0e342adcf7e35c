//! References, defaults and arguments; every error at once.

use codeflare_plan::resolve::{Offer, Resolved, resolve};
use codeflare_plan::seen::Seen;
use serde_json::{Value, json};

use crate::support::{lines, policy, seen};

fn stopped(changes: &[(&str, Value)]) -> Vec<String> {
    lines(&resolve(&seen(changes)).expect_err("should stop"))
}

fn resolved(changes: &[(&str, Value)]) -> Resolved {
    resolve(&seen(changes)).expect("should resolve")
}

fn launcher(name: &str, priority: i64, frameworks: Value) -> Value {
    let mut plugin = policy(name, priority);
    plugin["role"] = json!({"launcher": frameworks});
    plugin
}

#[test]
fn every_problem_is_named_by_object_and_field_with_what_to_do() {
    let cases: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("no Application", vec![("/application", Value::Null)]),
        ("Application of another namespace", vec![("/run/spec/application/namespace", json!("other"))]),
        ("open quote in the command", vec![("/application/spec/command", json!("a 'b"))]),
        ("open quote in the Run's options", vec![("/run/spec/options", json!("\"a"))]),
        ("open quote in the Application's options", vec![("/application/spec/options", json!("a\\"))]),
        ("empty command", vec![("/application/spec/command", json!("  "))]),
        ("unknown framework", vec![("/application/spec/api", json!("ray"))]),
        ("no launcher at all", vec![("/plugins", json!([policy("sizes", 1)]))]),
        ("launcher not ready", vec![("/plugins/0/ready", Value::Null), ("/plugins/0/trouble", json!("it traps"))]),
        ("launcher not loaded", vec![("/plugins/0/ready", Value::Null)]),
        ("kind not served", vec![("/served", json!([{"group": "batch", "version": "v1", "kind": "Job"}]))]),
        ("no policy", vec![("/plugins", json!([launcher("job", 1, json!(["job"]))]))]),
        ("policy not ready", vec![("/plugins/1/ready", Value::Null), ("/plugins/1/trouble", json!("no bytes"))]),
        (
            "fields",
            vec![
                ("/run/spec/deadline", json!("soon")),
                ("/run/spec/ttl", json!("1d")),
                ("/application/spec/deadline", json!("")),
                ("/application/spec/ttl", json!("5")),
                ("/run/spec/env", json!({"CODEFLARE_RUN": "", "a-b/c": "", "_OK9": "", "9": "", "CODEFLARES": ""})),
                ("/application/spec/env", json!({"": ""})),
            ],
        ),
        (
            "names of files",
            vec![(
                "/application/spec/code",
                [
                    "a.py", "/a", "../a", "lib/../a", "./a", "a//b", "a/", "", ".hidden", "-a", "a b", "é", "a.py",
                    "a.py/b", "lib/x/y", "lib/x", "lib",
                ]
                .map(|name| json!({"name": name, "source": ""}))
                .into_iter()
                .collect(),
            )],
        ),
        (
            "everything at once",
            vec![
                ("/application/spec/command", json!("'")),
                ("/run/spec/options", json!("'")),
                ("/application/spec/api", json!("ray")),
                ("/plugins/1/ready", Value::Null),
            ],
        ),
        ("no Application and no policy", vec![("/application", Value::Null), ("/plugins", json!([]))]),
    ];
    let said: Vec<_> = cases.into_iter().map(|(case, changes)| (case, stopped(&changes))).collect();
    insta::assert_yaml_snapshot!(said);
}

#[test]
fn options_of_the_run_replace_those_of_the_application_and_words_are_a_shells() {
    let argv = |changes: &[(&str, Value)]| resolved(changes).argv;
    let command = ("/application/spec/command", json!("run 'a b' \"c\" d\\ e ''"));
    let defaults = ("/application/spec/options", json!("--x 1"));
    assert_eq!(argv(std::slice::from_ref(&command)), ["run", "a b", "c", "d e", ""]);
    assert_eq!(argv(&[command.clone(), defaults.clone()])[5..], ["--x", "1"]);
    assert_eq!(argv(&[command.clone(), defaults.clone(), ("/run/spec/options", json!("-y"))])[5..], ["-y"]);
    assert_eq!(argv(&[command, defaults, ("/run/spec/options", json!(""))]).len(), 5);
    // Defaults that are replaced need not be right.
    let wrong = ("/application/spec/options", json!("'"));
    assert_eq!(argv(&[wrong, ("/run/spec/options", json!("-y"))]), ["python3", "-c", "print(1)", "-y"]);
}

#[test]
fn the_run_overrules_the_application_and_who_asked_is_kept() {
    let application = [
        ("/application/spec/size", json!("md")),
        ("/application/spec/workers", json!(3)),
        ("/application/spec/env", json!({"A": "app", "B": "app"})),
        ("/application/spec/retry", json!({"limit": 2, "exitCodes": [3]})),
        ("/application/spec/framework", json!({"x": 1})),
    ];
    let run = [
        ("/run/spec/size", json!("xl")),
        ("/run/spec/workers", json!(0)),
        ("/run/spec/env", json!({"B": "run", "C": "run"})),
        ("/run/spec/retries", json!(0)),
        ("/run/spec/deadline", json!("1h")),
        ("/application/spec/ttl", json!("5s")),
    ];
    let shown = |resolved: Resolved| {
        let Resolved { asked, env, retries, retry_exit_codes, framework, .. } = resolved;
        json!({"asked": asked, "env": env, "retries": retries, "codes": retry_exit_codes, "framework": framework})
    };
    let both: Vec<_> = application.iter().chain(&run).cloned().collect();
    insta::assert_yaml_snapshot!([shown(resolved(&[])), shown(resolved(&application)), shown(resolved(&both)),]);
}

#[test]
fn gpus_need_the_consent_of_both() {
    for (run, application, refused) in [
        (Some(true), Some(true), None),
        (Some(true), Some(false), Some("Application/greet")),
        (Some(true), None, Some("Application/greet")),
        (Some(false), Some(true), Some("Run/hello")),
        (None, Some(true), Some("Run/hello")),
        (None, None, Some("Application/greet")),
    ] {
        let says = |consent: Option<bool>| consent.map_or(Value::Null, Value::from);
        let asked =
            resolved(&[("/run/spec/supportsGpu", says(run)), ("/application/spec/supportsGpu", says(application))])
                .asked;
        assert_eq!((asked.gpus, asked.gpus_refused_by.as_deref()), (refused.is_none(), refused));
    }
}

#[test]
fn the_launcher_with_the_lowest_priority_then_name_is_chosen_of_those_that_can() {
    let chosen = |plugins: Value, changes: &[(&str, Value)]| {
        let mut all = vec![("/plugins", plugins)];
        all.extend(changes.iter().cloned());
        all.push(("/plugins/-", policy("sizes", 100)));
        resolved(&all).launcher.name
    };
    let three = || {
        json!([
            launcher("c", 5, json!(["job"])),
            launcher("b", 5, json!(["x", "job"])),
            launcher("d", 9, json!(["job"])),
            launcher("a", 1, json!(["x"])),
        ])
    };
    assert_eq!(chosen(three(), &[]), "b");
    assert_eq!(chosen(three(), &[("/plugins/1/ready", Value::Null)]), "c");
    let needs = json!([{"group": "g", "version": "v1", "kind": "K"}]);
    assert_eq!(chosen(three(), &[("/plugins/1/ready/description/kinds", needs.clone())]), "c");
    assert_eq!(chosen(three(), &[("/plugins/2/priority", json!(4))]), "d");
    let of = resolved(&[]);
    assert_eq!((of.launcher.digest.as_str(), of.kinds.len()), ("sha256:job", 2));
    assert_eq!(Value::from(of.launcher.settings), json!({"a": 1}));
    // Each that claims the framework says what it lacks; the first gives the reason.
    let said = stopped(&[
        ("/plugins/0/ready/description/kinds/-", json!({"group": "g", "version": "v1", "kind": "K"})),
        ("/plugins/-", launcher("late", 200, json!(["job"]))),
        ("/plugins/2/ready", Value::Null),
    ]);
    assert_eq!(
        said,
        [
            "Resolved",
            "KindNotServed: Run/hello /spec/application: plugin job needs g/v1 K, which this cluster does not serve",
            "LauncherNotReady: Run/hello /spec/application: plugin late is not ready: it was not loaded yet",
        ]
    );
}

#[test]
fn options_and_settings_are_held_against_the_plugins_schemas() {
    let closed = json!({"type": "object", "additionalProperties": false, "properties": {"a": {"type": "integer"}}});
    let options = ("/plugins/0/ready/description/frameworkSchema", closed.clone());
    let settings = ("/plugins/0/ready/description/settingsSchema", closed);
    let with = |value: Value| ("/application/spec/framework", value);
    resolved(&[options.clone(), settings.clone(), with(json!({"a": 1}))]);
    assert_eq!(
        stopped(&[options.clone(), with(json!({"a": "x"}))]),
        [
            "Resolved",
            "FieldInvalid: Application/greet /spec/framework/a: \"x\" is not of type \"integer\" (options of plugin job)"
        ]
    );
    assert_eq!(
        stopped(&[settings, ("/plugins/0/settings", json!({"a": "x"}))]),
        [
            "Resolved",
            "LauncherNotReady: Run/hello /spec/application: plugin job is not ready: /spec/settings/a: \"x\" is not of type \"integer\""
        ]
    );
    // Another launcher that takes the options is chosen instead.
    let other = ("/plugins/-", launcher("other", 200, json!(["job"])));
    assert_eq!(resolved(&[options, with(json!({"a": "x"})), other]).launcher.name, "other");
}

#[test]
fn an_application_shows_whether_a_run_could_be_launched() {
    let now = |seconds: i64| jiff::Timestamp::from_second(seconds).expect("should be a time");
    let shown = |changes: &[(&str, Value)], at: i64, old: Option<codeflare_api::ApplicationStatus>| {
        let seen = seen(changes);
        let mut application = seen.application.expect("should have one");
        application.status = old;
        let offer = Offer {
            plugins: &seen.plugins,
            served: &seen.served,
            labels: &seen.namespace_labels,
            pod_security: seen.site.pod_security,
        };
        codeflare_plan::ready::application(&application, offer, now(at))
    };
    let good = shown(&[("/application/metadata/generation", json!(7))], 1, None);
    let condition = &good.conditions[0];
    assert_eq!((good.observed_generation, condition.observed_generation), (Some(7), Some(7)));
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("True", "Done"));
    assert_eq!((condition.message.as_str(), good.launcher.as_deref()), ("plugin job launches it", Some("job")));
    // Nothing new: nothing to be published.
    let again = shown(&[("/application/metadata/generation", json!(7))], 2, Some(good.clone()));
    assert_eq!(again, good);
    let bad =
        shown(&[("/application/spec/api", json!("cobol")), ("/application/spec/command", json!("'"))], 3, Some(good));
    let condition = &bad.conditions[0];
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("False", "ArgumentsInvalid"));
    assert_eq!(condition.last_transition_time.0, now(3));
    assert!(
        condition.message.contains("Application/greet /spec/command: a quote is not closed"),
        "{}",
        condition.message
    );
    assert!(
        condition.message.contains("Application/greet /spec/api: no Plugin launches `cobol`"),
        "{}",
        condition.message
    );
    assert_eq!(bad.launcher, None);
}

#[test]
fn the_policy_with_the_lowest_priority_has_the_last_word() {
    let chain =
        resolved(&[("/plugins/-", policy("a", 5)), ("/plugins/-", policy("c", 7)), ("/plugins/-", policy("b", 5))])
            .policies;
    let names: Vec<_> = chain.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["sizes", "c", "b", "a"]);
}

#[test]
fn what_was_seen_survives_being_recorded() {
    let seen = seen(&[]);
    let again: Seen = serde_json::from_str(&serde_json::to_string(&seen).expect("should write")).expect("should read");
    assert_eq!(again, seen);
}
