//! What is asked of a registry, and what it may cost.

use std::time::Duration;

use crate::credentials::Credentials;
use crate::key::PublicKey;
use crate::reference::Reference;

/// One artifact that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Where it is.
    pub reference: &'a Reference,
    /// The digest of the component's bytes, `sha256:` and hexadecimal: the layer must have it.
    pub digest: &'a str,
    /// What to show the registry where it asks; none: nobody's.
    pub credentials: Option<&'a Credentials>,
    /// Whose signature it must bear; none: nobody's.
    pub key: Option<&'a PublicKey>,
    /// What it may cost.
    pub limits: Limits,
}

/// What one order may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a component.
    pub layer: u64,
    /// Bytes of a manifest, a list of referrers, a signature or a token: of everything else.
    pub document: u64,
    /// How long all of it may take.
    pub total: Duration,
    /// How long nothing may come.
    pub stall: Duration,
}

impl Default for Limits {
    /// 64 MiB, documents of 256 KiB (two of them fit into an object of Kubernetes), 30 s, of
    /// which at most 10 s without a byte.
    fn default() -> Limits {
        Limits { layer: 64 << 20, document: 256 << 10, total: Duration::from_secs(30), stall: Duration::from_secs(10) }
    }
}
