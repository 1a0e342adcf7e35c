//! What shows that a key's owner signed a component. Pure.
//!
//! ```text
//! key ─ signs ─ payload ─ names ─ digest of the manifest ─ names ─ digest of the layer
//! ```
//!
//! A proof carries payload, signature and manifest, so that whoever has the component's
//! digest and the key can check it, at any time and wherever it was kept: it shows itself,
//! and a changed one shows nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::digest;
use crate::key::PublicKey;
use crate::manifest;

/// The type of payload that says "I sign this manifest" in cosign's older format.
const SIMPLE: &str = "cosign container image signature";
/// The same in a statement. A statement about anything else, such as where something was
/// built, is no signature, though the same key may have made it.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
/// The type of an envelope's payload.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A manifest and a signature of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    manifest: String,
    signed: Signed,
}

/// A signature in one of cosign's formats, and what it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Signed {
    /// A payload, and the signature of its bytes in base64.
    Simple { payload: String, signature: String },
    /// A bundle of sigstore with a signed statement.
    Bundle(String),
}

/// Why a signature does not hold; the last comes closest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flaw {
    /// It cannot be read, or is of another kind.
    Unreadable(String),
    /// It is somebody else's, or the text was changed.
    OtherKey,
    /// It is of the right key, but says something else than "I sign this manifest".
    OtherClaim(String),
    /// It is of the right key, but of another manifest.
    OtherManifest(String),
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Unreadable(why) => write!(f, "the one that is there cannot be read: {why}"),
            Flaw::OtherKey => write!(f, "the one that is there was not made with spec.signature.publicKey"),
            Flaw::OtherClaim(claim) => {
                write!(f, "the key's owner states {} about it, which is no signature", manifest::shown(claim))
            }
            Flaw::OtherManifest(other) => {
                write!(f, "the key's owner signed the manifest {}, not this one", manifest::shown(other))
            }
        }
    }
}

impl Proof {
    pub(crate) fn new(manifest: String, signed: Signed) -> Proof {
        Proof { manifest, signed }
    }

    /// Whether the owner of the key signed the component of this digest.
    pub fn shows(&self, component: &str, key: &PublicKey) -> bool {
        let layer = manifest::read(self.manifest.as_bytes()).and_then(|manifest| manifest.component().cloned());
        layer.is_ok_and(|layer| layer.digest == component)
            && self.signed.check(&digest(self.manifest.as_bytes()), key).is_ok()
    }
}

impl Signed {
    /// Whether the owner of the key signed the manifest of this digest.
    pub(crate) fn check(&self, manifest: &str, key: &PublicKey) -> Result<(), Flaw> {
        match self {
            Signed::Simple { payload, signature } => simple(payload, signature, manifest, key),
            Signed::Bundle(bundle) => statement(bundle, manifest, key),
        }
    }
}

fn simple(payload: &str, signature: &str, manifest: &str, key: &PublicKey) -> Result<(), Flaw> {
    #[derive(Deserialize)]
    struct Payload {
        critical: Critical,
    }
    #[derive(Deserialize)]
    struct Critical {
        image: Image,
        r#type: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Image {
        docker_manifest_digest: String,
    }
    if !key.signed(payload.as_bytes(), &decoded(signature)?) {
        return Err(Flaw::OtherKey);
    }
    let Payload { critical } = parsed(payload.as_bytes())?;
    if critical.r#type != SIMPLE {
        return Err(Flaw::OtherClaim(critical.r#type));
    }
    same(&critical.image.docker_manifest_digest, manifest)
}

fn statement(bundle: &str, manifest: &str, key: &PublicKey) -> Result<(), Flaw> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Bundle {
        dsse_envelope: Envelope,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Envelope {
        payload: String,
        payload_type: String,
        signatures: Vec<Signature>,
    }
    #[derive(Deserialize)]
    struct Signature {
        sig: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Statement {
        #[serde(rename = "_type")]
        type_: String,
        subject: Vec<Subject>,
        predicate_type: String,
    }
    #[derive(Deserialize)]
    struct Subject {
        digest: Digests,
    }
    #[derive(Deserialize)]
    struct Digests {
        sha256: String,
    }
    let Bundle { dsse_envelope: envelope } = parsed(bundle.as_bytes())?;
    let payload = decoded(&envelope.payload)?;
    let message = pre_authentication(&envelope.payload_type, &payload);
    // One signature, as the format of the bundle asks for.
    let [Signature { sig }] = envelope.signatures.as_slice() else {
        return Err(Flaw::Unreadable(format!("it has {} signatures, not one", envelope.signatures.len())));
    };
    if !key.signed(&message, &decoded(sig)?) {
        return Err(Flaw::OtherKey);
    }
    if envelope.payload_type != IN_TOTO {
        return Err(Flaw::OtherClaim(envelope.payload_type));
    }
    let statement: Statement = parsed(&payload)?;
    if statement.type_ != STATEMENT || statement.predicate_type != SIGN {
        return Err(Flaw::OtherClaim(statement.predicate_type));
    }
    let subjects: Vec<_> = statement.subject.iter().map(|one| format!("sha256:{}", one.digest.sha256)).collect();
    match subjects.iter().any(|one| one == manifest) {
        true => Ok(()),
        false => same(subjects.first().map_or("of nothing", String::as_str), manifest),
    }
}

/// What an envelope's signature is of: type and payload, each with its length before it.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

fn same(found: &str, manifest: &str) -> Result<(), Flaw> {
    if found == manifest { Ok(()) } else { Err(Flaw::OtherManifest(found.to_owned())) }
}

fn decoded(text: &str) -> Result<Vec<u8>, Flaw> {
    STANDARD.decode(text).map_err(|_| Flaw::Unreadable("it is not base64".to_owned()))
}

fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Flaw> {
    serde_json::from_slice(bytes).map_err(|error| Flaw::Unreadable(error.to_string()))
}
