//! The way to a host: straight, or through the tunnel of a proxy. I/O.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// Connects; clones share what they know of proxies.
#[derive(Clone)]
pub(crate) struct Way {
    straight: HttpConnector,
    proxies: Option<std::sync::Arc<Matcher>>,
}

impl Way {
    /// Through the proxies of the environment, or through none.
    pub(crate) fn new(proxies: bool) -> Way {
        let mut straight = HttpConnector::new();
        straight.set_connect_timeout(Some(CONNECT));
        // TLS comes on top of it.
        straight.enforce_http(false);
        Way { straight, proxies: proxies.then(|| std::sync::Arc::new(Matcher::from_env())) }
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of a proxy may have a password in it.
        f.debug_struct("Way").field("proxies", &self.proxies.is_some()).finish_non_exhaustive()
    }
}

type Failure = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Way {
    type Response = TokioIo<TcpStream>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.straight.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        // Hosts that are read without TLS were named by the admin and are near.
        let tls = to.scheme_str() == Some("https");
        let proxy = self.proxies.as_ref().filter(|_| tls).and_then(|proxies| proxies.intercept(&to));
        let Some(proxy) = proxy else {
            let connecting = self.straight.call(to);
            return Box::pin(async move { connecting.await.map_err(Into::into) });
        };
        if proxy.uri().scheme_str() != Some("http") {
            let why = "the proxy of the environment is not an address that begins with http://";
            return Box::pin(std::future::ready(Err(why.into())));
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.straight.clone());
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let tunnelling = tunnel.call(to);
        Box::pin(async move { tunnelling.await.map_err(Into::into) })
    }
}
