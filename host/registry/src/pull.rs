//! Pulls one artifact: manifest, signature, layer. The steps, in order.

use std::time::Duration;

use crate::client::Registry;
use crate::error::PullError;
use crate::manifest::{self, Descriptor, IMAGE, INDEX};
use crate::order::Order;
use crate::proof::Proof;
use crate::reference::Version;
use crate::session::Session;
use crate::{digest, signatures};

/// A component, and what shows who signed it where that was asked for.
#[derive(Debug)]
pub struct Pulled {
    /// Bytes that have the digest that was asked for.
    pub bytes: Vec<u8>,
    /// There if the order has a key.
    pub proof: Option<Proof>,
}

impl Registry {
    /// Pulls a component. Its signature comes first: of what nobody has signed no byte is
    /// read.
    ///
    /// # Errors
    /// [`PullError`], at the latest after `limits.total` from when it is its turn.
    pub async fn pull(&self, order: Order<'_>) -> Result<Pulled, PullError> {
        self.in_turn(&order, async {
            let mut session = Session::new(self, order);
            let (text, layer) = manifest(&mut session).await?;
            let proof = match order.key {
                Some(key) => Some(signatures::find(&mut session, &text, key).await?),
                None => None,
            };
            let bytes = component(&mut session, &layer).await?;
            Ok(Pulled { bytes, proof })
        })
        .await
    }

    /// Looks for the signature of a component whose bytes are at hand; none if the order
    /// has no key.
    ///
    /// # Errors
    /// As for [`Registry::pull`].
    pub async fn proof(&self, order: Order<'_>) -> Result<Option<Proof>, PullError> {
        let Some(key) = order.key else { return Ok(None) };
        self.in_turn(&order, async {
            let mut session = Session::new(self, order);
            let (text, _) = manifest(&mut session).await?;
            signatures::find(&mut session, &text, key).await.map(Some)
        })
        .await
    }

    async fn in_turn<T>(
        &self,
        order: &Order<'_>,
        steps: impl Future<Output = Result<T, PullError>>,
    ) -> Result<T, PullError> {
        // Closed never; without a turn it would only be less orderly.
        let _turn = self.turns.acquire().await;
        let late = |limit: Duration| PullError::RegistryTooSlow { what: order.reference.to_string(), limit };
        let limit = order.limits.total;
        tokio::time::timeout(limit, steps).await.unwrap_or_else(|_| Err(late(limit)))
    }
}

/// The manifest's text, and its one layer, which is the one that was asked for.
async fn manifest(session: &mut Session<'_>) -> Result<(String, Descriptor), PullError> {
    let order = session.order;
    let version = order.reference.version();
    let what = format!("manifest {}", version.as_str());
    // An index is asked for too, to be able to say that it is one.
    let accept = format!("{IMAGE}, {INDEX}");
    let bytes = session.document(&format!("manifests/{}", version.as_str()), &accept, &what).await?;
    if let Version::Digest(wanted) = version {
        let found = digest(&bytes);
        if found != *wanted {
            let what = format!("the manifest of {}", order.reference);
            return Err(PullError::DigestMismatch { what, found, wanted: wanted.clone() });
        }
    }
    let no = |why: String| PullError::NotAWasmArtifact { reference: order.reference.to_string(), why };
    let text = String::from_utf8(bytes).map_err(|_| no("its manifest is not text".to_owned()))?;
    let layer = manifest::read(text.as_bytes()).and_then(|manifest| manifest.component().cloned()).map_err(no)?;
    if layer.digest != order.digest {
        let (found, wanted) = (layer.digest, order.digest.to_owned());
        return Err(match version {
            Version::Tag(_) => PullError::TagMoved { reference: order.reference.to_string(), found, wanted },
            Version::Digest(_) => {
                let what = format!("spec.digest is not that of its layer: {}", order.reference);
                PullError::DigestMismatch { what, found, wanted }
            }
        });
    }
    Ok((text, layer))
}

async fn component(session: &mut Session<'_>, layer: &Descriptor) -> Result<Vec<u8>, PullError> {
    let order = session.order;
    let what = format!("layer {}", layer.digest);
    let most = order.limits.layer;
    if layer.size > most {
        return Err(PullError::ArtifactTooLarge { what, limit: most, whose: "a component may have" });
    }
    let path = format!("blobs/{}", layer.digest);
    let bytes = session.bytes(&path, "*/*", &what, layer.size, "its manifest declares").await?;
    let found = digest(&bytes);
    if found != order.digest {
        let what = format!("the layer of {}", order.reference);
        return Err(PullError::DigestMismatch { what, found, wanted: order.digest.to_owned() });
    }
    Ok(bytes)
}
