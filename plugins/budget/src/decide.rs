//! From what is proposed and what is used to what is granted.

use codeflare_plugin::fault;
use codeflare_plugin::prelude::*;

use crate::Mode;
use crate::limits::Limit;

/// Grants the proposed size, or fewer workers of it.
///
/// # Errors
/// `Waiting` where it fits once others end, `Invalid` where it never does.
pub(crate) fn decide(
    request: &DecideRequest,
    proposed: Option<Size>,
    limits: &[Limit],
    mode: Mode,
) -> Result<Decision, Decline> {
    let Some(proposed) = proposed else {
        let message =
            "no policy before it proposes a size; give it a lower priority number than those that do, such as 50";
        return Err(fault::invalid("NothingProposed", message, "", "/spec/priority"));
    };
    let Some(used) = &request.usage else {
        let message = "the host does not say what the namespace uses; the budget needs a newer one";
        return Err(fault::invalid("UsageUnknown", message, "", ""));
    };
    let asked = Usage::of(&proposed);
    if fits(limits, used, &asked) {
        return Ok(Decision { size: proposed, choices: Vec::new() });
    }
    let least = match mode {
        Mode::Cut if proposed.workers > 1 => Usage::of(&Size { workers: 1, ..proposed.clone() }),
        _ => asked.clone(),
    };
    let nothing = Usage::default();
    if !fits(limits, &nothing, &least) {
        return Err(never(request, &proposed, limits, &least));
    }
    let room =
        limits.iter().map(|limit| limit.workers(used, &Usage::of(&Size { workers: 1, ..proposed.clone() }))).min();
    let room = room.unwrap_or(u64::MAX).min(proposed.workers.into());
    match (mode, u32::try_from(room)) {
        (Mode::Cut, Ok(workers)) if workers > 0 => Ok(cut(request, proposed, limits, used, &asked, workers)),
        _ => Err(waiting(request, limits, used, &least)),
    }
}

fn fits(limits: &[Limit], used: &Usage, asked: &Usage) -> bool {
    limits.iter().all(|limit| limit.of(used).saturating_add(limit.of(asked)) <= limit.most)
}

/// Lines of the budget for which there is no room.
fn short<'a>(limits: &'a [Limit], used: &'a Usage, asked: &'a Usage) -> impl Iterator<Item = &'a Limit> {
    limits.iter().filter(|limit| limit.of(used).saturating_add(limit.of(asked)) > limit.most)
}

fn cut(
    request: &DecideRequest,
    proposed: Size,
    limits: &[Limit],
    used: &Usage,
    asked: &Usage,
    workers: u32,
) -> Decision {
    let lines: Vec<_> = short(limits, used, asked).map(|limit| line(limit, used)).collect();
    let who = match (&request.asked.workers, &request.asked.workers_by) {
        (Some(wish), Some(by)) if *wish == proposed.workers => by.clone(),
        _ => "policies before".to_owned(),
    };
    let choice = Choice {
        field: "workers".to_owned(),
        value: workers.into(),
        by: "plugin budget".to_owned(),
        why: format!("namespace {} uses {}; this many fit", request.run.namespace, lines.join(" and ")),
        over: vec![(who, proposed.workers.into())],
    };
    Decision { size: Size { workers, ..proposed }, choices: vec![choice] }
}

/// One fault for each line without room: `namespace team uses 12 of 16 cpu; …`.
fn waiting(request: &DecideRequest, limits: &[Limit], used: &Usage, asked: &Usage) -> Decline {
    let faults = short(limits, used, asked).map(|limit| {
        let message = format!(
            "namespace {} uses {}; this Run needs {}; it waits until Runs end",
            request.run.namespace,
            line(limit, used),
            limit.amount(limit.of(asked)),
        );
        fault::fault("BudgetExhausted", message, "", "")
    });
    Decline::Waiting(faults.collect())
}

/// `12 of 16 cpu`.
fn line(limit: &Limit, used: &Usage) -> String {
    format!("{} of {} {}", limit.amount(limit.of(used)), limit.amount(limit.most), limit.name())
}

/// What it asks for is more than the whole budget.
fn never(request: &DecideRequest, proposed: &Size, limits: &[Limit], asked: &Usage) -> Decline {
    let run = format!("Run/{}", request.run.name);
    // Whoever asked can ask for less.
    let (object, pointer) = match (&request.asked.workers, &request.asked.workers_by) {
        (Some(wish), Some(by)) if *wish == proposed.workers => (by.clone(), "/spec/workers"),
        _ if request.asked.size_by.contains('/') => (request.asked.size_by.clone(), "/spec/size"),
        _ => (run, "/spec/size"),
    };
    let nothing = Usage::default();
    let faults = short(limits, &nothing, asked).map(|limit| {
        let message = format!(
            "this Run needs {} {}; all Runs of namespace {} together may have {}; ask for fewer workers or a smaller size",
            limit.amount(limit.of(asked)),
            limit.name(),
            request.run.namespace,
            limit.amount(limit.most),
        );
        fault::fault("OverBudget", message, object.clone(), pointer)
    });
    Decline::Invalid(faults.collect())
}
