//! Proofs of who signed a plugin, in the digest store beside its bytes.
//!
//! A proof shows itself to whoever has the digest and the key: what somebody has changed
//! or put there shows nothing, and is passed over.

use codeflare_api::labels;
use codeflare_registry::{Proof, PublicKey};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;

use super::kept;
use super::store::{Store, Turn};
use crate::api::within;

/// Key of a proof in `data`.
const TEXT: &str = "proof";
/// Digits that tell the proofs of one digest apart.
const OWN: usize = 10;

impl Store {
    /// Keeps a proof for bytes of this digest.
    ///
    /// # Errors
    /// In words, with the object that could not be written.
    pub(super) async fn keep_proof(&self, _: &Turn, digest: &str, proof: &Proof) -> Result<(), String> {
        let object = object(digest, proof)?;
        let name = object.metadata.name.clone().unwrap_or_default();
        self.put(&name, &object).await
    }

    /// What is kept that shows this key's owner to have signed bytes of this digest. Where
    /// the API server does not answer there is none: the registry is asked then.
    pub(super) async fn proof(&self, digest: &str, key: &PublicKey) -> Option<Proof> {
        let of = format!("{}={},{}={}", labels::PART, labels::PLUGIN_PROOF, labels::DIGEST, kept::short(digest));
        let found = within(self.maps.list(&ListParams::default().labels(&of))).await.ok()?;
        found.iter().find_map(|object| shown(object, digest, key))
    }
}

fn object(digest: &str, proof: &Proof) -> Result<ConfigMap, String> {
    let text = serde_json::to_string(proof).map_err(|error| format!("its proof cannot be written: {error}"))?;
    let own: String = kept::hex(text.as_bytes()).chars().take(OWN).collect();
    Ok(ConfigMap {
        data: Some([(TEXT.to_owned(), text)].into()),
        ..kept::object(format!("{}-p{own}", kept::prefix(digest)), digest, labels::PLUGIN_PROOF)
    })
}

fn shown(object: &ConfigMap, digest: &str, key: &PublicKey) -> Option<Proof> {
    let proof: Proof = serde_json::from_str(object.data.as_ref()?.get(TEXT)?).ok()?;
    proof.shows(digest, key).then_some(proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By cosign: a manifest of a layer of eight bytes, and a signature of it.
    fn signed() -> (String, PublicKey, Proof) {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../registry/tests/fixtures");
        let read = |name: &str| std::fs::read_to_string(format!("{fixtures}/{name}")).expect(name);
        let repository: serde_json::Value =
            serde_json::from_str(&read("simple-ecdsa.json")).expect("should be a fixture");
        let manifests = repository["manifests"].as_object().expect("should have manifests");
        let text = |wanted: fn(&str) -> bool| {
            let found = manifests.iter().find(|(version, _)| wanted(version));
            found.and_then(|(_, text)| text.as_str()).expect("should have a manifest")
        };
        let signature: serde_json::Value =
            serde_json::from_str(text(|version| version.ends_with(".sig"))).expect("should be a manifest");
        let layer = &signature["layers"][0];
        let payload = repository["blobs"][layer["digest"].as_str().expect("should have a digest")].as_str();
        let payload: k8s_openapi::ByteString = serde_json::from_value(payload.into()).expect("should be base64");
        let manifest = text(|version| version == "1.0");
        let proof = serde_json::json!({"manifest": manifest, "signed": {"simple": {
            "payload": String::from_utf8(payload.0).expect("should be text"),
            "signature": layer["annotations"]["dev.cosignproject.cosign/signature"],
        }}});
        let digest = kept::digest(b"\0asm\x0d\0\x01\0");
        let key = read("ecdsa.pub").parse().expect("should be a key");
        (digest, key, serde_json::from_value(proof).expect("should be a proof"))
    }

    #[test]
    fn what_was_kept_shows_itself_and_what_was_changed_shows_nothing() {
        let (digest, key, proof) = signed();
        let object = object(&digest, &proof).expect("should be written");
        let name = object.metadata.name.clone().unwrap_or_default();
        assert!(name.len() <= 63 && name.starts_with(&kept::prefix(&digest)), "{name}");
        assert_eq!(shown(&object, &digest, &key), Some(proof));
        assert_eq!(shown(&object, &kept::digest(b"other"), &key), None, "other bytes");
        let other = include_str!("../../../registry/tests/fixtures/other.pub").parse().expect("should be a key");
        assert_eq!(shown(&object, &digest, &other), None, "another key");
        let text = object.data.as_ref().and_then(|data| data.get(TEXT)).cloned().unwrap_or_default();
        for changed in
            [text.replace("sha256:", "sha256:0"), text.replace("application/wasm", "application/x"), "{}".into()]
        {
            let changed = ConfigMap { data: Some([(TEXT.to_owned(), changed)].into()), ..object.clone() };
            assert_eq!(shown(&changed, &digest, &key), None);
        }
    }
}
