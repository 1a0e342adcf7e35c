//! Registries that must be refused, each in time and with its reason.

use std::time::{Duration, Instant};

use codeflare_registry::{Limits, Step};

use crate::Wish;
use crate::artifact::{Artifact, IMAGE, Signer, WASM};
use crate::server::{Answer, Server};

const BYTES: &[u8] = b"\0asm\x0d\0\x01\0";
const NAME: &str = "test/plugin";

/// A registry that has one artifact, and what is asked of it.
struct Scene {
    server: Server,
    artifact: Artifact,
    wish: Wish,
}

struct Row {
    case: &'static str,
    /// Does the evil.
    evil: fn(&mut Scene),
    reason: &'static str,
    /// Said in the message.
    words: &'static str,
    limits: fn() -> Limits,
}

/// Where time is what stops it.
fn short() -> Limits {
    Limits { total: Duration::from_millis(700), stall: Duration::from_millis(300), ..Limits::default() }
}

impl Scene {
    async fn new() -> Scene {
        let server = Server::start().await;
        let artifact = Artifact::of(BYTES);
        server.put(NAME, "1.0", &artifact);
        let wish = Wish::new(&format!("{}/{NAME}:1.0", server.host()), &artifact.layer());
        Scene { server, artifact, wish }
    }

    fn layer(&self, answer: Answer) {
        self.server.tell(format!("/v2/{NAME}/blobs/{}", self.artifact.layer()), answer);
    }

    fn manifest(&self, answer: Answer) {
        self.server.tell(format!("/v2/{NAME}/manifests/1.0"), answer);
    }

    /// Takes the place of the artifact, and of what is wanted.
    fn becomes(&mut self, artifact: Artifact) {
        self.server.put(NAME, "1.0", &artifact);
        self.wish.digest = artifact.layer();
        self.artifact = artifact;
    }

    /// A key is asked for; what its signature tag has is what `signs` makes.
    fn signed(&mut self, signs: impl FnOnce(&Signer, &Artifact) -> Option<Artifact>) {
        let signer = Signer::new();
        self.wish.key = Some(signer.public_key().parse().unwrap());
        if let Some(signature) = signs(&signer, &self.artifact) {
            self.server.put(NAME, &self.artifact.signature_tag(), &signature);
        }
    }
}

fn table() -> Vec<Row> {
    let row = |case, reason, words, evil| Row { case, evil, reason, words, limits: Limits::default };
    let timed = |case, words, evil| Row { case, evil, reason: "RegistryTooSlow", words, limits: short };
    vec![
        row("an endless layer", "ArtifactTooLarge", "the 8 bytes that its manifest declares", |scene| {
            scene.layer(Answer::Endless)
        }),
        row("an endless layer that was declared large", "ArtifactTooLarge", "67108864 bytes", |scene| {
            let manifest = scene.artifact.manifest.replace("\"size\":8", "\"size\":67108865");
            assert_ne!(manifest, scene.artifact.manifest);
            scene.manifest(Answer::Bytes(IMAGE, manifest.into_bytes()));
            scene.layer(Answer::Endless);
        }),
        row("an endless layer within what was declared", "ArtifactTooLarge", "the 1048576 bytes that", |scene| {
            let manifest = scene.artifact.manifest.replace("\"size\":8", "\"size\":1048576");
            scene.manifest(Answer::Bytes(IMAGE, manifest.into_bytes()));
            scene.layer(Answer::Endless);
        }),
        row("a length beyond the one declared", "ArtifactTooLarge", "the 8 bytes", |scene| {
            scene.layer(Answer::Declares(u64::MAX / 2))
        }),
        row("an endless manifest", "ArtifactTooLarge", "the 262144 bytes", |scene| scene.manifest(Answer::Endless)),
        timed("a layer byte by byte", "did not come within 0.7 s", |scene| {
            let manifest = scene.artifact.manifest.replace("\"size\":8", "\"size\":1048576");
            scene.manifest(Answer::Bytes(IMAGE, manifest.into_bytes()));
            scene.layer(Answer::Drips(Duration::from_millis(20)));
        }),
        timed("a layer that stops", "more of layer", |scene| {
            let manifest = scene.artifact.manifest.replace("\"size\":8", "\"size\":1048576");
            scene.manifest(Answer::Bytes(IMAGE, manifest.into_bytes()));
            scene.layer(Answer::Stalls);
        }),
        timed("no answer", "an answer of 127.0.0.1", |scene| scene.manifest(Answer::Never)),
        row("other bytes of the same length", "DigestMismatch", "the layer of", |scene| {
            scene.layer(Answer::Bytes("application/octet-stream", b"\0asm\x0d\0\x01\x01".to_vec()))
        }),
        row("too few bytes", "DigestMismatch", "the layer of", |scene| {
            scene.layer(Answer::Bytes("application/octet-stream", b"\0asm".to_vec()))
        }),
        row("a tag that was moved", "TagMoved", "the tag was moved", |scene| {
            scene.server.put(NAME, "1.0", &Artifact::of(b"\0asm\x0d\0\x01\0, another"))
        }),
        row("another manifest than the digest says", "DigestMismatch", "the manifest of", |scene| {
            let other = Artifact::of(b"other");
            let path = format!("/v2/{NAME}/manifests/{}", scene.artifact.digest);
            scene.server.tell(path, Answer::Bytes(IMAGE, other.manifest.into_bytes()));
            let reference = format!("{}/{NAME}@{}", scene.server.host(), scene.artifact.digest);
            scene.wish.reference = reference.parse().unwrap();
        }),
        row("a manifest of another layer than asked for", "DigestMismatch", "spec.digest", |scene| {
            let other = Artifact::of(b"other");
            scene.server.put(NAME, "2.0", &other);
            let reference = format!("{}/{NAME}@{}", scene.server.host(), other.digest);
            scene.wish.reference = reference.parse().unwrap();
        }),
        row("no signature", "SignatureMissing", "has no signature", |scene| scene.signed(|_, _| None)),
        row("the wrong key", "SignatureInvalid", "not made with spec.signature.publicKey", |scene| {
            scene.signed(|_, artifact| Some(Signer::new().sign(&artifact.digest)))
        }),
        row("a signature of another manifest", "SignatureInvalid", "signed the manifest `sha256:", |scene| {
            scene.signed(|signer, _| Some(signer.sign(&Artifact::of(b"other").digest)))
        }),
        row("a payload that was changed", "SignatureInvalid", "not made with", |scene| {
            scene.signed(|signer, artifact| {
                let mut signature = signer.sign(&Artifact::of(b"other").digest);
                let text = String::from_utf8(signature.blobs[0].clone()).unwrap();
                let other = Artifact::of(b"other").digest;
                let blob = text.replace(&other, &artifact.digest).into_bytes();
                let path = |blob: &[u8]| crate::artifact::digest(blob);
                signature.manifest = signature.manifest.replace(&path(&signature.blobs[0]), &path(&blob));
                signature.blobs = vec![blob];
                Some(signature)
            })
        }),
        row("a signature that is endless", "ArtifactTooLarge", "a signature is larger", |scene| {
            scene.signed(|signer, artifact| Some(signer.sign(&artifact.digest)));
            let signature = Signer::new().sign(&scene.artifact.digest);
            scene.server.put(NAME, &scene.artifact.signature_tag(), &signature);
            scene.server.tell(format!("/v2/{NAME}/blobs/{}", signature.layer()), Answer::Endless);
        }),
        row("referrers that are no list", "SignatureInvalid", "cannot be read", |scene| {
            scene.signed(|_, _| None);
            let path = format!("/v2/{NAME}/referrers/{}", scene.artifact.digest);
            scene.server.tell(path, Answer::Bytes("application/json", b"[1, 2".to_vec()));
        }),
        row("a layer of another type", "NotAWasmArtifact", "layer.v1.tar", |scene| {
            scene.becomes(Artifact::with(&[("application/vnd.oci.image.layer.v1.tar+gzip", BYTES)]))
        }),
        row("two layers", "NotAWasmArtifact", "2 layers", |scene| {
            scene.becomes(Artifact::with(&[(WASM, BYTES), (WASM, b"more")]))
        }),
        row("an index", "NotAWasmArtifact", "an index of several manifests", |scene| {
            let index =
                br#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#;
            scene.manifest(Answer::Bytes("application/vnd.oci.image.index.v1+json", index.to_vec()))
        }),
        row("a page", "NotAWasmArtifact", "cannot be read", |scene| {
            scene.manifest(Answer::Bytes("text/html", b"<html>welcome</html>".to_vec()))
        }),
        row("a redirect to plain http", "RegistryInsecure", "to 169.254.169.254, which is plain http", |scene| {
            scene.layer(Answer::Redirect("http://169.254.169.254/latest?secret=s3cret".to_owned()))
        }),
        row("a redirect to a file", "RegistryUnreachable", "to no address", |scene| {
            scene.layer(Answer::Redirect("file:///etc/passwd".to_owned()))
        }),
        row("redirects in a circle", "RegistryUnreachable", "redirected 5 times", |scene| {
            let path = format!("/v2/{NAME}/blobs/{}", scene.artifact.layer());
            scene.layer(Answer::Redirect(path))
        }),
        row("no such tag", "ArtifactNotFound", "has no manifest 1.0", |scene| scene.manifest(Answer::Status(404))),
        row("no such layer", "ArtifactNotFound", "has no layer", |scene| scene.layer(Answer::Status(404))),
        row("forbidden", "RegistryRefused", "with 403", |scene| scene.manifest(Answer::Status(403))),
        row("out of order", "RegistryUnreachable", "answers 503", |scene| scene.manifest(Answer::Status(503))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_refused_in_time_and_with_their_reason() {
    let mut wrong = Vec::new();
    println!("{:<46} {:<20} {:>8}", "a registry that has", "is refused as", "after");
    for row in table() {
        let mut scene = Scene::new().await;
        (row.evil)(&mut scene);
        scene.wish.limits = (row.limits)();
        let start = Instant::now();
        let result = scene.wish.pull(&[&scene.server]).await;
        let took = start.elapsed();
        let (reason, said) = match &result {
            Ok(_) => ("taken", String::new()),
            Err(error) => (error.reason(), error.to_string()),
        };
        println!("{:<46} {:<20} {:>5} ms", row.case, reason, took.as_millis());
        let secret = said.contains("s3cret") || said.contains("welcome");
        // Whatever is slow here would go on for ever: a busy machine is no failure.
        if reason != row.reason || !said.contains(row.words) || secret || took > Duration::from_secs(20) {
            wrong.push(format!("{}: wanted {} `{}`, got {reason} `{said}`", row.case, row.reason, row.words));
        }
        let step = if row.reason.starts_with("Signature") { Step::Verify } else { Step::Fetch };
        if result.is_err_and(|error| error.step() != step) {
            wrong.push(format!("{}: it is told at the wrong step", row.case));
        }
        // Of what nobody has signed no byte is read.
        let layer = scene.artifact.layer();
        if step == Step::Verify && scene.server.seen().iter().any(|(path, _)| path.ends_with(&layer)) {
            wrong.push(format!("{}: the layer was read though its signature does not hold", row.case));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn nothing_is_asked_of_a_registry_without_tls_that_nobody_allowed() {
    let scene = Scene::new().await;
    let refused = scene.wish.pull(&[]).await.unwrap_err();
    assert_eq!(refused.reason(), "RegistryUnreachable", "{refused}");
    assert!(scene.server.seen().is_empty());
}

#[tokio::test]
async fn slow_registries_keep_others_waiting_no_longer_than_their_limit() {
    let (slow, good) = (Scene::new().await, Scene::new().await);
    slow.manifest(Answer::Never);
    let client = crate::client(&[&slow.server, &good.server]);
    let mut wish = Wish::new(&slow.wish.reference.to_string(), &slow.wish.digest);
    wish.limits = Limits { total: Duration::from_millis(300), ..Limits::default() };
    let tarpits = futures::future::join_all((0..8).map(|_| client.pull(wish.order())));
    let (refused, pulled) = futures::future::join(tarpits, client.pull(good.wish.order())).await;
    assert!(refused.iter().all(|one| one.as_ref().is_err_and(|error| error.reason() == "RegistryTooSlow")));
    assert_eq!(pulled.unwrap().bytes, BYTES);
}
