//! A proxy between host and API server: counts mutating requests, kills the host before
//! one of them or behind it, holds watches back.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use http::{Method, StatusCode};
use kube::Client;

use crate::host::Host;

/// When the host is killed, seen from the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// The request never arrives.
    Before,
    /// The request is done, and its answer never arrives.
    Unanswered,
}

/// A fault: at the so-and-so-many-th mutating request, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) when: When,
}

/// What the proxy does and has seen.
#[derive(Default)]
struct Course {
    /// Only requests of this namespace count.
    namespace: String,
    fault: Option<Fault>,
    /// Method and path of every mutating request, in order.
    requests: Vec<String>,
    /// Watches whose path ends so come this much later.
    held: Option<(&'static str, Duration)>,
}

/// The proxy; clones are the same.
#[derive(Clone)]
pub(crate) struct Proxy {
    client: Client,
    host: Host,
    course: Arc<Mutex<Course>>,
}

impl Proxy {
    /// Starts it on a free port of the loopback.
    pub(crate) async fn start(client: Client, host: Host) -> Result<(Proxy, SocketAddr)> {
        let proxy = Proxy { client, host, course: Arc::default() };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let service = axum::Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        Ok((proxy, address))
    }

    /// Counts anew, for a namespace, with a fault to come.
    pub(crate) fn begin(&self, namespace: &str, fault: Option<Fault>) {
        let mut course = self.course();
        *course = Course { namespace: namespace.to_owned(), fault, ..Course::default() };
    }

    /// Holds watches back whose path ends so.
    pub(crate) fn hold(&self, resource: &'static str, by: Duration) {
        self.course().held = Some((resource, by));
    }

    /// Every mutating request that was sent since the beginning.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.course().requests.clone()
    }

    /// Whether the fault has happened.
    pub(crate) fn struck(&self) -> bool {
        self.course().fault.is_none()
    }

    fn course(&self) -> std::sync::MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, and takes the fault if it is this one's.
    fn count(&self, method: &Method, path: &str) -> Option<When> {
        let mut course = self.course();
        let mutating = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(method);
        // Events and what Applications show of themselves are beside a Run's life.
        let aside = ["/events", "/applications/"].iter().any(|aside| path.contains(aside));
        let ours = path.contains(&format!("/namespaces/{}/", course.namespace)) && !aside;
        if !mutating || !ours {
            return None;
        }
        course.requests.push(format!("{method} {path}"));
        let now = course.requests.len();
        let fault = course.fault.filter(|fault| fault.at == now)?;
        course.fault = None;
        Some(fault.when)
    }

    fn lag(&self, request: &Request) -> Option<Duration> {
        let watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let course = self.course();
        course.held.filter(|(resource, _)| watch && request.uri().path().ends_with(resource)).map(|(_, by)| by)
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let lag = proxy.lag(&request);
    match proxy.count(request.method(), request.uri().path()) {
        Some(When::Before) => {
            proxy.host.kill().await;
            std::future::pending().await
        }
        Some(When::Unanswered) => {
            let answer = forward(&proxy, request).await;
            // To the last byte: the request is done.
            let _ = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
            proxy.host.kill().await;
            std::future::pending().await
        }
        None => {
            let answer = forward(&proxy, request).await;
            match lag {
                None => answer,
                Some(by) => answer.map(|body| {
                    // Each piece later by the same time: order and rate stay.
                    let late = body.into_data_stream().map(move |piece| async move {
                        tokio::time::sleep(by).await;
                        piece
                    });
                    Body::from_stream(late.buffered(10_000))
                }),
            }
        }
    }
}

async fn forward(proxy: &Proxy, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.headers.remove(http::header::HOST);
    let body = axum::body::to_bytes(body, 16 << 20).await.unwrap();
    let request = http::Request::from_parts(parts, kube::client::Body::from(body.to_vec()));
    match proxy.client.send(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(error) => {
            let mut answer = Response::new(Body::from(error.to_string()));
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            answer
        }
    }
}
