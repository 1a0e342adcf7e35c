//! Every shape in which a framework can be launched.

use serde_json::{Value, json};

/// One way to launch, and how to ask for it.
pub(crate) struct Shape {
    /// Framework that its Plugin claims, and name of that Plugin.
    pub(crate) api: &'static str,
    /// File of the plugin in the host's image.
    pub(crate) plugin: &'static str,
    /// `settings.variant`; none where the plugin has one way only.
    pub(crate) variant: Option<&'static str>,
    /// Kind of the primary object.
    pub(crate) kind: &'static str,
    /// Image in which its programs run.
    pub(crate) image: &'static str,
    /// Role in whose pods the program runs or its output can be read.
    pub(crate) log: &'static str,
    /// Workers with which one program runs.
    pub(crate) alone: u32,
}

pub(crate) const PYTHON: &str = "localhost/codeflare/python:3.11";
pub(crate) const RAY: &str = "localhost/codeflare/ray:2.60";
pub(crate) const TORCH: &str = "localhost/codeflare/torch:1.13";

const fn torch(api: &'static str, variant: &'static str, kind: &'static str) -> Shape {
    Shape { api, plugin: "torch", variant: Some(variant), kind, image: TORCH, log: "node", alone: 1 }
}

const fn ray(api: &'static str, variant: &'static str, kind: &'static str, log: &'static str) -> Shape {
    Shape { api, plugin: "ray", variant: Some(variant), kind, image: RAY, log, alone: 0 }
}

/// All of them.
pub(crate) const ALL: [Shape; 6] = [
    Shape { api: "shape-job", plugin: "job", variant: None, kind: "Job", image: PYTHON, log: "worker", alone: 1 },
    torch("shape-torch-job", "job", "Job"),
    torch("shape-torch-jobset", "jobset", "JobSet"),
    torch("shape-torch-trainjob", "trainjob", "TrainJob"),
    ray("shape-ray-rayjob", "rayjob", "RayJob", "submitter"),
    ray("shape-ray-job", "job", "Job", "head"),
];

/// The shape of that name.
pub(crate) fn shape(api: &str) -> &'static Shape {
    ALL.iter().find(|shape| shape.api == api).unwrap()
}

impl Shape {
    /// The Plugin that launches so.
    pub(crate) fn object(&self) -> Value {
        json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": self.api},
            "spec": {
                "source": {"file": {"path": format!("{}.wasm", self.plugin)}},
                "launcher": {"frameworks": [self.api]},
                "settings": self.variant.map_or_else(|| json!({}), |variant| json!({"variant": variant})),
            },
        })
    }

    /// An Application of this shape whose source is this program.
    pub(crate) fn application(&self, name: &str, source: &str) -> Value {
        application(name, self.api, self.image, source)
    }
}

/// An Application with a source of one file.
pub(crate) fn application(name: &str, api: &str, image: &str, source: &str) -> Value {
    // Two cores have no room for a head of the usual size beside its workers.
    let framework = if image == RAY { json!({"head": {"cpu": "500m", "memory": "2Gi"}}) } else { json!({}) };
    json!({
        "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application", "metadata": {"name": name},
        "spec": {
            "api": api, "image": image, "command": "python3 main.py",
            "code": [{"name": "main.py", "source": source}],
            "env": {"PYTHONUNBUFFERED": "1"},
            "framework": framework,
        },
    })
}
