//! Registries on the client that everything shares which is fetched.

use codeflare_net::Client;
use tokio::sync::Semaphore;

use crate::reference::Reference;

/// Pulls at the same time: each may hold a whole component in memory.
const AT_ONCE: usize = 4;

/// Pulls artifacts; one for the whole process.
#[derive(Debug)]
pub struct Registry {
    pub(crate) client: Client,
    pub(crate) turns: Semaphore,
}

impl Registry {
    /// Reaches registries by this client. Those that it may read without TLS are asked
    /// without.
    pub fn new(client: Client) -> Registry {
        Registry { client, turns: Semaphore::new(AT_ONCE) }
    }

    /// Where the registry of a reference answers: its scheme and authority.
    pub(crate) fn base(&self, reference: &Reference) -> String {
        let server = reference.server();
        format!("{}://{server}", if self.client.is_plain(server) { "http" } else { "https" })
    }
}

#[cfg(test)]
mod tests {
    use codeflare_net::Settings;

    use super::*;

    #[test]
    fn registries_without_tls_are_asked_without() {
        let plain_http = ["Local.example:5000", "[::1]:5000", "old.example"].map(str::to_owned).to_vec();
        let registry = Registry::new(Client::new(&Settings { plain_http, ..Settings::default() }).expect("settings"));
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
}
