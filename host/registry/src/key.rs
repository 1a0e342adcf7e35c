//! Public keys in PEM, and signatures by them. Pure.

use std::fmt;
use std::str::FromStr;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::ring::{ECDSA_P256_SHA256, RSA_PKCS1_2048_8192_SHA256};
use webpki::{Error, RawPublicKeyEntity};

/// What cosign signs with a key of each kind. P-256 is what it generates. With Ed25519 it
/// signs today's format in a way of its own (a hash, not the message), which few can check.
const ALGORITHMS: [(&str, &dyn SignatureVerificationAlgorithm); 2] =
    [("ECDSA P-256", ECDSA_P256_SHA256), ("RSA", RSA_PKCS1_2048_8192_SHA256)];

/// A key that signatures are checked against.
#[derive(Clone)]
pub struct PublicKey {
    der: SubjectPublicKeyInfoDer<'static>,
    kind: &'static str,
    algorithm: &'static dyn SignatureVerificationAlgorithm,
}

/// A key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM, or of something else.
    #[error("it has no block BEGIN PUBLIC KEY; expected what `cosign generate-key-pair` writes to cosign.pub")]
    NotPem,
    /// A key that we have no algorithm for.
    #[error(
        "it is a key of a kind that is not known; expected ECDSA P-256, as cosign generates it, or RSA of 2048 bits or more"
    )]
    UnknownKind,
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(pem: &str) -> Result<PublicKey, KeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NotPem)?;
        // The key itself says which algorithm fits it: every other refuses it by its kind.
        let fits = |algorithm: &dyn SignatureVerificationAlgorithm| {
            let entity = RawPublicKeyEntity::try_from(&der).ok()?;
            let refused = entity.verify_signature(algorithm, b"", b"").err()?;
            (refused == Error::InvalidSignatureForPublicKey).then_some(())
        };
        let found = ALGORITHMS.into_iter().find(|(_, algorithm)| fits(*algorithm).is_some());
        let (kind, algorithm) = found.ok_or(KeyError::UnknownKind)?;
        Ok(PublicKey { der, kind, algorithm })
    }
}

impl PublicKey {
    /// Whether this key signed the message.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        RawPublicKeyEntity::try_from(&self.der)
            .is_ok_and(|entity| entity.verify_signature(self.algorithm, message, signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.kind).finish()
    }
}
