//! A commit's objects, and one folder of them as a tar.

mod objects;
mod reader;
mod tree;
mod write;

use std::path::PathBuf;
use std::time::Instant;

use tempfile::TempPath;

use crate::error::FetchError;
use crate::git::Received;
use crate::limits::Limits;
pub(crate) use tree::stays;

/// A folder of a commit, as a tar that is the same whenever and wherever it is made:
/// uncompressed, in the order of git, without times, owners and modes of the machine.
#[derive(Debug)]
pub struct Pack {
    /// The file. It is removed with this value, unless it is kept.
    pub file: TempPath,
    /// SHA-256 of its bytes, `sha256:` and hexadecimal.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Files, links and folders in it.
    pub files: u64,
    /// Paths of submodules, which are left out: an empty folder is in their place. The first
    /// ten of them.
    pub submodules: Vec<String>,
}

/// What is to be packed.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// For messages: who sent it.
    pub(crate) host: String,
    pub(crate) commit: String,
    pub(crate) path: String,
    pub(crate) limits: Limits,
    pub(crate) deadline: Instant,
    /// Folder of the tar.
    pub(crate) into: PathBuf,
}

impl Order {
    /// What came is not what git would have sent.
    pub(crate) fn odd(&self, why: impl Into<String>) -> FetchError {
        FetchError::Protocol { host: self.host.clone(), why: why.into() }
    }

    pub(crate) fn too_large(&self, what: &str, limit: u64, unit: &'static str) -> FetchError {
        FetchError::TooLarge { what: what.to_owned(), limit, unit }
    }

    /// Work on another thread ends by itself only here.
    pub(crate) fn in_time(&self) -> Result<(), FetchError> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(FetchError::TooSlow { what: "the commit".to_owned(), limit: self.limits.total })
    }
}

/// Packs, on a thread for what blocks.
pub(crate) async fn make(received: Received, order: Order) -> Result<Pack, FetchError> {
    let host = order.host.clone();
    let work = tokio::task::spawn_blocking(move || {
        let mut objects = objects::Objects::read(received.file.path(), received.hash, &order)?;
        write::tar(&mut objects, &order)
    });
    // Whatever a stranger's bytes bring about, it ends this fetch only.
    let ended = |_| FetchError::Protocol { host, why: "its pack cannot be read".to_owned() };
    work.await.unwrap_or_else(|error| Err(ended(error)))
}

#[cfg(test)]
mod tests;
