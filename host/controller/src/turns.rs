//! Turns at plugins: whoever is slow keeps few wake-ups waiting.
//!
//! A wake-up that calls a plugin holds a worker of the controller until it has its answer.
//! Without a bound a hundred Runs of one slow plugin would hold every worker, and the Runs
//! of all others would stand behind them. So each plugin has a share of the workers. A Run
//! that finds the share taken waits for a moment, which is all that a quick plugin needs;
//! then it gives its worker back and is woken when a place is free, in the order of asking.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::runtime::reflector::ObjectRef;
use tokio::sync::Notify;

use crate::watch::{AnyRun, Wake, Waker};

/// Part of the workers that one plugin may hold.
const SHARE: usize = 4;
/// How long a Run that asks for the first time keeps its worker.
const MOMENT: Duration = Duration::from_millis(50);
/// How long a Run that was woken and does not come keeps its place in the queue: those that
/// wait ask again more often than that.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// Who may call which plugin now.
pub(crate) struct Turns {
    share: usize,
    waker: Waker,
    queues: Mutex<HashMap<String, Queue>>,
    /// Told when a place is free.
    left: Notify,
}

#[derive(Default)]
struct Queue {
    taken: usize,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    run: ObjectRef<AnyRun>,
    /// When it asked last.
    asked: Instant,
    /// Whether it is here with its worker, and needs not be woken.
    here: bool,
}

/// A place at a plugin, free again with the value.
pub(crate) struct Place<'a> {
    turns: &'a Turns,
    plugin: String,
}

impl Turns {
    /// For a controller with so many workers.
    pub(crate) fn new(workers: u16, waker: Waker) -> Turns {
        let share = (usize::from(workers) / SHARE).max(1);
        Turns { share, waker, queues: Mutex::default(), left: Notify::new() }
    }

    /// A place at a plugin for a Run; none where it has to wait longer than a moment, and is
    /// woken later.
    pub(crate) async fn take(&self, plugin: &str, run: &ObjectRef<AnyRun>) -> Option<Place<'_>> {
        let until = tokio::time::Instant::now() + MOMENT;
        let patient = !self.knows(plugin, run);
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable();
            if self.ask(plugin, run, patient) {
                return Some(Place { turns: self, plugin: plugin.to_owned() });
            }
            if !patient {
                return None;
            }
            if tokio::time::timeout_at(until, left).await.is_err() {
                return self.ask(plugin, run, false).then(|| Place { turns: self, plugin: plugin.to_owned() });
            }
        }
    }

    fn knows(&self, plugin: &str, run: &ObjectRef<AnyRun>) -> bool {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get(plugin).is_some_and(|queue| queue.waiting.iter().any(|one| one.run == *run))
    }

    fn ask(&self, plugin: &str, run: &ObjectRef<AnyRun>, here: bool) -> bool {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(plugin.to_owned()).or_default();
        let free = self.share.saturating_sub(queue.taken);
        let goes = queue.may_go(run, free, here, Instant::now());
        queue.taken += usize::from(goes);
        goes
    }

    fn leave(&self, plugin: &str) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queues.get_mut(plugin) else { return };
        queue.taken = queue.taken.saturating_sub(1);
        let free = self.share.saturating_sub(queue.taken);
        for next in queue.waiting.iter().take(free).filter(|next| !next.here) {
            self.waker.wake(Wake::Run(next.run.clone()));
        }
        if queue.taken == 0 && queue.waiting.is_empty() {
            queues.remove(plugin);
        }
        drop(queues);
        self.left.notify_waiters();
    }
}

impl Queue {
    /// Whether a Run is among those whose turn it is; otherwise it stands in the queue.
    fn may_go(&mut self, run: &ObjectRef<AnyRun>, free: usize, here: bool, now: Instant) -> bool {
        self.waiting.retain(|one| one.run == *run || now.duration_since(one.asked) < FORGOTTEN);
        let place = self.waiting.iter().position(|one| one.run == *run);
        if place.unwrap_or(self.waiting.len()) < free {
            self.waiting.retain(|one| one.run != *run);
            return true;
        }
        match place.and_then(|place| self.waiting.get_mut(place)) {
            Some(one) => (one.asked, one.here) = (now, here),
            None => self.waiting.push_back(Waiting { run: run.clone(), asked: now, here }),
        }
        false
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.turns.leave(&self.plugin);
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    fn run(name: &str) -> ObjectRef<AnyRun> {
        ObjectRef::new(name).within("demo")
    }

    #[tokio::test]
    async fn a_plugin_holds_its_share_and_wakes_in_the_order_of_asking() {
        let (waker, mut wakes) = Waker::new();
        let turns = Turns::new(8, waker);
        let first = turns.take("slow", &run("a")).await;
        let second = turns.take("slow", &run("b")).await;
        assert!(first.is_some() && second.is_some());
        assert!(turns.take("slow", &run("c")).await.is_none());
        assert!(turns.take("slow", &run("d")).await.is_none());
        // Asking again does not lose the place, and another plugin is another matter.
        assert!(turns.take("slow", &run("c")).await.is_none());
        assert!(turns.take("fast", &run("c")).await.is_some());
        drop(first);
        assert!(matches!(wakes.next().await, Some(Wake::Run(woken)) if woken == run("c")));
        // Whoever comes now stands behind those that were there.
        assert!(turns.take("slow", &run("e")).await.is_none());
        assert!(turns.take("slow", &run("d")).await.is_none());
        let third = turns.take("slow", &run("c")).await;
        assert!(third.is_some());
        drop(second);
        assert!(matches!(wakes.next().await, Some(Wake::Run(woken)) if woken == run("d")));
        assert!(turns.take("slow", &run("e")).await.is_none());
        assert!(turns.take("slow", &run("d")).await.is_some());
    }

    #[tokio::test]
    async fn a_place_that_is_free_in_a_moment_is_waited_for() {
        let (waker, _wakes) = Waker::new();
        let turns = Turns::new(1, waker);
        let first = turns.take("quick", &run("a")).await;
        let later = run("b");
        // The one that waits is polled first.
        let (second, ()) = tokio::join!(turns.take("quick", &later), async { drop(first) });
        assert!(second.is_some());
    }

    #[test]
    fn a_run_that_does_not_come_is_forgotten() {
        let now = Instant::now();
        let mut queue = Queue::default();
        assert!(!queue.may_go(&run("gone"), 0, false, now));
        assert!(!queue.may_go(&run("here"), 0, false, now + FORGOTTEN / 2));
        // It stands in the way of the one behind it, for a while.
        assert!(!queue.may_go(&run("here"), 1, false, now + FORGOTTEN / 2));
        assert!(queue.may_go(&run("here"), 1, false, now + FORGOTTEN));
    }
}
