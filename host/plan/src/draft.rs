//! Steps 2 to 5 (resolve, size, launch, lock) as one function that is run again with
//! each answer of a plugin, until a plan comes of it. Pure.
//!
//! The list of exchanges is both how a draft goes on and what is recorded: to replay a
//! record is to draft on its exchanges.

use codeflare_api::{ConditionType, Reason};
use codeflare_documents::call::{Answer, Request};
use codeflare_documents::launcher::LaunchPlan;

use crate::plan::{Call, Exchange, Plan, PlannedPlugin, Record};
use crate::resolve::{Resolved, resolve};
use crate::seen::Seen;
use crate::size::{self, Ceilings, Sized};
use crate::stop::{Problem, Stop};
use crate::{launch, lock};

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
pub fn draft(seen: &Seen, attempt: u32, exchanges: &[Exchange]) -> Result<Next, Stop> {
    run(seen, attempt, &[], exchanges)
}

/// Drafts a later attempt on the first one's inputs, size and digests, under a new name.
/// The exchanges are those of the later attempt; what sizing policies answered for the
/// first one holds, also where a newer host would ask them in other words.
///
/// # Errors
/// With every problem of the step that stopped it.
pub fn redraft(first: &Record, attempt: u32, exchanges: &[Exchange]) -> Result<Next, Stop> {
    run(&first.seen, attempt, &first.exchanges, exchanges)
}

/// Drafts with a plugin at hand: every call is answered by `ask`.
///
/// # Errors
/// The stop of a step, or what `ask` made of a call that failed.
pub fn drive(
    seen: &Seen,
    attempt: u32,
    mut ask: impl FnMut(&Call) -> Result<Answer, Stop>,
) -> Result<(Vec<Exchange>, Plan), Stop> {
    let mut exchanges = Vec::new();
    loop {
        match draft(seen, attempt, &exchanges)? {
            Next::Plan(plan) => return Ok((exchanges, *plan)),
            Next::Call(call) => {
                let answer = ask(&call)?;
                let Call { plugin, digest, request } = *call;
                exchanges.push(Exchange { plugin, digest, request, answer });
            }
        }
    }
}

fn run(seen: &Seen, attempt: u32, first: &[Exchange], exchanges: &[Exchange]) -> Result<Next, Stop> {
    let resolved: Resolved = resolve(seen)?;
    let mut answers = exchanges.iter();
    let mut sized: Option<Sized> = None;
    for policy in &resolved.policies {
        let request = Request::Decide {
            request: Box::new(size::request(seen, &resolved, policy)?),
            proposed: sized.as_ref().map(|sized| sized.size.clone()),
        };
        let decision = match decided(first, policy).map_or_else(|| answer(policy, request, &mut answers), Ok) {
            Ok(Answer::Decided(decision)) => decision,
            Ok(Answer::Declined(decline)) => {
                return Err(size::declined(ConditionType::Sized, seen, &policy.name, decline));
            }
            Ok(_) => return Err(other_answer(ConditionType::Sized, policy)),
            Err(call) => return Ok(Next::Call(call)),
        };
        size::check(&policy.name, &decision)?;
        let mut choices = sized.map_or_else(|| resolved.choices.clone(), |sized| sized.choices);
        choices.extend(decision.choices);
        sized = Some(Sized { size: decision.size, choices });
    }
    let Some(sized) = sized else {
        // Resolve refuses an empty chain.
        let problem = Problem::new(Reason::NoSizingPolicy, "", "", "there is no sizing policy");
        return Err(Stop::one(ConditionType::Sized, problem));
    };
    let ceilings = Ceilings::of(seen)?;
    let sized = ceilings.cut(sized);
    let plan = match launched(seen, &resolved, &sized, attempt, &mut answers)? {
        Ok(plan) => plan,
        Err(call) => return Ok(Next::Call(call)),
    };
    let locked = match ceilings.shrink(&sized, &plan.roles, &resolved.launcher.name)? {
        None => lock::lock(seen, &resolved, &sized, plan, attempt)?,
        // Fewer workers, once: what is above a ceiling even then is refused.
        Some(fewer) => match launched(seen, &resolved, &fewer, attempt, &mut answers)? {
            Ok(again) => {
                ceilings.hold(&fewer, &again.roles, &resolved.launcher.name)?;
                lock::lock(seen, &resolved, &fewer, again, attempt)?
            }
            Err(call) => return Ok(Next::Call(call)),
        },
    };
    Ok(Next::Plan(Box::new(locked)))
}

/// What the launcher makes of a size, or the call that is due.
fn launched<'a>(
    seen: &Seen,
    resolved: &Resolved,
    sized: &Sized,
    attempt: u32,
    answers: &mut impl Iterator<Item = &'a Exchange>,
) -> Result<Result<LaunchPlan, Box<Call>>, Stop> {
    let request = Request::Launch(Box::new(launch::request(seen, resolved, sized, attempt)));
    match answer(&resolved.launcher, request, answers) {
        Ok(Answer::Launched(launched)) => Ok(Ok(launched)),
        Ok(Answer::Declined(decline)) => {
            Err(size::declined(ConditionType::Planned, seen, &resolved.launcher.name, decline))
        }
        Ok(_) => Err(other_answer(ConditionType::Planned, &resolved.launcher)),
        Err(call) => Ok(Err(call)),
    }
}

/// What a policy decided for the first attempt.
fn decided(first: &[Exchange], policy: &PlannedPlugin) -> Option<Answer> {
    let same = |exchange: &&Exchange| {
        matches!(exchange.request, Request::Decide { .. })
            && exchange.plugin == policy.name
            && exchange.digest == policy.digest
    };
    first.iter().find(same).map(|exchange| exchange.answer.clone())
}

/// The answer to exactly this call, or the call that is due. Exchanges that answer
/// another call are passed over, so that an answer put behind them is found.
fn answer<'a>(
    plugin: &PlannedPlugin,
    request: Request,
    answers: &mut impl Iterator<Item = &'a Exchange>,
) -> Result<Answer, Box<Call>> {
    let mut due = answers.filter(|exchange| {
        exchange.plugin == plugin.name && exchange.digest == plugin.digest && exchange.request == request
    });
    match due.next() {
        Some(exchange) => Ok(exchange.answer.clone()),
        None => Err(Box::new(Call { plugin: plugin.name.clone(), digest: plugin.digest.clone(), request })),
    }
}

fn other_answer(step: ConditionType, plugin: &PlannedPlugin) -> Stop {
    let message = "it answered another question than it was asked";
    Stop::one(step, Problem::new(Reason::PluginFailed, format!("Plugin/{}", plugin.name), "", message))
}
