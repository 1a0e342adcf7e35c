//! Steps 2 to 5 (resolve, size, launch, lock) as one function that is run again with
//! each answer of a plugin, until a plan comes of it. Pure.

use codeflare_api::{ConditionType, Reason};

use crate::plan::{Call, Exchange, Plan};
use crate::seen::Seen;
use crate::stop::{Problem, Stop};

/// What a draft needs next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// The answer of a plugin, to be put behind the exchanges.
    Call(Box<Call>),
    /// Nothing: this is the plan.
    Plan(Box<Plan>),
}

/// Drafts the plan of an attempt from what was seen and from the answers so far.
///
/// # Errors
/// With every problem of the step that stopped it.
pub fn draft(_seen: &Seen, _attempt: u32, _exchanges: &[Exchange]) -> Result<Next, Stop> {
    let problem = Problem::new(Reason::FieldInvalid, "", "", "not written yet");
    Err(Stop::one(ConditionType::Resolved, problem))
}
