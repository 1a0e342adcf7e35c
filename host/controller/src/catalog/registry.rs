//! Plugins out of registries: what was kept of them serves without one; what was not is
//! pulled, with a proof of who signed it where the Plugin asks for that.

use codeflare_api::plugin::{OciSource, PluginSpec};
use codeflare_registry::{self as registry, Credentials, Limits, Order, Proof, PublicKey, PullError, Reference};
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;

use super::Catalog;
use super::report::{Progress, Step, Trouble};
use crate::api::within;

/// Key of a pull secret.
const CONFIG: &str = ".dockerconfigjson";

/// A plugin's bytes, and what shows who signed them.
pub(super) struct Pulled {
    pub(super) bytes: Vec<u8>,
    /// There where the Plugin asks for a signature.
    pub(super) proof: Option<Proof>,
}

/// What is asked for.
struct Wanted<'a> {
    source: &'a OciSource,
    digest: &'a str,
    key: Option<PublicKey>,
}

impl Catalog {
    /// The bytes of `spec.digest`, and the proof that the key's owner signed them.
    ///
    /// The registry is asked for what is not at hand only: a digest says all about bytes,
    /// and a proof shows itself, wherever they were.
    pub(super) async fn pulled(
        &self,
        name: &str,
        spec: &PluginSpec,
        source: &OciSource,
        progress: &mut Progress,
    ) -> Result<Pulled, Trouble> {
        let key = spec.signature.as_ref().map(|signature| signature.public_key.parse::<PublicKey>());
        let key = key.transpose().map_err(|error| refused(progress, false, error.into()))?;
        let missing = || "spec.digest is missing; it names the bytes that are let in".to_owned();
        let digest = spec.digest.as_deref();
        let digest = digest.ok_or_else(|| progress.failed(Step::Fetched, "FetchFailed", missing()))?;
        let wanted = Wanted { source, digest, key };
        let kept = self.kept(name, digest).await;
        let proof = match &wanted.key {
            Some(key) => self.store.proof(digest, key).await,
            None => None,
        };
        let at_hand = kept.is_some();
        let pulled = match kept {
            Some(bytes) if wanted.key.is_none() || proof.is_some() => {
                progress.done(Step::Fetched, "Kept", "the bytes of spec.digest were kept");
                return Ok(Pulled { bytes, proof });
            }
            Some(bytes) => self.ask(&wanted, Some(bytes)).await,
            None => self.ask(&wanted, None).await,
        };
        let pulled = pulled.map_err(|why| match why {
            Why::Pull(error) => refused(progress, at_hand, error),
            Why::Secret(reason, why) => progress.failed(Step::Fetched, reason, why),
        })?;
        progress.done(Step::Fetched, if at_hand { "Kept" } else { "Fetched" }, "");
        Ok(pulled)
    }

    async fn ask(&self, wanted: &Wanted<'_>, at_hand: Option<Vec<u8>>) -> Result<Pulled, Why> {
        let reference: Reference = wanted.source.reference.parse().map_err(PullError::from)?;
        let credentials = match &wanted.source.pull_secret {
            Some(name) => Some(self.credentials(name, &reference).await?),
            None => None,
        };
        let order = Order {
            reference: &reference,
            digest: wanted.digest,
            credentials: credentials.as_ref(),
            key: wanted.key.as_ref(),
            limits: Limits::default(),
        };
        match at_hand {
            Some(bytes) => Ok(Pulled { bytes, proof: self.sources.registry.proof(order).await? }),
            None => {
                let registry::Pulled { bytes, proof } = self.sources.registry.pull(order).await?;
                Ok(Pulled { bytes, proof })
            }
        }
    }

    /// Out of a Secret in the host's namespace; nothing of what stands in it is told.
    async fn credentials(&self, name: &str, reference: &Reference) -> Result<Credentials, Why> {
        let label = format!("spec.source.oci.pullSecret: Secret/{name} in namespace {}", self.sources.namespace);
        let invalid = |why: String| Why::Secret("PullSecretInvalid", format!("{label} {why}"));
        let api = Api::<Secret>::namespaced(self.client.clone(), &self.sources.namespace);
        let secret = match within(api.get_opt(name)).await {
            Ok(secret) => secret.ok_or_else(|| invalid("does not exist".to_owned()))?,
            Err(error) if error.code() == Some(403) => {
                let why = "may not be read by the host; name it in registries.pullSecrets of the chart";
                return Err(invalid(why.to_owned()));
            }
            Err(error) => return Err(Why::Secret("FetchFailed", format!("{label}: {}", error.words()))),
        };
        let config = secret.data.unwrap_or_default().remove(CONFIG).ok_or_else(|| {
            invalid(format!("has no key {CONFIG}; it must be of type kubernetes.io/dockerconfigjson"))
        })?;
        Credentials::of_docker_config(&config.0, reference)
            .map_err(|error| invalid(format!("cannot be used, key {CONFIG}: {error}")))
    }
}

/// Why nothing was pulled.
enum Why {
    Pull(PullError),
    /// Reason and message of a pull secret that cannot be had.
    Secret(&'static str, String),
}

impl From<PullError> for Why {
    fn from(error: PullError) -> Why {
        Why::Pull(error)
    }
}

fn refused(progress: &mut Progress, at_hand: bool, error: PullError) -> Trouble {
    match error.step() {
        registry::Step::Fetch => progress.failed(Step::Fetched, error.reason(), format!("spec.source.oci: {error}")),
        registry::Step::Verify => {
            // Of what nobody has signed no byte was read: that step was not come to.
            if at_hand {
                progress.done(Step::Fetched, "Kept", "");
            }
            progress.failed(Step::Verified, error.reason(), format!("spec.signature: {error}"))
        }
    }
}
