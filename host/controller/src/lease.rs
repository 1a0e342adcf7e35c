//! One host leads: a Lease in the host's own namespace.
//!
//! Deterministic names, UIDs and records make two leaders harmless; the lease makes them
//! rare. It has a client of its own, without retries, so that a slow API server cannot
//! hold a renewal back unseen.

use kube::Client;
use kube_lease_manager::LeaseManagerBuilder;
use tokio::sync::watch;

use crate::error::Error;

/// Name of the lease.
const NAME: &str = "codeflare-host";
/// Seconds for which a lease holds.
const DURATION: u64 = 15;
/// Seconds before its end at which it is renewed.
const GRACE: u64 = 10;

/// A lease that is held.
pub(crate) struct Held {
    state: watch::Receiver<bool>,
    task: tokio::task::JoinHandle<Result<kube_lease_manager::LeaseManager, kube_lease_manager::LeaseManagerError>>,
}

/// Waits until the lease is ours.
///
/// # Errors
/// [`Error::Lease`] where it can be neither read nor written.
pub(crate) async fn take(client: Client, namespace: &str, identity: &str) -> Result<Held, Error> {
    let failed =
        |source: kube_lease_manager::LeaseManagerError| Error::Lease { name: NAME.into(), source: source.into() };
    let manager = LeaseManagerBuilder::new(client, NAME)
        .with_namespace(namespace)
        .with_identity(identity)
        .with_duration(DURATION)
        .with_grace(GRACE)
        .build()
        .await
        .map_err(failed)?;
    let (mut state, task) = manager.watch().await;
    tracing::info!(lease = NAME, identity, "waiting for the lease");
    if state.wait_for(|held| *held).await.is_err() {
        return Err(Error::TaskEnded("lease"));
    }
    tracing::info!(lease = NAME, identity, "leading");
    Ok(Held { state, task })
}

impl Held {
    /// Resolves when the lease is lost.
    pub(crate) async fn lost(&mut self) -> Error {
        // An end of the channel is a loss too: nobody renews any more.
        let _ = self.state.wait_for(|held| !*held).await;
        Error::LeaseLost(NAME.into())
    }

    /// Gives the lease back, so that another host need not wait for its end.
    pub(crate) async fn release(self) {
        drop(self.state);
        match self.task.await {
            Ok(Ok(manager)) => {
                if let Err(error) = manager.release().await {
                    tracing::warn!(%error, "failed to release the lease; it ends by itself");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "the lease task failed"),
            Err(error) => tracing::warn!(%error, "the lease task was lost"),
        }
    }
}
