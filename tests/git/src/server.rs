//! The server: a log of what it is asked, and ways to be bad.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::Listener;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt as _, stream};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::backend;

/// How a server is set up.
#[derive(Default)]
pub struct Options {
    /// Folder of bare repositories.
    pub repos: PathBuf,
    /// Name and password without which it answers 401.
    pub password: Option<(String, String)>,
    /// TLS; without it plain http.
    pub tls: Option<TlsAcceptor>,
}

/// How it answers a path instead of as a git server.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Status, type and bytes.
    Bytes(u16, &'static str, Vec<u8>),
    /// Go there, with this status.
    Redirect(u16, String),
    /// These bytes, of this type, and then again, for ever.
    Endless(&'static str, Vec<u8>),
    /// The first bytes of what git says, and then nothing.
    Stalls(usize),
    /// The first bytes of what git says, and then the connection breaks.
    Breaks(usize),
    /// What git says, a byte at a time with a pause before each.
    Drips(Duration),
    /// No answer at all.
    Never,
}

/// One request, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub method: String,
    /// Path with query.
    pub path: String,
    /// What was asked of git: `git-upload-pack`.
    pub service: Option<String>,
    /// `ls-refs` or `fetch`.
    pub command: Option<String>,
    /// User of the header `Authorization`; empty for one that cannot be read.
    pub user: Option<String>,
    /// Whether the header was right, or none is wanted.
    pub authorized: bool,
    /// Status of the answer.
    pub status: u16,
}

/// Hears of each request once it is answered.
pub type Log = Box<dyn Fn(&Seen) + Send + Sync>;

/// The server; clones are the same.
#[derive(Clone)]
pub struct Server {
    address: SocketAddr,
    state: Arc<Inner>,
    task: Arc<tokio::task::JoinHandle<()>>,
}

struct Inner {
    repos: PathBuf,
    password: Option<(String, String)>,
    told: Mutex<Told>,
    log: Option<Log>,
}

#[derive(Default)]
struct Told {
    answers: BTreeMap<String, Answer>,
    seen: Vec<Seen>,
}

impl Server {
    /// On a free port of the loopback.
    pub async fn start(options: Options) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Server::on(listener, options, None)
    }

    /// On a listener; `log` hears of each request once it is answered.
    pub fn on(tcp: TcpListener, options: Options, log: Option<Log>) -> Server {
        let address = tcp.local_addr().unwrap();
        let Options { repos, password, tls } = options;
        let state = Arc::new(Inner { repos, password, told: Mutex::default(), log });
        let service = axum::Router::new().fallback(answer).with_state(state.clone());
        let task = match tls {
            Some(acceptor) => {
                let listener = Tls { tcp, acceptor };
                tokio::spawn(async move { axum::serve(listener, service).await.unwrap() })
            }
            None => tokio::spawn(async move { axum::serve(tcp, service).await.unwrap() }),
        };
        Server { address, state, task: Arc::new(task) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it answers to a path (without its query) from now on.
    pub fn tell(&self, path: impl Into<String>, answer: Answer) {
        self.told().answers.insert(path.into(), answer);
    }

    /// A good server again.
    pub fn mend(&self) {
        self.told().answers.clear();
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.told().seen.clone()
    }

    /// How many requests had this command.
    pub fn count(&self, command: &str) -> usize {
        self.told().seen.iter().filter(|seen| seen.command.as_deref() == Some(command)).count()
    }

    /// Nobody listens there any more.
    pub async fn stop(&self) {
        self.task.abort();
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// Until it is stopped, or the process ends.
    pub async fn wait(self) {
        while !self.task.is_finished() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.state.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(state): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 16 << 20).await.unwrap_or_default();
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let user = user(&header("authorization"));
    let authorized = match &state.password {
        None => true,
        Some(wanted) => user.as_ref() == Some(wanted),
    };
    let mut seen = Seen {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        service: service(&path, &query),
        command: command(&body),
        user: head.headers.contains_key("authorization").then(|| user.map(|(user, _)| user).unwrap_or_default()),
        authorized,
        status: 0,
    };
    let told = state.told.lock().unwrap_or_else(PoisonError::into_inner).answers.get(&path).cloned();
    let request = backend::Request {
        method: head.method.to_string(),
        path: path.clone(),
        query,
        kind: header("content-type"),
        encoding: header("content-encoding"),
        protocol: header("git-protocol"),
        body,
    };
    if matches!(told, Some(Answer::Never)) {
        note(&state, seen);
        return std::future::pending().await;
    }
    let response = match told {
        Some(bad) => bad_answer(bad, &state, request).await,
        None if !authorized => {
            let refused = Response::builder().status(401).header("www-authenticate", "Basic realm=\"tests\"");
            refused.body(Body::from("<html>who are you?</html>")).unwrap()
        }
        None => backend::ask(&state.repos, request).await,
    };
    seen.status = response.status().as_u16();
    note(&state, seen);
    response
}

fn note(state: &Inner, seen: Seen) {
    if let Some(log) = &state.log {
        log(&seen);
    }
    state.told.lock().unwrap_or_else(PoisonError::into_inner).seen.push(seen);
}

async fn bad_answer(answer: Answer, state: &Inner, request: backend::Request) -> Response {
    let forever = || stream::pending::<Result<Bytes, std::io::Error>>();
    let (stops, breaks) = match answer {
        Answer::Bytes(status, kind, bytes) => {
            return Response::builder().status(status).header("content-type", kind).body(Body::from(bytes)).unwrap();
        }
        Answer::Redirect(status, to) => {
            return Response::builder().status(status).header("location", to).body(Body::empty()).unwrap();
        }
        Answer::Endless(kind, bytes) => {
            let again = stream::repeat(Bytes::from(bytes)).map(Ok::<_, std::io::Error>);
            return Response::builder().header("content-type", kind).body(Body::from_stream(again)).unwrap();
        }
        Answer::Never => return std::future::pending().await,
        Answer::Drips(pause) => return drips(backend::ask(&state.repos, request).await, pause).await,
        Answer::Stalls(bytes) => (bytes, false),
        Answer::Breaks(bytes) => (bytes, true),
    };
    let good = backend::ask(&state.repos, request).await;
    let (mut head, body) = good.into_parts();
    head.headers.remove("content-length");
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let first = stream::iter([Ok(whole.slice(..stops.min(whole.len())))]);
    let body = if breaks {
        let broken = stream::iter([Err(std::io::Error::other("broken"))]);
        Body::from_stream(first.chain(broken))
    } else {
        Body::from_stream(first.chain(forever()))
    };
    Response::from_parts(head, body)
}

async fn drips(good: Response, pause: Duration) -> Response {
    let (mut head, body) = good.into_parts();
    head.headers.remove("content-length");
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let drops = stream::iter((0..whole.len()).map(move |at| whole.slice(at..=at)));
    let drops = drops.then(move |drop| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, std::io::Error>(drop)
    });
    Response::from_parts(head, Body::from_stream(drops))
}

fn user(header: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(header.strip_prefix("Basic ")?).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn service(path: &str, query: &str) -> Option<String> {
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("service="));
    let posted = path.rsplit('/').next().filter(|last| last.starts_with("git-"));
    asked.or(posted).map(str::to_owned)
}

fn command(body: &[u8]) -> Option<String> {
    let length = usize::from_str_radix(std::str::from_utf8(body.get(..4)?).ok()?, 16).ok()?;
    let line = std::str::from_utf8(body.get(4..length)?).ok()?;
    Some(line.trim_end().strip_prefix("command=")?.to_owned())
}

/// Accepts those who trust it.
struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, from) = self.tcp.accept().await.unwrap();
            // Who does not trust it goes away in the middle of the handshake.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
