//! A Run of two workers on a cluster that serves everything, and drafts of every kind that a
//! launcher can return. The check is called directly: what comes before it is the same for
//! every draft.

use codeflare_documents::launcher::LaunchPlan;
use codeflare_documents::shared::Size;
use codeflare_plan::lock::{kinds, lock};
use codeflare_plan::plan::Plan;
use codeflare_plan::resolve::{Resolved, resolve};
use codeflare_plan::seen::Seen;
use codeflare_plan::size::Sized;
use codeflare_plan::stop::Stop;
use serde_json::{Value, json};

/// The drafts by name: those that the tests of `codeflare-plan` lock.
const DRAFTS: [(&str, &str); 4] = [
    ("rayjob", include_str!("../../../host/plan/tests/plan/shapes/rayjob.yaml")),
    ("jobset", include_str!("../../../host/plan/tests/plan/shapes/jobset.yaml")),
    ("trainjob", include_str!("../../../host/plan/tests/plan/shapes/trainjob.yaml")),
    ("elastic", include_str!("../../../host/plan/tests/plan/shapes/elastic.yaml")),
];

/// The one plugin that launches.
pub const PLUGIN: &str = "Plugin/guest";

/// What a draft is judged against.
pub struct Cluster {
    seen: Seen,
    resolved: Resolved,
    sized: Sized,
}

impl Default for Cluster {
    fn default() -> Cluster {
        Cluster::new()
    }
}

impl Cluster {
    /// A Run of two workers of half a core.
    pub fn new() -> Cluster {
        Cluster::with(json!({}), json!({}), json!({}))
    }

    /// The same with members of the Run's spec, the Application's and the installation's laid
    /// over it.
    pub fn with(run: Value, application: Value, site: Value) -> Cluster {
        let plugin = |name: &str, role: Value, kinds: Value| {
            json!({
                "name": name, "role": role, "priority": 100, "settings": {}, "trouble": "",
                "ready": {"digest": "sha256:0", "description": {
                    "name": name, "version": "0.1.0", "summary": "", "kinds": kinds,
                }},
            })
        };
        let all = serde_json::to_value(kinds()).expect("should write");
        let of = |kind: &str, name: &str, spec: Value| {
            json!({
                "apiVersion": "codeflare.dev/v1alpha1", "kind": kind,
                "metadata": {"name": name, "namespace": "demo", "uid": "5a0f2c9e-5a3f-4c62-9d4b-1f0f6f3c8a11"},
                "spec": spec,
            })
        };
        let seen: Seen = serde_json::from_value(json!({
            "run": of("Run", "hello", over(json!({"application": {"name": "app"}}), run)),
            "application": of("Application", "app", over(json!({"api": "any", "image": "python:3.13", "command": "python3 main.py"}), application)),
            "configurations": [],
            "plugins": [plugin("guest", json!({"launcher": ["any"]}), all.clone()), plugin("sizes", json!("sizingPolicy"), json!([]))],
            "served": all,
            "site": over(json!({"image": "registry/platform:1"}), site),
        }))
        .expect("should be what a host sees");
        let resolved = resolve(&seen).unwrap_or_else(|stop| panic!("{stop}"));
        let size: Size = serde_json::from_value(json!({
            "workers": 2, "worker": {"cpuMillis": 500, "memoryBytes": 1_u64 << 30, "extended": {}},
        }))
        .expect("should be a size");
        Cluster { seen, resolved, sized: Sized { size, choices: Vec::new() } }
    }

    /// Step 5 on what a launcher answered.
    ///
    /// # Errors
    /// With everything that is not allowed.
    pub fn judge(&self, draft: LaunchPlan) -> Result<Plan, Stop> {
        lock(&self.seen, &self.resolved, &self.sized, draft, 1)
    }

    /// Step 5 on an answer as JSON, read as the engine reads it.
    ///
    /// # Errors
    /// Where it is no answer at all, or with everything that is not allowed, a line each.
    pub fn judge_json(&self, draft: &Value) -> Result<Plan, Vec<String>> {
        let draft = serde_json::from_value(draft.clone()).map_err(|error| vec![format!("no answer: {error}")])?;
        self.judge(draft).map_err(|stop| stop.problems.iter().map(|problem| problem.line()).collect())
    }
}

/// An object with members of another laid over it.
fn over(mut under: Value, over: Value) -> Value {
    if let (Some(under), Value::Object(over)) = (under.as_object_mut(), over) {
        under.extend(over);
    }
    under
}

/// Every draft by name.
pub fn drafts() -> Vec<(&'static str, Value)> {
    DRAFTS.map(|(name, text)| (name, serde_saphyr::from_str(text).expect("should be YAML"))).to_vec()
}

/// Drafts that have an object of a kind: name, draft, number of the manifest.
pub fn drafts_of(kind: &str) -> Vec<(&'static str, Value, usize)> {
    let mut found = Vec::new();
    for (name, draft) in drafts() {
        let manifests = draft["manifests"].as_array().map_or(&[][..], Vec::as_slice);
        let has: Vec<_> =
            manifests.iter().enumerate().filter(|(_, one)| one["object"]["kind"] == kind).map(|(at, _)| at).collect();
        found.extend(has.into_iter().map(|at| (name, draft.clone(), at)));
    }
    found
}
