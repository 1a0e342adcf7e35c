//! What host and child say to each other. Between them goes what a plugin reads and
//! writes: the text of the request, the records of the answer. JSON of a plugin is parsed
//! in the host alone, with the checks that it has anyway, so that nothing has to be
//! believed because the child says so.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::{Outcome, Question};
use crate::config::{Limits, Role};
use crate::convert::Raw;
use crate::error::{CallError, NotLoaded};
use crate::store;

/// To the child.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Take compiled code (it stands behind the message), check it and let it describe
    /// itself: answered by [`Loaded`].
    Load { plugin: u64, role: Role, limits: Limits, seed: u64 },
    /// Ask: answered by [`Told`].
    Call { plugin: u64, question: Question },
    /// Nobody needs it any more: no answer.
    Forget { plugin: u64 },
}

/// The first frame of a child, with id 0: it is confined and takes orders.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    /// Whether the kernel has Landlock, all of it that we ask for.
    pub(super) landlocked: bool,
}

/// Answer to [`Order::Load`]: the plugin's description.
pub(super) type Loaded = Result<String, NotLoaded>;

/// Answer to [`Order::Call`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    answer: Result<Raw, CallError>,
    fuel: u64,
    memory: u64,
    log: Vec<(String, String)>,
}

impl From<Outcome> for Told {
    fn from(outcome: Outcome) -> Self {
        let Outcome { answer, fuel, memory, log, .. } = outcome;
        let log = log.into_iter().map(|line| (line.level.to_owned(), line.message)).collect();
        Told { answer, fuel, memory, log }
    }
}

impl Told {
    /// As if the call had been made here, with the limits applied once more.
    pub(super) fn outcome(self, limits: &Limits, elapsed: Duration) -> Outcome {
        Outcome {
            answer: self.answer.map_err(CallError::cut),
            fuel: self.fuel.min(limits.fuel),
            memory: self.memory.min(limits.memory),
            log: store::lines(self.log.iter().map(|(level, message)| (level.as_str(), message.as_str()))),
            elapsed,
        }
    }

    /// Whether it is an answer to this question.
    pub(super) fn fits(&self, question: &Question) -> bool {
        match (&self.answer, question) {
            (Err(_), _)
            | (Ok(Raw::Launched(_)), Question::Launch(_))
            | (Ok(Raw::Observed(_)), Question::Observe(_))
            | (Ok(Raw::Decided(_)), Question::Decide(..)) => true,
            (Ok(_), _) => false,
        }
    }
}

/// Bytes of an answer that is within `output`. Numbers, lengths and lists of a record take
/// less than its measure eight times over; beside it are a log and words of an error.
pub(super) fn most(output: usize) -> usize {
    output.saturating_mul(8).saturating_add(1 << 20)
}
