//! TLS by an authority of one's own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use codeflare_net::{Client, Settings};
use codeflare_registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::Wish;
use crate::artifact::Artifact;
use crate::server::Server;

const BYTES: &[u8] = b"\0asm\x0d\0\x01\0";

#[tokio::test]
async fn an_authority_is_trusted_once_it_is_named() {
    let tcp = TcpListener::bind(("localhost", 0)).await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let server = Server::on(Tls { tcp, acceptor: acceptor() });
    let artifact = Artifact::of(BYTES);
    server.put("test/plugin", "1.0", &artifact);
    let wish = Wish::new(&format!("localhost:{port}/test/plugin:1.0"), &artifact.layer());

    let stranger = Registry::new(Client::new(&Settings::default()).unwrap()).pull(wish.order()).await.unwrap_err();
    assert_eq!(stranger.reason(), "RegistryUnreachable", "{stranger}");
    assert!(stranger.to_string().contains("certificate"), "{stranger}");

    let settings = Settings { authorities: Some(fixture("authority.pem")), ..Settings::default() };
    let registry = Registry::new(Client::new(&settings).unwrap());
    assert_eq!(registry.pull(wish.order()).await.unwrap().bytes, BYTES);

    // It has no certificate for this name.
    let other = Wish::new(&format!("127.0.0.1:{port}/test/plugin:1.0"), &artifact.layer());
    let other = registry.pull(other.order()).await.unwrap_err();
    assert_eq!(other.reason(), "RegistryUnreachable", "{other}");
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// With the certificate for `localhost`.
fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(&fixture("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&fixture("localhost.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
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
