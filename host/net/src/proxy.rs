//! The way to a host: straight, or through the tunnel of a proxy. I/O.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
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

/// Through which proxies hosts are reached that have TLS. Those without were named by the
/// admin and are near: they are always reached straight.
#[derive(Clone, Default)]
pub enum Proxies {
    /// None.
    #[default]
    None,
    /// What `HTTPS_PROXY` and `NO_PROXY` of the environment say.
    Environment,
    /// This one.
    Named {
        /// Its address, `http://[USER:PASSWORD@]HOST:PORT`.
        address: String,
        /// Hosts that are reached without it, with commas between them, as in `NO_PROXY`.
        except: String,
    },
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of a proxy may have a password in it.
        f.write_str(match self {
            Proxies::None => "None",
            Proxies::Environment => "Environment",
            Proxies::Named { .. } => "Named",
        })
    }
}

/// Connects; clones share what they know of proxies.
#[derive(Clone)]
pub(crate) struct Way {
    straight: HttpConnector,
    proxies: Option<Arc<Matcher>>,
}

impl Way {
    pub(crate) fn new(proxies: &Proxies) -> Way {
        let mut straight = HttpConnector::new();
        straight.set_connect_timeout(Some(CONNECT));
        // TLS comes on top of it.
        straight.enforce_http(false);
        let matcher = match proxies {
            Proxies::None => None,
            Proxies::Environment => Some(Matcher::from_env()),
            Proxies::Named { address, except } => {
                Some(Matcher::builder().https(address.clone()).no(except.clone()).build())
            }
        };
        Way { straight, proxies: matcher.map(Arc::new) }
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
