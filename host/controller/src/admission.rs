//! Decisions that depend on what a namespace uses: made one at a time, the oldest Run
//! first, and on figures that are right.
//!
//! In: Runs as the store has them. Out: a [`Turn`] with what the others hold, which its
//! holder keeps until its own record is written. What stores may not show yet (records
//! that were just written) is noted here; what this host cannot know (records of the host
//! before it) is read from the server once. Where a figure is missing, the Run waits.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use codeflare_api::{ConditionType, Reason, Run};
use codeflare_documents::shared::Size;
use codeflare_documents::sizing::Usage;
use codeflare_plan::plan::Record;
use codeflare_plan::resolve::wants_usage;
use codeflare_plan::stop::Stop;
use codeflare_plan::usage::{self, Holds, Place};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::{Mutex as Turnstile, OwnedMutexGuard};

use crate::api::within;
use crate::context::Context;
use crate::record;
use crate::watch::{AnyRun, Wake, Waker};

/// Namespaces in which a policy wants to know what is used.
pub(crate) struct Admission {
    waker: Waker,
    rooms: Mutex<HashMap<String, Arc<Room>>>,
}

/// One namespace.
struct Room {
    namespace: String,
    waker: Waker,
    /// Held by whoever decides, from counting to the record.
    books: Arc<Turnstile<Books>>,
    /// Runs that wait and are still to be asked since something has ended.
    due: Mutex<BTreeSet<Place>>,
}

/// What is known of a namespace beside the store.
#[derive(Default)]
struct Books {
    /// Whether the server was asked what the host before this one has recorded.
    opened: bool,
    /// What Runs hold that the store may not show yet, by UID.
    noted: HashMap<String, Note>,
}

struct Note {
    name: String,
    size: Size,
}

impl Admission {
    /// Nothing is known yet.
    pub(crate) fn new(waker: Waker) -> Admission {
        Admission { waker, rooms: Mutex::default() }
    }

    /// A Run has ended or is gone, and the store shows it (none: perhaps, anywhere): those
    /// that wait in its namespace are asked again, one after the other.
    pub(crate) fn fell(&self, runs: &Store<AnyRun>, namespace: Option<&str>) {
        let mut waiting: HashMap<String, BTreeSet<Place>> = HashMap::new();
        for guard in runs.state() {
            if let Ok(run) = &guard.0
                && namespace.is_none_or(|namespace| run.namespace().as_deref() == Some(namespace))
                && usage::waits(run)
            {
                waiting.entry(run.namespace().unwrap_or_default()).or_default().insert(Place::of(run));
            }
        }
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        for (namespace, places) in waiting {
            match rooms.get(&namespace) {
                Some(room) => {
                    room.due.lock().unwrap_or_else(PoisonError::into_inner).extend(places);
                    room.wake_next();
                }
                // What its policies wait for is not counted here.
                None => places.iter().for_each(|place| wake(&self.waker, &namespace, place)),
            }
        }
    }

    fn room(&self, namespace: &str) -> Arc<Room> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Room {
            namespace: namespace.to_owned(),
            waker: self.waker.clone(),
            books: Arc::default(),
            due: Mutex::default(),
        };
        rooms.entry(namespace.to_owned()).or_insert_with(|| Arc::new(new())).clone()
    }

    /// Nobody counts in this namespace any more: whoever does later begins anew.
    fn close(&self, namespace: &str) {
        let closed = self.rooms.lock().unwrap_or_else(PoisonError::into_inner).remove(namespace);
        if let Some(room) = closed {
            let due = std::mem::take(&mut *room.due.lock().unwrap_or_else(PoisonError::into_inner));
            due.iter().for_each(|place| wake(&room.waker, namespace, place));
        }
    }
}

impl Room {
    fn wake_next(&self) {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = due.first() {
            wake(&self.waker, &self.namespace, next);
        }
    }

    /// Lets this Run be asked unless an older one is due; then that one is woken, and this
    /// one has its turn behind it.
    ///
    /// # Errors
    /// The stop of a Run that has to let another one go first.
    fn queue(&self, ctx: &Context, run: &Run) -> Result<(), Stop> {
        let place = Place::of(run);
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        due.remove(&place);
        // Whoever has gone or been held meanwhile is asked no more.
        due.retain(|one| {
            let found = ctx.stores.runs.get(&ObjectRef::new(&one.name).within(&self.namespace));
            found.is_some_and(|guard| {
                guard.0.as_ref().is_ok_and(|run| run.uid().as_ref() == Some(&one.uid) && usage::waits(run))
            })
        });
        match due.first().filter(|first| **first < place).map(|first| first.name.clone()) {
            None => Ok(()),
            Some(older) => {
                due.insert(place);
                Err(usage::after(&older))
            }
        }
    }
}

fn wake(waker: &Waker, namespace: &str, place: &Place) {
    waker.wake(Wake::Run(ObjectRef::new(&place.name).within(namespace)));
}

/// The right to decide in a namespace, until it is dropped; then the next Run is woken.
pub(crate) struct Turn {
    room: Arc<Room>,
    books: OwnedMutexGuard<Books>,
    uid: String,
    name: String,
    usage: Usage,
}

impl Turn {
    /// What the other Runs of the namespace hold.
    pub(crate) fn usage(&self) -> Usage {
        self.usage.clone()
    }

    /// A record with this size is about to be written: from now on it counts.
    pub(crate) fn note(&mut self, size: &Size) {
        self.books.noted.insert(self.uid.clone(), Note { name: self.name.clone(), size: size.clone() });
    }

    /// What came of writing it. Without an answer the record may be there: it goes on to
    /// count until the Run is asked again.
    pub(crate) fn written(&mut self, written: &Result<Arc<Record>, Stop>) {
        match written {
            // Another one may have been there already: that one holds.
            Ok(record) => self.note(&record.plan.size),
            Err(stop) if matches!(stop.reason(), Reason::ObjectRefused | Reason::RecordTooLarge) => {
                self.books.noted.remove(&self.uid);
            }
            Err(_) => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.room.wake_next();
    }
}

/// Waits for the right to decide about a Run; none where no policy counts. Of Runs that
/// wait for something to end, the oldest goes first.
///
/// # Errors
/// A stop of the step Sized: an older Run is asked first, or a figure is missing.
pub(crate) async fn turn(ctx: &Context, run: &Run) -> Result<Option<Turn>, Stop> {
    let namespace = run.namespace().unwrap_or_default();
    if !wants_usage(&ctx.catalog.seen(), &ctx.stores.namespace_labels(&namespace)) {
        ctx.admission.close(&namespace);
        return Ok(None);
    }
    let room = ctx.admission.room(&namespace);
    let books = room.books.clone().lock_owned().await;
    let mut turn =
        Turn { room, books, uid: run.uid().unwrap_or_default(), name: run.name_any(), usage: Usage::default() };
    turn.room.queue(ctx, run)?;
    if !turn.books.opened {
        turn.books.noted.extend(open(ctx, &namespace).await?);
        turn.books.opened = true;
    }
    turn.usage = count(ctx, &namespace, &turn.uid, &mut turn.books.noted).await?;
    Ok(Some(turn))
}

/// What is recorded in a namespace, from the server: the stores of a host that has just
/// taken over may lag behind the one before it.
async fn open(ctx: &Context, namespace: &str) -> Result<HashMap<String, Note>, Stop> {
    let failed = |error: crate::error::Call| error.stop(ConditionType::Sized, format!("Namespace/{namespace}"));
    let maps = Api::<ConfigMap>::namespaced(ctx.client.clone(), namespace);
    let records = within(maps.list_metadata(&ListParams::default().labels(&record::selector()))).await;
    let records = record::highest(records.map_err(failed)?.items.iter());
    let runs = within(Api::<AnyRun>::namespaced(ctx.client.clone(), namespace).list(&ListParams::default())).await;
    let mut noted = HashMap::new();
    for guard in runs.map_err(failed)? {
        let uid = guard.uid().unwrap_or_default();
        if let Some(size) = size(ctx, namespace, &guard, records.get(&uid)).await? {
            noted.insert(uid, Note { name: guard.name_any(), size });
        }
    }
    Ok(noted)
}

/// What the Runs of a namespace hold but for one; forgets notes that the store shows.
async fn count(ctx: &Context, namespace: &str, but: &str, noted: &mut HashMap<String, Note>) -> Result<Usage, Stop> {
    let runs = ctx.stores.runs.state_filter(|guard| guard.namespace().as_deref() == Some(namespace));
    let records = ctx.stores.records.state_filter(|record| record.namespace().as_deref() == Some(namespace));
    let records = record::highest(records.iter().map(AsRef::as_ref));
    let mut held = Vec::new();
    for guard in &runs {
        let uid = guard.uid().unwrap_or_default();
        let shown = guard.0.as_ref().is_ok_and(|run| {
            let ended = run.status.as_ref().and_then(|status| status.phase).is_some_and(|phase| phase.is_terminal());
            ended || matches!(usage::holds(run, false), Holds::Size(_))
        });
        if shown {
            noted.remove(&uid);
        }
        if uid == but {
            continue;
        }
        match noted.get(&uid) {
            Some(note) => held.push(note.size.clone()),
            None => held.extend(size(ctx, namespace, guard, records.get(&uid)).await?),
        }
    }
    let known: std::collections::HashSet<_> = runs.iter().filter_map(|guard| guard.uid()).collect();
    let absent: Vec<_> = noted
        .iter()
        .filter(|(uid, _)| uid.as_str() != but && !known.contains(*uid))
        .map(|(uid, note)| (uid.clone(), note.name.clone(), note.size.clone()))
        .collect();
    for (uid, name, size) in absent {
        // Deleted, or not yet in the store.
        if exists(ctx, namespace, &name, &uid).await? {
            held.push(size);
        } else {
            noted.remove(&uid);
        }
    }
    Ok(usage::sum(&held))
}

async fn exists(ctx: &Context, namespace: &str, name: &str, uid: &str) -> Result<bool, Stop> {
    let api = Api::<AnyRun>::namespaced(ctx.client.clone(), namespace);
    let found = within(api.get_metadata_opt(name)).await;
    let found = found.map_err(|error| error.stop(ConditionType::Sized, format!("Run/{name}")))?;
    Ok(found.and_then(|run| run.metadata.uid).as_deref() == Some(uid))
}

/// What one Run holds: by its status, or else by its record. A Run that cannot be read
/// any more holds what was recorded of it until it is gone.
async fn size(
    ctx: &Context,
    namespace: &str,
    guard: &AnyRun,
    recorded: Option<&(u32, String)>,
) -> Result<Option<Size>, Stop> {
    let holds = match &guard.0 {
        Ok(run) => usage::holds(run, recorded.is_some()),
        Err(_) if recorded.is_some() => Holds::Unknown,
        Err(_) => Holds::Nothing,
    };
    match holds {
        Holds::Nothing => Ok(None),
        Holds::Size(size) => Ok(Some(size)),
        Holds::Unknown => {
            let unknown = |why: &str| usage::unknown(&guard.name_any(), why);
            let launch = guard.0.as_ref().ok().and_then(|run| run.status.as_ref()?.launch.as_ref());
            let named = launch.map(|launch| (launch.attempt, launch.record.clone()));
            let (attempt, name) = recorded.cloned().or(named).ok_or_else(|| unknown("it has no record"))?;
            let uid = guard.uid().unwrap_or_default();
            let record = record::read_of(ctx, namespace, &uid, attempt, &name).await;
            record.map(|record| Some(record.plan.size.clone())).map_err(|stop| unknown(&stop.message()))
        }
    }
}
