//! Artifacts as tools push them, and signatures as cosign writes them, by keys that are
//! made for one test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::Digest as _;

pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const WASM: &str = "application/wasm";
/// What the tools before today's called the layer.
pub(crate) const WASM_BEFORE: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// What stands before the point of a P-256 key in DER.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A manifest and its blobs.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    pub(crate) manifest: String,
    /// Of the manifest.
    pub(crate) digest: String,
    pub(crate) blobs: Vec<Vec<u8>>,
}

impl Artifact {
    /// One component.
    pub(crate) fn of(bytes: &[u8]) -> Artifact {
        Artifact::with(&[(WASM, bytes)])
    }

    /// Layers of these types.
    pub(crate) fn with(layers: &[(&str, &[u8])]) -> Artifact {
        let described = layers.iter().map(|(kind, bytes)| descriptor(kind, bytes, json!({})));
        Artifact::new(described.collect(), layers.iter().map(|(_, bytes)| bytes.to_vec()).collect())
    }

    fn new(layers: Vec<Value>, blobs: Vec<Vec<u8>>) -> Artifact {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": IMAGE, "layers": layers,
            "config": descriptor("application/vnd.wasm.config.v0+json", b"{}", json!({})),
        });
        let manifest = manifest.to_string();
        Artifact { digest: digest(manifest.as_bytes()), manifest, blobs }
    }

    /// Digest of its first layer.
    pub(crate) fn layer(&self) -> String {
        digest(&self.blobs[0])
    }

    /// The tag at which its signature of the older format is.
    pub(crate) fn signature_tag(&self) -> String {
        format!("{}.sig", self.digest.replace(':', "-"))
    }
}

fn descriptor(kind: &str, bytes: &[u8], annotations: Value) -> Value {
    json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len(), "annotations": annotations})
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hex: String = sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A key pair.
pub(crate) struct Signer(EcdsaKeyPair);

impl Signer {
    pub(crate) fn new() -> Signer {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Signer(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pair.as_ref(), &random).unwrap())
    }

    /// The public half, as cosign.pub has it.
    pub(crate) fn public_key(&self) -> String {
        let der = [&P256[..], self.0.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    /// What is at the signature's tag if this key signs a manifest, in the older format.
    pub(crate) fn sign(&self, manifest: &str) -> Artifact {
        let payload = json!({
            "critical": {
                "identity": {"docker-reference": "test"},
                "image": {"docker-manifest-digest": manifest},
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        let payload = payload.to_string().into_bytes();
        let signature = self.0.sign(&SystemRandom::new(), &payload).unwrap();
        let signature = json!({"dev.cosignproject.cosign/signature": STANDARD.encode(signature)});
        let layer = descriptor("application/vnd.dev.cosign.simplesigning.v1+json", &payload, signature);
        Artifact::new(vec![layer], vec![payload])
    }
}
