//! Source out of a repository: fetched once for many Runs, pinned while branches move, served
//! after a restart, refused with a reason of its own, and its password nowhere to be seen.

mod canary;
mod reasons;
mod scene;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use codeflare_api::Run;
use serde_json::json;

use crate::host::{NAMESPACE, free};
use crate::world::{World, state};
use scene::{Scene, get, serves};

/// The commit of a Run, once it is recorded.
fn commit(run: &Run) -> Option<String> {
    Some(run.status.as_ref()?.launch.as_ref()?.source.as_ref()?.commit.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_runs_of_one_commit_are_one_fetch_and_a_branch_that_moves_changes_none_of_them() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let scene = Scene::new(&world).await?;
    let namespace = scene.namespace(&world, "hundred").await?;
    let first = scene.repository.file("jobs/main.py", "print('one')").commit("feature/x");
    // The branch has a slash; where it ends, only the repository knows.
    scene.application(&world, &namespace, "app", json!({"repo": scene.at("/org/repo/tree/feature/x/jobs")})).await?;
    for number in 0..100 {
        world.run(&namespace, &format!("run-{number}"), json!({})).await?;
    }
    for number in 0..100 {
        let name = format!("run-{number}");
        world.until(&namespace, &name, "recorded", |run| commit(run).is_some()).await?;
    }
    let commits: BTreeSet<_> =
        world.runs(&namespace).list(&Default::default()).await?.iter().filter_map(commit).collect();
    let (fetched, listed) = (scene.server.count("fetch"), scene.server.count("ls-refs"));
    println!("100 Runs of one commit: {fetched} fetch, {listed} look-ups of the branch");
    ensure!(commits == BTreeSet::from([first.clone()]), "{commits:?}, not {first}");
    ensure!(fetched == 1, "{fetched} fetches");
    ensure!(listed < 100, "{listed} look-ups");

    let second = scene.repository.file("jobs/main.py", "print('two')").commit("feature/x");
    world.run(&namespace, "later", json!({})).await?;
    world.until(&namespace, "later", "recorded", |run| commit(run).is_some()).await?;
    let later = world.runs(&namespace).get("later").await?;
    let source =
        later.status.as_ref().and_then(|status| status.launch.as_ref()?.source.clone()).context("no source")?;
    ensure!((source.commit, source.path.as_str()) == (second, "jobs"), "{later:#?}");
    ensure!(source.reference == "feature/x", "{}", source.reference);
    let before = world.runs(&namespace).get("run-0").await?;
    ensure!(commit(&before) == Some(first), "{before:#?}");
    ensure!(scene.server.count("fetch") == 2, "{} fetches", scene.server.count("fetch"));

    // Pods get what was recorded, in parts where they go on, and nobody gets it who guesses.
    let (old, new) =
        (scene.staged(&world, &namespace, "run-0").await?, scene.staged(&world, &namespace, "later").await?);
    ensure!(old.url != new.url && old.digest != new.digest, "{} {}", old.url, new.url);
    let (status, whole) = get(&old.url, None).await?;
    ensure!(status == 200 && scene::digest(&whole) == old.digest, "{status}, {} bytes", whole.len());
    ensure!(String::from_utf8_lossy(&whole).contains("print('one')"), "another file");
    let (status, rest) = get(&old.url, Some("bytes=512-")).await?;
    ensure!(status == 206 && Some(rest.as_slice()) == whole.get(512..), "{status}, {} bytes", rest.len());
    let guess = format!("{}{}", &old.url[..old.url.len() - 64], "0".repeat(64));
    ensure!(get(&guess, None).await?.0 == 404, "a guess was served");
    let theirs = old.url.replace("/run-0/", "/run-1/");
    ensure!(get(&theirs, None).await?.0 == 404, "another Run's code was served");

    // Host and cache are gone, and the branch is too: the commit is fetched again for whoever asks.
    world.host.kill().await;
    scene.lose_cache()?;
    scene.repository.git(&["push", "--quiet", "origin", "--delete", "feature/x"]);
    scene.up(&world).await?;
    let all = (0..8).map(|_| get(&old.url, None));
    for answer in futures::future::join_all(all).await {
        let (status, again) = answer?;
        ensure!(status == 200 && again == whole, "{status}, {} bytes", again.len());
    }
    ensure!(scene.server.count("fetch") == 3, "{} fetches", scene.server.count("fetch"));
    scene.nowhere(&world, &namespace).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_held_is_planned_and_not_recorded_and_a_retry_has_the_first_commit() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let scene = Scene::new(&world).await?;
    let namespace = scene.namespace(&world, "held-source").await?;
    let first = scene.repository.file("main.py", "print('one')").commit("main");
    scene.application(&world, &namespace, "app", json!({"repo": scene.at("/org/repo.git")})).await?;
    world.run(&namespace, "held", json!({"suspend": true})).await?;
    world.until(&namespace, "held", "held", |run| state(run) == ("Suspended".into(), "Suspended".into())).await?;
    ensure!(scene.server.count("fetch") == 1, "a held Run is planned with its source");
    ensure!(commit(&world.runs(&namespace).get("held").await?).is_none(), "nothing is recorded yet");

    world.run(&namespace, "twice", json!({"retries": 1})).await?;
    world.until(&namespace, "twice", "launched", |run| state(run).0 == "Starting").await?;
    let one = scene.staged(&world, &namespace, "twice").await?;
    scene.repository.file("main.py", "print('two')").commit("main");
    let failed = std::time::Instant::now();
    while failed.elapsed() < crate::world::PATIENCE {
        crate::kubelet::look(&world.client, &namespace, |run, attempt| (run == "twice" && attempt == 1).then_some(1))
            .await?;
        let run = world.runs(&namespace).get("twice").await?;
        let launch = run.status.and_then(|status| status.launch).unwrap_or_default();
        if launch.attempt == 2 && launch.object.is_some_and(|object| object.uid.is_some()) {
            break;
        }
        tokio::time::sleep(crate::world::LOOK).await;
    }
    let run = world.runs(&namespace).get("twice").await?;
    let launch = run.status.clone().and_then(|status| status.launch).context("nothing was launched")?;
    ensure!(launch.attempt == 2, "{run:#?}\nhost: {}", world.host.last_words());
    ensure!(commit(&run).as_ref() == Some(&first), "{run:#?}");
    let two = scene.staged(&world, &namespace, "twice").await?;
    ensure!((two.url, two.digest) == (one.url, one.digest), "a retry has the source of the first attempt");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stands_by_serves_what_another_has_recorded() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let scene = Scene::new(&world).await?;
    let namespace = scene.namespace(&world, "standby").await?;
    scene.repository.file("main.py", "print('one')").commit("main");
    scene.application(&world, &namespace, "app", json!({"repo": scene.at("/org/repo.git")})).await?;
    world.run(&namespace, "run", json!({})).await?;
    world.until(&namespace, "run", "launched", |run| state(run).0 == "Starting").await?;
    let staged = scene.staged(&world, &namespace, "run").await?;

    // Somebody holds the lease, so that the second host never acts. The first one is gone.
    world.host.kill().await;
    let now = "2099-01-01T00:00:00.000000Z";
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "codeflare-host", "namespace": NAMESPACE},
        "spec": {"holderIdentity": "another", "leaseDurationSeconds": 3600, "acquireTime": now, "renewTime": now},
    });
    world.apply(&lease).await?;
    let folder = tempfile::tempdir()?;
    let (second, at) = (world.host.beside(folder.path())?, free());
    scene.tell(&second, at, "others", &["--leader-elect", "true"]).await;
    serves(&second, at).await?;
    let path = staged.url.split_once("/source/").context("an address of another kind")?.1;
    let (status, bytes) = get(&format!("http://{at}/source/{path}"), None).await?;
    ensure!(status == 200 && scene::digest(&bytes) == staged.digest, "{status}: {}", String::from_utf8_lossy(&bytes));
    ensure!(scene.server.count("fetch") == 2, "{} fetches", scene.server.count("fetch"));
    ensure!(!second.log().contains("watching Runs"), "it acts: {}", second.last_words());
    second.kill().await;
    let leases = kube::Api::<k8s_openapi::api::coordination::v1::Lease>::namespaced(world.client.clone(), NAMESPACE);
    leases.delete("codeflare-host", &Default::default()).await?;
    Ok(())
}
