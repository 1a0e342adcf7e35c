//! A git server as a company has one: at a name of its own, behind a password, over TLS by an
//! authority that nobody outside knows. It runs on this machine; a Service of the cluster
//! leads to it.

use std::path::Path;

use anyhow::{Context, Result};
use codeflare_test_git::{Authority, Options, Repository, Seen, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::door::{Door, HOST};
use crate::world::World;

pub(crate) const USER: &str = "platform-bot";
/// What must show nowhere.
pub(crate) const PASSWORD: &str = "canary-6f1d2b9e7c";

/// The server; it ends when this is dropped.
pub(crate) struct Git {
    server: Server,
    folder: TempDir,
    name: String,
    authority: String,
    _door: Door,
}

impl Git {
    /// Starts it, and gives it a name in the namespace of a test.
    pub(crate) async fn start(world: &World) -> Result<Git> {
        let (door, listener) = Door::open().await?;
        let name = format!("git.{}.svc.cluster.local", world.namespace);
        let port = json!({"port": 443, "targetPort": door.port()});
        world
            .apply(
                &json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "git"}, "spec": {"ports": [port]}}),
            )
            .await?;
        world
            .apply(&json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": {"name": "git", "labels": {"kubernetes.io/service-name": "git"}},
                "ports": [{"port": door.port()}], "endpoints": [{"addresses": [HOST]}],
            }))
            .await?;
        let authority = Authority::new();
        // By another name each time: the host reads it when it starts.
        let map = format!("authority-of-{}", world.namespace);
        world
            .apply(&json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": map, "namespace": "codeflare-system"},
                "data": {"ca.crt": authority.pem()},
            }))
            .await?;
        let folder = tempfile::tempdir()?;
        let options = Options {
            repos: folder.path().join("repos"),
            password: Some((USER.to_owned(), PASSWORD.to_owned())),
            tls: Some(authority.acceptor(std::slice::from_ref(&name))),
        };
        std::fs::create_dir_all(&options.repos)?;
        let server = Server::on(listener, options, None);
        Ok(Git { server, folder, name, authority: map, _door: door })
    }

    /// An empty repository, such as `org/repo`.
    pub(crate) fn repository(&self, name: &str) -> Repository {
        Repository::create(&self.folder.path().join("repos"), name, &self.folder.path().join("work"))
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.name)
    }

    /// The value of the platform's chart that lets the host trust it.
    pub(crate) fn trust(&self) -> String {
        format!("network.caConfigMap={}", self.authority)
    }

    /// Requests that fetched something.
    pub(crate) fn fetches(&self) -> Vec<Seen> {
        self.server.seen().into_iter().filter(|seen| seen.command.as_deref() == Some("fetch")).collect()
    }
}

impl Drop for Git {
    fn drop(&mut self) {
        let server = self.server.clone();
        tokio::spawn(async move { server.stop().await });
    }
}

/// Text of a file of this repository.
pub(crate) fn file(path: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}
