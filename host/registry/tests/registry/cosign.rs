//! Signatures that cosign itself made: `hack/test/cosign.sh` writes `tests/fixtures`. The
//! keys were made for that, signed nothing else, and their private halves were thrown away.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codeflare_registry::PullError;
use serde::Deserialize;

use crate::Wish;
use crate::artifact::{IMAGE, digest};
use crate::server::{Answer, Server};

/// A repository as it was after cosign was there.
#[derive(Deserialize)]
struct Repository {
    /// Made with.
    cosign: String,
    /// Text by tag and by digest.
    manifests: BTreeMap<String, String>,
    /// Base64 by digest.
    blobs: BTreeMap<String, String>,
}

fn repository(name: &str) -> Repository {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn key(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/{name}.pub", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Pulls a fixture; `referrers` tells whether the registry has a list of them.
async fn pull(repository: &Repository, by: &str, referrers: bool) -> Result<(), PullError> {
    let server = Server::start().await;
    let manifest = &repository.manifests["1.0"];
    let of = digest(manifest.as_bytes());
    for (version, text) in &repository.manifests {
        let mut path = format!("/v2/test/plugin/manifests/{version}");
        if referrers && *version == of.replace(':', "-") {
            path = format!("/v2/test/plugin/referrers/{of}");
        }
        server.tell(path, Answer::Bytes(IMAGE, text.clone().into_bytes()));
    }
    for (digest, text) in &repository.blobs {
        let blob = Answer::Bytes("application/octet-stream", STANDARD.decode(text).unwrap());
        server.tell(format!("/v2/test/plugin/blobs/{digest}"), blob);
    }
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let mut wish = Wish::new(&format!("{}/test/plugin:1.0", server.host()), layer);
    wish.key = Some(key(by).parse().unwrap_or_else(|error| panic!("{by}: {error}")));
    let pulled = wish.pull(&[&server]).await?;
    let proof = pulled.proof.expect("a proof");
    assert!(proof.shows(layer, wish.key.as_ref().unwrap()), "the proof shows it again");
    Ok(())
}

#[tokio::test]
async fn cosign_of_today_and_of_before_with_both_kinds_of_keys() {
    let mut made = 0;
    for kind in ["ecdsa", "rsa"] {
        for format in ["bundle", "simple"] {
            let repository = repository(&format!("{format}-{kind}"));
            assert!(repository.cosign.starts_with("v3."), "{}", repository.cosign);
            for referrers in [false, true] {
                let pulled = pull(&repository, kind, referrers).await;
                pulled.unwrap_or_else(|error| panic!("{format}-{kind}, referrers {referrers}: {error}"));
                made += 1;
            }
            let stranger = pull(&repository, if kind == "rsa" { "ecdsa" } else { "rsa" }, false).await.unwrap_err();
            assert_eq!(stranger.reason(), "SignatureInvalid", "{format}-{kind}: {stranger}");
            let other = pull(&repository, "other", true).await.unwrap_err();
            assert!(other.to_string().contains("not made with spec.signature.publicKey"), "{other}");
        }
    }
    assert_eq!(made, 8);
}

#[tokio::test]
async fn an_attestation_by_the_same_key_is_no_signature() {
    let repository = repository("attested");
    for referrers in [false, true] {
        let refused = pull(&repository, "ecdsa", referrers).await.unwrap_err();
        assert_eq!(refused.reason(), "SignatureInvalid", "{refused}");
        assert!(refused.to_string().contains("which is no signature"), "{refused}");
    }
}

#[tokio::test]
async fn a_signature_does_not_fit_another_manifest() {
    // The signature is moved to where that of the other would be.
    for format in ["bundle", "simple"] {
        let mut repository = repository(&format!("{format}-ecdsa"));
        let before = digest(repository.manifests["1.0"].as_bytes());
        let other = repository.manifests["1.0"].replace("{", "{ ");
        let after = digest(other.as_bytes());
        let moved = |version: &String| version.replace(&before.replace(':', "-"), &after.replace(':', "-"));
        repository.manifests = repository.manifests.iter().map(|(k, v)| (moved(k), v.clone())).collect();
        repository.manifests.insert("1.0".to_owned(), other);
        let refused = pull(&repository, "ecdsa", false).await.unwrap_err();
        assert_eq!(refused.reason(), "SignatureInvalid", "{format}: {refused}");
        assert!(refused.to_string().contains(&format!("signed the manifest `{before}`")), "{refused}");
    }
}

#[test]
fn keys_that_cannot_be_used_say_what_is_expected() {
    let parsed = |pem: &str| pem.parse::<codeflare_registry::PublicKey>().map_err(|error| error.to_string());
    for name in ["ecdsa", "rsa", "other"] {
        assert!(parsed(&key(name)).is_ok(), "{name}");
    }
    for (pem, words) in [
        ("", "BEGIN PUBLIC KEY"),
        ("AAAA", "BEGIN PUBLIC KEY"),
        (
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
            "BEGIN",
        ),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "expected ECDSA P-256"),
        (key("p384").as_str(), "expected ECDSA P-256"),
        (key("ed25519").as_str(), "expected ECDSA P-256"),
    ] {
        assert!(parsed(pem).is_err_and(|error| error.contains(words)), "{pem}");
    }
}
