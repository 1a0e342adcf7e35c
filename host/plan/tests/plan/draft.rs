//! Drafting goes on from its exchanges, and comes to the same plan each time.

use codeflare_api::{ConditionType, Reason};
use codeflare_documents::call::{Answer, Request};
use codeflare_documents::shared::{Decline, Fault};
use codeflare_plan::draft::{Next, draft, drive, redraft};
use codeflare_plan::plan::{Call, Exchange};
use codeflare_plan::stop::Stop;
use serde_json::json;

use crate::support::{ask, lines, plan, policy, record, seen};

fn exchange(call: Call) -> Exchange {
    let answer = ask(&call).expect("should answer");
    Exchange { plugin: call.plugin, digest: call.digest, request: call.request, answer }
}

fn due(next: Next) -> Call {
    match next {
        Next::Call(call) => *call,
        Next::Plan(plan) => unreachable!("a plan already: {plan:?}"),
    }
}

#[test]
fn a_draft_asks_policies_then_the_launcher_and_comes_to_the_same_plan() {
    let seen = seen(&[("/plugins/-", policy("quota", 1)), ("/run/spec/workers", json!(4))]);
    let (exchanges, first) = plan(&seen);
    let asked: Vec<_> = exchanges.iter().map(|one| (one.plugin.as_str(), one.request.step())).collect();
    assert_eq!(asked, [("sizes", "decide"), ("quota", "decide"), ("job", "launch")]);
    assert_eq!((first.size.workers, first.choices.len()), (2, 3), "the last policy has the last word");
    assert_eq!(draft(&seen, 1, &exchanges), Ok(Next::Plan(Box::new(first.clone()))));
    for known in 0..exchanges.len() {
        let call = due(draft(&seen, 1, &exchanges[..known]).expect("should go on"));
        assert_eq!((&call.plugin, &call.request), (&exchanges[known].plugin, &exchanges[known].request));
    }
    let Request::Decide { proposed, .. } = &exchanges[0].request else { unreachable!() };
    assert_eq!(*proposed, None);
    let Request::Decide { proposed, .. } = &exchanges[1].request else { unreachable!() };
    assert_eq!(proposed.as_ref().map(|size| size.workers), Some(4));
}

#[test]
fn an_exchange_that_answers_another_call_is_passed_over() {
    let seen = seen(&[]);
    let (good, expected) = plan(&seen);
    let changes: [fn(&mut Exchange); 3] = [
        |one| one.plugin = "other".into(),
        |one| one.digest = "sha256:other".into(),
        |one| {
            if let Request::Decide { request, .. } = &mut one.request {
                request.api = "other".into();
            }
        },
    ];
    for change in changes {
        let mut exchanges = good.clone();
        change(&mut exchanges[0]);
        let call = due(draft(&seen, 1, &exchanges).expect("should go on"));
        assert_eq!(call.request.step(), "decide");
        exchanges.push(exchange(call));
        let call = due(draft(&seen, 1, &exchanges).expect("should go on"));
        assert_eq!(call.request.step(), "launch", "order is kept: the launch before it is not taken");
        exchanges.push(exchange(call));
        assert_eq!(draft(&seen, 1, &exchanges), Ok(Next::Plan(Box::new(expected.clone()))));
    }
}

#[test]
fn a_later_attempt_asks_only_the_launcher_under_a_new_name() {
    let mut first = record(&seen(&[("/run/spec/size", json!("md"))]));
    // As a newer host would find it: its own request has other words.
    if let Request::Decide { request, .. } = &mut first.exchanges[0].request {
        request.application.name = "older words".into();
    }
    let call = due(redraft(&first, 2, &[]).expect("should go on"));
    let Request::Launch(request) = &call.request else { unreachable!("policies have decided already") };
    assert_eq!((request.attempt, call.digest.as_str()), (2, "sha256:job"));
    assert_ne!(request.name, first.plan.name);
    let name = request.name.clone();
    let next = redraft(&first, 2, &[exchange(call)]).expect("should come to a plan");
    let Next::Plan(plan) = next else { unreachable!("everything was answered") };
    assert_eq!((&plan.name, plan.attempt, &plan.size), (&name, 2, &first.plan.size));
    assert_eq!(plan.choices, first.plan.choices);
    // A decision of another digest is not taken.
    let mut other = first.clone();
    other.exchanges[0].digest = "sha256:other".into();
    assert_eq!(due(redraft(&other, 2, &[]).expect("should go on")).request.step(), "decide");
    let mut other = first;
    other.exchanges[0].plugin = "other".into();
    assert_eq!(due(redraft(&other, 2, &[]).expect("should go on")).request.step(), "decide");
}

#[test]
fn a_plugin_that_declines_stops_its_step_in_its_own_words() {
    let fault = |code: &str, object: &str| Fault {
        code: code.into(),
        message: "no".into(),
        object: object.into(),
        pointer: "/spec/size".into(),
    };
    let faults = vec![fault("UnknownSize", "Run/hello"), fault("TooBig", "")];
    for (step, plugin, sized) in [("decide", "sizes", "Sized"), ("launch", "job", "Planned")] {
        let stop = |decline: Decline| {
            let declines = |call: &Call| {
                if call.request.step() == step { Ok(Answer::Declined(decline.clone())) } else { ask(call) }
            };
            lines(&drive(&seen(&[]), 1, declines).expect_err("should stop"))
        };
        assert_eq!(
            stop(Decline::Invalid(faults.clone())),
            [
                sized.to_owned(),
                "UnknownSize: Run/hello /spec/size: no".to_owned(),
                format!("PluginRefused: Plugin/{plugin} /spec/size: no"),
            ]
        );
        assert_eq!(
            stop(Decline::Waiting(vec![fault("UnknownSize", "Run/hello")])),
            [sized, "PluginWaiting: Run/hello /spec/size: no"]
        );
        let silent = format!("PluginFailed: Plugin/{plugin}: it declined without a reason; its author must say why");
        assert_eq!(stop(Decline::Waiting(Vec::new())), [sized.to_owned(), silent]);
    }
}

#[test]
fn an_answer_to_another_question_is_the_plugins_failure() {
    let seen = seen(&[]);
    let (exchanges, _) = plan(&seen);
    for (step, condition, other) in [("decide", ConditionType::Sized, 1), ("launch", ConditionType::Planned, 0)] {
        let answers = |call: &Call| {
            if call.request.step() == step { Ok(exchanges[other].answer.clone()) } else { ask(call) }
        };
        let stop = drive(&seen, 1, answers).expect_err("should stop");
        assert_eq!((stop.step, stop.reason()), (condition, Reason::PluginFailed));
    }
}

#[test]
fn what_the_caller_made_of_a_failed_call_comes_back() {
    let failed = Stop { step: ConditionType::Sized, problems: Vec::new() };
    assert_eq!(drive(&seen(&[]), 1, |_| Err(failed.clone())), Err(failed.clone()));
}

#[test]
fn a_launcher_is_told_of_source_words_and_requirements() {
    let asked = |changes: &[(&str, serde_json::Value)]| {
        let (exchanges, _) = plan(&seen(changes));
        let launch = exchanges.into_iter().find_map(|one| match one.request {
            Request::Launch(request) => Some(request),
            _ => None,
        });
        launch.expect("should ask the launcher")
    };
    let plain = asked(&[]);
    assert_eq!((plain.application.workdir.as_deref(), plain.exec.as_str()), (None, "/codeflare/exec"));
    let code = json!([{"name": "main.py", "source": "print()"}]);
    let staged = asked(&[("/application/spec/code", code), ("/site/image", json!("platform"))]);
    assert_eq!(staged.application.workdir.as_deref(), Some("/workdir"));
}
