//! What goes from the store, and when: what no Plugin serves or names and no unfinished
//! Run was launched by, once that has been so for a while. Pure.
//!
//! The while is for Runs that are being planned: their record may name a version that is
//! replaced at this very moment, and shows only when it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use codeflare_api::run::{Launch, Phase};
use codeflare_api::{Plugin, Run, labels};
use kube::{Resource, ResourceExt};

use super::kept;

/// An object of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) uid: String,
    /// Short form of the digest that it is of.
    digest: String,
    /// The Plugin that a sheet is of, and the bytes that it tells of; none for a piece.
    sheet: Option<(String, usize)>,
}

impl Stored {
    /// An object as the API server lists it.
    pub(super) fn new<K: Resource>(object: &K, sheet: Option<(String, usize)>) -> Stored {
        Stored {
            name: object.name_any(),
            uid: object.uid().unwrap_or_default(),
            digest: object.labels().get(labels::DIGEST).cloned().unwrap_or_default(),
            sheet,
        }
    }
}

/// Bytes of all plugins in a store, each digest once.
pub(super) fn bytes(stored: &[Stored]) -> usize {
    let of: BTreeMap<_, _> = stored.iter().filter_map(|one| Some((&one.digest, one.sheet.as_ref()?.1))).collect();
    of.values().sum()
}

/// What must stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Short forms of digests.
    digests: BTreeSet<String>,
    /// Sheet of what serves now, by Plugin and short digest: it supersedes others.
    sheets: BTreeMap<(String, String), String>,
}

impl Needs {
    /// A digest is needed.
    pub(super) fn digest(&mut self, digest: &str) {
        self.digests.insert(kept::short(digest));
    }

    /// This sheet serves.
    pub(super) fn serving(&mut self, sheet: &kept::Sheet) {
        self.digest(&sheet.digest);
        self.sheets.insert((sheet.plugin.clone(), kept::short(&sheet.digest)), sheet.name());
    }

    /// A Plugin object is there: what it names, and what served last.
    pub(super) fn plugin(&mut self, plugin: &Plugin) {
        let served = plugin.status.as_ref().and_then(|status| status.digest.as_ref());
        plugin.spec.digest.iter().chain(served).for_each(|digest| self.digest(digest));
    }

    /// An unfinished Run was launched so.
    pub(super) fn launched(&mut self, launch: &Launch) {
        launch.launcher.iter().chain(&launch.sizing_policies).for_each(|plugin| self.digest(&plugin.digest));
    }

    /// Whether a digest must stay.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.digests.contains(&kept::short(digest))
    }

    /// What of the store nobody needs: sheets first, since they name pieces.
    pub(super) fn needless<'a>(&self, stored: &'a [Stored]) -> Vec<&'a Stored> {
        let needless = |one: &&Stored| {
            let superseded = one.sheet.as_ref().and_then(|(plugin, _)| {
                let serving = self.sheets.get(&(plugin.clone(), one.digest.clone()))?;
                (*serving != one.name).then_some(())
            });
            !self.digests.contains(&one.digest) || superseded.is_some()
        };
        let (sheets, pieces): (Vec<_>, Vec<_>) = stored.iter().filter(needless).partition(|one| one.sheet.is_some());
        sheets.into_iter().chain(pieces).collect()
    }
}

/// What a Run needs of the store.
#[derive(Debug, PartialEq)]
pub(super) enum Holds<'a> {
    /// Nothing: it has ended, or nothing of it is recorded.
    Nothing,
    /// What it was launched by.
    Launch(&'a Launch),
    /// Only its record says.
    Record,
}

/// What a Run needs; `recorded` says whether a record of it was seen. One that cannot be
/// read counts by its record.
pub(super) fn holds(run: Option<&Run>, recorded: bool) -> Holds<'_> {
    let status = run.and_then(|run| run.status.as_ref());
    if status.and_then(|status| status.phase).is_some_and(Phase::is_terminal) {
        return Holds::Nothing;
    }
    match status.and_then(|status| status.launch.as_ref()) {
        Some(launch) if launch.launcher.is_some() => Holds::Launch(launch),
        Some(_) => Holds::Record,
        None if recorded => Holds::Record,
        None => Holds::Nothing,
    }
}

/// Since when each object has been needless, by UID.
#[derive(Debug, Default)]
pub(super) struct Patience(HashMap<String, Instant>);

impl Patience {
    /// Of what nobody needs now, that which nobody has needed for as long as `grace`.
    pub(super) fn over<'a>(&mut self, needless: Vec<&'a Stored>, now: Instant, grace: Duration) -> Vec<&'a Stored> {
        self.0.retain(|uid, _| needless.iter().any(|one| one.uid == *uid));
        let mut over = needless;
        over.retain(|one| {
            let since = *self.0.entry(one.uid.clone()).or_insert(now);
            now.saturating_duration_since(since) >= grace
        });
        over
    }
}

#[cfg(test)]
mod tests {
    use codeflare_engine::{Limits, Role};
    use serde_json::{Value, json};

    use super::*;

    fn digest(of: &str) -> String {
        kept::digest(of.as_bytes())
    }

    fn sheet(plugin: &str, of: &str, fuel: u64) -> kept::Sheet {
        let limits = Limits { fuel, ..Limits::default() };
        kept::Sheet::new(plugin, &digest(of), Role::Launcher, limits, of.as_bytes())
    }

    /// Sheet and piece of a plugin.
    fn stored(sheet: &kept::Sheet) -> Vec<Stored> {
        let piece = sheet.piece(0, b"x").expect("should have a piece").1;
        let named = |mut map: k8s_openapi::api::core::v1::ConfigMap, of: Option<(String, usize)>| {
            map.metadata.uid = Some(map.name_any());
            Stored::new(&map, of)
        };
        vec![named(piece, None), named(sheet.object(), Some((sheet.plugin.clone(), sheet.bytes)))]
    }

    fn run(status: Value) -> Run {
        serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Run", "metadata": {"name": "a"},
            "spec": {"application": {"name": "app"}}, "status": status,
        }))
        .expect("should be a Run")
    }

    fn launch(launcher: &str, policy: &str) -> Value {
        json!({"attempt": 1, "plan": "sha256:x", "record": "r", "launcher": {"name": "l", "digest": digest(launcher)},
            "sizingPolicies": [{"name": "p", "digest": digest(policy)}]})
    }

    #[test]
    fn what_serves_is_named_or_has_launched_stays_and_the_rest_goes_sheets_first() {
        let all: Vec<Stored> =
            ["serving", "named", "before", "launched", "policy", "old"].map(|of| stored(&sheet("a", of, 1))).concat();
        let mut needs = Needs::default();
        needs.serving(&sheet("a", "serving", 1));
        let plugin = serde_json::from_value(json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": "a"},
            "spec": {"source": {"file": {"path": "a.wasm"}}, "digest": digest("named"), "sizingPolicy": {}},
            "status": {"digest": digest("before")},
        }));
        needs.plugin(&plugin.expect("should be a Plugin"));
        let run = run(json!({"phase": "Running", "launch": launch("launched", "policy")}));
        let Holds::Launch(launch) = holds(Some(&run), true) else { unreachable!("it was launched") };
        needs.launched(launch);
        let needless = needs.needless(&all);
        assert_eq!(needless.iter().map(|one| one.sheet.is_some()).collect::<Vec<_>>(), [true, false]);
        assert!(needless.iter().all(|one| one.digest == kept::short(&digest("old"))), "{needless:?}");
        assert!(needs.has(&digest("policy")) && !needs.has(&digest("old")));
    }

    #[test]
    fn the_sheet_that_serves_supersedes_others_of_its_plugin_and_no_others() {
        let (now, before, other) = (sheet("a", "x", 1), sheet("a", "x", 2), sheet("b", "x", 2));
        let mut needs = Needs::default();
        needs.serving(&now);
        let all = [stored(&now), stored(&before), stored(&other)].concat();
        assert_eq!(bytes(&all), 1, "one byte, however many sheets tell of it");
        let needless: Vec<_> = needs.needless(&all).into_iter().map(|one| one.name.clone()).collect();
        assert_eq!(needless, [before.name()]);
        // Nobody serves it: Runs may need any of them.
        let mut needs = Needs::default();
        needs.digest(&digest("x"));
        assert_eq!(needs.needless(&all), Vec::<&Stored>::new());
    }

    #[test]
    fn a_run_needs_what_launched_it_until_it_has_ended() {
        let launched = || launch("l", "p");
        for (status, recorded, expected) in [
            (json!({}), false, "Nothing"),
            (json!({}), true, "Record"),
            (json!({"phase": "Pending"}), false, "Nothing"),
            (json!({"phase": "Running", "launch": launched()}), true, "Launch"),
            (json!({"phase": "Suspended", "launch": launched()}), false, "Launch"),
            (json!({"phase": "Running", "launch": {"attempt": 1, "plan": "x", "record": "r"}}), true, "Record"),
            (json!({"phase": "Failed", "launch": launched()}), true, "Nothing"),
            (json!({"phase": "Succeeded"}), true, "Nothing"),
        ] {
            let run = run(status.clone());
            let found = format!("{:?}", holds(Some(&run), recorded));
            assert!(found.starts_with(expected), "{status} {recorded}: {found}");
        }
        assert_eq!(holds(None, true), Holds::Record);
        assert_eq!(holds(None, false), Holds::Nothing);
    }

    #[test]
    fn nothing_goes_before_it_was_needless_for_the_whole_grace() {
        let all = stored(&sheet("a", "x", 1));
        let every: Vec<&Stored> = all.iter().collect();
        let (start, grace) = (Instant::now(), Duration::from_secs(10));
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut patience = Patience::default();
        assert!(patience.over(every.clone(), at(0), grace).is_empty());
        assert!(patience.over(every.clone(), at(9), grace).is_empty());
        // Needed for a moment: it begins anew.
        assert!(patience.over(Vec::new(), at(9), grace).is_empty());
        assert!(patience.over(every.clone(), at(12), grace).is_empty());
        assert_eq!(patience.over(every, at(22), grace).len(), all.len());
    }
}
