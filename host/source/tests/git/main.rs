//! Repositories of git's own server, and of servers that are not what they should be.
//!
//! `cargo test -p codeflare-source --test git -- --nocapture` prints what came of each of
//! the bad.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it saw"
)]

mod good;
mod hostile;
mod secrets;
mod tls;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use codeflare_api::repository::Place;
use codeflare_net::{Client, Settings};
use codeflare_source::{Credentials, FetchError, Git, Limits, Pack, Resolved};
use codeflare_test_git::{Options, Repository, Server};
use tempfile::TempDir;

/// Where the repository of most tests is.
const NAME: &str = "org/repo.git";

/// A server with one repository, and who reads it.
struct Scene {
    folder: TempDir,
    server: Server,
    repository: Repository,
    credentials: Option<Credentials>,
    limits: Limits,
    client: Client,
}

impl Scene {
    /// Without TLS and password.
    async fn new() -> Scene {
        Scene::with(None).await
    }

    async fn with(password: Option<(&str, &str)>) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let repos = folder.path().join("repos");
        let repository = Repository::create(&repos, NAME, &folder.path().join("work"));
        let password = password.map(|(user, password)| (user.to_owned(), password.to_owned()));
        let server = Server::start(Options { repos, password, tls: None }).await;
        std::fs::create_dir(folder.path().join("cache")).unwrap();
        let client = client(&[&server]);
        Scene { folder, server, repository, credentials: None, limits: Limits::default(), client }
    }

    /// An address of the server.
    fn at(&self, path: &str) -> String {
        format!("http://{}/{path}", self.server.host())
    }

    async fn resolve(&self, repo: &str, reference: Option<&str>, path: Option<&str>) -> Result<Resolved, FetchError> {
        let place = Place::parse(repo, reference, path).unwrap();
        let git = Git::new(self.client.clone()).resolving_within(self.limits.total, self.limits.stall);
        git.resolve(&place, self.credentials.as_ref()).await
    }

    async fn fetch(&self, resolved: &Resolved) -> Result<Pack, FetchError> {
        let Resolved { address, commit, path, .. } = resolved;
        let git = Git::new(self.client.clone());
        let into = self.folder.path().join("cache");
        git.fetch(address, commit, path, self.credentials.as_ref(), &self.limits, &into).await
    }

    /// Both, for a path of the repository such as `/tree/main/a`.
    async fn pack(&self, behind: &str) -> Result<Pack, FetchError> {
        let resolved = self.resolve(&self.at(&format!("{NAME}{behind}")), None, None).await?;
        self.fetch(&resolved).await
    }

    /// What is in the cache of those who fetch.
    fn cached(&self) -> Vec<String> {
        names(&self.folder.path().join("cache"))
    }

    /// Waits until nothing is left there: what ran out of time is removed by another thread.
    async fn nothing_is_left(&self, case: &str) {
        for _ in 0..1000 {
            if self.cached().is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{case}: {:?} is left", self.cached());
    }
}

fn client(servers: &[&Server]) -> Client {
    let plain_http = servers.iter().map(|server| server.host()).collect();
    Client::new(&Settings { plain_http, ..Settings::default() }).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Paths with what they are: mode and bytes, or where a link leads.
type Tree = BTreeMap<Vec<u8>, String>;

/// What is in a tar, whose entries must all be the same but for name, mode and bytes.
fn listed(pack: &Pack) -> Tree {
    let mut archive = tar::Archive::new(std::fs::File::open(&pack.file).unwrap());
    let mut tree = Tree::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let head = entry.header().clone();
        assert_eq!((head.mtime().unwrap(), head.uid().unwrap(), head.gid().unwrap()), (0, 0, 0));
        assert_eq!((head.username().unwrap(), head.groupname().unwrap()), (Some(""), Some("")));
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let what = match head.entry_type() {
            tar::EntryType::Directory => "folder".to_owned(),
            tar::EntryType::Symlink => format!("link to {:?}", entry.link_name_bytes().unwrap().as_ref()),
            tar::EntryType::Regular => format!("{:o} {:?}", head.mode().unwrap(), digest(&bytes)),
            other => panic!("{other:?}"),
        };
        assert!(tree.insert(entry.path_bytes().into_owned(), what).is_none());
    }
    assert_eq!(pack.files as usize, tree.len());
    let bytes = std::fs::read(&pack.file).unwrap();
    assert_eq!((pack.bytes, &pack.digest), (bytes.len() as u64, &digest(&bytes)));
    tree
}

/// What is in a folder, as a tar of it should have it.
fn checked_out(root: &Path) -> Tree {
    fn walk(root: &Path, at: &Path, tree: &mut Tree) {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap() == ".git" {
                continue;
            }
            let about = std::fs::symlink_metadata(&path).unwrap();
            let what = if about.is_dir() {
                walk(root, &path, tree);
                "folder".to_owned()
            } else if about.is_symlink() {
                format!("link to {:?}", std::fs::read_link(&path).unwrap().as_os_str().as_bytes())
            } else {
                let mode = if about.mode() & 0o100 == 0 { 0o644 } else { 0o755 };
                format!("{mode:o} {:?}", digest(&std::fs::read(&path).unwrap()))
            };
            tree.insert(path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec(), what);
        }
    }
    let mut tree = Tree::new();
    walk(root, root, &mut tree);
    tree
}

fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
