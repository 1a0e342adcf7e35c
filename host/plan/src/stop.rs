//! Why a step could not be done: everything at once, in the user's terms.

use codeflare_api::{ConditionType, Reason};
use codeflare_documents::shared::Fault;
use serde::{Deserialize, Serialize};

/// A step of the path that stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct Stop {
    /// The step, by its condition.
    pub step: ConditionType,
    /// Every problem; at least one, the first gives the reason.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The reason that the Run shows.
    pub reason: Reason,
    /// What is wrong, where, and what to do.
    pub fault: Fault,
}

impl Problem {
    /// A problem with a field of a user's object, as `Kind/name` and JSON pointer.
    pub fn new(
        reason: Reason,
        object: impl Into<String>,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Problem {
        let fault = Fault {
            code: reason.as_str().to_owned(),
            message: message.into(),
            object: object.into(),
            pointer: pointer.into(),
        };
        Problem { reason, fault }
    }

    /// `Run/hello /spec/size: …`.
    pub fn line(&self) -> String {
        let Fault { object, pointer, message, .. } = &self.fault;
        match (object.is_empty(), pointer.is_empty()) {
            (true, _) => message.clone(),
            (false, true) => format!("{object}: {message}"),
            (false, false) => format!("{object} {pointer}: {message}"),
        }
    }
}

impl Stop {
    /// One problem.
    pub fn one(step: ConditionType, problem: Problem) -> Stop {
        Stop { step, problems: vec![problem] }
    }

    /// The reason that the Run shows: the first problem's.
    pub fn reason(&self) -> Reason {
        self.problems.first().map_or(Reason::FieldInvalid, |problem| problem.reason)
    }

    /// Every problem, a sentence each.
    pub fn message(&self) -> String {
        self.problems.iter().map(Problem::line).collect::<Vec<_>>().join("; ")
    }
}
