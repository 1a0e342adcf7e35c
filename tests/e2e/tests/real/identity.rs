//! As whom a program runs: user, groups, ServiceAccount, priority, pull secret, environment;
//! and an Application that another namespace shares.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::shapes::{PYTHON, application};
use crate::world::{World, message, reason};

/// Tells who it is. The subject of a token stands in its second part.
const PROGRAM: &str = r#"
import base64, json, os

try:
    token = open("/var/run/secrets/kubernetes.io/serviceaccount/token").read().split(".")[1]
    subject = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))["sub"]
except FileNotFoundError:
    subject = None
who = {"user": os.getuid(), "groups": sorted(os.getgroups()), "subject": subject}
who.update({name: os.environ.get(name) for name in ["OF_APPLICATION", "OF_BOTH", "OF_RUN"]})
print("WHO", json.dumps(who), flush=True)
"#;

/// What the one pod of a Run said of itself.
async fn who(world: &World, run: &str) -> Result<Value> {
    let log = world.logs(run, "worker").await?.join("\n");
    let line = log.lines().find_map(|line| line.strip_prefix("WHO ")).with_context(|| format!("{run}: {log}"))?;
    Ok(serde_json::from_str(line)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_runs_as_its_application_and_run_say() -> Result<()> {
    let Some(world) = World::given("identity").await? else { return Ok(()) };
    world.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader"}})).await?;
    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry"},
            "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{\"auths\": {}}"},
        }))
        .await?;
    let plain = application("plain", "job", PYTHON, PROGRAM);
    world.apply(&plain).await?;
    let mut told = application("told", "job", PYTHON, PROGRAM);
    let more = json!({
        "serviceAccountNames": ["writer", "reader"], "imagePullSecret": "registry", "runAsUser": 2001, "fsGroup": 2002,
        "env": {"OF_APPLICATION": "application", "OF_BOTH": "application"},
    });
    told["spec"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.apply(&told).await?;

    world.run("plain", json!({})).await?;
    world.succeeded("plain").await?;
    let said = who(&world, "plain").await?;
    ensure!(said["user"] == 1000 && said["subject"].is_null() && said["OF_RUN"].is_null(), "{said}");
    ensure!(said["groups"].as_array().unwrap().contains(&json!(1000)), "{said}");
    let spec = world.pods("plain", "worker").await?[0].spec.clone().unwrap();
    ensure!(spec.priority_class_name.is_none() && spec.image_pull_secrets.is_none(), "{spec:?}");

    let env = json!({"OF_BOTH": "run", "OF_RUN": "run"});
    world.run("told", json!({"serviceAccountName": "reader", "priority": "high", "env": env})).await?;
    world.succeeded("told").await?;
    let said = who(&world, "told").await?;
    let subject = format!("system:serviceaccount:{}:reader", world.namespace);
    ensure!(said["subject"] == subject.as_str() && said["user"] == 2001, "{said}");
    ensure!(said["groups"].as_array().unwrap().contains(&json!(2002)), "{said}");
    let env = ["OF_APPLICATION", "OF_BOTH", "OF_RUN"].map(|name| said[name].as_str().unwrap_or_default());
    ensure!(env == ["application", "run", "run"], "{said}");
    let spec = world.pods("told", "worker").await?[0].spec.clone().unwrap();
    let pulls: Vec<_> = spec.image_pull_secrets.iter().flatten().map(|secret| secret.name.as_str()).collect();
    ensure!(pulls == ["registry"], "{pulls:?}");
    ensure!(spec.priority_class_name.as_deref() == Some("codeflare-high") && spec.priority == Some(1000), "{spec:?}");

    world.run("refused", json!({"application": {"name": "told"}, "serviceAccountName": "default"})).await?;
    let run = world.until("refused", "refused", |run| reason(run) == "ServiceAccountNotAllowed").await?;
    ensure!(message(&run).contains("lists writer, reader"), "{}", message(&run));
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn images_run_as_the_user_that_they_name_or_as_root_where_the_admin_says_baseline() -> Result<()> {
    let Some(world) = World::given("baseline").await? else { return Ok(()) };
    world.platform(&["runs.podSecurity=baseline"]).await?;
    world.apply(&application("own", "job", PYTHON, PROGRAM)).await?;
    let mut other = application("other", "job", PYTHON, PROGRAM);
    other["spec"]["runAsUser"] = json!(0);
    world.apply(&other).await?;
    // Our image names user 1000; nobody else does.
    for (run, user, set) in [("own", 1000, None), ("other", 0, Some(0))] {
        world.run(run, json!({})).await?;
        world.succeeded(run).await?;
        let said = who(&world, run).await?;
        ensure!(said["user"] == user && said["subject"].is_null(), "{run}: {said}");
        let spec = world.pods(run, "worker").await?[0].spec.clone().unwrap();
        let of_pod = spec.security_context.clone().unwrap_or_default();
        ensure!(of_pod.run_as_user == set && of_pod.run_as_non_root.is_none(), "{run}: {of_pod:?}");
        let of_main = spec.containers[0].security_context.clone().unwrap_or_default();
        ensure!(of_main.allow_privilege_escalation == Some(false) && of_main.capabilities.is_none(), "{of_main:?}");
        // What puts the source there stays as confined as before.
        let steps = spec.init_containers.unwrap_or_default();
        ensure!(!steps.is_empty(), "{run} has no step that stages its source");
        for step in steps {
            let confined = step.security_context.clone().unwrap_or_default();
            let dropped = confined.capabilities.and_then(|all| all.drop).unwrap_or_default();
            ensure!(dropped == ["ALL"], "{}: {dropped:?}", step.name);
        }
    }
    world.platform(&["runs.podSecurity=restricted"]).await?;
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_uses_an_application_of_another_namespace_once_its_owner_shares_it() -> Result<()> {
    let Some(world) = World::given("sharing").await? else { return Ok(()) };
    let owner = format!("{}-owner", world.namespace);
    world.make(&owner).await?;
    let shared = |namespaces: Value| {
        let mut application = application("lent", "job", PYTHON, PROGRAM);
        application["metadata"]["namespace"] = json!(owner);
        application["spec"]["sharing"] = json!({"namespaces": namespaces});
        application["spec"]["env"]["OF_APPLICATION"] = json!("lent");
        application
    };
    world.apply(&shared(json!(["somebody-else"]))).await?;
    let of = |name: &str| json!({"application": {"name": name, "namespace": owner}});
    world.run("lent", of("lent")).await?;
    world.run("missing", of("missing")).await?;
    // The same words, but for the name.
    let refused = |run: &codeflare_api::Run| reason(run) == "ApplicationNotShared";
    let unshared = message(&world.until("lent", "refused", refused).await?);
    let missing = message(&world.until("missing", "refused", refused).await?);
    ensure!(unshared.replace("/lent ", "/missing ") == missing, "{unshared}\n{missing}");
    ensure!(unshared.contains(&format!("add {} to its spec.sharing.namespaces", world.namespace)), "{unshared}");

    // The Run waits for its owner, and goes on by itself.
    world.apply(&shared(json!([world.namespace]))).await?;
    world.succeeded("lent").await?;
    let said = who(&world, "lent").await?;
    ensure!(said["OF_APPLICATION"] == "lent", "{said}");
    world.take_away(&owner).await?;
    world.end().await
}
