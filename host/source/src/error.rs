//! What can go wrong between a place and its pack, each with the reason that a Run shows.

use std::time::Duration;

use codeflare_api::{Reason, Retry};
use codeflare_net::NetError;

/// Why source did not come. No message has a path of the server, a password, or what the
/// server answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No connection, a broken one, or an answer that says that the server fails.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Host, and port where the address names one.
        host: String,
        /// What the connection says.
        why: String,
    },
    /// It takes longer than the limit, or sends nothing for too long.
    #[error("{what} did not come within {} s", limit.as_secs_f32())]
    TooSlow {
        /// What was waited for.
        what: String,
        /// The limit that was reached.
        limit: Duration,
    },
    /// It wants other credentials, or none will do.
    #[error("{host} refuses access with {status}; {}", shown(*credentials))]
    CredentialsRefused {
        /// Who refuses.
        host: String,
        /// The status that it answers.
        status: u16,
        /// Whether credentials were shown.
        credentials: bool,
    },
    /// There is no such repository, or nobody may know of it.
    #[error(
        "{host} has no repository of the name in spec.repo, or hides it from who may not read it; {}",
        shown(*credentials)
    )]
    NotFound {
        /// Who was asked.
        host: String,
        /// Whether credentials were shown.
        credentials: bool,
    },
    /// The repository is there, but the reference is not.
    #[error("the repository on {host} has no {wanted}: {why}")]
    RefNotFound {
        /// Who was asked.
        host: String,
        /// What was looked for, as the Application has it.
        wanted: String,
        /// What is there instead, or what to do.
        why: String,
    },
    /// The commit is there, but the folder is not.
    #[error(
        "commit {commit} has no folder {path:?}: {why}; see spec.path, or what stands behind the branch in spec.repo"
    )]
    DirectoryNotFound {
        /// The commit.
        commit: String,
        /// Path of the folder.
        path: String,
        /// How far it goes.
        why: String,
    },
    /// It is larger than what may be staged.
    #[error("{what}, and {limit} {unit} are the most; leave data out of the repository, or name a smaller folder")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A link leads out of the folder that is packed.
    #[error(
        "the link {path:?} leads to {target:?}, which is not within the folder that spec.repo and spec.path name, or not plainly so; change the link, or name a folder that has both"
    )]
    LinkOutside {
        /// Where the link is.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// The server sends us elsewhere.
    #[error(
        "{host} redirects to {to}, and neither credentials nor source cross hosts; write the address that it has now into spec.repo, if you trust it"
    )]
    Redirected {
        /// Who redirects.
        host: String,
        /// Scheme, host and port that it leads to.
        to: String,
    },
    /// Its certificate is not one that we trust.
    #[error(
        "{host} shows a certificate that is not trusted: {why}; an authority of your own belongs into `network.caConfigMap` of the chart"
    )]
    CertificateUnknown {
        /// Who answers.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// A way without TLS that nobody allowed.
    #[error(
        "{host} would be read without TLS; write https:// into spec.repo, or have the admin name it in `network.plainHttp` of the chart"
    )]
    Insecure {
        /// The host, and its port.
        host: String,
    },
    /// What it says is no git, or none that we understand.
    #[error("{host} does not answer as a git server: {why}; see that spec.repo is the address that `git clone` takes")]
    Protocol {
        /// Who answers.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The host itself has no room for it, or may not write.
    #[error("failed to write source into the host's cache: {0}; see `source.cacheSize` of the chart")]
    NotKept(String),
}

fn shown(credentials: bool) -> &'static str {
    if credentials { "credentials were shown" } else { "no credentials were shown, since none are named for it" }
}

/// Those that may have been given access meanwhile; asking more often could lock them out.
const ACCESS: Duration = Duration::from_secs(300);
/// What may be pushed meanwhile.
const PUSHED: Duration = Duration::from_secs(60);

impl FetchError {
    /// The reason of a Run that waits for it.
    pub fn reason(&self) -> Reason {
        match self {
            FetchError::Unreachable { .. } => Reason::RepoUnreachable,
            FetchError::TooSlow { .. } => Reason::RepoTooSlow,
            FetchError::CredentialsRefused { .. } => Reason::RepoCredentialsRefused,
            FetchError::NotFound { .. } => Reason::RepoNotFound,
            FetchError::RefNotFound { .. } => Reason::RefNotFound,
            FetchError::DirectoryNotFound { .. } => Reason::DirectoryNotFound,
            FetchError::TooLarge { .. } => Reason::SourceTooLarge,
            FetchError::LinkOutside { .. } => Reason::SourceLinkOutside,
            FetchError::Redirected { .. } => Reason::RepoRedirected,
            FetchError::CertificateUnknown { .. } => Reason::RepoCertificateUnknown,
            FetchError::Insecure { .. } => Reason::RepoInsecure,
            FetchError::Protocol { .. } => Reason::RepoProtocol,
            FetchError::NotKept(_) => Reason::SourceNotKept,
        }
    }

    /// When it is worth trying again.
    pub fn retry(&self) -> Retry {
        match self {
            FetchError::Unreachable { .. }
            | FetchError::TooSlow { .. }
            | FetchError::Protocol { .. }
            | FetchError::NotKept(_) => Retry::Backoff,
            FetchError::CredentialsRefused { .. }
            | FetchError::NotFound { .. }
            | FetchError::CertificateUnknown { .. } => Retry::After(ACCESS),
            FetchError::RefNotFound { .. } | FetchError::DirectoryNotFound { .. } => Retry::After(PUSHED),
            FetchError::TooLarge { .. }
            | FetchError::LinkOutside { .. }
            | FetchError::Redirected { .. }
            | FetchError::Insecure { .. } => Retry::OnChange,
        }
    }
}

impl From<NetError> for FetchError {
    fn from(error: NetError) -> FetchError {
        match error {
            NetError::Unreachable { host, why } => FetchError::Unreachable { host, why },
            NetError::Certificate { host, why } => FetchError::CertificateUnknown { host, why },
            NetError::TooSlow { what, limit } => FetchError::TooSlow { what, limit },
            NetError::TooLarge { what, limit, .. } => {
                FetchError::TooLarge { what: format!("{what} goes on and on"), limit, unit: "bytes" }
            }
        }
    }
}
