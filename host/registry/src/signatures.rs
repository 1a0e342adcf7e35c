//! Looks for a signature of a manifest in its registry, in both of cosign's formats. I/O.
//!
//! Today's is a bundle that refers to the manifest, found by the list of referrers or, in
//! registries without one, at the tag `sha256-…`. The one before is a manifest at the tag
//! `sha256-….sig` whose layers are payloads.

use crate::digest;
use crate::error::PullError;
use crate::key::PublicKey;
use crate::manifest::{self, IMAGE, INDEX, Index};
use crate::proof::{Flaw, Proof, Signed};
use crate::reference::is_digest;
use crate::session::Session;

/// Signatures of each format that are looked at: others may have signed it too.
const MOST: usize = 64;
/// Any type of blob.
const ANY: &str = "*/*";
/// A bundle; versions differ in the end of the name.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// What `BUNDLE` is called in a query.
const BUNDLE_QUERY: &str = "application/vnd.dev.sigstore.bundle.v0.3%2Bjson";
/// A payload of the older format.
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// Where the older format has the signature.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// What was found so far.
struct Search<'a> {
    of: String,
    key: &'a PublicKey,
    /// The signature that comes closest to one that holds.
    flaw: Option<Flaw>,
}

/// The first signature of a manifest that holds.
///
/// # Errors
/// `SignatureMissing` if there is none, `SignatureInvalid` if none holds, and whatever
/// keeps us from looking.
pub(crate) async fn find(session: &mut Session<'_>, text: &str, key: &PublicKey) -> Result<Proof, PullError> {
    let mut search = Search { of: digest(text.as_bytes()), key, flaw: None };
    let signed = match bundle(session, &mut search).await? {
        Some(signed) => Some(signed),
        None => simple(session, &mut search).await?,
    };
    if let Some(signed) = signed {
        return Ok(Proof::new(text.to_owned(), signed));
    }
    let reference = session.order.reference.to_string();
    Err(match search.flaw {
        Some(flaw) => PullError::SignatureInvalid { reference, why: flaw.to_string() },
        None => {
            let tag = format!("{}.sig", tag(&search.of));
            PullError::SignatureMissing { reference, tag, manifest: search.of }
        }
    })
}

impl Search<'_> {
    /// The signature if it holds; otherwise what is wrong with it is remembered.
    fn check(&mut self, signed: Signed) -> Option<Signed> {
        match signed.check(&self.of, self.key) {
            Ok(()) => Some(signed),
            Err(flaw) => {
                self.note(flaw);
                None
            }
        }
    }

    fn note(&mut self, flaw: Flaw) {
        self.flaw = self.flaw.take().max(Some(flaw));
    }
}

async fn bundle(session: &mut Session<'_>, search: &mut Search<'_>) -> Result<Option<Signed>, PullError> {
    let what = "the list of referrers";
    let listed = session.look(&format!("referrers/{}?artifactType={BUNDLE_QUERY}", search.of), INDEX, what).await?;
    let mut found = listed.as_deref().map(|bytes| referrers(bytes, search)).unwrap_or_default();
    if found.is_empty() {
        let tagged = session.look(&format!("manifests/{}", tag(&search.of)), INDEX, what).await?;
        found = tagged.as_deref().map(|bytes| referrers(bytes, search)).unwrap_or_default();
    }
    for digest in found.into_iter().take(MOST) {
        let Some(bytes) = session.look(&format!("manifests/{digest}"), IMAGE, "a signature's manifest").await? else {
            continue;
        };
        let Some(manifest) = read(&bytes, search) else { continue };
        for layer in manifest.layers.iter().filter(|layer| layer.media_type.starts_with(BUNDLE)).take(1) {
            if let Some(text) = blob(session, &layer.digest, search).await?
                && let Some(signed) = search.check(Signed::Bundle(text))
            {
                return Ok(Some(signed));
            }
        }
    }
    Ok(None)
}

async fn simple(session: &mut Session<'_>, search: &mut Search<'_>) -> Result<Option<Signed>, PullError> {
    let path = format!("manifests/{}.sig", tag(&search.of));
    let Some(bytes) = session.look(&path, IMAGE, "a signature's manifest").await? else { return Ok(None) };
    let Some(manifest) = read(&bytes, search) else { return Ok(None) };
    for layer in manifest.layers.iter().filter(|layer| layer.media_type == PAYLOAD).take(MOST) {
        let Some(signature) = layer.annotations.get(SIGNATURE) else { continue };
        if let Some(payload) = blob(session, &layer.digest, search).await?
            && let Some(signed) = search.check(Signed::Simple { payload, signature: signature.clone() })
        {
            return Ok(Some(signed));
        }
    }
    Ok(None)
}

fn referrers(bytes: &[u8], search: &mut Search<'_>) -> Vec<String> {
    match serde_json::from_slice::<Index>(bytes) {
        Ok(index) => {
            let bundles = index.manifests.into_iter().filter(|one| {
                // Not every registry repeats the type in its list.
                is_digest(&one.digest) && (one.artifact_type.is_empty() || one.artifact_type.starts_with(BUNDLE))
            });
            bundles.map(|one| one.digest).collect()
        }
        Err(error) => {
            search.note(Flaw::Unreadable(error.to_string()));
            Vec::new()
        }
    }
}

fn read(bytes: &[u8], search: &mut Search<'_>) -> Option<manifest::Manifest> {
    manifest::read(bytes).map_err(|why| search.note(Flaw::Unreadable(why))).ok()
}

async fn blob(session: &mut Session<'_>, digest: &str, search: &mut Search<'_>) -> Result<Option<String>, PullError> {
    if !is_digest(digest) {
        search.note(Flaw::Unreadable("its layer has no digest of the form sha256:…".to_owned()));
        return Ok(None);
    }
    let Some(bytes) = session.look(&format!("blobs/{digest}"), ANY, "a signature").await? else {
        search.note(Flaw::Unreadable("its layer is not there".to_owned()));
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| search.note(Flaw::Unreadable("it is not text".to_owned())));
    Ok(text.ok())
}

/// The tag under which things about a manifest are found.
fn tag(digest: &str) -> String {
    digest.replace(':', "-")
}
