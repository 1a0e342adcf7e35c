//! Which of several plugins serves a Run, and what Run, Application and Plugin say of it.

use codeflare_plan::ready;
use codeflare_plan::resolve::{Offer, resolve, wants_usage};
use codeflare_plan::seen::{Seen, SeenPlugin};
use serde_json::{Value, json};

use crate::support::{lines, plan, policy, seen};

/// A plugin that launches some frameworks, and changes to it.
fn launcher(name: &str, priority: i64, changes: &[(&str, Value)]) -> Value {
    let mut plugin = policy(name, priority);
    plugin["role"] = json!({"launcher": ["job"]});
    for (pointer, value) in changes {
        crate::support::set(&mut plugin, pointer, value.clone());
    }
    plugin
}

fn only(label: &str, value: &str) -> (&'static str, Value) {
    ("/namespaceSelector", json!({"matchLabels": {label: value}}))
}

fn not_ready() -> (&'static str, Value) {
    ("/ready", Value::Null)
}

fn needs_kind() -> (&'static str, Value) {
    ("/ready/description/kinds", json!([{"group": "g", "version": "v1", "kind": "K"}]))
}

/// What was seen in a namespace of team `ml`, with these plugins and one policy.
fn with(plugins: &[Value]) -> Seen {
    let mut all = plugins.to_vec();
    all.push(policy("sizes", 100));
    seen(&[("/plugins", all.into()), ("/namespaceLabels", json!({"team": "ml"}))])
}

/// Each case: who is there, by name.
fn cases() -> Vec<(&'static str, Vec<Value>)> {
    let closed = json!({"type": "object", "properties": {}, "maxProperties": 0, "required": ["never"]});
    vec![
        ("alone", vec![launcher("new", 100, &[])]),
        ("before another", vec![launcher("old", 200, &[]), launcher("new", 100, &[])]),
        ("by name", vec![launcher("b", 5, &[]), launcher("a", 5, &[]), launcher("c", 7, &[])]),
        ("one is not ready", vec![launcher("new", 100, &[not_ready()]), launcher("old", 200, &[])]),
        ("a kind is missing", vec![launcher("new", 100, &[needs_kind()]), launcher("old", 200, &[])]),
        (
            "options do not fit",
            vec![
                launcher("new", 100, &[("/ready/description/frameworkSchema", closed.clone())]),
                launcher("old", 200, &[]),
                launcher("older", 300, &[]),
            ],
        ),
        ("for this team", vec![launcher("ml", 50, &[only("team", "ml")]), launcher("all", 100, &[])]),
        ("for another team", vec![launcher("web", 50, &[only("team", "web")]), launcher("all", 100, &[])]),
        ("for another team, behind", vec![launcher("web", 150, &[only("team", "web")]), launcher("all", 100, &[])]),
        ("for all teams, in words", vec![launcher("all", 100, &[("/namespaceSelector", json!({}))])]),
        (
            "a selector that is none",
            vec![
                launcher(
                    "bad",
                    50,
                    &[("/namespaceSelector", json!({"matchExpressions": [{"key": "a", "operator": "Is"}]}))],
                ),
                launcher("all", 100, &[]),
            ],
        ),
        (
            "a long story",
            vec![launcher("new", 1, &[not_ready(), ("/trouble", json!("x".repeat(400)))]), launcher("old", 2, &[])],
        ),
    ]
}

#[test]
fn run_and_application_say_who_launches_and_why() {
    let shown: Vec<_> = cases()
        .into_iter()
        .map(|(case, plugins)| {
            let seen = with(&plugins);
            let resolved = resolve(&seen).expect("should resolve");
            let application = seen.application.clone().expect("should have one");
            let offer = Offer {
                plugins: &seen.plugins,
                served: &seen.served,
                labels: &seen.namespace_labels,
                pod_security: seen.site.pod_security,
            };
            let status = ready::application(&application, offer, jiff::Timestamp::UNIX_EPOCH);
            assert_eq!(status.launcher.as_ref(), Some(&resolved.launcher.name), "{case}");
            let [choice] = &resolved.choices[..] else { panic!("{case}: {:?}", resolved.choices) };
            assert_eq!(choice.value, json!(resolved.launcher.name), "{case}");
            let over: Vec<_> = choice.over.iter().map(|(who, _)| who).collect();
            json!({"case": case, "choice": choice.why, "over": over, "application": status.conditions[0].message})
        })
        .collect();
    insta::assert_yaml_snapshot!(shown);
}

#[test]
fn a_plugin_says_where_its_claims_stand() {
    let shown: Vec<_> = cases()
        .into_iter()
        .map(|(case, plugins)| {
            let seen = with(&plugins);
            let claims =
                |plugin: &SeenPlugin| (plugin.name.clone(), ready::claims(plugin, &seen.plugins, &seen.served));
            json!({"case": case, "claims": seen.plugins.iter().map(claims).collect::<Vec<_>>()})
        })
        .collect();
    insta::assert_yaml_snapshot!(shown);
}

#[test]
fn readers_of_progress_stand_among_their_own() {
    let reader =
        |name: &str, priority: i64| launcher(name, priority, &[("/role", json!({"progress": ["job", "other"]}))]);
    let seen = with(&[launcher("job", 1, &[]), reader("lines", 100), reader("bars", 50)]);
    let claims = |name: &str| {
        let plugin = seen.plugins.iter().find(|plugin| plugin.name == name).expect("should be there");
        let claims = ready::claims(plugin, &seen.plugins, &seen.served);
        claims.into_iter().map(|claim| (claim.framework, claim.first, claim.why)).collect::<Vec<_>>()
    };
    let claim = |framework: &str, first: bool, why: &str| (framework.to_owned(), first, why.to_owned());
    assert_eq!(claims("job"), [claim("job", true, "no other plugin claims it")]);
    let before = "before lines (priority 100)";
    assert_eq!(claims("bars"), [claim("job", true, before), claim("other", true, before)]);
    let behind = "behind bars (priority 50)";
    assert_eq!(claims("lines"), [claim("job", false, behind), claim("other", false, behind)]);
    assert_eq!(claims("sizes"), []);
    // They launch nothing.
    let alone = with(&[reader("lines", 100)]);
    let said = lines(&resolve(&alone).expect_err("should stop"));
    assert!(said[1].contains("no Plugin launches `job`"), "{said:?}");
}

#[test]
fn where_nobody_can_launch_each_says_why_and_those_of_other_namespaces_come_last() {
    let seen = with(&[
        launcher("web", 1, &[only("team", "web")]),
        launcher("new", 100, &[not_ready()]),
        launcher("bad", 200, &[("/namespaceSelector", json!({"matchExpressions": [{"key": "a", "operator": "In"}]}))]),
        launcher("old", 300, &[needs_kind()]),
    ]);
    insta::assert_yaml_snapshot!(lines(&resolve(&seen).expect_err("should stop")));
    let elsewhere = with(&[launcher("web", 1, &[only("team", "web")])]);
    insta::assert_yaml_snapshot!(lines(&resolve(&elsewhere).expect_err("should stop")));
}

#[test]
fn policies_of_other_namespaces_are_skipped_and_those_in_doubt_are_not() {
    let policies = |plugins: &[Value]| {
        let mut all = vec![launcher("job", 100, &[])];
        all.extend(plugins.iter().cloned());
        resolve(&with(&all))
            .map(|resolved| resolved.policies.into_iter().map(|policy| policy.name).collect::<Vec<_>>())
            .map_err(|stop| lines(&stop))
    };
    let chosen = |name: &str, selector: Value, ready: bool| {
        let mut policy = policy(name, 50);
        policy["namespaceSelector"] = selector;
        if !ready {
            policy["ready"] = Value::Null;
        }
        policy
    };
    let ml = || json!({"matchExpressions": [{"key": "team", "operator": "In", "values": ["ml", "web"]}]});
    let web = || json!({"matchLabels": {"team": "web"}});
    assert_eq!(policies(&[chosen("mine", ml(), true)]), Ok(vec!["sizes".into(), "mine".into()]));
    assert_eq!(policies(&[chosen("theirs", web(), true)]), Ok(vec!["sizes".into()]));
    // Not ready, but elsewhere: nobody here waits for it.
    assert_eq!(policies(&[chosen("theirs", web(), false)]), Ok(vec!["sizes".into()]));
    let waits = |trouble: &str| {
        let said = format!("it applies to this Run but is not ready: {trouble}; a budget is never skipped");
        Err(vec!["Sized".to_owned(), format!("SizingPolicyNotReady: Plugin/mine: {said}")])
    };
    assert_eq!(policies(&[chosen("mine", ml(), false)]), waits("it was not loaded yet"));
    let odd = json!({"matchExpressions": [{"key": "team", "operator": "In"}]});
    let trouble = "/spec/namespaceSelector/matchExpressions/0: In needs values";
    assert_eq!(policies(&[chosen("mine", odd, true)]), waits(trouble));
    let none = seen(&[
        ("/plugins/1/namespaceSelector", json!({"matchLabels": {"team": "web"}})),
        ("/namespaceLabels", json!({"team": "ml"})),
    ]);
    assert_eq!(
        lines(&resolve(&none).expect_err("should stop")),
        [
            "Sized",
            "NoSizingPolicy: Run/hello: there is no sizing policy for its namespace; install the platform's chart, or a Plugin with sizingPolicy that serves it",
        ]
    );
}

#[test]
fn usage_is_counted_where_a_policy_that_serves_the_namespace_wants_it() {
    let wants = |changes: &[(&str, Value)]| {
        let mut budget = policy("budget", 50);
        for (pointer, value) in changes {
            crate::support::set(&mut budget, pointer, value.clone());
        }
        let seen = with(&[budget]);
        wants_usage(&seen.plugins, &seen.namespace_labels)
    };
    let usage = ("/ready/description/usage", json!(true));
    assert!(!wants(&[]));
    assert!(wants(std::slice::from_ref(&usage)));
    assert!(wants(&[usage.clone(), only("team", "ml")]));
    assert!(!wants(&[usage.clone(), only("team", "web")]));
    assert!(!wants(&[usage.clone(), not_ready()]));
    assert!(!wants(&[usage, ("/role", json!({"launcher": ["job"]}))]));
}

#[test]
fn the_plan_begins_with_the_choice_of_its_launcher() {
    let kinds = ("/ready/description/kinds", json!([{"group": "batch", "version": "v1", "kind": "Job"}]));
    let (_, plan) = plan(&with(&[
        launcher("new", 100, std::slice::from_ref(&kinds)),
        launcher("old", 200, std::slice::from_ref(&kinds)),
    ]));
    let first = plan.choices.first().expect("should have choices");
    assert_eq!((first.field.as_str(), &first.value, first.by.as_str()), ("launcher", &json!("new"), "host"));
    assert_eq!(first.why, "lowest priority of new (100), old (200)");
    assert_eq!(first.over, [("Plugin/old".to_owned(), json!("old"))]);
}
