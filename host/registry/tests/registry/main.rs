//! Registries that are good and that are not, on the loopback.
//!
//! `cargo test -p codeflare-registry -- --nocapture` prints what came of each of the bad.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it saw"
)]

mod artifact;
mod cosign;
mod credentials;
mod good;
mod hostile;
mod server;
mod tls;

use codeflare_net::{Client, Settings};
use codeflare_registry::{Credentials, Limits, Order, PublicKey, PullError, Pulled, Reference, Registry};

use crate::server::Server;

/// What the tests ask for, owned.
struct Wish {
    reference: Reference,
    digest: String,
    credentials: Option<Credentials>,
    key: Option<PublicKey>,
    limits: Limits,
}

impl Wish {
    fn new(reference: &str, digest: &str) -> Wish {
        let (reference, digest) = (reference.parse().unwrap(), digest.to_owned());
        Wish { reference, digest, credentials: None, key: None, limits: Limits::default() }
    }

    fn order(&self) -> Order<'_> {
        Order {
            reference: &self.reference,
            digest: &self.digest,
            credentials: self.credentials.as_ref(),
            key: self.key.as_ref(),
            limits: self.limits,
        }
    }

    /// Pulls where these servers may be read without TLS.
    async fn pull(&self, servers: &[&Server]) -> Result<Pulled, PullError> {
        client(servers).pull(self.order()).await
    }
}

fn client(servers: &[&Server]) -> Registry {
    let plain_http = servers.iter().map(|server| server.host()).collect();
    Registry::new(Client::new(&Settings { plain_http, ..Settings::default() }).unwrap())
}
