//! A platform of one's own, from its chart to the end of its Runs: manifests as the first
//! CodeFlare Platform had them, a repository behind a password, an index of packages, images
//! under the names that they had.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use codeflare_api::Run;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams, LogParams};
use tokio::process::Command;

use crate::door::HOST;
use crate::git::{Git, PASSWORD, USER, file};
use crate::index::{self, Index};
use crate::shapes::{RAY, TORCH};
use crate::source::source;
use crate::world::World;

/// Namespaces that the chart brings.
const NAMESPACES: [&str; 2] = ["watsonx-ai-preprocessing", "watsonx-ai-training"];
/// What the images were called.
const NAMES: [(&str, &str); 2] =
    [(RAY, "docker.io/rayproject/ray:2.5.0-py310"), (TORCH, "docker.io/pytorch/pytorch:1.13.1")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Gives our images the names that the manifests have. Where the cluster is another one, they
/// have to be ours.
async fn images() -> Result<[&'static str; 2]> {
    let socket = root().join(".local/cluster/run/containerd.sock");
    if !socket.exists() {
        return Ok(NAMES.map(|(ours, _)| ours));
    }
    for (ours, theirs) in NAMES {
        let mut command = Command::new("ctr");
        command.arg("--address").arg(&socket).args(["--namespace", "k8s.io", "images", "tag", "--force", ours, theirs]);
        let done = command.output().await.context("ctr")?;
        ensure!(done.status.success(), "ctr: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(NAMES.map(|(_, theirs)| theirs))
}

/// Runs a script of this repository; whether it ended well, and what it said.
async fn script(world: &World, path: &str, words: &[&str], environment: &[(&str, String)]) -> Result<(bool, String)> {
    let mut command = Command::new(root().join(path));
    command.args(words).env("KUBECONFIG", world.kubeconfig()).envs(environment.iter().cloned());
    let done = command.output().await.with_context(|| path.to_owned())?;
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    println!("--- {path} {}\n{said}---", words.join(" "));
    ensure!(!said.contains(PASSWORD), "{path} has told the password");
    Ok((done.status.success(), said))
}

/// What the pods of a Run have written.
async fn log(world: &World, namespace: &str, run: &str, role: &str) -> Result<String> {
    let pods = Api::<Pod>::namespaced(world.client.clone(), namespace);
    let of_run = format!("codeflare.dev/run={run},codeflare.dev/role={role}");
    let mut all = String::new();
    for pod in pods.list(&ListParams::default().labels(&of_run)).await? {
        let params = LogParams { container: Some(role.to_owned()), ..LogParams::default() };
        all.push_str(&pods.logs(&pod.name_any(), &params).await?);
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_of_the_first_platform_end_in_succeeded() -> Result<()> {
    let Some(world) = World::given("platform").await? else { return Ok(()) };
    let index = Index::start().await?;
    let git = Git::start(&world).await?;
    let programs = git.repository("watsonx-ai/programs");
    for name in ["ray/main.py", "torch/main.py"] {
        programs.file(name, file(&format!("examples/watsonx-ai/programs/{name}"))?);
    }
    let commit = programs.commit("main");
    let indexed = format!("packages.indexUrl={}", index.url());
    let trusted = format!("packages.trustedHosts={{{HOST}}}");
    world.platform(&[&git.trust(), &indexed, &trusted]).await?;

    let repository = format!("{}/watsonx-ai", git.url());
    let environment = [
        ("WATSONX_REPO_URL", format!("{repository}/programs/tree/main")),
        ("WATSONX_REPO_PATTERN", repository),
        ("WATSONX_REPO_USER", USER.to_owned()),
        ("WATSONX_REPO_TOKEN", PASSWORD.to_owned()),
    ];
    let [ray, torch] = images().await?;
    let values = [
        format!("ray.image={ray}"),
        format!("torch.image={torch}"),
        format!("ray.requirements={}=={}", index::PROJECT, index::VERSION),
        format!("ray.options=--module {}", index::MODULE),
    ];
    let flags: Vec<&str> = values.iter().flat_map(|value| ["--set", value.as_str()]).collect();
    ensure!(script(&world, "hack/platform.sh", &flags, &environment).await?.0, "the platform was not installed");

    let (succeeded, said) = script(&world, "tests/kind/deploy-tests.sh", &["--timeout", "400"], &[]).await?;
    ensure!(succeeded && said.contains("all 2 Runs have succeeded"), "not every Run has succeeded");
    for (namespace, name, folder) in [(NAMESPACES[0], "preprocess", "ray"), (NAMESPACES[1], "train", "torch")] {
        let run = Api::<Run>::namespaced(world.client.clone(), namespace).get(name).await?;
        let from = source(&run)?;
        ensure!(from.commit == commit && from.reference == "main" && from.path == folder, "{name}: {from:?}");
        let size = run.status.and_then(|status| status.launch).and_then(|launch| launch.size).context("no size")?;
        ensure!(size.worker.extended.values().all(|count| *count == 0), "{name} has GPUs that nobody wanted: {size:?}");
    }
    let trained = log(&world, NAMESPACES[1], "train", "node").await?;
    ensure!(
        trained.contains("trained 1 epochs on 1 workers"),
        "the Run's options replace the Application's: {trained}"
    );
    let found = log(&world, NAMESPACES[0], "preprocess", "submitter").await?;
    ensure!(found.contains(&format!("{} {} on 1 nodes", index::MODULE, index::VERSION)), "{found}");
    let fetches = git.fetches();
    ensure!(fetches.len() == 2, "one fetch for each folder: {fetches:#?}");
    ensure!(fetches.iter().all(|seen| seen.authorized && seen.user.as_deref() == Some(USER)), "{fetches:#?}");

    // One that fails is told of in the program's own words.
    let folder = tempfile::tempdir()?;
    let bad = folder.path().join("bad.yaml");
    std::fs::write(&bad, file("tests/runs/train.yaml")?.replace("--max_epochs 1", "--max_epochs many"))?;
    let words = ["--timeout", "120", bad.to_str().context("a path")?];
    let (succeeded, said) = script(&world, "tests/kind/deploy-tests.sh", &words, &[]).await?;
    ensure!(!succeeded && said.contains("has failed") && said.contains("invalid int value: 'many'"), "{said}");

    ensure!(script(&world, "hack/platform.sh", &["--uninstall"], &[]).await?.0, "it does not go");
    for namespace in NAMESPACES {
        world.take_away(namespace).await?;
    }
    world.platform(&["network.caConfigMap=", "packages.indexUrl="]).await?;
    world.end().await
}
