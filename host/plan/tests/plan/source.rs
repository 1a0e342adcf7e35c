//! Source out of a repository: whose credentials are for it, what the Run waits for, and what
//! its pods and its status get.

use codeflare_api::{Application, PlatformRepoSecret, Reason};
use codeflare_plan::draft::{Next, redraft};
use codeflare_plan::seen::{FetchedSource, Seen, SeenSource};
use codeflare_plan::source::{By, SecretUse, permit, place, wanted};
use codeflare_plan::stop::Problem;
use codeflare_source::stage::Stage;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::support::{ask, lines, plan, record, seen};

const REPO: &str = "https://git.good/org/repo/tree/main/examples/a";

fn application(spec: Value) -> Application {
    let mut all = json!({"api": "job", "image": "i", "command": "c"});
    all.as_object_mut().expect("an object").extend(spec.as_object().expect("an object").clone());
    let object = json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
        "metadata": {"name": "greet", "namespace": "demo"}, "spec": all,
    });
    serde_json::from_value(object).expect("should be an Application")
}

fn platform(name: &str, repo: &str) -> PlatformRepoSecret {
    serde_json::from_value(json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "PlatformRepoSecret", "metadata": {"name": name},
        "spec": {"repo": repo, "secret": {"name": format!("{name}-secret"), "namespace": "vault"}},
    }))
    .expect("should be a PlatformRepoSecret")
}

/// `namespace/name by whom` of the Secret that is chosen.
fn chosen(application: &Application, platform: &[PlatformRepoSecret]) -> String {
    let wanted = wanted(application, platform).expect("should be readable").expect("should be in a repository");
    wanted
        .secret
        .map_or_else(String::new, |secret| format!("{}/{} {}", secret.namespace, secret.name, secret.field().0))
}

#[test]
fn the_longest_pattern_that_matches_wins_and_an_applications_own_secret_over_all() {
    let all = [
        platform("host", "https://git.good"),
        platform("org", "https://git.good/org/.*"),
        platform("twin", "https://git.good/org"),
        platform("other", "https://git.good/organisation"),
        platform("evil", "https://git.good.evil"),
        platform("wrong", "https://(git|hub).good"),
    ];
    for (repo, expected) in [
        (REPO, "vault/org-secret PlatformRepoSecret/org"),
        ("https://git.good/org/repo", "vault/org-secret PlatformRepoSecret/org"),
        ("https://git.good/else/repo", "vault/host-secret PlatformRepoSecret/host"),
        ("https://git.good.evil/org/repo", "vault/evil-secret PlatformRepoSecret/evil"),
        ("https://evil/https/git.good/org/repo", ""),
        ("http://git.good/org/repo", ""),
        ("https://git.good:8443/org/repo", ""),
        ("https://hub.good/org/repo", ""),
    ] {
        assert_eq!(chosen(&application(json!({"repo": repo})), &all), expected, "{repo}");
        // The order of the list says nothing.
        let mut backwards = all.to_vec();
        backwards.reverse();
        assert_eq!(chosen(&application(json!({"repo": repo})), &backwards), expected, "{repo}");
    }
    for (secret, expected) in [
        (json!({"name": "mine"}), "demo/mine Application/greet"),
        (json!({"name": "mine", "namespace": "demo"}), "demo/mine Application/greet"),
        (json!({"name": "theirs", "namespace": "vault"}), "vault/theirs Application/greet"),
    ] {
        let own = application(json!({"repo": REPO, "repoSecret": secret}));
        assert_eq!(chosen(&own, &all), expected);
    }
}

#[test]
fn a_secret_goes_to_nobody_whom_its_owner_did_not_name() {
    let by = |namespace: &str| By::Application { namespace: namespace.to_owned(), name: "greet".to_owned() };
    let of = |by: By| SecretUse { namespace: "vault".to_owned(), name: "s".to_owned(), by };
    let (own, other, admin) = (of(by("vault")), of(by("demo")), of(By::Platform("p".to_owned())));
    let namespaces = "codeflare.dev/repo-secret-namespaces";
    let hosts = "codeflare.dev/repo-secret-hosts";
    let good = "https://git.good/org/repo";
    for (secret, annotations, repo, refused) in [
        (&own, json!({}), good, ""),
        (&own, json!({hosts: "git.good"}), good, ""),
        (&own, json!({hosts: "https://git.good/org, hub.good"}), good, ""),
        (&own, json!({hosts: "hub.good"}), good, hosts),
        (&own, json!({hosts: ""}), good, hosts),
        (&own, json!({hosts: "git.good"}), "https://git.good.evil/a/b", hosts),
        (&own, json!({hosts: "git.good"}), "https://git.good:444/a/b", hosts),
        (&own, json!({hosts: "git.good"}), "http://git.good/a/b", hosts),
        (&own, json!({hosts: ".*"}), good, hosts),
        (&own, json!({namespaces: "demo"}), good, ""),
        (&admin, json!({}), good, ""),
        (&admin, json!({hosts: "hub.good"}), good, hosts),
        (&other, json!({}), good, namespaces),
        (&other, json!({hosts: "git.good"}), good, namespaces),
        (&other, json!({namespaces: "demo"}), good, hosts),
        (&other, json!({namespaces: "demos,emo", hosts: "git.good"}), good, namespaces),
        (&other, json!({namespaces: "team, demo ,x", hosts: "git.good"}), good, ""),
        (&other, json!({namespaces: "*", hosts: "git.good"}), good, ""),
        (&other, json!({namespaces: "*", hosts: "*"}), good, hosts),
        (&other, json!({namespaces: "demo", hosts: "hub.good"}), good, hosts),
    ] {
        let meta: ObjectMeta = serde_json::from_value(json!({"annotations": annotations})).expect("metadata");
        let place = place(&application(json!({"repo": repo}))).expect("readable").expect("in a repository");
        let said = permit(secret, &meta, &place.address);
        match refused {
            "" => assert_eq!(said, Ok(()), "{secret:?} {annotations} {repo}"),
            annotation => {
                let said = said.expect_err(&format!("{secret:?} {annotations} {repo}"));
                assert!(said.contains(annotation), "{said}");
            }
        }
    }
}

/// A Run whose Application names a repository, with what is known of it.
fn run(spec: &[(&'static str, Value)], source: Option<SeenSource>) -> Seen {
    let mut all = vec![("/site/image", json!("registry/platform:1")), ("/application/spec/repo", json!(REPO))];
    all.extend(spec.iter().cloned());
    Seen { source, ..seen(&all) }
}

fn fetched(commit: &str) -> FetchedSource {
    FetchedSource {
        repo: "https://git.good/org/repo".to_owned(),
        reference: "main".to_owned(),
        commit: commit.to_owned(),
        path: "examples/a".to_owned(),
        digest: "sha256:aa".to_owned(),
        bytes: 10_240,
        url: "http://source.svc:8081/source/demo/hello/uid/code".to_owned(),
    }
}

fn stopped(seen: &Seen) -> Vec<String> {
    lines(&codeflare_plan::draft::drive(seen, 1, ask).expect_err("should stop"))
}

#[test]
fn a_run_waits_for_its_source_and_says_why_it_does_not_come() {
    let failed = |reason: Reason| {
        Some(SeenSource::Failed(Problem::new(reason, "Application/greet", "/spec/repo", "git.good has no branch main")))
    };
    let none = json!(null);
    let big = ("/run/spec/size", json!("huge"));
    let said = [
        ("nobody has looked yet", run(&[], None)),
        ("on its way", run(&[], Some(SeenSource::Pending))),
        ("no such branch", run(&[], failed(Reason::RefNotFound))),
        (
            "on its way, and something else is wrong",
            run(&[("/run/spec/options", json!("'"))], Some(SeenSource::Pending)),
        ),
        ("two things are wrong", run(&[("/run/spec/options", json!("'"))], failed(Reason::RepoUnreachable))),
        ("on its way, and of an unknown size", run(&[big], Some(SeenSource::Pending))),
        ("no address", run(&[("/application/spec/repo", json!("git@git.good:org/repo"))], None)),
        ("a password in it", run(&[("/application/spec/repo", json!("https://ann:hunter2@git.good/org/repo"))], None)),
        ("said twice", run(&[("/application/spec/ref", json!("v1"))], None)),
        ("two sources", run(&[("/application/spec/code", json!([{"name": "a", "source": ""}]))], None)),
        ("a folder of nothing", run(&[("/application/spec/repo", none), ("/application/spec/path", json!("a"))], None)),
    ]
    .map(|(case, seen)| (case, stopped(&seen)));
    insta::assert_yaml_snapshot!(said);
    assert!(!format!("{said:?}").contains("hunter2"));
}

#[test]
fn pods_fetch_what_the_host_has_and_the_status_says_which_commit_it_is() {
    let seen = run(&[("/run/spec/retries", json!(1))], Some(SeenSource::Fetched(fetched("c0ffee"))));
    let record = record(&seen);
    let map = &record.plan.objects[0];
    assert!(map.by_host);
    let document = map.object["data"]["stage.json"].as_str().expect("should be text");
    let document: Stage = serde_json::from_str(document).expect("should be what the init step reads");
    let fetch = json!({"url": fetched("").url, "digest": "sha256:aa", "bytes": 10_240});
    let expected = json!({"workdir": "/workdir", "files": [], "fetch": fetch});
    assert_eq!(document, serde_json::from_value(expected).expect("should be a document"));
    let pod = &record.plan.primary().expect("should have a primary").object["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["workingDir"], json!("/workdir"));
    assert_eq!(pod["initContainers"][0]["command"][4], json!("--workdir"));
    assert!(!pod.to_string().contains("source.svc"), "the address is for the init step alone: {pod}");

    // A later attempt has the first one's commit, whatever the branch has become.
    let second = match redraft(&record, 2, &[]).expect("should go on") {
        Next::Call(call) => {
            let answer = ask(&call).expect("should answer");
            let codeflare_plan::plan::Call { plugin, digest, request } = *call;
            redraft(&record, 2, &[codeflare_plan::plan::Exchange { plugin, digest, request, answer }])
        }
        Next::Plan(plan) => Ok(Next::Plan(plan)),
    };
    let Next::Plan(second) = second.expect("should come to a plan") else { panic!("one call is enough") };
    assert_eq!(second.objects[0].object["data"], map.object["data"]);
}

#[test]
fn a_source_that_nobody_has_looked_up_stands_in_a_plan_as_what_it_is() {
    let named = vec![
        ("/application/spec/repo", json!("https://git.good/org/repo")),
        ("/application/spec/ref", json!("v1")),
        ("/application/spec/path", json!("a/b")),
    ];
    for (spec, expected) in [(vec![], (REPO, "", "")), (named, ("https://git.good/org/repo", "v1", "a/b"))] {
        let mut seen = run(&spec, None);
        let place = place(seen.application.as_ref().expect("should be there")).expect("readable").expect("a place");
        let unresolved = FetchedSource::unresolved(&place);
        let FetchedSource { repo, reference, path, .. } = &unresolved;
        assert_eq!((repo.as_str(), reference.as_str(), path.as_str()), expected);
        assert!(!unresolved.is_resolved() && fetched("c0ffee").is_resolved());
        seen.source = Some(SeenSource::Fetched(unresolved));
        plan(&seen);
    }
}
