//! Commits out of repositories: resolve, fetch. The steps, in order.

mod choose;
mod lines;
mod protocol;
mod receive;
mod session;

use std::path::Path;
use std::time::{Duration, Instant};

use codeflare_api::repository::{Address, Place};
use codeflare_net::Client;

use crate::credentials::Credentials;
use crate::error::FetchError;
use crate::limits::Limits;
use crate::pack::{self, Pack};
pub(crate) use receive::Received;
use session::Session;

/// How long a server may think about which commit a reference is.
const RESOLVE: Duration = Duration::from_secs(30);
/// How long it may say nothing at all.
const STALL: Duration = Duration::from_secs(20);

/// Reads repositories; clones share connections.
#[derive(Clone, Debug)]
pub struct Git {
    client: Client,
    resolve: Duration,
    stall: Duration,
}

/// What a place is, today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The repository, as the place names it.
    pub address: Address,
    /// The commit's id, 40 or 64 hexadecimal digits.
    pub commit: String,
    /// The whole name of the reference that it was found by (`refs/heads/…`), or its own id.
    pub reference: String,
    /// Path of the folder; empty: all of it.
    pub path: String,
}

impl Git {
    /// Reaches repositories by this client.
    pub fn new(client: Client) -> Git {
        Git { client, resolve: RESOLVE, stall: STALL }
    }

    /// Resolves within this time, and takes a server that says nothing for `stall` as one
    /// that is too slow; by default 30 s and 20 s.
    pub fn resolving_within(self, total: Duration, stall: Duration) -> Git {
        Git { resolve: total, stall, ..self }
    }

    /// Asks which commit a place is. The server is asked whatever the place says, also where
    /// it is a commit's id: it alone knows who may read the repository.
    ///
    /// # Errors
    /// [`FetchError`], at the latest after half a minute, or what was set instead.
    pub async fn resolve(&self, place: &Place, credentials: Option<&Credentials>) -> Result<Resolved, FetchError> {
        let steps = async {
            let mut session = Session::new(&self.client, &place.address, credentials, self.stall)?;
            let server = session.greet().await?;
            let refs = session.list(&server, &place.wanted).await?;
            let chosen = choose::choose(&refs, &place.wanted).map_err(|flaw| flaw.error(session.host()))?;
            let (commit, reference, path) = (chosen.commit, chosen.reference, chosen.path);
            Ok(Resolved { address: place.address.clone(), commit, reference, path })
        };
        in_time(self.resolve, "the list of references", steps).await
    }

    /// Fetches one commit and packs one folder of it. The pack and all that is needed on the
    /// way are files in `into`.
    ///
    /// # Errors
    /// [`FetchError`], at the latest after `limits.total`.
    pub async fn fetch(
        &self,
        address: &Address,
        commit: &str,
        path: &str,
        credentials: Option<&Credentials>,
        limits: &Limits,
        into: &Path,
    ) -> Result<Pack, FetchError> {
        let deadline = Instant::now() + limits.total;
        let steps = async {
            let mut session = Session::new(&self.client, address, credentials, limits.stall)?;
            let server = session.greet().await?;
            let received = receive::receive(&session, &server, commit, limits, into).await?;
            let order = pack::Order {
                host: session.host().to_owned(),
                commit: commit.to_owned(),
                path: path.to_owned(),
                limits: *limits,
                deadline,
                into: into.to_owned(),
            };
            pack::make(received, order).await
        };
        in_time(limits.total, "the commit", steps).await
    }
}

async fn in_time<T>(
    limit: Duration,
    what: &str,
    steps: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    let late = || FetchError::TooSlow { what: what.to_owned(), limit };
    tokio::time::timeout(limit, steps).await.unwrap_or_else(|_| Err(late()))
}
