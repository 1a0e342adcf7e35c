//! What ends the process, and what stops a wake-up.

use codeflare_api::{ConditionType, Reason};
use codeflare_plan::stop::{Problem, Stop};

/// Why the host cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cluster's address and credentials could not be read.
    #[error("failed to read the cluster's address and credentials; set KUBECONFIG or run in a pod")]
    Configure(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A client could not be made of them.
    #[error("failed to make a client for the cluster")]
    Connect(#[source] kube::Error),
    /// The engine refused its configuration.
    #[error("failed to start the plugin engine")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The certificates to trust could not be read.
    #[error("failed to read {}, the certificates to trust (--ca-file)", path.display())]
    Authorities {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// They cannot be used.
    #[error("failed to set up the client for what is fetched")]
    Network(#[source] codeflare_net::SettingsError),
    /// An address is taken or not ours.
    #[error("failed to listen on {address} for {what}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What is served there.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The folder for source cannot be used.
    #[error("failed to open {}, the folder for source (--source-cache)", path.display())]
    SourceCache {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key that seals records could not be read or made.
    #[error("failed to read or create Secret/{name} in namespace {namespace}")]
    RecordKey {
        /// Namespace of the Secret.
        namespace: String,
        /// Name of the Secret.
        name: String,
        /// Why.
        source: Box<Call>,
    },
    /// The lease was lost: another host leads.
    #[error("lost the lease {0}; another host leads now")]
    LeaseLost(String),
    /// The lease could not be read or written.
    #[error("failed to take the lease {name}")]
    Lease {
        /// Name of the lease.
        name: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A task that must never end has ended.
    #[error("the task `{0}` ended")]
    TaskEnded(&'static str),
    /// Status could not be published; the wake-up is repeated.
    #[error("failed to publish the status of Run/{name}")]
    Publish {
        /// Name of the Run.
        name: String,
        /// Why.
        source: Box<Call>,
    },
}

/// Why a request to the API server failed.
#[derive(Debug, thiserror::Error)]
pub enum Call {
    /// No answer in time.
    #[error("the API server did not answer within {0:?}")]
    Late(std::time::Duration),
    /// An answer that is an error, or no connection.
    #[error(transparent)]
    Kube(#[from] kube::Error),
    /// The request could not be written down.
    #[error("the request could not be written: {0}")]
    Write(String),
}

impl Call {
    /// The HTTP status of the answer, where there was one.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Call::Kube(kube::Error::Api(status)) => Some(status.code),
            _ => None,
        }
    }

    /// Whether the API server said that such an object exists already.
    pub(crate) fn already_exists(&self) -> bool {
        matches!(self, Call::Kube(kube::Error::Api(status)) if status.code == 409 && status.reason == "AlreadyExists")
    }

    /// As the user reads it: the API server's own words where it answered.
    pub(crate) fn words(&self) -> String {
        match self {
            Call::Kube(kube::Error::Api(status)) => status.message.clone(),
            other => other.to_string(),
        }
    }

    /// A step that stops because of this failure. The API server's refusals (4xx but 409
    /// and 429) are the object's fault, everything else passes.
    pub(crate) fn stop(&self, step: ConditionType, object: String) -> Stop {
        let refused = matches!(self.code(), Some(400..=408 | 410..=428 | 430..=499));
        let reason = if refused { Reason::ObjectRefused } else { Reason::ApiUnavailable };
        Stop::one(step, Problem::new(reason, object, "", self.words()))
    }
}
