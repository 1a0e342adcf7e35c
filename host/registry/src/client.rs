//! The client that all pulls share: TLS, proxies, and where plain http is allowed.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use http_body_util::Empty;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::sync::Semaphore;

use crate::address::origin;
use crate::proxy::Way;
use crate::reference::Reference;

/// Pulls at the same time: each may hold a whole component in memory.
const AT_ONCE: usize = 4;

/// How registries are reached.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Registries without TLS, as `host` or `host:port`; every other must have it.
    pub plain_http: Vec<String>,
    /// Certificates in PEM that are trusted beside those of the system.
    pub authorities: Option<Vec<u8>>,
    /// Whether `HTTPS_PROXY` and `NO_PROXY` of the environment hold.
    pub proxies: bool,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The certificates cannot be read.
    #[error("the certificates for registries are not PEM with a block BEGIN CERTIFICATE: {0}")]
    Authorities(String),
    /// TLS cannot be set up.
    #[error("failed to set up TLS for registries: {0}")]
    Tls(String),
}

/// Pulls artifacts; one for the whole process.
#[derive(Debug)]
pub struct Registry {
    pub(crate) client: legacy::Client<HttpsConnector<Way>, Empty<Bytes>>,
    pub(crate) turns: Semaphore,
    plain_http: BTreeSet<String>,
}

impl Registry {
    /// Sets up TLS with the certificates of the system and those of the settings.
    ///
    /// # Errors
    /// If certificates cannot be read.
    pub fn new(settings: &Settings) -> Result<Registry, SettingsError> {
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| SettingsError::Tls(error.to_string()))?
            .with_root_certificates(roots(settings.authorities.as_deref())?)
            .with_no_client_auth();
        let way = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Way::new(settings.proxies));
        Ok(Registry {
            client: legacy::Client::builder(TokioExecutor::new()).build(way),
            turns: Semaphore::new(AT_ONCE),
            plain_http: settings.plain_http.iter().map(|host| with_port(host)).collect(),
        })
    }

    /// Where the registry of a reference answers: its scheme and authority.
    pub(crate) fn base(&self, reference: &Reference) -> String {
        let server = reference.server();
        let plain = self.plain_http.contains(&with_port(server));
        format!("{}://{server}", if plain { "http" } else { "https" })
    }

    /// Whether an address may be read: with TLS any, without only what was allowed.
    pub(crate) fn allows(&self, uri: &Uri) -> bool {
        origin(uri).is_some_and(|origin| origin.has_tls() || self.plain_http.contains(&origin.authority()))
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
        let registry = Registry::new(&Settings { plain_http, ..Settings::default() }).expect("settings");
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
            assert_eq!(registry.allows(&address.parse().expect(address)), allowed, "{address}");
        }
        for (reference, base) in [
            ("local.example:5000/x:1", "http://local.example:5000"),
            ("[::1]:5000/x:1", "http://[::1]:5000"),
            ("old.example/x:1", "http://old.example"),
            ("example.com/x:1", "https://example.com"),
            ("docker.io/x:1", "https://registry-1.docker.io"),
        ] {
            assert_eq!(registry.base(&reference.parse().expect(reference)), base, "{reference}");
        }
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        for pem in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let settings = Settings { authorities: Some(pem.into()), ..Settings::default() };
            assert!(matches!(Registry::new(&settings), Err(SettingsError::Authorities(_))), "{pem}");
        }
    }
}
