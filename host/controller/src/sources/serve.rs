//! Serves packs to the init steps of pods, under addresses that nobody can guess, in parts
//! where a pod goes on after a break. Every replica serves: what it lacks it fetches again, as
//! the Run's record says.

use std::fs::File;
use std::io::{self, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use codeflare_api::names;
use codeflare_plan::plan::Record;
use codeflare_plan::seen::{FetchedSource, SeenSource};
use kube::Client;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Sources;
use super::fetch::Commit;
use super::link::{Of, is_code};
use super::range::{Part, part};
use crate::error::Error;
use crate::record::{self, Records};

/// Pods that are served at the same time; others come again.
const AT_ONCE: usize = 256;
/// How long a pod waits for its answer while a source is fetched again; then it comes again.
const PATIENCE: Duration = Duration::from_secs(15);
/// Seconds after which a pod may come again.
const AGAIN: &str = "2";
/// Bytes that are read at a time.
const PIECE: usize = 1 << 16;

struct Server {
    sources: Arc<Sources>,
    records: Arc<Records>,
    client: Client,
    places: Arc<Semaphore>,
}

/// Serves until the process ends. The address is taken before this returns.
///
/// # Errors
/// [`Error::Listen`] where it cannot be taken.
pub(crate) async fn serve(
    address: std::net::SocketAddr,
    sources: Arc<Sources>,
    records: Arc<Records>,
    client: Client,
) -> Result<(), Error> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let server = Arc::new(Server { sources, records, client, places });
    let routes = Router::new().route("/source/{namespace}/{run}/{uid}/{code}", get(give)).with_state(server);
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|source| Error::Listen {
        address,
        what: "the source of Runs",
        source,
    })?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the port for source failed");
        }
    });
    Ok(())
}

#[derive(serde::Deserialize)]
struct Asked {
    #[serde(flatten)]
    of: Of,
    code: String,
}

async fn give(State(server): State<Arc<Server>>, Path(asked): Path<Asked>, headers: HeaderMap) -> Response {
    let Asked { of, code } = asked;
    let answer = match is_code(&code, &of, &server.sources.key) {
        true => server.answer(&of, &headers).await,
        false => Err(Refusal::Unknown),
    };
    let outcome = match &answer {
        Ok(response) if response.status() == StatusCode::PARTIAL_CONTENT => "resumed",
        Ok(_) => "sent",
        Err(Refusal::Unknown) => "unknown",
        Err(Refusal::Later) => "later",
        Err(Refusal::Failed(_)) => "failed",
    };
    server.sources.metrics.served_source(outcome);
    answer.unwrap_or_else(|refusal| {
        if let Refusal::Failed(why) = &refusal {
            tracing::warn!(namespace = of.namespace, run = of.run, why, "the source of a Run cannot be served");
        }
        refusal.into_response()
    })
}

/// Why nothing is sent.
enum Refusal {
    /// No such Run has a source here.
    Unknown,
    /// It is on its way, or others are served.
    Later,
    /// It cannot be had now; in words that hold no token.
    Failed(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let again = [(header::RETRY_AFTER, AGAIN)];
        match self {
            Refusal::Unknown => (StatusCode::NOT_FOUND, "no source is served here\n").into_response(),
            Refusal::Later => {
                (StatusCode::SERVICE_UNAVAILABLE, again, "the source is being fetched again\n").into_response()
            }
            Refusal::Failed(why) => (StatusCode::BAD_GATEWAY, again, format!("{why}\n")).into_response(),
        }
    }
}

impl Server {
    async fn answer(&self, of: &Of, headers: &HeaderMap) -> Result<Response, Refusal> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Refusal::Later)?;
        let record = self.record(of).await?;
        let Some(SeenSource::Fetched(source)) = &record.seen.source else { return Err(Refusal::Unknown) };
        let file = self.file(&record, source).await?;
        let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        send(file, source, range, place).await.map_err(|error| Refusal::Failed(error.to_string()))
    }

    /// The record of the first attempt: every other one has its source.
    async fn record(&self, of: &Of) -> Result<Arc<Record>, Refusal> {
        let Of { namespace, run, uid } = of;
        let name = names::record(&names::base(run, uid, 1));
        record::read_with(&self.client, &self.records, namespace, uid, 1, &name).await.map_err(|stop| {
            match stop.reason() {
                codeflare_api::Reason::RecordGone => Refusal::Unknown,
                _ => Refusal::Failed(stop.message()),
            }
        })
    }

    /// The pack, from the cache or fetched again. It goes on being fetched when a pod does not
    /// wait for it.
    async fn file(&self, record: &Record, source: &FetchedSource) -> Result<File, Refusal> {
        let address = source.repo.parse().map_err(|_| Refusal::Unknown)?;
        let commit = Commit { address, id: source.commit.clone(), path: source.path.clone() };
        // The Application as it was recorded; the platform's credentials as they are now.
        let wanted = record.seen.application.as_ref().and_then(|application| self.sources.wanted(application).ok()?);
        let (sources, digest) = (self.sources.clone(), source.digest.clone());
        let fetching = tokio::spawn(async move {
            let secret = wanted.and_then(|wanted| wanted.secret);
            sources.again(&commit, secret.as_ref(), &digest).await
        });
        match tokio::time::timeout(PATIENCE, fetching).await {
            Ok(Ok(file)) => file.map_err(Refusal::Failed),
            Ok(Err(_)) => Err(Refusal::Failed("the fetch was broken off".to_owned())),
            Err(_) => Err(Refusal::Later),
        }
    }
}

/// What was asked for of a file.
async fn send(
    file: File,
    source: &FetchedSource,
    range: Option<&str>,
    place: OwnedSemaphorePermit,
) -> io::Result<Response> {
    let mut file = tokio::fs::File::from_std(file);
    let bytes = file.metadata().await?.len();
    let (status, first, count) = match part(range, bytes) {
        Part::Whole => (StatusCode::OK, 0, bytes),
        Part::From(first, count) => (StatusCode::PARTIAL_CONTENT, first, count),
        Part::Beyond => {
            let all = [(header::CONTENT_RANGE, format!("bytes */{bytes}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, all).into_response());
        }
    };
    file.seek(SeekFrom::Start(first)).await?;
    let pieces = futures::stream::unfold((file, count, place), |(mut file, left, place)| async move {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
        if wanted == 0 {
            return None;
        }
        let mut piece = vec![0; wanted];
        let read = match file.read(&mut piece).await {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                piece.truncate(read);
                Ok(Bytes::from(piece))
            }
            Err(error) => Err(error),
        };
        let left = match &read {
            Ok(piece) => left.saturating_sub(piece.len() as u64),
            Err(_) => 0,
        };
        Some((read, (file, left, place)))
    });
    let mut response = (status, Body::from_stream(pieces)).into_response();
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: String| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, "application/x-tar".to_owned());
    set(header::CONTENT_LENGTH, count.to_string());
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    set(header::ETAG, format!("\"{}\"", source.digest));
    if status == StatusCode::PARTIAL_CONTENT {
        set(header::CONTENT_RANGE, format!("bytes {first}-{}/{bytes}", first + count - 1));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    async fn sent(range: Option<&str>) -> (u16, Option<String>, Vec<u8>) {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        io::Write::write_all(&mut file, &bytes).unwrap();
        let source = FetchedSource {
            repo: String::new(),
            reference: String::new(),
            commit: String::new(),
            path: String::new(),
            digest: "sha256:aa".to_owned(),
            bytes: 200_000,
            url: String::new(),
        };
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let response = send(file, &source, range, place).await.unwrap();
        let told = response.headers().get(header::CONTENT_RANGE).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec();
        (status, told, body)
    }

    #[tokio::test]
    async fn a_pod_gets_the_whole_or_goes_on_where_it_was() {
        let whole = sent(None).await;
        assert_eq!((whole.0, whole.1, whole.2.len()), (200, None, 200_000));
        let rest = sent(Some("bytes=150001-")).await;
        assert_eq!((rest.0, rest.1.as_deref()), (206, Some("bytes 150001-199999/200000")));
        assert_eq!(Some(rest.2.as_slice()), whole.2.get(150_001..));
        let beyond = sent(Some("bytes=200000-")).await;
        assert_eq!((beyond.0, beyond.1.as_deref(), beyond.2.len()), (416, Some("bytes */200000"), 0));
    }
}
