//! How many may speak to repositories at the same time: in all, and to one host. A host that is
//! slow keeps those who wait for it, and nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for what goes on at the same time.
pub(super) struct Places {
    all: Arc<Semaphore>,
    each: usize,
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A place; it is free again when this goes.
pub(super) struct Place {
    _of_host: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
    /// Others of the host find it as long as one has a place or waits for it.
    _host: Arc<Semaphore>,
}

impl Places {
    /// So many in all, and so many for each host.
    pub(super) fn new(all: usize, each: usize) -> Places {
        Places { all: Arc::new(Semaphore::new(all)), each, hosts: Mutex::default() }
    }

    /// Waits for a place. The host's own comes first: who waits for it takes none of the others.
    pub(super) async fn take(&self, host: &str) -> Place {
        let of = self.host(host);
        // Nobody closes them.
        let of_host = of.clone().acquire_owned().await.ok();
        let of_all = self.all.clone().acquire_owned().await.ok();
        Place { _of_host: of_host, _of_all: of_all, _host: of }
    }

    fn host(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(host).and_then(Weak::upgrade) {
            return known;
        }
        hosts.retain(|_, known| known.strong_count() > 0);
        let fresh = Arc::new(Semaphore::new(self.each));
        hosts.insert(host.to_owned(), Arc::downgrade(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_slow_host_keeps_its_own_and_nobody_else() {
        let places = Places::new(3, 2);
        let take = |host: &str| places.take(host).now_or_never();
        let slow = [take("slow"), take("slow")];
        assert!(slow.iter().all(Option::is_some));
        let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(places.take("slow"))).collect();
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()), "the host has no more");
        let good = take("good");
        assert!(good.is_some(), "others have what is left");
        assert!(take("better").is_none(), "and no more than there are in all");
        drop(good);
        assert!(take("better").is_some());
        drop((slow, waiting));
        assert!(take("slow").is_some());
        assert_eq!(
            places.hosts.lock().unwrap_or_else(PoisonError::into_inner).len(),
            1,
            "a host goes with who asked for it"
        );
    }
}
