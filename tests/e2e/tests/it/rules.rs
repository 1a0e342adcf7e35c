//! Every bound and every rule of the schemas, each way: one object that is accepted, one
//! that is refused in words that name the field.

use anyhow::Result;
use serde_json::{Value, json};

use crate::server::{Server, least, merged};

/// Field, a spec that is accepted, a spec that is refused; both merged into the least one.
type Case = (&'static str, Value, Value);

fn text(length: usize) -> String {
    "x".repeat(length)
}

fn env(count: usize) -> Value {
    (0..count).map(|n| (format!("N{n}"), Value::from("v"))).collect::<serde_json::Map<_, _>>().into()
}

fn code(names: &[&str]) -> Value {
    json!({"code": names.iter().map(|name| json!({"name": name, "source": ""})).collect::<Vec<_>>()})
}

/// A spec with a repository, and more.
fn repo(address: &str, more: Value) -> Value {
    merged(&json!({"repo": address}), &more)
}

fn repo_secret() -> Vec<Case> {
    let secret = |secret: Value| json!({"secret": secret});
    vec![
        ("spec.repo", json!({"repo": "http://git.example:8080/org/.*"}), json!({"repo": "git.example"})),
        ("spec.repo", json!({"repo": "^https://git.example/"}), json!({"repo": null})),
        (
            "spec.repo",
            json!({"repo": format!("https://{}", text(1016))}),
            json!({"repo": format!("https://{}", text(1017))}),
        ),
        ("spec.secret", json!({}), json!({"secret": null})),
        ("spec.secret.name", secret(json!({"name": text(253)})), secret(json!({"name": ""}))),
        ("spec.secret.namespace", secret(json!({"namespace": text(63)})), secret(json!({"namespace": null}))),
        ("spec.secrets", json!({}), json!({"secrets": []})),
    ]
}

fn application() -> Vec<Case> {
    let names: Vec<_> = (0..65).map(|n| format!("f{n}")).collect();
    let many = |count: usize| names.iter().take(count).map(String::as_str).collect::<Vec<_>>();
    let source = |text: String| json!({"code": [{"name": "a", "source": text}]});
    vec![
        ("spec.api", json!({"api": "my-job"}), json!({"api": "My_Job"})),
        ("spec.api", json!({"api": text(63)}), json!({"api": text(64)})),
        ("spec.api", json!({"api": "a"}), json!({"api": null})),
        ("spec.image", json!({"image": text(512)}), json!({"image": text(513)})),
        ("spec.image", json!({"image": "a"}), json!({"image": ""})),
        ("spec.image", json!({}), json!({"image": null})),
        ("spec.command", json!({"command": "a"}), json!({"command": ""})),
        ("spec.command", json!({"command": text(65536)}), json!({"command": text(65537)})),
        ("spec.command", json!({}), json!({"command": null})),
        ("spec.code", code(&["main.py", "lib/a-1.b"]), code(&["main.py", "a", "main.py"])),
        ("spec.code", code(&many(64)), code(&many(65))),
        ("spec.code[0].name", code(&["lib/_/a"]), code(&["../a"])),
        ("spec.code[0].name", code(&[&text(253)]), code(&[&text(254)])),
        ("spec.code[0].name", code(&["a"]), code(&["/a"])),
        ("spec.code[0].source", source(text(262_144)), source(text(262_145))),
        ("spec.repo", json!({"repo": "https://git.example/a/b/tree/main/c"}), json!({"repo": "git@git.example:a/b"})),
        (
            "spec.repo",
            repo(&format!("https://{}", text(1016)), json!({})),
            repo(&format!("https://{}", text(1017)), json!({})),
        ),
        ("spec.repo", repo("https://a/b", json!({})), repo("https://a/b", code(&["a"]))),
        ("spec.repo", json!({}), json!({"ref": "main"})),
        ("spec.repo", json!({}), json!({"path": "a"})),
        ("spec.repo", json!({}), json!({"repoSecret": {"name": "a"}})),
        ("spec.ref", repo("https://a/b", json!({"ref": text(255)})), repo("https://a/b", json!({"ref": text(256)}))),
        ("spec.ref", repo("https://a/b", json!({"ref": "a/b"})), repo("https://a/b", json!({"ref": ""}))),
        (
            "spec.path",
            repo("https://a/b", json!({"path": text(1024)})),
            repo("https://a/b", json!({"path": text(1025)})),
        ),
        (
            "spec.repoSecret.name",
            repo("https://a/b", json!({"repoSecret": {"name": "s", "namespace": "n"}})),
            repo("https://a/b", json!({"repoSecret": {"namespace": "n"}})),
        ),
        (
            "spec.repoSecret.namespace",
            repo("https://a/b", json!({"repoSecret": {"name": "s"}})),
            repo("https://a/b", json!({"repoSecret": {"name": "s", "namespace": text(64)}})),
        ),
        ("spec.requirements", json!({"requirements": text(65536)}), json!({"requirements": text(65537)})),
        ("spec.options", json!({"options": text(65536)}), json!({"options": text(65537)})),
        (
            "spec.parameters",
            json!({"parameters": {"properties": {"a": {"x-flag": "-a"}}}}),
            json!({"parameters": ["a"]}),
        ),
        ("spec.secretNames", json!({"secretNames": vec!["s"; 32]}), json!({"secretNames": vec!["s"; 33]})),
        ("spec.secretNames", json!({"secretNames": [text(253)]}), json!({"secretNames": [""]})),
        ("spec.imagePullSecret", json!({"imagePullSecret": "registry"}), json!({"imagePullSecret": ""})),
        ("spec.imagePullSecret", json!({"imagePullSecret": text(253)}), json!({"imagePullSecret": text(254)})),
        (
            "spec.serviceAccountNames",
            json!({"serviceAccountNames": vec!["s"; 32]}),
            json!({"serviceAccountNames": vec!["s"; 33]}),
        ),
        ("spec.serviceAccountNames", json!({"serviceAccountNames": ["a"]}), json!({"serviceAccountNames": [""]})),
        (
            "spec.sharing.namespaces",
            json!({"sharing": {"namespaces": ["*", "team-a"]}}),
            json!({"sharing": {"namespaces": ["team-*"]}}),
        ),
        (
            "spec.sharing.namespaces",
            json!({"sharing": {"namespaces": vec!["n"; 256]}}),
            json!({"sharing": {"namespaces": vec!["n"; 257]}}),
        ),
        ("spec.runAsUser", json!({"runAsUser": 0}), json!({"runAsUser": -1})),
        ("spec.runAsUser", json!({"runAsUser": 2_147_483_647}), json!({"runAsUser": 2_147_483_648_i64})),
        ("spec.runAsUser", json!({"runAsUser": 101}), json!({"runAsUser": "nobody"})),
        ("spec.fsGroup", json!({"fsGroup": 0}), json!({"fsGroup": -1})),
        ("spec.fsGroup", json!({"fsGroup": 2_147_483_647}), json!({"fsGroup": 2_147_483_648_i64})),
        ("spec.sharing", json!({"sharing": {}}), json!({"sharing": ["*"]})),
        ("spec.env", json!({"env": {"A_1": ""}}), json!({"env": {"1A": ""}})),
        ("spec.env", json!({"env": {"_": "x"}}), json!({"env": {"A-B": "x"}})),
        ("spec.env", json!({"env": env(256)}), json!({"env": env(257)})),
        ("spec.env", json!({"env": {"A": "1"}}), json!({"env": {"A": 1}})),
        ("spec.size", json!({"size": "md"}), json!({"size": ""})),
        ("spec.size", json!({"size": text(63)}), json!({"size": text(64)})),
        ("spec.workers", json!({"workers": 0}), json!({"workers": -1})),
        ("spec.workers", json!({"workers": 10000}), json!({"workers": 10001})),
        ("spec.minMemory", json!({"minMemory": "24Gi"}), json!({"minMemory": "0"})),
        (
            "spec.scheduling",
            json!({"scheduling": {"tolerations": [{"key": "a", "operator": "Exists"}]}}),
            json!({"scheduling": {"toleration": []}}),
        ),
        ("spec.supportsGpu", json!({"supportsGpu": true}), json!({"supportsGpu": "yes"})),
        ("spec.framework", json!({"framework": {"any": {"thing": [1]}}}), json!({"framework": "text"})),
        ("spec.retry.limit", json!({"retry": {"limit": 100}}), json!({"retry": {"limit": 101}})),
        ("spec.retry.exitCodes", json!({"retry": {"exitCodes": [1, 255]}}), json!({"retry": {"exitCodes": [0]}})),
        ("spec.retry.exitCodes", json!({"retry": {"exitCodes": [2]}}), json!({"retry": {"exitCodes": [256]}})),
        ("spec.deadline", json!({"deadline": "2h30m"}), json!({"deadline": "tomorrow"})),
        ("spec.deadline", json!({"deadline": "90s"}), json!({"deadline": "90"})),
        ("spec.ttl", json!({"ttl": "1h"}), json!({"ttl": "1d"})),
        ("spec.description", json!({"description": text(4096)}), json!({"description": text(4097)})),
        ("spec.tags", json!({"tags": vec!["t"; 32]}), json!({"tags": vec!["t"; 33]})),
        ("spec.tags", json!({"tags": [text(63)]}), json!({"tags": [text(64)]})),
        ("spec.imgae", json!({}), json!({"imgae": "i"})),
    ]
}

fn run() -> Vec<Case> {
    vec![
        ("spec.application", json!({}), json!({"application": null})),
        ("spec.application.name", json!({"application": {"name": "b"}}), json!({"application": {"name": ""}})),
        ("spec.application.name", json!({}), json!({"application": {"name": null}})),
        (
            "spec.application.namespace",
            json!({"application": {"namespace": "n"}}),
            json!({"application": {"namespace": ""}}),
        ),
        ("spec.options", json!({"options": text(65536)}), json!({"options": text(65537)})),
        ("spec.arguments", json!({"arguments": {"a": [1, {"b": null}]}}), json!({"arguments": "--a 1"})),
        ("spec.env", json!({"env": {"A_1": ""}}), json!({"env": {"1A": ""}})),
        ("spec.env", json!({"env": env(256)}), json!({"env": env(257)})),
        ("spec.size", json!({"size": "md"}), json!({"size": ""})),
        ("spec.size", json!({"size": text(63)}), json!({"size": text(64)})),
        ("spec.workers", json!({"workers": 0}), json!({"workers": -1})),
        ("spec.workers", json!({"workers": 10000}), json!({"workers": 10001})),
        (
            "spec.scheduling.affinity",
            json!({"scheduling": {"affinity": {"nodeAffinity": {}}}}),
            json!({"scheduling": {"affinity": {"nodeAfinity": {}}}}),
        ),
        ("spec.supportsGpu", json!({"supportsGpu": false}), json!({"supportsGpu": 1})),
        ("spec.priority", json!({"priority": "low"}), json!({"priority": "lowest"})),
        ("spec.priority", json!({"priority": "high"}), json!({"priority": 1})),
        ("spec.priority", json!({"priority": "normal"}), json!({"priority": ""})),
        ("spec.serviceAccountName", json!({"serviceAccountName": "a"}), json!({"serviceAccountName": ""})),
        ("spec.suspend", json!({"suspend": true}), json!({"suspend": "true"})),
        ("spec.deadline", json!({"deadline": "1h1m1s"}), json!({"deadline": "1s1h"})),
        ("spec.ttl", json!({"ttl": "0s"}), json!({"ttl": ""})),
        ("spec.retries", json!({"retries": 0}), json!({"retries": -1})),
        ("spec.retries", json!({"retries": 100}), json!({"retries": 101})),
        ("spec.sise", json!({}), json!({"sise": "md"})),
    ]
}

fn sizes() -> Vec<Case> {
    let shirt = |member: &str, value: Value| json!({"config": {"sm": {member: value}}});
    let shirts = |count: usize| -> Value {
        let one = json!({"workers": 1, "cpu": 1, "memory": "1Gi"});
        (0..count).map(|n| (format!("s{n}"), one.clone())).collect::<serde_json::Map<_, _>>().into()
    };
    vec![
        ("spec.priority", json!({"priority": 0}), json!({"priority": -1})),
        ("spec.priority", json!({"priority": 1_000_000}), json!({"priority": 1_000_001})),
        ("spec must have config, limits or both", json!({"config": null, "limits": {}}), json!({"config": null})),
        ("spec.config", json!({}), json!({"config": {"sm": null}})),
        ("spec.gpuResource", json!({"gpuResource": "amd.com/gpu"}), json!({"gpuResource": "gpu"})),
        (
            "spec.namespaceSelector",
            json!({"namespaceSelector": {"matchLabels": {"a": "b"}}}),
            json!({"namespaceSelector": "a=b"}),
        ),
        ("spec.limits.workers", json!({"limits": {"workers": 1}}), json!({"limits": {"workers": 0}})),
        ("limits.cpu", json!({"limits": {"cpu": "64"}}), json!({"limits": {"cpu": "0"}})),
        ("limits.cpu", json!({"limits": {"cpu": 1}}), json!({"limits": {"cpu": "many"}})),
        ("limits.memory", json!({"limits": {"memory": "1Ti"}}), json!({"limits": {"memory": "0"}})),
        ("spec.limits.gpu", json!({"limits": {"gpu": 0}}), json!({"limits": {"gpu": -1}})),
        (
            "scheduling",
            shirt("scheduling", json!({"nodeSelector": {"a": "b"}})),
            shirt("scheduling", json!({"nodeSelectors": {}})),
        ),
        ("spec.config", json!({"config": shirts(31)}), json!({"config": shirts(32)})),
        (
            "spec.config",
            json!({"config": {"x-large": {"workers": 1, "cpu": 1, "memory": "1Gi"}}}),
            json!({"config": {"XL": {"workers": 1, "cpu": 1, "memory": "1Gi"}}}),
        ),
        ("workers", shirt("workers", json!(0)), shirt("workers", json!(-1))),
        ("workers", shirt("workers", json!(10000)), shirt("workers", json!(10001))),
        ("workers", json!({}), shirt("workers", Value::Null)),
        ("cpu", shirt("cpu", json!("500m")), shirt("cpu", json!("0"))),
        ("cpu", shirt("cpu", json!(2)), shirt("cpu", json!(0))),
        ("cpu", shirt("cpu", json!("1.5")), shirt("cpu", json!("two"))),
        ("cpu", json!({}), shirt("cpu", Value::Null)),
        ("memory", shirt("memory", json!("1.5Gi")), shirt("memory", json!("0"))),
        ("memory", shirt("memory", json!("1G")), shirt("memory", json!("lots"))),
        ("memory", json!({}), shirt("memory", Value::Null)),
        ("gpu", shirt("gpu", json!(64)), shirt("gpu", json!(65))),
        ("gpu", shirt("gpu", json!(0)), shirt("gpu", json!(-1))),
        ("gpus", json!({}), shirt("gpus", json!(1))),
    ]
}

fn plugin() -> Vec<Case> {
    let digest = format!("sha256:{}", "0".repeat(64));
    let map = json!({"file": null, "configMap": {"namespace": "n", "name": "m", "key": "k"}});
    let launcher = |frameworks: Value| json!({"sizingPolicy": null, "launcher": {"frameworks": frameworks}});
    let limits = |member: &str, value: &str| json!({"limits": {member: value}});
    vec![
        ("launcher", launcher(json!(["job"])), json!({"launcher": {"frameworks": ["job"]}})),
        ("sizingPolicy", json!({}), json!({"sizingPolicy": null})),
        ("launcher.frameworks", launcher(json!(vec!["f"; 32])), launcher(json!(vec!["f"; 33]))),
        ("launcher.frameworks", launcher(json!([text(63)])), launcher(json!([]))),
        ("launcher.frameworks", launcher(json!(["f"])), launcher(json!([""]))),
        (
            "spec.source",
            json!({"source": map, "digest": digest}),
            json!({"source": {"configMap": {"namespace": "n", "name": "m", "key": "k"}}}),
        ),
        ("spec.source", json!({}), json!({"source": {"file": null}})),
        ("spec.digest", json!({"source": map, "digest": digest}), json!({"source": map})),
        ("spec.digest", json!({"digest": digest}), json!({"digest": "sha256:abc"})),
        (
            "source.file.path",
            json!({"source": {"file": {"path": "b-1.wasm"}}}),
            json!({"source": {"file": {"path": "../b.wasm"}}}),
        ),
        ("source.file.path", json!({}), json!({"source": {"file": {"path": "b.txt"}}})),
        (
            "source.configMap.name",
            json!({"source": map, "digest": digest}),
            merged(&json!({"source": map, "digest": digest}), &json!({"source": {"configMap": {"name": ""}}})),
        ),
        ("spec.priority", json!({"priority": 0}), json!({"priority": -1})),
        ("spec.settings", json!({"settings": {"any": [1]}}), json!({"settings": []})),
        ("limits.time", limits("time", "2s"), limits("time", "2")),
        ("limits.fuel", json!({"limits": {"fuel": 1000}}), json!({"limits": {"fuel": 999}})),
        ("limits.memory", limits("memory", "64Mi"), limits("memory", "much")),
        ("limits.memory", limits("memory", "1Gi"), limits("memory", "0")),
        ("limits.output", limits("output", "1Mi"), limits("output", "-1")),
        ("spec.launchr", json!({}), json!({"launchr": {}})),
    ]
}

#[tokio::test]
async fn every_bound_accepts_and_refuses_by_name() -> Result<()> {
    let Some(server) = Server::given().await? else { return Ok(()) };
    let mut wrong = Vec::new();
    let kinds = [
        ("Application", application()),
        ("PlatformRepoSecret", repo_secret()),
        ("Run", run()),
        ("RunSizeConfiguration", sizes()),
        ("Plugin", plugin()),
    ];
    for (kind, cases) in kinds {
        let least = least(kind, "rules");
        for (field, good, bad) in cases {
            if let Err(words) = server.try_create(&merged(&least, &json!({"spec": good}))).await? {
                wrong.push(format!("{kind} {field}: refused though it is good: {words}"));
            }
            match server.try_create(&merged(&least, &json!({"spec": bad}))).await? {
                Ok(()) => wrong.push(format!("{kind} {field}: accepted: {:.200}", bad.to_string())),
                Err(words) if !words.contains(field) => {
                    wrong.push(format!("{kind} {field}: refused without its name: {words:.400}"))
                }
                Err(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_run_has_a_name_that_fits_a_label() -> Result<()> {
    let Some(server) = Server::given().await? else { return Ok(()) };
    assert_eq!(server.try_create(&least("Run", &text(63))).await?, Ok(()));
    let words = server.try_create(&least("Run", &text(64))).await?.expect_err("should be refused");
    assert!(words.contains("metadata.name: at most 63 characters"), "{words}");
    Ok(())
}

#[tokio::test]
async fn a_run_cannot_change_what_was_decided_on() -> Result<()> {
    let Some(server) = Server::given().await? else { return Ok(()) };
    let name = format!("fixed-{}", std::process::id());
    let given = json!({"options": "-a", "env": {"A": "1"}, "size": "sm", "workers": 1, "supportsGpu": false, "retries": 1,
            "arguments": {"a": 1}, "scheduling": {"nodeSelector": {"a": "b"}}, "serviceAccountName": "a"});
    let run = merged(&least("Run", &name), &json!({"spec": given}));
    server.put(&run).await?;
    let bare = least("Run", &format!("bare-{}", std::process::id()));
    server.put(&bare).await?;
    for (field, value) in [
        ("application", json!({"name": "other"})),
        ("options", json!("-b")),
        ("env", json!({"A": "2"})),
        ("size", json!("md")),
        ("workers", json!(2)),
        ("supportsGpu", json!(true)),
        ("arguments", json!({"a": 2})),
        ("scheduling", json!({"nodeSelector": {"a": "c"}})),
        ("serviceAccountName", json!("b")),
        ("retries", json!(2)),
    ] {
        let wanted = format!("spec.{field} cannot change");
        for (object, value) in [(&run, value.clone()), (&run, Value::Null), (&bare, value)] {
            if field == "application" && value.is_null() {
                continue;
            }
            let changed = server.try_change(object, &json!({"spec": {field: value}})).await?;
            let words = changed.expect_err(&wanted);
            assert!(words.contains(&wanted), "{field}: {words}");
        }
    }
    for free in [json!({"suspend": true}), json!({"ttl": "1h"}), json!({"deadline": "2h"}), json!({"priority": "high"})]
    {
        assert_eq!(server.try_change(&run, &json!({"spec": free})).await?, Ok(()), "{free}");
    }
    Ok(())
}
