//! What can go wrong with a registry, each with the reason that a Plugin shows for it.

use std::time::Duration;

use codeflare_net::NetError;

use crate::credentials::CredentialsError;
use crate::key::KeyError;
use crate::reference::ReferenceError;

/// What an error stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The bytes did not come.
    Fetch,
    /// They are not taken, since nothing shows who made them.
    Verify,
}

/// Why an artifact did not come, or is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The reference cannot be read.
    #[error("{0}")]
    ReferenceInvalid(#[from] ReferenceError),
    /// The credentials cannot be read.
    #[error("{0}")]
    PullSecretInvalid(#[from] CredentialsError),
    /// The key cannot be read.
    #[error("{0}")]
    PublicKeyInvalid(#[from] KeyError),
    /// No connection, a broken one, or an answer that says that the registry fails.
    #[error("{host} cannot be reached: {why}")]
    RegistryUnreachable {
        /// Host, and port where the reference names one.
        host: String,
        /// What the connection says, without addresses: they may hold secrets.
        why: String,
    },
    /// It wants other credentials, or none will do.
    #[error("{host} refuses {what} with {status}{hint}")]
    RegistryRefused {
        /// Who refuses.
        host: String,
        /// What was asked for.
        what: String,
        /// The status that it answers.
        status: u16,
        /// Which credentials were shown.
        hint: &'static str,
    },
    /// A way without TLS that nobody allowed.
    #[error(
        "{what} is plain http; nothing is read without TLS but from hosts that `network.plainHttp` of the chart names"
    )]
    RegistryInsecure {
        /// What leads there.
        what: String,
    },
    /// There is no such tag, manifest or layer.
    #[error("{host} has no {what}")]
    ArtifactNotFound {
        /// Who was asked.
        host: String,
        /// What it has not.
        what: String,
    },
    /// It says that it is too large, or goes on and on.
    #[error("{what} is larger than the {limit} bytes that {whose}; reading stopped there")]
    ArtifactTooLarge {
        /// What is too large.
        what: String,
        /// Bytes.
        limit: u64,
        /// Whose limit that is.
        whose: &'static str,
    },
    /// It takes longer than the limit, or sends nothing for too long.
    #[error("{what} did not come within {} s", limit.as_secs_f32())]
    RegistryTooSlow {
        /// What was waited for.
        what: String,
        /// The limit that was reached.
        limit: Duration,
    },
    /// Bytes that are not what they are called.
    #[error("{what} has {found}, not {wanted}")]
    DigestMismatch {
        /// What was read.
        what: String,
        /// Its digest.
        found: String,
        /// The one that it should have.
        wanted: String,
    },
    /// The tag leads to another component than the Plugin names.
    #[error(
        "{reference} now leads to the layer {found}, but spec.digest is {wanted}: the tag was moved; take the new digest if you trust it, or name the old manifest by its digest"
    )]
    TagMoved {
        /// Reference.
        reference: String,
        /// Digest of the layer that it leads to.
        found: String,
        /// `spec.digest`.
        wanted: String,
    },
    /// Something else than one component.
    #[error("{reference} is not an artifact with one WebAssembly component: {why}")]
    NotAWasmArtifact {
        /// Reference.
        reference: String,
        /// What it is instead.
        why: String,
    },
    /// Nobody has signed it.
    #[error(
        "{reference} has no signature: neither a tag {tag} nor a referrer is there; sign the manifest {manifest} with cosign"
    )]
    SignatureMissing {
        /// Reference.
        reference: String,
        /// Tag that a signature of the older format has.
        tag: String,
        /// Digest of the manifest that was to be signed.
        manifest: String,
    },
    /// Somebody else has signed it, or something else was signed.
    #[error("{reference} has no signature that holds: {why}")]
    SignatureInvalid {
        /// Reference.
        reference: String,
        /// What is wrong with the one that comes closest.
        why: String,
    },
}

impl From<NetError> for PullError {
    fn from(error: NetError) -> PullError {
        match error {
            NetError::Unreachable { host, why } => PullError::RegistryUnreachable { host, why },
            NetError::Certificate { host, why } => {
                let why = format!("its certificate is not trusted: {why}");
                PullError::RegistryUnreachable { host, why }
            }
            NetError::TooSlow { what, limit } => PullError::RegistryTooSlow { what, limit },
            NetError::TooLarge { what, limit, whose } => PullError::ArtifactTooLarge { what, limit, whose },
        }
    }
}

impl PullError {
    /// The word that the Plugin's condition has for it.
    pub fn reason(&self) -> &'static str {
        match self {
            PullError::ReferenceInvalid(_) => "ReferenceInvalid",
            PullError::PullSecretInvalid(_) => "PullSecretInvalid",
            PullError::PublicKeyInvalid(_) => "PublicKeyInvalid",
            PullError::RegistryUnreachable { .. } => "RegistryUnreachable",
            PullError::RegistryRefused { .. } => "RegistryRefused",
            PullError::RegistryInsecure { .. } => "RegistryInsecure",
            PullError::ArtifactNotFound { .. } => "ArtifactNotFound",
            PullError::ArtifactTooLarge { .. } => "ArtifactTooLarge",
            PullError::RegistryTooSlow { .. } => "RegistryTooSlow",
            PullError::DigestMismatch { .. } => "DigestMismatch",
            PullError::TagMoved { .. } => "TagMoved",
            PullError::NotAWasmArtifact { .. } => "NotAWasmArtifact",
            PullError::SignatureMissing { .. } => "SignatureMissing",
            PullError::SignatureInvalid { .. } => "SignatureInvalid",
        }
    }

    /// What it stops.
    pub fn step(&self) -> Step {
        match self {
            PullError::PublicKeyInvalid(_)
            | PullError::SignatureMissing { .. }
            | PullError::SignatureInvalid { .. } => Step::Verify,
            _ => Step::Fetch,
        }
    }
}
