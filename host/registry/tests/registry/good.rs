//! What must work.

use codeflare_registry::Proof;

use crate::artifact::{Artifact, IMAGE, Signer, WASM, WASM_BEFORE, digest};
use crate::server::{Answer, Server};
use crate::{Wish, client};

const BYTES: &[u8] = b"\0asm\x0d\0\x01\0";

#[tokio::test]
async fn a_component_comes_by_tag_and_by_digest_under_both_types() {
    for kind in [WASM, WASM_BEFORE] {
        let server = Server::start().await;
        let artifact = Artifact::with(&[(kind, BYTES)]);
        server.put("test/plugin", "1.0", &artifact);
        for version in [":1.0".to_owned(), format!("@{}", artifact.digest)] {
            let wish = Wish::new(&format!("{}/test/plugin{version}", server.host()), &artifact.layer());
            let pulled = wish.pull(&[&server]).await.unwrap();
            assert_eq!((pulled.bytes.as_slice(), pulled.proof.is_none()), (BYTES, true), "{kind} {version}");
        }
    }
}

#[tokio::test]
async fn redirects_are_followed_also_to_another_host_and_relative_ones() {
    let (server, store) = (Server::start().await, Server::start().await);
    let artifact = Artifact::of(BYTES);
    server.put("test/plugin", "1.0", &artifact);
    let path = format!("/v2/test/plugin/blobs/{}", artifact.layer());
    server.tell(&path, Answer::Redirect("/elsewhere?signed=yes".to_owned()));
    server.tell("/elsewhere", Answer::Redirect(format!("http://{}/bytes", store.host())));
    store.tell("/bytes", Answer::Bytes("application/octet-stream", BYTES.to_vec()));
    let wish = Wish::new(&format!("{}/test/plugin:1.0", server.host()), &artifact.layer());
    assert_eq!(wish.pull(&[&server, &store]).await.unwrap().bytes, BYTES);
}

#[tokio::test]
async fn one_signature_of_the_key_is_enough_and_the_proof_shows_it_again() {
    let server = Server::start().await;
    let (signer, other) = (Signer::new(), Signer::new());
    let artifact = Artifact::of(BYTES);
    server.put("test/plugin", "1.0", &artifact);
    // Somebody else has signed it before.
    let both = [other.sign(&artifact.digest), signer.sign(&artifact.digest)];
    let layers: Vec<serde_json::Value> = both.iter().map(first_layer).collect();
    let manifest = serde_json::json!({"schemaVersion": 2, "mediaType": IMAGE, "layers": layers}).to_string();
    server.tell(
        format!("/v2/test/plugin/manifests/{}", artifact.signature_tag()),
        Answer::Bytes(IMAGE, manifest.into_bytes()),
    );
    for blob in both.iter().flat_map(|signature| &signature.blobs) {
        let path = format!("/v2/test/plugin/blobs/{}", digest(blob));
        server.tell(path, Answer::Bytes("application/octet-stream", blob.clone()));
    }
    let mut wish = Wish::new(&format!("{}/test/plugin:1.0", server.host()), &artifact.layer());
    wish.key = Some(signer.public_key().parse().unwrap());
    let pulled = wish.pull(&[&server]).await.unwrap();
    assert_eq!(pulled.bytes, BYTES);
    let again = client(&[&server]).proof(wish.order()).await.unwrap();
    assert_eq!(pulled.proof, again);

    // The registry goes; what was kept shows it all the same, to this key for these bytes.
    server.stop().await;
    let gone = wish.pull(&[&server]).await.unwrap_err();
    assert_eq!(gone.reason(), "RegistryUnreachable", "{gone}");
    let kept = serde_json::to_string(&again.unwrap()).unwrap();
    let proof: Proof = serde_json::from_str(&kept).unwrap();
    let (ours, theirs) = (signer.public_key().parse().unwrap(), other.public_key().parse().unwrap());
    let fresh = Signer::new().public_key().parse().unwrap();
    assert!(proof.shows(&artifact.layer(), &ours));
    assert!(!proof.shows(&artifact.layer(), &theirs), "it has the signature of one key");
    assert!(!proof.shows(&artifact.layer(), &fresh));
    assert!(!proof.shows(&digest(b"other"), &ours), "other bytes");
    let changed = kept.replace(&artifact.layer(), &digest(b"other"));
    let changed: Proof = serde_json::from_str(&changed).unwrap();
    assert!(!changed.shows(&digest(b"other"), &ours), "a manifest that was changed has another digest");
}

fn first_layer(artifact: &Artifact) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&artifact.manifest).unwrap()["layers"][0].clone()
}
