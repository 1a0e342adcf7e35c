//! What lives of an attempt, and what is to be done about it: input and output of the
//! steps observe, act and status.

use codeflare_api::{Reason, Run, RunStatus};
use codeflare_documents::describe::EmittedKind;
use codeflare_documents::launcher::Observation;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use crate::plan::{Plan, Record};
use crate::stop::Stop;

/// A live object that carries the Run's UID as a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// Its kind.
    pub kind: EmittedKind,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Attempt that it belongs to, from its label.
    pub attempt: u32,
    /// UID of its owner, where it has one.
    pub owner: Option<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// The object without `managedFields`; null where the host watches metadata only.
    pub object: Value,
}

/// A Run whose plan is recorded, and everything that lives of it.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The Run, with the status that was last published.
    pub run: &'a Run,
    /// The record of the highest attempt.
    pub record: &'a Record,
    /// Every live object of any attempt (records are not among them).
    pub children: &'a [Child],
    /// Every pod of any attempt.
    pub pods: &'a [Pod],
    /// What the launcher says; none before the primary exists or where the call failed.
    pub observation: Option<&'a Observation>,
    /// What is to be said beside it, such as that another version of the launcher said it.
    pub aside: Option<&'a str>,
    /// When the primary's kind was defined; none where it is Kubernetes' own, or where the
    /// primary is there and nobody asked.
    pub kind_since: Option<Timestamp>,
    /// The present time.
    pub now: Timestamp,
}

impl Situation<'_> {
    /// The recorded plan.
    pub fn plan(&self) -> &Plan {
        &self.record.plan
    }
}

/// Something to be done to the cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Set a control of a live object (JSON pointer and value), if it still has this UID.
    Switch {
        /// Its kind.
        kind: EmittedKind,
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
        /// JSON pointer.
        at: String,
        /// Value.
        value: Value,
    },
    /// Delete a live object, if it still has this UID; its pods go with it.
    Delete {
        /// Its kind.
        kind: EmittedKind,
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
    },
    /// Record the plan of this attempt: the one before failed.
    Retry {
        /// The new attempt.
        attempt: u32,
    },
}

/// What a wake-up came to: input of [`crate::status::next`].
#[derive(Clone, Debug)]
pub enum Outcome<'a> {
    /// A step could not be done.
    Stopped(Stop),
    /// Planned, but held by its user; nothing is recorded.
    Held,
    /// Recorded; objects of the attempt before must go first.
    WaitingForPods(&'a Record),
    /// Recorded and launched.
    Launched {
        /// What lives.
        situation: Situation<'a>,
        /// UID of the primary, once it was seen.
        primary: Option<String>,
        /// Decided by [`crate::act::act`].
        end: Option<End>,
        /// A plugin or host problem beside the path, such as a failed observation.
        trouble: Option<Stop>,
    },
}

/// How a Run ends for good, or that another attempt follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It ended well.
    Succeeded,
    /// It ended badly.
    Failed {
        /// Why.
        cause: Cause,
        /// One sentence.
        message: String,
        /// Exit code, where one is known.
        exit_code: Option<i32>,
    },
    /// This attempt failed; another one follows.
    Retrying {
        /// One sentence: what failed, and how many attempts are left.
        message: String,
    },
}

/// Why a Run failed: a reason of ours, or the launcher's own word, such as `HeadLost`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(pub(crate) String);

impl Cause {
    /// As it stands in `status.reason`: PascalCase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Cause {
        Cause(reason.as_str().to_owned())
    }
}

/// What act decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acts {
    /// To be done now, in order.
    pub actions: Vec<Action>,
    /// Whether the Run ends.
    pub end: Option<End>,
    /// When to look again, whatever happens.
    pub wake: Option<std::time::Duration>,
}

/// What status decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The whole new status; equal to the old one where nothing is to be published.
    pub status: RunStatus,
    /// Events to be published behind it.
    pub events: Vec<RunEvent>,
    /// When to look again, whatever happens.
    pub wake: Option<std::time::Duration>,
}

/// An event on the Run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEvent {
    /// `Warning` rather than `Normal`.
    pub warning: bool,
    /// PascalCase.
    pub reason: String,
    /// One sentence, at most 1 kB.
    pub note: String,
}
