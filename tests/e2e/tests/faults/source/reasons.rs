//! What keeps source from coming, each with its own reason on the Run; and to whom no
//! password is shown.

use anyhow::{Result, ensure};
use codeflare_test_git::{Answer, Authority, Options, Server};
use serde_json::{Value, json};

use super::scene::Scene;
use crate::world::{World, state};

#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_which_source_does_not_come_has_a_reason_of_its_own() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let scene = Scene::new(&world).await?;
    let namespace = scene.namespace(&world, "reasons").await?;
    let vault = scene.namespace(&world, "vault").await?;
    scene.repository.file("main.py", "print('one')").commit("main");
    scene.repository.link("out", "../../etc/passwd").commit("linked");
    scene.repository.git(&["rm", "--quiet", "out"]);
    scene.repository.file("large", vec![7; 2 << 20]).commit("large");
    scene.repository.git(&["rm", "--quiet", "large"]);
    scene.secret(&world, &namespace, "wrong", json!({"user": "ann", "pat": "not-it"})).await?;
    scene.secret(&world, &namespace, "empty", json!({"user": "ann"})).await?;
    let stranger = Authority::new();
    let names = ["127.0.0.1".to_owned()];
    let repos = scene.repository.bare().parent().and_then(std::path::Path::parent).expect("a folder").to_owned();
    let other = Server::start(Options { repos, password: None, tls: Some(stranger.acceptor(&names)) }).await;
    let refs = |name: &str| format!("/org/{name}.git/info/refs");
    scene.server.tell(refs("moved"), Answer::Redirect(302, format!("https://{}/org/repo.git/info/refs", other.host())));
    scene.server.tell(refs("page"), Answer::Bytes(200, "text/html", b"<html>hello</html>".to_vec()));
    scene.server.tell(refs("slow"), Answer::Never);
    let repo = |path: &str| json!({"repo": scene.at(path)});
    let with = |more: Value| {
        let mut spec = repo("/org/repo.git");
        spec.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        spec
    };
    let theirs = json!({"repoSecret": {"name": "git", "namespace": vault}});
    let (here, there) = (scene.server.host(), other.host());
    let cases = [
        ("RefNotFound", with(json!({"ref": "nowhere"})), "nowhere"),
        ("DirectoryNotFound", with(json!({"ref": "main", "path": "nowhere"})), "nowhere"),
        ("RepoNotFound", repo("/org/none.git"), "Secret/git"),
        ("RepoCredentialsRefused", with(json!({"repoSecret": {"name": "wrong"}})), "Secret/wrong"),
        ("RepoSecretNotFound", with(json!({"repoSecret": {"name": "missing"}})), "Secret/missing"),
        ("RepoSecretInvalid", with(json!({"repoSecret": {"name": "empty"}})), "`pat`"),
        ("RepoSecretNotAllowed", with(theirs), "codeflare.dev/repo-secret-namespaces"),
        ("RepoUnreachable", json!({"repo": "https://127.0.0.1:1/a/b"}), "127.0.0.1:1"),
        ("RepoInsecure", json!({"repo": format!("http://{}/org/repo.git", scene.server.host())}), "https://"),
        ("RepoRedirected", repo("/org/moved.git"), there.as_str()),
        ("RepoCertificateUnknown", json!({"repo": format!("https://{}/org/repo.git", other.host())}), there.as_str()),
        ("RepoProtocol", repo("/org/page.git"), here.as_str()),
        ("RepoTooSlow", repo("/org/slow.git"), " s"),
        ("SourceLinkOutside", with(json!({"ref": "linked"})), "out"),
        ("SourceTooLarge", with(json!({"ref": "large"})), "1048576"),
        ("RepoInvalid", json!({"repo": "https://ann:pass@git.example/a/b"}), "spec.repo"),
    ];
    for (reason, spec, _) in &cases {
        let name = reason.to_lowercase();
        scene.application(&world, &namespace, &name, spec.clone()).await?;
        world.run(&namespace, &name, json!({"application": {"name": name}})).await?;
    }
    for (reason, _, words) in &cases {
        let name = reason.to_lowercase();
        world.until(&namespace, &name, reason, |run| state(run).1 == *reason).await?;
        let run = world.runs(&namespace).get(&name).await?;
        let status = run.status.unwrap_or_default();
        let message = status.message.unwrap_or_default();
        println!("{reason:<24} {message}");
        ensure!(message.contains(words), "{reason}: `{words}` is not in: {message}");
        let resolved = status.conditions.iter().find(|condition| condition.type_ == "Resolved");
        ensure!(
            resolved.is_some_and(|resolved| resolved.reason == *reason && resolved.status == "False"),
            "{resolved:?}"
        );
        ensure!(status.launch.is_none(), "{reason}: something was launched");
    }
    ensure!(other.seen().iter().all(|seen| seen.user.is_none()), "{:?}", other.seen());

    // What is mended is found: by the Secret's own change, and by a second look.
    scene.secret(&world, &namespace, "wrong", json!({"user": "ann", "pat": scene.canary})).await?;
    scene.secret(&world, &namespace, "missing", json!({"pat": scene.canary, "user": "ann"})).await?;
    scene.repository.git(&["branch", "--force", "nowhere"]);
    for name in ["repocredentialsrefused", "reposecretnotfound"] {
        let took = world.until(&namespace, name, "launched", |run| state(run).0 == "Starting").await?;
        println!("{name}: went on {} s after its Secret was mended", took.as_secs());
    }
    scene.nowhere(&world, &namespace).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_the_platform_goes_to_its_host_alone() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let scene = Scene::new(&world).await?;
    let vault = scene.namespace(&world, "platform").await?;
    let namespace = scene.namespace(&world, "tenant").await?;
    scene.repository.file("main.py", "print('one')").commit("main");
    let repos = scene.repository.bare().parent().and_then(std::path::Path::parent).expect("a folder").to_owned();
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let password = Some(("ann".to_owned(), "another".to_owned()));
    let evil = Server::start(Options { repos, password, tls: Some(scene.authority.acceptor(&names)) }).await;
    let good = scene.at("");
    let name = world.fresh("prs");
    // The pattern of the first platform, with the tail of a regular expression.
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "PlatformRepoSecret", "metadata": {"name": name},
            "spec": {"repo": format!("{good}/.*"), "secret": {"name": "git", "namespace": vault}},
        }))
        .await?;
    let localhost = |path: &str| format!("https://localhost:{}{path}", evil.address().port());
    let cases = [
        ("good", scene.at("/org/repo"), "Starting"),
        ("another-port", format!("https://{}/org/repo", evil.host()), "Pending"),
        ("another-name", localhost("/org/repo"), "Pending"),
        ("in-the-path", localhost(&format!("/https/{}/org/repo", scene.server.host())), "Pending"),
    ];
    for (run, repo, _) in &cases {
        scene.application(&world, &namespace, run, json!({"repo": repo, "repoSecret": null})).await?;
        world.run(&namespace, run, json!({"application": {"name": run}})).await?;
    }
    for (run, _, phase) in &cases {
        let settled = |run: &codeflare_api::Run| state(run).0 == *phase && state(run).1 != "FetchingSource";
        world.until(&namespace, run, phase, settled).await?;
        let status = world.runs(&namespace).get(run).await?.status.unwrap_or_default();
        println!("{run:<14} {} {}", status.reason.unwrap_or_default(), status.message.unwrap_or_default());
    }
    let (seen, asked) = (scene.server.seen(), evil.seen());
    ensure!(seen.iter().any(|seen| seen.user.as_deref() == Some("ann") && seen.authorized), "{seen:?}");
    ensure!(!asked.is_empty() && asked.iter().all(|seen| seen.user.is_none()), "{asked:?}");
    scene.nowhere(&world, &namespace).await?;
    let all = kube::Api::<codeflare_api::PlatformRepoSecret>::all(world.client.clone());
    all.delete(&name, &Default::default()).await?;
    Ok(())
}
