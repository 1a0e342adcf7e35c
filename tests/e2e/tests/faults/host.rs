//! The real host, as a child process that can be killed and comes back.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// Namespace of the host.
pub(crate) const NAMESPACE: &str = "default";

/// The host; clones are the same.
#[derive(Clone)]
pub(crate) struct Host {
    program: OsString,
    plugins: PathBuf,
    folder: PathBuf,
    admin: SocketAddr,
    child: Arc<Mutex<Option<Child>>>,
    more: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// A host that is not started yet; its files are in `folder`.
    pub(crate) fn new(program: OsString, plugins: PathBuf, folder: &Path) -> Host {
        let admin = free();
        Host { program, plugins, folder: folder.to_owned(), admin, child: Arc::default(), more: Arc::default() }
    }

    /// Another host of the same cluster, with a folder of its own.
    pub(crate) fn beside(&self, folder: &Path) -> Result<Host> {
        let other = Host::new(self.program.clone(), self.plugins.clone(), folder);
        std::fs::copy(self.kubeconfig(), other.kubeconfig())?;
        std::fs::copy(self.ceiling(), other.ceiling())?;
        Ok(other)
    }

    /// Where the kubeconfig that it is started with has to be.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// Where its ceiling on grants has to be.
    pub(crate) fn ceiling(&self) -> PathBuf {
        self.folder.join("ceiling.yaml")
    }

    /// What it is told beside the usual, from its next start on.
    pub(crate) async fn started_with(&self, more: &[&str]) {
        *self.more.lock().await = more.iter().map(|&word| word.to_owned()).collect();
    }

    /// Starts it if it does not run.
    pub(crate) async fn ensure(&self) -> Result<()> {
        let mut child = self.child.lock().await;
        if let Some(running) = child.as_mut()
            && running.try_wait()?.is_none()
        {
            return Ok(());
        }
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join("host.log"))?;
        let started = Command::new(&self.program)
            .args(["host", "--log-format", "text", "--admin", &self.admin.to_string()])
            .env("CODEFLARE_LEADER_ELECT", "false")
            .arg("--plugins")
            .arg(&self.plugins)
            .arg("--cache")
            .arg(self.cache())
            .args(["--namespace", NAMESPACE])
            .arg("--grant-ceiling")
            .arg(self.ceiling())
            // So short that what is needed would be missed.
            .args(["--plugin-grace", "2"])
            .args(&*self.more.lock().await)
            .env("KUBECONFIG", self.kubeconfig())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("CODEFLARE_HOST")?;
        *child = Some(started);
        Ok(())
    }

    /// Kills it as a machine that loses power would.
    pub(crate) async fn kill(&self) {
        if let Some(mut child) = self.child.lock().await.take() {
            let _ = child.kill().await;
        }
    }

    /// Takes away whatever it keeps on disk; it must not run.
    pub(crate) fn lose_cache(&self) -> Result<()> {
        match std::fs::remove_dir_all(self.cache()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// Where it shows what it counts.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("host.log")).unwrap_or_default()
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// An address of the loopback that nobody listens at.
pub(crate) fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}
