//! The client that everything shares which is fetched: TLS, proxies, and where plain http
//! is allowed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::address::{host_of, origin};
use crate::body::Incoming;
use crate::error::NetError;
use crate::proxy::{Proxies, Way};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("codeflare/", env!("CARGO_PKG_VERSION")));

/// How hosts are reached.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Hosts that may be read without TLS, as `host` or `host:port`; every other must have it.
    pub plain_http: Vec<String>,
    /// Certificates in PEM that are trusted beside those of the system.
    pub authorities: Option<Vec<u8>>,
    /// Proxies for what has TLS.
    pub proxies: Proxies,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The certificates cannot be read.
    #[error("the certificates to trust are not PEM with a block BEGIN CERTIFICATE: {0}")]
    Authorities(String),
    /// TLS cannot be set up.
    #[error("failed to set up TLS: {0}")]
    Tls(String),
}

/// Sends requests; clones share connections.
#[derive(Clone)]
pub struct Client {
    inner: legacy::Client<HttpsConnector<Way>, Full<Bytes>>,
    plain_http: Arc<BTreeSet<String>>,
}

impl Client {
    /// Sets up TLS with the certificates of the system and those of the settings.
    ///
    /// # Errors
    /// If certificates cannot be read.
    pub fn new(settings: &Settings) -> Result<Client, SettingsError> {
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| SettingsError::Tls(error.to_string()))?
            .with_root_certificates(roots(settings.authorities.as_deref())?)
            .with_no_client_auth();
        let way = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Way::new(&settings.proxies));
        Ok(Client {
            inner: legacy::Client::builder(TokioExecutor::new()).build(way),
            plain_http: Arc::new(settings.plain_http.iter().map(|host| with_port(host)).collect()),
        })
    }

    /// Whether a host (`host` or `host:port`) is one of those that are read without TLS.
    pub fn is_plain(&self, host: &str) -> bool {
        self.plain_http.contains(&with_port(host))
    }

    /// Whether an address may be read: with TLS any, without only what was allowed.
    pub fn allows(&self, uri: &Uri) -> bool {
        origin(uri).is_some_and(|origin| origin.has_tls() || self.plain_http.contains(&origin.authority()))
    }

    /// Sends one request, to exactly where it says, and waits for the head of the answer.
    /// `what` is what messages call it; `stall` is how long that may take.
    ///
    /// # Errors
    /// `Unreachable`, `Certificate` or `TooSlow`. That plain http is allowed is for the
    /// caller to ask first.
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        what: &str,
        stall: Duration,
    ) -> Result<Response<Incoming>, NetError> {
        let host = host_of(request.uri());
        request.headers_mut().entry(USER_AGENT).or_insert(AGENT);
        match tokio::time::timeout(stall, self.inner.request(request)).await {
            Ok(answer) => answer.map_err(|error| NetError::of(&host, &error)),
            Err(_) => Err(NetError::TooSlow { what: format!("an answer of {host} for {what}"), limit: stall }),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("plain_http", &self.plain_http).finish_non_exhaustive()
    }
}

fn with_port(host: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    let after = host.rsplit_once(']').map_or(host.as_str(), |(_, after)| after);
    if after.contains(':') { host } else { format!("{host}:80") }
}

fn roots(more: Option<&[u8]>) -> Result<RootCertStore, SettingsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::info!(%error, "certificates of the system were left out");
    }
    // Stores of systems have certificates that nobody can use any more.
    roots.add_parsable_certificates(system.certs);
    if let Some(pem) = more {
        let refused = |error: &dyn std::error::Error| SettingsError::Authorities(error.to_string());
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| refused(&error))?;
            roots.add(certificate).map_err(|error| refused(&error))?;
            found += 1;
        }
        if found == 0 {
            return Err(SettingsError::Authorities("there is none".to_owned()));
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_those_that_are_named() {
        let plain_http = ["Local.example:5000", "[::1]:5000", "old.example"].map(str::to_owned).to_vec();
        let client = Client::new(&Settings { plain_http, ..Settings::default() }).expect("settings");
        for (address, allowed) in [
            ("https://anywhere.example/x", true),
            ("http://local.example:5000/x", true),
            ("http://local.example:5001/x", false),
            ("http://local.example/x", false),
            ("http://old.example/x", true),
            ("http://[::1]:5000/x", true),
            ("http://127.0.0.1:5000/x", false),
            ("http://local.example:5000@169.254.169.254/x", false),
            ("ftp://local.example:5000/x", false),
            ("/x", false),
        ] {
            assert_eq!(client.allows(&address.parse().expect(address)), allowed, "{address}");
        }
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        for pem in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let settings = Settings { authorities: Some(pem.into()), ..Settings::default() };
            assert!(matches!(Client::new(&settings), Err(SettingsError::Authorities(_))), "{pem}");
        }
    }
}
