//! `/live`, `/ready` and `/metrics`, and nothing else.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::error::Error;
use crate::metrics::Metrics;

/// Whether the host has seen everything once and is not shutting down.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says so.
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Serves until `shutdown` resolves. The address is taken before this returns.
///
/// # Errors
/// [`Error::Listen`] where it cannot be taken.
pub(crate) async fn serve(
    address: SocketAddr,
    readiness: Readiness,
    metrics: Arc<Metrics>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let routes = Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route(
            "/ready",
            get(move || async move {
                if readiness.get() {
                    (StatusCode::OK, "ready\n")
                } else {
                    (StatusCode::SERVICE_UNAVAILABLE, "not ready: the first lists are not complete\n")
                }
            }),
        )
        .route("/metrics", get(move || async move { metrics.text() }));
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|source| Error::Listen {
        address,
        what: "/live, /ready and /metrics",
        source,
    })?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(shutdown).await {
            tracing::error!(%error, "the admin port failed");
        }
    });
    Ok(())
}
