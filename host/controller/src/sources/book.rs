//! Who waits for which source, and what came of asking for it. Pure: time is an argument.
//!
//! A Run takes the commit of an attempt that began after the Run was first looked at: so it is
//! never older than the Run, whatever clocks say, and Runs that come together share one
//! attempt. What a Run has taken it keeps until it is recorded.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use codeflare_api::{Reason, Retry};
use codeflare_plan::source::Wanted;
use codeflare_plan::stop::Problem;

/// Bounds of the growing delay before what may pass is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// When to look again at what passes only if somebody changes something, unless the error
/// knows better: a server tells nobody that it was mended.
const SLOWLY: Duration = Duration::from_secs(300);
/// Runs that are noted without a look at those that nobody asks for any more: a Run that is
/// deleted says no word.
const MANY: usize = 1024;
/// After which time a Run that nobody asked for is forgotten. One that comes back has the commit
/// of then.
const FORGOTTEN: Duration = Duration::from_secs(6 * 3600);
/// How often the Secret of such a failure is looked at, for whether it has changed.
const SECRET: Duration = Duration::from_secs(20);

/// A source that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Address of the repository.
    pub(super) repo: String,
    /// What named the commit.
    pub(super) reference: String,
    /// The commit's id.
    pub(super) commit: String,
    /// Folder of the repository.
    pub(super) path: String,
    /// Digest of the pack.
    pub(super) digest: String,
    /// Bytes of the pack.
    pub(super) bytes: u64,
}

/// Why a source is not there.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// As the Run says it.
    pub(super) problem: Problem,
    /// When it is worth trying again.
    pub(super) again: Retry,
    /// resourceVersion of the Secret as it was then; none where there was none.
    pub(super) secret: Option<String>,
}

impl Failure {
    /// The host itself failed over a source.
    pub(super) fn of_host(wanted: &Wanted) -> Failure {
        let message = format!("the host failed while it read {}; its log says where", wanted.place);
        Failure { problem: Problem::new(Reason::RepoProtocol, "", "", message), again: Retry::Backoff, secret: None }
    }
}

/// What there is for a Run.
#[derive(Clone, Debug)]
pub(super) enum Look {
    Pending,
    Failed(Problem),
    Found(Found),
}

/// What is to be done about it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// Begin the attempt of this number.
    Attempt(u64),
    /// See whether the Secret has changed.
    Secret,
}

/// Runs by UID and what they want; `R` names a Run to whom it wakes.
pub(super) struct Book<R> {
    runs: HashMap<String, Pin<R>>,
    places: HashMap<Wanted, Place>,
    swept: Option<Instant>,
}

struct Pin<R> {
    run: R,
    wanted: Wanted,
    /// Lowest number of an attempt that is young enough.
    since: u64,
    found: Option<Found>,
    /// When it was asked for last.
    asked: Instant,
}

#[derive(Default)]
struct Place {
    begun: u64,
    running: bool,
    failures: u32,
    looked_at_secret: Option<Instant>,
    last: Option<Ended>,
}

struct Ended {
    number: u64,
    at: Instant,
    result: Result<Found, Failure>,
}

impl Place {
    fn begin(&mut self) -> Todo {
        self.begun += 1;
        self.running = true;
        Todo::Attempt(self.begun)
    }
}

impl<R: Clone> Book<R> {
    pub(super) fn new() -> Book<R> {
        Book { runs: HashMap::new(), places: HashMap::new(), swept: None }
    }

    /// What there is for a Run now, and what is to be done about it.
    pub(super) fn look(&mut self, uid: &str, run: &R, wanted: &Wanted, now: Instant) -> (Look, Option<Todo>) {
        if self.runs.get(uid).is_some_and(|pin| pin.wanted != *wanted) {
            self.forget(uid);
        }
        self.forget_old(now);
        let place = self.places.entry(wanted.clone()).or_default();
        let pin = self.runs.entry(uid.to_owned()).or_insert_with(|| Pin {
            run: run.clone(),
            wanted: wanted.clone(),
            since: place.begun + 1,
            found: None,
            asked: now,
        });
        pin.asked = now;
        if let Some(found) = &pin.found {
            return (Look::Found(found.clone()), None);
        }
        let Some(last) = place.last.as_ref().filter(|last| last.number >= pin.since) else {
            return (Look::Pending, (!place.running).then(|| place.begin()));
        };
        match &last.result {
            Ok(found) => {
                pin.found = Some(found.clone());
                (Look::Found(found.clone()), None)
            }
            // The reason stays to be read while it is tried again.
            Err(failure) => {
                let problem = failure.problem.clone();
                let todo = if place.running { None } else { due(place, now) };
                (Look::Failed(problem), todo)
            }
        }
    }

    /// Notes what came of an attempt: who is to be woken, and what is to be done next.
    pub(super) fn ended(
        &mut self,
        wanted: &Wanted,
        number: u64,
        result: Result<Found, Failure>,
        now: Instant,
    ) -> (Vec<R>, Option<Todo>) {
        let Some(place) = self.places.get_mut(wanted) else { return (Vec::new(), None) };
        place.running = false;
        place.failures = if result.is_ok() { 0 } else { place.failures.saturating_add(1) };
        place.looked_at_secret = Some(now);
        place.last = Some(Ended { number, at: now, result });
        let waiting = self.runs.values().filter(|pin| pin.found.is_none() && pin.wanted == *wanted);
        let (served, late): (Vec<_>, Vec<_>) = waiting.partition(|pin| pin.since <= number);
        let woken = served.into_iter().map(|pin| pin.run.clone()).collect();
        let next = (!late.is_empty()).then(|| place.begin());
        if next.is_none() {
            self.sweep(wanted);
        }
        (woken, next)
    }

    /// Notes how the Secret of a failure is now: another one is worth an attempt.
    pub(super) fn secret(&mut self, wanted: &Wanted, version: Option<&str>) -> Option<Todo> {
        let place = self.places.get_mut(wanted)?;
        let changed = match &place.last.as_ref()?.result {
            Err(failure) => failure.secret.as_deref() != version,
            Ok(_) => false,
        };
        (changed && !place.running).then(|| place.begin())
    }

    /// Forgets a Run: it is recorded, or gone.
    pub(super) fn forget(&mut self, uid: &str) {
        if let Some(pin) = self.runs.remove(uid) {
            self.sweep(&pin.wanted);
        }
    }

    /// Forgets Runs that nobody asks for any more, once in a while.
    fn forget_old(&mut self, now: Instant) {
        let due = self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SECRET);
        if self.runs.len() <= MANY || !due {
            return;
        }
        self.swept = Some(now);
        self.runs.retain(|_, pin| now.saturating_duration_since(pin.asked) < FORGOTTEN);
        let wanted: HashSet<_> = self.runs.values().map(|pin| &pin.wanted).collect();
        self.places.retain(|of, place| place.running || wanted.contains(of));
    }

    /// Forgets a place that nobody waits for.
    fn sweep(&mut self, wanted: &Wanted) {
        let running = self.places.get(wanted).is_some_and(|place| place.running);
        if !running && !self.runs.values().any(|pin| pin.wanted == *wanted) {
            self.places.remove(wanted);
        }
    }
}

/// What is due about a place whose last attempt failed.
fn due(place: &mut Place, now: Instant) -> Option<Todo> {
    let last = place.last.as_ref()?;
    let failure = last.result.as_ref().err()?;
    let age = now.saturating_duration_since(last.at);
    let delay = match failure.again {
        Retry::Backoff => (BACKOFF.0 * 2_u32.saturating_pow(place.failures.saturating_sub(1).min(8))).min(BACKOFF.1),
        Retry::After(time) => time,
        Retry::OnChange => SLOWLY,
    };
    let passing = failure.again == Retry::Backoff;
    if age >= delay {
        return Some(place.begin());
    }
    let looked = place.looked_at_secret.is_none_or(|at| now.saturating_duration_since(at) >= SECRET);
    (!passing && looked).then(|| {
        place.looked_at_secret = Some(now);
        Todo::Secret
    })
}

#[cfg(test)]
mod tests;
