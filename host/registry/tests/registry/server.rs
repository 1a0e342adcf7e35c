//! A registry on the loopback that does as it is told, good or bad, and remembers what it
//! was asked. Tests of the host in a cluster use it too.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::Listener;
use futures::{StreamExt, stream};

use crate::artifact::{Artifact, IMAGE, digest};

/// How it answers a path.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// As a registry should: type and bytes.
    Bytes(&'static str, Vec<u8>),
    /// Zeros for ever.
    Endless,
    /// One byte at a time, for ever.
    Drips(Duration),
    /// A beginning, and then nothing.
    Stalls,
    /// No answer at all.
    Never,
    /// A length that is never sent.
    Declares(u64),
    /// Go there.
    Redirect(String),
    /// A status.
    Status(u16),
}

/// What has to be shown before it answers.
#[derive(Clone, Debug)]
pub(crate) enum Gate {
    /// The header `Authorization`, as it stands.
    Basic(String),
    /// A token of the service at this address, which it gives for that header, if any.
    Token { service: String, token: String },
}

/// The registry; clones are the same.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<Told>>,
    task: Arc<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Told {
    answers: BTreeMap<String, Answer>,
    gate: Option<Gate>,
    /// Path with query, and the header `Authorization`, of every request.
    seen: Vec<(String, Option<String>)>,
}

impl Server {
    /// On a free port.
    pub(crate) async fn start() -> Server {
        Server::on(tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    /// Behind a listener.
    pub(crate) fn on(listener: impl Listener<Addr = SocketAddr>) -> Server {
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<Told>>::default();
        let service = axum::Router::new().fallback(answer).with_state(state.clone());
        let task = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Server { address, state, task: Arc::new(task) }
    }

    /// Host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it answers to a path, such as `/v2/test/plugin/manifests/1.0`.
    pub(crate) fn tell(&self, path: impl Into<String>, answer: Answer) {
        self.told().answers.insert(path.into(), answer);
    }

    /// An artifact under a name and a tag, as it should be.
    pub(crate) fn put(&self, name: &str, tag: &str, artifact: &Artifact) {
        for version in [tag, &artifact.digest] {
            let manifest = Answer::Bytes(IMAGE, artifact.manifest.clone().into_bytes());
            self.tell(format!("/v2/{name}/manifests/{version}"), manifest);
        }
        for blob in &artifact.blobs {
            let answer = Answer::Bytes("application/octet-stream", blob.clone());
            self.tell(format!("/v2/{name}/blobs/{}", digest(blob)), answer);
        }
    }

    /// From now on something has to be shown.
    pub(crate) fn lock(&self, gate: Gate) {
        self.told().gate = Some(gate);
    }

    /// Path with query, and the header `Authorization`, of every request so far.
    pub(crate) fn seen(&self) -> Vec<(String, Option<String>)> {
        self.told().seen.clone()
    }

    /// It is gone; nobody listens there any more.
    pub(crate) async fn stop(&self) {
        self.task.abort();
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(state): State<Arc<Mutex<Told>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let whole = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let shown = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let (gate, answer) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen.push((whole, shown.clone()));
        (state.gate.clone(), state.answers.get(&path).cloned())
    };
    // Only the registry's own paths are behind the gate.
    if let Some(gate) = gate.filter(|_| path.starts_with("/v2/")) {
        let (wanted, challenge) = match gate {
            Gate::Basic(header) => (header, "Basic realm=\"test\"".to_owned()),
            Gate::Token { service, token } => {
                (format!("Bearer {token}"), format!("Bearer realm=\"{service}\",service=\"test\",scope=\"more\""))
            }
        };
        if shown.as_ref() != Some(&wanted) {
            let refused = Response::builder().status(401).header("www-authenticate", challenge);
            return refused.body(Body::empty()).unwrap();
        }
    }
    let zeros = || Ok::<_, std::io::Error>(Bytes::from_static(&[0; 64 << 10]));
    match answer.unwrap_or(Answer::Status(404)) {
        Answer::Bytes(kind, bytes) => Response::builder().header("content-type", kind).body(Body::from(bytes)).unwrap(),
        Answer::Endless => Response::new(Body::from_stream(stream::repeat_with(zeros))),
        Answer::Drips(every) => {
            let drops = stream::repeat(()).then(move |()| async move {
                tokio::time::sleep(every).await;
                Ok::<_, std::io::Error>(Bytes::from_static(b"\0"))
            });
            Response::new(Body::from_stream(drops))
        }
        Answer::Stalls => Response::new(Body::from_stream(stream::iter([zeros()]).chain(stream::pending()))),
        Answer::Never => std::future::pending().await,
        Answer::Declares(length) => Response::builder()
            .header("content-length", length)
            .body(Body::from_stream(stream::iter([zeros()]).chain(stream::pending())))
            .unwrap(),
        Answer::Redirect(to) => Response::builder().status(307).header("location", to).body(Body::empty()).unwrap(),
        Answer::Status(status) => Response::builder().status(status).body(Body::from("<html>no</html>")).unwrap(),
    }
}
