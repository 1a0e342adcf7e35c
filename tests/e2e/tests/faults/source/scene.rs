//! A git server over TLS behind a password, a repository, and a host that may read it.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use codeflare_test_git::{Authority, Options, Repository, Server};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::host::{Host, free};
use crate::world::{LOOK, PATIENCE, World};

/// Everything that a test needs beside its world.
pub(super) struct Scene {
    pub(super) server: Server,
    pub(super) repository: Repository,
    pub(super) authority: Authority,
    /// The password that must be nowhere but in Secrets.
    pub(super) canary: String,
    folder: TempDir,
    served: SocketAddr,
}

/// What an init step is told.
pub(super) struct Staged {
    pub(super) url: String,
    pub(super) digest: String,
}

impl Scene {
    /// The host of the world is told of it, and not started yet.
    pub(super) async fn new(world: &World) -> Result<Scene> {
        let folder = tempfile::tempdir()?;
        let repos = folder.path().join("repos");
        let repository = Repository::create(&repos, "org/repo.git", &folder.path().join("work"));
        let authority = Authority::new();
        let canary = world.fresh("canary");
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let password = Some(("ann".to_owned(), canary.clone()));
        let server = Server::start(Options { repos, password, tls: Some(authority.acceptor(&names)) }).await;
        let ca = folder.path().join("ca.crt");
        std::fs::write(&ca, authority.pem())?;
        let served = free();
        let scene = Scene { server, repository, authority, canary, folder, served };
        scene.tell(&world.host, served, "sources", &[]).await;
        Ok(scene)
    }

    /// Tells a host of it, which is to serve at an address out of a folder.
    pub(super) async fn tell(&self, host: &Host, at: SocketAddr, folder: &str, more: &[&str]) {
        let (ca, cache) = (self.folder.path().join("ca.crt"), self.folder.path().join(folder));
        let (ca, cache) = (ca.display().to_string(), cache.display().to_string());
        let (listen, url) = (at.to_string(), format!("http://{at}"));
        let all = [
            ["--image", "none"],
            ["--ca-file", &ca],
            ["--source-listen", &listen],
            ["--source-url", &url],
            ["--source-cache", &cache],
            ["--source-max-size", "1Mi"],
        ];
        let all: Vec<_> = all.into_iter().flatten().chain(more.iter().copied()).collect();
        host.started_with(&all).await;
    }

    /// An address of the server.
    pub(super) fn at(&self, path: &str) -> String {
        format!("https://{}{path}", self.server.host())
    }

    /// The host's folder for packs.
    pub(super) fn cache(&self) -> PathBuf {
        self.folder.path().join("sources")
    }

    /// Takes it away; the host must not run.
    pub(super) fn lose_cache(&self) -> Result<()> {
        Ok(std::fs::remove_dir_all(self.cache())?)
    }

    /// Waits until the world's host serves.
    pub(super) async fn up(&self, world: &World) -> Result<()> {
        serves(&world.host, self.served).await
    }

    /// A namespace with the right credentials in Secret `git`.
    pub(super) async fn namespace(&self, world: &World, name: &str) -> Result<String> {
        let namespace = world.fresh(name);
        world.namespace(&namespace).await?;
        world.proxy.begin(&namespace, None);
        self.secret(world, &namespace, "git", json!({"user": "ann", "pat": self.canary})).await?;
        Ok(namespace)
    }

    /// A Secret.
    pub(super) async fn secret(&self, world: &World, namespace: &str, name: &str, data: Value) -> Result<()> {
        world
            .apply(&json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
                "stringData": data,
            }))
            .await
    }

    /// An Application with source; it shows Secret `git` unless it says otherwise.
    pub(super) async fn application(&self, world: &World, namespace: &str, name: &str, source: Value) -> Result<()> {
        let mut spec =
            json!({"api": "job", "image": "none", "command": "true", "size": "xs", "repoSecret": {"name": "git"}});
        for (member, value) in source.as_object().context("an object")? {
            match value.is_null() {
                true => spec.as_object_mut().context("an object")?.remove(member),
                false => spec.as_object_mut().context("an object")?.insert(member.clone(), value.clone()),
            };
        }
        world
            .apply(&json!({
                "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
                "metadata": {"name": name, "namespace": namespace}, "spec": spec,
            }))
            .await
    }

    /// What the init step of a Run's present attempt is told.
    pub(super) async fn staged(&self, world: &World, namespace: &str, run: &str) -> Result<Staged> {
        let attempt = world.runs(namespace).get(run).await?.status.and_then(|status| status.launch);
        let attempt = attempt.context("nothing was launched")?.attempt;
        let maps = Api::<ConfigMap>::namespaced(world.client.clone(), namespace);
        let selector = format!("codeflare.dev/run={run},codeflare.dev/attempt={attempt}");
        let maps = maps.list(&ListParams::default().labels(&selector)).await?;
        let text = maps.iter().find_map(|map| map.data.as_ref()?.get("stage.json"));
        let document: Value = serde_json::from_str(text.context("there is no document for the init step")?)?;
        let member = |name: &str| document["fetch"][name].as_str().map(str::to_owned).context("a member is missing");
        ensure!(document["fetch"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{document}");
        Ok(Staged { url: member("url")?, digest: member("digest")? })
    }
}

/// Starts a host, and waits until it serves source.
pub(super) async fn serves(host: &Host, at: SocketAddr) -> Result<()> {
    let start = std::time::Instant::now();
    while start.elapsed() < PATIENCE {
        host.ensure().await?;
        if TcpStream::connect(at).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("the host serves no source: {}", host.last_words())
}

/// `sha256:…` of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Status and body of a GET without TLS.
pub(super) async fn get(url: &str, range: Option<&str>) -> Result<(u16, Vec<u8>)> {
    let rest = url.strip_prefix("http://").context("an address without TLS")?;
    let (host, path) = rest.split_once('/').context("an address without a path")?;
    let range = range.map(|range| format!("Range: {range}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n{range}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without a head")?;
    let status = std::str::from_utf8(&answer[..end])?.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, answer.split_off(end + 4)))
}
