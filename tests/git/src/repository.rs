//! Repositories, made by git itself.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A bare repository and a folder in which its next commit is made.
pub struct Repository {
    bare: PathBuf,
    work: PathBuf,
}

/// Runs git in a folder; what it prints, trimmed.
///
/// # Panics
/// If it fails.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main"])
        .args(["-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
        .args(arguments)
        // The same ids each time, and nothing of this machine.
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git should be there; apt-get install git");
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

impl Repository {
    /// An empty one under a name such as `org/repo.git`, below the folder of a server. The
    /// folder of its commits is in `work`.
    pub fn create(repos: &Path, name: &str, work: &Path) -> Repository {
        let bare = repos.join(name);
        let work = work.join(name.replace('/', "-"));
        std::fs::create_dir_all(&bare).unwrap();
        std::fs::create_dir_all(&work).unwrap();
        git(&bare, &["init", "--bare", "--quiet"]);
        git(&work, &["init", "--quiet"]);
        git(&work, &["remote", "add", "origin", bare.to_str().unwrap()]);
        Repository { bare, work }
    }

    /// Writes a file of the next commit.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Repository {
        let path = self.work.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Writes a file that can be started.
    pub fn script(&self, name: &str, text: &str) -> &Repository {
        self.file(name, text);
        std::fs::set_permissions(self.work.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Writes a link.
    pub fn link(&self, name: &str, target: &str) -> &Repository {
        let path = self.work.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        symlink(target, path).unwrap();
        self
    }

    /// Commits what was written and pushes it as a branch; its id.
    pub fn commit(&self, branch: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "next"]);
        self.push(branch)
    }

    /// Pushes the last commit as a branch; its id.
    pub fn push(&self, branch: &str) -> String {
        self.git(&["push", "--quiet", "--force", "origin", &format!("HEAD:refs/heads/{branch}")]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A tag of the last commit, with a message of its own.
    pub fn tag(&self, name: &str) -> &Repository {
        self.git(&["tag", "--annotate", "--message", "a tag", name]);
        self.git(&["push", "--quiet", "origin", &format!("refs/tags/{name}")]);
        self
    }

    /// Git in the folder of commits.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.work, arguments)
    }

    /// The repository itself.
    pub fn bare(&self) -> &Path {
        &self.bare
    }
}
