//! Source in a repository behind a password: what the program finds, which commit each Run
//! has, and how often it was fetched.

use anyhow::{Context, Result, ensure};
use codeflare_api::Run;
use codeflare_api::run::LaunchedSource;
use serde_json::json;

use crate::canary;
use crate::git::{Git, PASSWORD, USER};
use crate::shapes::PYTHON;
use crate::world::World;

/// Tells what is in the file beside it.
const PROGRAM: &str = "\
import pathlib, signal, sys
print('NONCE', pathlib.Path('nonce').read_text(), flush=True)
if 'wait' in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()
";

/// Where the source of a Run is from.
pub(crate) fn source(run: &Run) -> Result<LaunchedSource> {
    let launch = run.status.as_ref().and_then(|status| status.launch.as_ref());
    launch.and_then(|launch| launch.source.clone()).context("the status does not say where its source is from")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_moves_gives_each_run_its_own_commit() -> Result<()> {
    let Some(world) = World::given("source").await? else { return Ok(()) };
    let git = Git::start(&world).await?;
    world.platform(&[&git.trust()]).await?;
    let repository = git.repository("org/programs");
    repository.file("jobs/say/main.py", PROGRAM).file("outside", "not of the folder");
    let first = repository.file("jobs/say/nonce", "first").commit("feature/nonces");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git"}, "stringData": {"user": USER, "pat": PASSWORD},
    });
    world.apply(&secret).await?;
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application", "metadata": {"name": "say"},
            "spec": {
                "api": "job", "image": PYTHON, "command": "python3 main.py", "repoSecret": {"name": "git"},
                "repo": format!("{}/org/programs/tree/feature/nonces/jobs/say", git.url()),
            },
        }))
        .await?;
    // Three of one commit, then the branch moves.
    let before = ["before-0", "before-1", "before-2"];
    for name in before {
        world.run_of(name, "say", json!({})).await?;
    }
    for name in before {
        world.succeeded(name).await?;
    }
    let second = repository.file("jobs/say/nonce", "second").commit("feature/nonces");
    world.run_of("after", "say", json!({})).await?;
    world.succeeded("after").await?;
    for (name, commit, nonce) in
        before.map(|name| (name, &first, "first")).into_iter().chain([("after", &second, "second")])
    {
        let log = world.logs(name, "worker").await?.join("\n");
        ensure!(log.trim() == format!("NONCE {nonce}"), "{name}: {log}");
        let said = source(&world.runs().get(name).await?)?;
        ensure!(said.commit == *commit && said.reference == "feature/nonces", "{name}: {said:?}, not {commit}");
        ensure!(said.path == "jobs/say" && said.repo.starts_with(&git.url()), "{name}: {said:?}");
    }
    // While a pod runs that got its source, too.
    world.run_of("alive", "say", json!({"options": "wait"})).await?;
    world.says("alive", "worker", "NONCE second").await?;
    canary::nowhere(&world).await?;
    let fetches = git.fetches();
    ensure!(fetches.len() == 2, "each commit is fetched once: {fetches:#?}");
    ensure!(fetches.iter().all(|seen| seen.authorized && seen.user.as_deref() == Some(USER)), "{fetches:#?}");
    world.platform(&["network.caConfigMap="]).await?;
    world.end().await
}
