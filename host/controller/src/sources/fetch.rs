//! One attempt at a source: credentials, which commit it is, and its pack.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use codeflare_api::repository::{Address, Place};
use codeflare_api::{Reason, Retry};
use codeflare_plan::source::{By, SecretUse, Wanted};
use codeflare_plan::stop::Problem;
use codeflare_source::{Credentials, FetchError, Pack, Resolved};
use tokio::sync::Mutex as Turn;

use super::Sources;
use super::book::{Failure, Found};
use super::places::Places;

/// Fetches at the same time, in all and from one host: each may take twice as many bytes of
/// disk as one source may have.
pub(super) const FETCHES: (usize, usize) = (4, 2);
/// The same of looking a commit up.
const LOOKS: (usize, usize) = (64, 16);
/// Packs whose digests are remembered; past it all are forgotten, and fetched anew at need.
const REMEMBERED: usize = 10_000;

/// A commit of a repository, and a folder in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Commit {
    pub(super) address: Address,
    pub(super) id: String,
    pub(super) path: String,
}

/// Digest and bytes of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) digest: String,
    pub(super) bytes: u64,
}

/// What is known of commits, and who fetches one now.
pub(super) struct Flights {
    known: Mutex<HashMap<Commit, Packed>>,
    turns: Mutex<HashMap<Commit, Weak<Turn<()>>>>,
    fetches: Places,
    looks: Places,
}

impl Default for Flights {
    fn default() -> Flights {
        let places = |(all, each)| Places::new(all, each);
        Flights { known: Mutex::default(), turns: Mutex::default(), fetches: places(FETCHES), looks: places(LOOKS) }
    }
}

impl Flights {
    fn known(&self, commit: &Commit) -> Option<Packed> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned()
    }

    fn learn(&self, commit: &Commit, packed: &Packed) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(commit.clone(), packed.clone());
    }

    /// The lock of a commit: whoever wants it waits for the one who fetches it.
    fn turn(&self, commit: &Commit) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(commit).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::new(()));
        turns.insert(commit.clone(), Arc::downgrade(&turn));
        turn
    }
}

impl Sources {
    /// Looks a source up, and fetches it unless it is there. The server is asked in any case,
    /// with the credentials of this Application: what others have fetched is for those who may
    /// read it.
    pub(super) async fn attempt(&self, wanted: &Wanted) -> Result<Found, Failure> {
        let Wanted { place, secret } = wanted;
        let shown = match secret {
            Some(secret) => Some(self.credentials(secret, &place.address).await?),
            None => None,
        };
        let version = shown.as_ref().and_then(|shown| shown.version.clone());
        let credentials = shown.as_ref().map(|shown| &shown.credentials);
        let told = |error: Broken| error.told(place, secret.as_ref(), version.clone());
        let looking = self.flights.looks.take(&place.address.authority()).await;
        let start = Instant::now();
        let resolved = self.git.resolve(place, credentials).await;
        self.metrics.source("resolve", resolved.as_ref().err().map(FetchError::reason), start.elapsed());
        drop(looking);
        let Resolved { address, commit, reference, path } = resolved.map_err(|error| told(error.into()))?;
        let reference = short(&reference, &commit);
        let commit = Commit { address, id: commit, path };
        let packed = self.packed(&commit, credentials, None).await.map_err(told)?;
        Ok(Found {
            repo: commit.address.to_string(),
            reference,
            commit: commit.id,
            path: commit.path,
            digest: packed.digest,
            bytes: packed.bytes,
        })
    }

    /// The pack of a commit, of which one at a time is fetched. `there` names the digest of one
    /// whose file is needed; without it what is known of it will do.
    async fn packed(
        &self,
        commit: &Commit,
        credentials: Option<&Credentials>,
        there: Option<&str>,
    ) -> Result<Packed, Broken> {
        let turn = self.flights.turn(commit);
        let _turn = turn.lock().await;
        match there {
            Some(digest) if self.cache.has(digest) => {
                return Ok(Packed { digest: digest.to_owned(), bytes: 0 });
            }
            None => {
                if let Some(packed) = self.flights.known(commit) {
                    return Ok(packed);
                }
            }
            Some(_) => {}
        }
        let _place = self.flights.fetches.take(&commit.address.authority()).await;
        let start = Instant::now();
        let fetched = self
            .git
            .fetch(&commit.address, &commit.id, &commit.path, credentials, &self.limits, self.cache.folder())
            .await;
        self.metrics.source("fetch", fetched.as_ref().err().map(FetchError::reason), start.elapsed());
        let Pack { file, digest, bytes, submodules, .. } = fetched?;
        if !submodules.is_empty() {
            tracing::info!(repo = %commit.address, ?submodules, "submodules are left out");
        }
        self.cache.put(&digest, file).map_err(|error| Broken::Disk(error.to_string()))?;
        self.metrics.source_cache(self.cache.bytes());
        tracing::info!(repo = %commit.address, commit = commit.id, path = commit.path, digest, bytes, "fetched a source");
        let packed = Packed { digest, bytes };
        self.flights.learn(commit, &packed);
        Ok(packed)
    }

    /// The pack of a recorded Run, fetched again where it is missing.
    ///
    /// # Errors
    /// In words for people, which hold no token.
    pub(super) async fn again(
        &self,
        commit: &Commit,
        secret: Option<&SecretUse>,
        digest: &str,
    ) -> Result<File, String> {
        if let Some(file) = self.cache.get(digest) {
            return Ok(file);
        }
        let shown = match secret {
            Some(secret) => {
                Some(self.credentials(secret, &commit.address).await.map_err(|failure| failure.problem.line())?)
            }
            None => None,
        };
        let credentials = shown.as_ref().map(|shown| &shown.credentials);
        let packed = self.packed(commit, credentials, Some(digest)).await.map_err(|error| match error {
            Broken::Fetch(error) => format!("{}: {error}", error.reason().as_str()),
            Broken::Disk(why) => why,
        })?;
        if packed.digest != digest {
            return Err(format!(
                "commit {} now packs to {}, and {digest} is recorded: another version of the platform packed it; make another Run",
                commit.id, packed.digest
            ));
        }
        self.cache.get(digest).ok_or_else(|| {
            "it was fetched, and others took its place in the cache; raise source.cacheSize of the chart".to_owned()
        })
    }
}

/// What went wrong with a repository or with its pack.
pub(super) enum Broken {
    Fetch(FetchError),
    Disk(String),
}

impl From<FetchError> for Broken {
    fn from(error: FetchError) -> Broken {
        Broken::Fetch(error)
    }
}

impl Broken {
    /// As a Run tells it, with whose credentials were shown where that matters.
    fn told(self, place: &Place, secret: Option<&SecretUse>, version: Option<String>) -> Failure {
        let (reason, words, again) = match self {
            Broken::Disk(why) => {
                let words = format!(
                    "{place} was fetched and cannot be kept: {why}; raise source.cacheSize of the chart, or see that the host's cache can be written"
                );
                (Reason::SourceNotKept, words, Retry::Backoff)
            }
            Broken::Fetch(error) => (error.reason(), error.to_string(), error.retry()),
        };
        // That none were shown it says itself.
        let shown = match (reason, secret) {
            (Reason::RepoCredentialsRefused | Reason::RepoNotFound, Some(secret)) => whose(secret),
            _ => String::new(),
        };
        Failure { problem: Problem::new(reason, "", "", words + &shown), again, secret: version }
    }
}

/// What people call a reference: a branch or tag by its name alone. A commit that was named by
/// its id has no other name.
fn short(reference: &str, commit: &str) -> String {
    let name = ["refs/heads/", "refs/tags/"].iter().find_map(|kind| reference.strip_prefix(kind));
    if reference == commit { String::new() } else { name.unwrap_or(reference).to_owned() }
}

/// Whose credentials were shown.
fn whose(secret: &SecretUse) -> String {
    match &secret.by {
        By::Application { .. } => format!(" (those of Secret/{}, spec.repoSecret)", secret.name),
        By::Platform(name) => format!(" (those of PlatformRepoSecret/{name})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_called_by_its_name() {
        for (reference, expected) in [
            ("refs/heads/feature/x", "feature/x"),
            ("refs/tags/v1", "v1"),
            ("refs/pull/1/head", "refs/pull/1/head"),
            ("c0ffee", ""),
        ] {
            assert_eq!(short(reference, "c0ffee"), expected);
        }
    }
}
