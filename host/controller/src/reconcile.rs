//! One wake-up of one Run: the path, step by step. Whatever happens reaches its status.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use codeflare_api::run::Phase;
use codeflare_api::{Run, RunStatus};
use codeflare_plan::live::{Action as Deed, Acts, Child, Outcome, Situation};
use codeflare_plan::plan::Record;
use codeflare_plan::stop::Stop;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::admission::Turn;
use crate::context::Context;
use crate::error::Error;
use crate::watch::AnyRun;
use crate::{admission, apply, draft, gather, observe, perform, publish, record};

/// When a wake-up that could not finish is repeated, unless a change comes first.
const SOON: Duration = Duration::from_secs(2);

/// The resourceVersions that we published last: a wake-up on an older Run would decide
/// on what is known to be over. (Kubernetes 1.35 declares resourceVersions comparable.)
#[derive(Default)]
pub(crate) struct Published(Mutex<HashMap<String, u64>>);

impl Published {
    fn is_stale(&self, run: &Run) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&run.uid().unwrap_or_default()).copied();
        known > version(run)
    }

    pub(crate) fn note(&self, uid: String, version: Option<u64>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match version {
            Some(version) => known.insert(uid, version),
            None => known.remove(&uid),
        };
    }
}

fn version(run: &Run) -> Option<u64> {
    run.resource_version()?.parse().ok()
}

/// One wake-up of one Run.
pub(crate) async fn reconcile(guard: Arc<AnyRun>, ctx: Arc<Context>) -> Result<Action, Error> {
    let run = match &guard.0 {
        Ok(run) => run,
        Err(invalid) => {
            tracing::warn!(error = %invalid.error, run = guard.name_any(), "a Run cannot be read; it waits for an edit");
            return Ok(Action::await_change());
        }
    };
    if run.metadata.deletion_timestamp.is_some() {
        // Children go with the Run: they are owned by it.
        let uid = run.uid().unwrap_or_default();
        ctx.records.forget(&uid);
        ctx.sources.forget(&uid);
        ctx.published.note(uid, None);
        return Ok(Action::await_change());
    }
    if ctx.published.is_stale(run) {
        return Ok(Action::requeue(SOON));
    }
    walk(run, &ctx, Timestamp::now()).await
}

/// What happens to a Run whose wake-up failed: it is woken again.
pub(crate) fn again(run: Arc<AnyRun>, error: &Error, _: Arc<Context>) -> Action {
    tracing::info!(run = run.name_any(), error = %error, source = ?std::error::Error::source(error), "a wake-up is repeated");
    Action::requeue(SOON)
}

async fn walk(run: &Run, ctx: &Context, now: Timestamp) -> Result<Action, Error> {
    match recorded(run, ctx).await {
        Recorded::Ended => Ok(Action::await_change()),
        Recorded::Held => finish(run, ctx, &Outcome::Held, None, now).await,
        Recorded::Stopped(stop) => finish(run, ctx, &Outcome::Stopped(stop), None, now).await,
        Recorded::Plan(record, fresh) => launched(run, ctx, &record, fresh, now).await,
    }
}

/// Whether there is a plan to execute.
enum Recorded {
    /// It has ended, and nothing of it is left.
    Ended,
    /// Planned, held before its record.
    Held,
    /// No plan came of it.
    Stopped(Stop),
    /// The plan of the highest attempt; with the Run as the server had it while the
    /// record was written, where it was written just now.
    Plan(Arc<Record>, Option<Box<Run>>),
}

/// Steps 1 to 6: reads the record of the highest attempt, or plans and writes the first.
async fn recorded(run: &Run, ctx: &Context) -> Recorded {
    let uid = run.uid().unwrap_or_default();
    let status = run.status.clone().unwrap_or_default();
    let known = record::attempts(ctx, &uid).pop_last();
    // The status may know of a record that the watch does not show yet.
    let named = status.launch.as_ref().filter(|launch| launch.attempt > 0);
    let highest = known.or_else(|| named.map(|launch| (launch.attempt, record::name(run, launch.attempt))));
    let read = match highest {
        Some((attempt, name)) => {
            record::read(ctx, run, attempt, &name).await.map(|record| Recorded::Plan(record, None))
        }
        None if is_terminal(&status) => return Recorded::Ended,
        None => first(run, ctx).await,
    };
    match read {
        Ok(recorded) => recorded,
        Err(_) if is_terminal(&status) => Recorded::Ended,
        Err(stop) => Recorded::Stopped(stop),
    }
}

async fn first(run: &Run, ctx: &Context) -> Result<Recorded, Stop> {
    // Where a policy counts, nobody else in the namespace decides before this is recorded.
    let mut turn = admission::turn(ctx, run).await?;
    let planned = draft::first(ctx, run, turn.as_ref().map(Turn::usage)).await?;
    if run.spec.suspend == Some(true) {
        return Ok(Recorded::Held);
    }
    if let Some(turn) = &mut turn {
        turn.note(&planned.plan.size);
    }
    // Reading the Run beside the write spares a round trip: whoever creates the record
    // knows that nothing was launched before it.
    let (written, fresh) = tokio::join!(record::write(ctx, run, planned), apply::fresh(ctx, run));
    if let Some(turn) = &mut turn {
        turn.written(&written);
    }
    if written.is_ok() {
        ctx.sources.forget(&run.uid().unwrap_or_default());
    }
    Ok(Recorded::Plan(written?, fresh.ok().flatten().map(Box::new)))
}

/// Steps 7 to 11 on a recorded plan.
async fn launched(
    run: &Run,
    ctx: &Context,
    record: &Record,
    fresh: Option<Box<Run>>,
    now: Timestamp,
) -> Result<Action, Error> {
    let uid = run.uid().unwrap_or_default();
    let mut children = gather::children(ctx, &uid);
    let pods = gather::pods(ctx, &uid);
    let status = run.status.clone().unwrap_or_default();
    let attempt = record.plan.attempt;

    if is_terminal(&status) {
        let situation = situation(run, record, &children, &pods, now);
        let acts = codeflare_plan::act::act(&situation);
        return settle(run, ctx, record, &acts).await;
    }
    if attempt > 1 && !before_is_gone(run, ctx, attempt, &status, &children, &pods).await {
        let situation = situation(run, record, &children, &pods, now);
        let acts = codeflare_plan::act::act(&situation);
        return finish(run, ctx, &Outcome::WaitingForPods(record), Some((record, acts)), now).await;
    }

    let (primary, kind_since) = match primary(run, ctx, record, fresh, &mut children).await {
        Ok(Primary::Created(uid)) => {
            let outcome = Outcome::Launched {
                situation: situation(run, record, &children, &pods, now),
                primary: Some(uid),
                end: None,
                trouble: None,
            };
            return finish(run, ctx, &outcome, Some((record, Acts::default())), now).await;
        }
        Ok(Primary::Known { uid, kind_since }) => (uid, kind_since),
        Ok(Primary::RunIsGone) => return Ok(Action::requeue(SOON)),
        Err(stop) => return finish(run, ctx, &Outcome::Stopped(stop), None, now).await,
    };

    let (observation, aside, trouble) = match observe::observe(ctx, run, record, &children, &pods).await {
        Ok((observation, aside)) => (Some(observation), aside, None),
        Err(stop) => (None, None, Some(stop)),
    };
    let situation = Situation {
        observation: observation.as_ref(),
        aside: aside.as_deref(),
        kind_since,
        ..situation(run, record, &children, &pods, now)
    };
    let acts = codeflare_plan::act::act(&situation);
    if let Some(stop) = retry(run, ctx, &acts).await {
        return finish(run, ctx, &Outcome::Stopped(stop), None, now).await;
    }
    let outcome = Outcome::Launched { situation, primary: Some(primary), end: acts.end.clone(), trouble };
    finish(run, ctx, &outcome, Some((record, acts)), now).await
}

/// Whether the status has named this attempt, and nothing of those before lives.
async fn before_is_gone(
    run: &Run,
    ctx: &Context,
    attempt: u32,
    status: &RunStatus,
    children: &[Child],
    pods: &[Pod],
) -> bool {
    let published = status.launch.as_ref().map(|launch| launch.attempt) == Some(attempt);
    let of_pod = |pod: &Pod| pod.labels().get(codeflare_api::labels::ATTEMPT).and_then(|text| text.parse::<u32>().ok());
    published
        && children.iter().filter(|child| child.owner == run.uid()).all(|child| child.attempt >= attempt)
        && pods.iter().all(|pod| of_pod(pod).unwrap_or(0) >= attempt)
        && matches!(apply::pods_left(ctx, run, attempt).await, Ok(false))
}

enum Primary {
    /// Created, or found, just now; nothing is known of its pods yet.
    Created(String),
    /// Seen before: this UID, whether it still lives or not.
    Known {
        uid: String,
        /// When its kind was defined, where that was asked.
        kind_since: Option<Timestamp>,
    },
    /// Somebody deleted the Run meanwhile.
    RunIsGone,
}

/// Step 7: the primary of the recorded plan, created only if it was never seen.
async fn primary(
    run: &Run,
    ctx: &Context,
    record: &Record,
    fresh: Option<Box<Run>>,
    children: &mut Vec<Child>,
) -> Result<Primary, Stop> {
    if let Some(uid) = first_seen(run, record) {
        let seen = children.iter().find(|child| child.uid == uid);
        if seen.is_none_or(|child| child.deleting) {
            let unseen = seen.is_none();
            let kind_since = apply::still_served(ctx, &record.plan).await?;
            if unseen {
                children.extend(apply::look_for_primary(ctx, &record.plan, &uid).await?);
            }
            return Ok(Primary::Known { uid, kind_since });
        }
        return Ok(Primary::Known { uid, kind_since: None });
    }
    let fresh = match fresh {
        Some(fresh) => Some(fresh),
        None => apply::fresh(ctx, run).await?.map(Box::new),
    };
    match fresh {
        None => return Ok(Primary::RunIsGone),
        // Our Run is older than the server's: the newer one is on its way.
        Some(fresh) if first_seen(&fresh, record).is_some() => return Ok(Primary::RunIsGone),
        Some(_) => {}
    }
    apply::served(ctx, &record.plan)?;
    let uid = run.uid().unwrap_or_default();
    let created = apply::apply(ctx, &uid, &record.plan, children).await?;
    let primary = created.uid.clone();
    if !children.iter().any(|child| child.uid == primary) {
        children.push(created);
    }
    Ok(Primary::Created(primary))
}

/// UID under which the status has published the primary of this attempt.
fn first_seen(run: &Run, record: &Record) -> Option<String> {
    let launch = run.status.as_ref()?.launch.as_ref().filter(|launch| launch.attempt == record.plan.attempt)?;
    launch.object.as_ref()?.uid.clone()
}

/// Records the next attempt before the status says that it follows.
async fn retry(run: &Run, ctx: &Context, acts: &Acts) -> Option<Stop> {
    let retries: Vec<Deed> = acts.actions.iter().filter(|deed| matches!(deed, Deed::Retry { .. })).cloned().collect();
    if retries.is_empty() {
        return None;
    }
    let first = match record::read(ctx, run, 1, &record::name(run, 1)).await {
        Ok(first) => first,
        Err(stop) => return Some(stop),
    };
    perform::perform(ctx, run, &first, &retries).await.err()
}

/// Steps 10 and 11, then the deeds that a published status allows.
async fn finish(
    run: &Run,
    ctx: &Context,
    outcome: &Outcome<'_>,
    acted: Option<(&Record, Acts)>,
    now: Timestamp,
) -> Result<Action, Error> {
    let next = codeflare_plan::status::next(run, outcome, now);
    ctx.metrics.count(next.status.reason.as_deref().unwrap_or("None"));
    publish::publish(ctx, run, &next).await?;
    let later = match acted {
        Some((record, acts)) => settle_after(run, ctx, record, &acts).await,
        None => None,
    };
    Ok(wake([next.wake, later]))
}

async fn settle(run: &Run, ctx: &Context, record: &Record, acts: &Acts) -> Result<Action, Error> {
    Ok(wake([settle_after(run, ctx, record, acts).await, None]))
}

async fn settle_after(run: &Run, ctx: &Context, record: &Record, acts: &Acts) -> Option<Duration> {
    let deeds: Vec<Deed> = acts.actions.iter().filter(|deed| !matches!(deed, Deed::Retry { .. })).cloned().collect();
    match perform::perform(ctx, run, record, &deeds).await {
        Ok(()) => acts.wake,
        Err(stop) => {
            tracing::warn!(run = run.name_any(), %stop, "an action failed; it is decided anew in a moment");
            Some(SOON)
        }
    }
}

fn situation<'a>(
    run: &'a Run,
    record: &'a Record,
    children: &'a [Child],
    pods: &'a [Pod],
    now: Timestamp,
) -> Situation<'a> {
    Situation { run, record, children, pods, observation: None, aside: None, kind_since: None, now }
}

fn is_terminal(status: &RunStatus) -> bool {
    status.phase.is_some_and(Phase::is_terminal)
}

fn wake(times: [Option<Duration>; 2]) -> Action {
    times.into_iter().flatten().min().map_or_else(Action::await_change, Action::requeue)
}
