//! Conditions and reasons: one vocabulary for status, events, logs and metrics.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// How often a Run looks whether what it needs of others has changed, where no watch tells.
const LOOK: Duration = Duration::from_secs(30);

/// Conditions of a Run: one for each step that can stop it, and its two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConditionType {
    /// References were found, arguments are right, a launcher is there.
    Resolved,
    /// Sizing policies have decided.
    Sized,
    /// The launcher's plan was checked and locked.
    Planned,
    /// The plan is recorded.
    Recorded,
    /// Every object of the plan exists.
    Launched,
    /// It ended well.
    Succeeded,
    /// It ended badly.
    Failed,
}

impl ConditionType {
    /// All of them, in the order of the path.
    pub const ALL: [ConditionType; 7] = [
        ConditionType::Resolved,
        ConditionType::Sized,
        ConditionType::Planned,
        ConditionType::Recorded,
        ConditionType::Launched,
        ConditionType::Succeeded,
        ConditionType::Failed,
    ];

    /// As it stands in `status.conditions[].type`.
    pub fn as_str(self) -> &'static str {
        match self {
            ConditionType::Resolved => "Resolved",
            ConditionType::Sized => "Sized",
            ConditionType::Planned => "Planned",
            ConditionType::Recorded => "Recorded",
            ConditionType::Launched => "Launched",
            ConditionType::Succeeded => "Succeeded",
            ConditionType::Failed => "Failed",
        }
    }
}

/// When it is worth trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// Somebody must change an object first.
    OnChange,
    /// Look again after this time.
    After(Duration),
    /// Try again, less and less often.
    Backoff,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $name:ident => $retry:expr,)*) => {
        /// Why a Run is where it is: the reason of status, condition, event and metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason { $($(#[doc = $doc])* $name,)* }

        impl Reason {
            /// Every reason, for documentation and tests.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// As it stands in `status.reason`.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$name => stringify!($name),)* }
            }

            /// When it is worth trying again.
            pub fn retry(self) -> Retry {
                match self { $(Reason::$name => $retry,)* }
            }

            /// What it means, in the words of the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Reason::$name => concat!($($doc, "\n",)*).trim_ascii(),)* }
            }
        }
    };
}

reasons! {
    /// The Application that the Run names does not exist.
    ApplicationNotFound => Retry::OnChange,
    /// The Application is in another namespace and not shared with that of the Run, or it does
    /// not exist: which of the two is not told.
    ApplicationNotShared => Retry::OnChange,
    /// The Run names a ServiceAccount that its Application does not list.
    ServiceAccountNotAllowed => Retry::OnChange,
    /// A command or option string cannot be split into words, or an argument is not what the
    /// Application's parameters allow.
    ArgumentsInvalid => Retry::OnChange,
    /// A field has a value that cannot be used.
    FieldInvalid => Retry::OnChange,
    /// The source is being looked up and fetched.
    FetchingSource => Retry::After(Duration::from_secs(10)),
    /// The Application's `repo`, `ref` or `path` cannot be read.
    RepoInvalid => Retry::OnChange,
    /// The repository's server cannot be reached, or fails.
    RepoUnreachable => Retry::Backoff,
    /// The repository's server takes too long.
    RepoTooSlow => Retry::Backoff,
    /// What answers does not speak git.
    RepoProtocol => Retry::Backoff,
    /// The repository's server wants other credentials.
    RepoCredentialsRefused => Retry::After(LOOK),
    /// There is no such repository, or none that the credentials may see.
    RepoNotFound => Retry::After(LOOK),
    /// The repository has no such branch, tag or commit.
    RefNotFound => Retry::After(LOOK),
    /// The commit has no such folder.
    DirectoryNotFound => Retry::After(LOOK),
    /// The source is larger than the platform takes.
    SourceTooLarge => Retry::After(LOOK),
    /// A link in the source leads out of it.
    SourceLinkOutside => Retry::After(LOOK),
    /// The repository's server sends the host elsewhere.
    RepoRedirected => Retry::After(LOOK),
    /// The certificate of the repository's server is of nobody that the host trusts.
    RepoCertificateUnknown => Retry::After(LOOK),
    /// The repository would be read without TLS, which nobody has allowed.
    RepoInsecure => Retry::After(LOOK),
    /// The Secret with the credentials for the repository does not exist.
    RepoSecretNotFound => Retry::Backoff,
    /// The Secret with the credentials lacks a key, or has one that cannot be used.
    RepoSecretInvalid => Retry::After(LOOK),
    /// The Secret with the credentials is not for this namespace or repository, or the host
    /// may not read it.
    RepoSecretNotAllowed => Retry::After(LOOK),
    /// The source could not be kept on the host's disk.
    SourceNotKept => Retry::Backoff,
    /// No Plugin claims the Application's framework, or none that serves this namespace.
    NoLauncher => Retry::OnChange,
    /// A Plugin claims the framework, but is not ready.
    LauncherNotReady => Retry::OnChange,
    /// The cluster does not serve a kind that every launcher of the framework needs.
    KindNotServed => Retry::After(Duration::from_secs(30)),
    /// There is no sizing policy.
    NoSizingPolicy => Retry::OnChange,
    /// A sizing policy that applies is not ready; a budget is never skipped.
    SizingPolicyNotReady => Retry::OnChange,
    /// No RunSizeConfiguration defines the size.
    UnknownSize => Retry::OnChange,
    /// A plugin says that something is wrong with the user's objects.
    PluginRefused => Retry::OnChange,
    /// A plugin waits for something that will come.
    PluginWaiting => Retry::After(Duration::from_secs(10)),
    /// A plugin is busy with other Runs; this one has its turn when they are through.
    PluginBusy => Retry::After(Duration::from_secs(10)),
    /// A plugin panicked, trapped, ran out of a limit or answered badly.
    PluginFailed => Retry::Backoff,
    /// A plugin kept failing and is not asked for a while.
    PluginHeldBack => Retry::Backoff,
    /// A plugin's plan has a field, kind or value that is not allowed.
    PlanRefused => Retry::OnChange,
    /// The installation of the platform lacks a value that the Run needs.
    NotConfigured => Retry::OnChange,
    /// The record of the plan is larger than one object can hold.
    RecordTooLarge => Retry::OnChange,
    /// A record was written or changed by somebody else; nothing of it is executed.
    RecordForged => Retry::OnChange,
    /// The record is gone though its workload was seen.
    RecordGone => Retry::OnChange,
    /// An object of that name exists and belongs to somebody else.
    ObjectExists => Retry::Backoff,
    /// The API server refused an object of the plan.
    ObjectRefused => Retry::Backoff,
    /// The API server could not be reached, or failed.
    ApiUnavailable => Retry::Backoff,
    /// The step is done.
    Done => Retry::OnChange,
    /// The step before it is not done.
    Waiting => Retry::OnChange,
    /// Launched; pods are on their way.
    Starting => Retry::OnChange,
    /// Its pods run.
    Running => Retry::OnChange,
    /// Held by its user.
    Suspended => Retry::OnChange,
    /// An attempt failed and another one follows.
    Retrying => Retry::OnChange,
    /// The pods of the attempt before are still going.
    WaitingForPods => Retry::OnChange,
    /// It ended well.
    Succeeded => Retry::OnChange,
    /// The program failed.
    ProgramFailed => Retry::OnChange,
    /// The init step could not put source or words into a pod.
    StageFailed => Retry::OnChange,
    /// The packages of `spec.requirements` could not be installed.
    RequirementsFailed => Retry::OnChange,
    /// It took longer than its deadline.
    DeadlineExceeded => Retry::OnChange,
    /// The workload was deleted by somebody else.
    WorkloadGone => Retry::OnChange,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_explained_once() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert!(Reason::ALL.iter().all(|reason| reason.meaning().ends_with('.')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
