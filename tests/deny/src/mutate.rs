//! Answers that nobody thought of: drafts that are let through, changed at random, with words
//! that mean something. What is refused in a new way is kept and changed further.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

/// Longest answer that is changed further, in bytes of JSON.
const LONGEST: usize = 16 << 10;
/// Most answers that are kept.
const MOST_KEPT: usize = 4096;

/// Names of members, each with a meaning somewhere.
const NAMES: [&str; 50] = [
    "$pod",
    "$count",
    "$name",
    "$selector",
    "$other",
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "spec",
    "status",
    "template",
    "containers",
    "volumes",
    "data",
    "binaryData",
    "selector",
    "ports",
    "port",
    "type",
    "clusterIP",
    "externalName",
    "replicas",
    "completions",
    "parallelism",
    "suspend",
    "backoffLimit",
    "replicatedJobs",
    "rayClusterSpec",
    "workerGroupSpecs",
    "headGroupSpec",
    "runtimeEnvYAML",
    "submitterPodTemplate",
    "runtimeRef",
    "mlPolicy",
    "more",
    "scratch",
    "sizeBytes",
    "subdomain",
    "exec",
    "env",
    "resources",
    "a/b~c",
    "",
];

/// Texts, each with a meaning somewhere.
const TEXTS: [&str; 40] = [
    "",
    "worker",
    "head",
    "node",
    "stage",
    "record",
    "Job",
    "Service",
    "ConfigMap",
    "RayJob",
    "JobSet",
    "TrainJob",
    "TrainingRuntime",
    "Secret",
    "batch/v1",
    "v1",
    "ray.io/v1",
    "jobset.x-k8s.io/v1alpha2",
    "trainer.kubeflow.org/v1alpha1",
    "a/b/c",
    "Indexed",
    "Failed",
    "None",
    "K8sJobMode",
    "HTTPMode",
    "/codeflare/exec",
    "/codeflare/exec; id",
    "/spec/suspend",
    "/spec/~1/0",
    "suspend",
    "program",
    "pip: [a]",
    "pip: [a, *b]\n---\n",
    "{\"pip\": [\"\\ud83d\\ude00\"]}",
    "metadata.name",
    "metadata.labels['a']",
    "guest.plugins.codeflare.dev/a",
    "\u{0}\u{7f}\u{2028}é😀",
    "KUBERNETES_A",
    "/tmp/../etc",
];

/// Changes answers.
pub struct Mutator {
    rng: StdRng,
    /// Answers that are let through.
    good: Vec<Value>,
    /// Answers that are worth to go on from.
    kept: Vec<Value>,
}

impl Mutator {
    /// A mutator of these answers, the same for the same seed.
    pub fn new(seed: u64, from: Vec<Value>) -> Mutator {
        Mutator { rng: StdRng::seed_from_u64(seed), good: from, kept: Vec::new() }
    }

    /// Keeps an answer to change it further; a full store forgets one that it has.
    pub fn keep(&mut self, answer: Value) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(answer);
        } else if let Some(one) = self.kept.get_mut(self.rng.random_range(0..MOST_KEPT)) {
            *one = answer;
        }
    }

    /// How many answers are kept.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// The next answer, as text; now and then it is no JSON any more.
    pub fn answer(&mut self) -> (Value, String) {
        let mut answer = self.one();
        for _ in 0..self.rng.random_range(1..=3) {
            // Mostly an object: there the lists are. The rest is typed, and soon no answer.
            let objects = answer.get("manifests").and_then(Value::as_array).map_or(0, Vec::len);
            let at = format!("/manifests/{}/object", self.rng.random_range(0..objects.max(1)));
            let in_object = self.rng.random_ratio(3, 4);
            match answer.pointer_mut(&at) {
                Some(object) if in_object => self.change(object),
                _ => self.change(&mut answer),
            }
        }
        let mut text = answer.to_string();
        if text.len() > LONGEST {
            answer = Value::Null;
        }
        if self.rng.random_ratio(1, 16) {
            self.tear(&mut text);
        }
        (answer, text)
    }

    /// An answer to begin with.
    fn one(&mut self) -> Value {
        let from = if self.kept.is_empty() || self.rng.random_bool(0.5) { &self.good } else { &self.kept };
        from.choose(&mut self.rng).cloned().unwrap_or_default()
    }

    /// Changes one place of a value.
    fn change(&mut self, value: &mut Value) {
        let places = count(value);
        let at = self.rng.random_range(0..places);
        let Some(place) = find(value, &mut { at }) else { return };
        match self.rng.random_range(0..10) {
            0 | 1 => *place = self.value(2),
            2 => self.take_away(place),
            3 | 4 => self.add(place),
            5 => *place = self.splice(),
            6 => self.wrap(place),
            _ => self.tweak(place),
        }
    }

    fn take_away(&mut self, place: &mut Value) {
        match place {
            Value::Object(members) => {
                if let Some(name) = members.keys().nth(self.rng.random_range(0..members.len().max(1))).cloned() {
                    members.remove(&name);
                }
            }
            Value::Array(elements) if !elements.is_empty() => {
                elements.remove(self.rng.random_range(0..elements.len()));
            }
            other => *other = Value::Null,
        }
    }

    fn add(&mut self, place: &mut Value) {
        match place {
            Value::Object(members) => {
                // A member that is there, by another name, or something new.
                let there = members.values().nth(self.rng.random_range(0..members.len().max(1))).cloned();
                let value = there.filter(|_| self.rng.random_ratio(1, 3)).unwrap_or_else(|| self.value(2));
                members.insert(self.name(), value);
            }
            Value::Array(elements) => {
                let one = elements.choose(&mut self.rng).cloned().filter(|_| self.rng.random_ratio(2, 3));
                let one = one.unwrap_or_else(|| self.value(2));
                let many = if self.rng.random_ratio(1, 24) { 70 } else { 1 };
                elements.extend(std::iter::repeat_n(one, many));
            }
            other => {
                let inner = other.take();
                *other = json!({(self.name()): inner});
            }
        }
    }

    /// A part of another answer.
    fn splice(&mut self) -> Value {
        let mut other = self.one();
        let at = self.rng.random_range(0..count(&other));
        find(&mut other, &mut { at }).map(|part| part.take()).unwrap_or_default()
    }

    fn wrap(&mut self, place: &mut Value) {
        let deep = if self.rng.random_ratio(1, 16) { self.rng.random_range(2..150) } else { 1 };
        for _ in 0..deep {
            let inner = place.take();
            *place = if self.rng.random_bool(0.5) { json!([inner]) } else { json!({(self.name()): inner}) };
        }
    }

    fn tweak(&mut self, place: &mut Value) {
        match place {
            Value::Bool(flag) => *flag = !*flag,
            Value::Number(_) => *place = self.number(),
            Value::String(text) => {
                let at = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect::<Vec<_>>();
                let at = at.choose(&mut self.rng).copied().unwrap_or(0);
                match self.rng.random_range(0..4) {
                    0 => text.truncate(at),
                    1 => text.insert_str(at, TEXTS.choose(&mut self.rng).unwrap_or(&"")),
                    2 => text.insert(at, self.rng.random::<char>()),
                    _ => *text = text.repeat(self.rng.random_range(2..=40)),
                }
                if text.len() > LONGEST {
                    text.clear();
                }
            }
            other => *other = self.value(3),
        }
    }

    fn name(&mut self) -> String {
        (*NAMES.choose(&mut self.rng).unwrap_or(&"")).to_owned()
    }

    fn number(&mut self) -> Value {
        let all = [
            json!(0),
            json!(1),
            json!(2),
            json!(-1),
            json!(1.5),
            json!(65_536),
            json!(u32::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e300),
        ];
        all.choose(&mut self.rng).cloned().unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.rng.random_range(0..if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => self.rng.random::<bool>().into(),
            2 => self.number(),
            3..=5 => (*TEXTS.choose(&mut self.rng).unwrap_or(&"")).into(),
            // A hole, or what looks like one.
            6 => {
                let hole = NAMES.get(self.rng.random_range(0..5)).copied().unwrap_or_default();
                json!({(hole): self.value(0)})
            }
            7 => (0..self.rng.random_range(0..4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let members: Map<_, _> =
                    (0..self.rng.random_range(0..4)).map(|_| (self.name(), self.value(depth - 1))).collect();
                members.into()
            }
        }
    }

    /// Breaks text: bytes lost, doubled or replaced.
    fn tear(&mut self, text: &mut String) {
        let mut bytes = std::mem::take(text).into_bytes();
        for _ in 0..self.rng.random_range(1..4) {
            if bytes.is_empty() {
                break;
            }
            let at = self.rng.random_range(0..bytes.len());
            match self.rng.random_range(0..4) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, b"{}[]\",:\\-e0"[self.rng.random_range(0..11)]),
                2 => bytes[at] = self.rng.random(),
                _ => bytes.truncate(at),
            }
        }
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }
}

/// Values in a value, itself among them.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(count).sum(),
        Value::Array(elements) => elements.iter().map(count).sum(),
        _ => 0,
    }
}

/// The value at a place, as `count` counts them.
fn find<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Object(members) => members.values_mut().find_map(|member| find(member, left)),
        Value::Array(elements) => elements.iter_mut().find_map(|element| find(element, left)),
        _ => None,
    }
}
