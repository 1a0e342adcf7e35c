//! Realistic requests for native tests of plugins: no host, no WebAssembly.
//!
//! ```
//! use codeflare_plugin::testing::{Observed, pod};
//! use serde_json::json;
//!
//! let request = Observed::new("lightning-x7k2p", 2)
//!     .object("Job", json!({"status": {"active": 2}}))
//!     .pod(pod(0).running())
//!     .request();
//! assert_eq!(request.roles[0].pods[0].name, "lightning-x7k2p-0-abcde");
//! ```

use std::collections::BTreeMap;

use codeflare_documents::describe::Description;
use codeflare_documents::launcher::{
    ContainerExit, LaunchRequest, LaunchedApplication, LiveObject, LivePod, LiveRole, ObserveRequest,
};
use codeflare_documents::shared::{ObjectName, Resources, Size};
use codeflare_documents::sizing::{Asked, Configuration, DecideRequest, TeeShirt};
use serde_json::{Value, json};

use crate::make::closed_object;

fn object(name: &str) -> ObjectName {
    ObjectName { namespace: "team-a".into(), name: name.into() }
}

/// A description without frameworks and kinds.
pub fn description() -> Description {
    Description {
        name: "test".into(),
        version: "0.1.0".into(),
        summary: "A plugin under test".into(),
        frameworks: Vec::new(),
        kinds: Vec::new(),
        variants: Vec::new(),
        settings_schema: closed_object(),
        framework_schema: closed_object(),
        usage: false,
    }
}

/// Launch the first attempt of Run `lightning` with so many workers of 1 CPU and 2Gi.
pub fn launch_request(workers: u32) -> LaunchRequest {
    LaunchRequest {
        name: "lightning-x7k2p".into(),
        run: object("lightning"),
        attempt: 1,
        application: LaunchedApplication {
            name: "trainer".into(),
            namespace: "team-a".into(),
            api: "job".into(),
            framework: json!({}),
            argv: ["python", "main.py", "--epochs", "3"].map(str::to_owned).to_vec(),
            requirements: Vec::new(),
            workdir: None,
        },
        size: Size {
            workers,
            worker: Resources { cpu_millis: 1000, memory_bytes: 2 << 30, extended: BTreeMap::new() },
        },
        settings: json!({}),
        served: Vec::new(),
        exec: "/codeflare/exec".into(),
    }
}

/// Builds an [`ObserveRequest`] of a plan with the role `worker`, and others on request.
#[derive(Clone, Debug)]
pub struct Observed(ObserveRequest);

impl Observed {
    /// Nothing is there yet.
    pub fn new(name: &str, workers: u32) -> Self {
        Observed(ObserveRequest {
            name: name.into(),
            run: object("lightning"),
            attempt: 1,
            settings: json!({}),
            suspended: false,
            objects: Vec::new(),
            roles: vec![LiveRole { name: "worker".into(), count: workers, pods: Vec::new() }],
        })
    }

    /// The primary; null where it is not there.
    #[must_use]
    pub fn object(mut self, kind: &str, object: Value) -> Self {
        let name = self.0.name.clone();
        self.0.objects.push(LiveObject { kind: kind.into(), name, primary: true, object });
        self
    }

    /// A supporting object with this suffix; null where it is not there.
    #[must_use]
    pub fn supporting(mut self, kind: &str, suffix: &str, object: Value) -> Self {
        let name = format!("{}-{suffix}", self.0.name);
        self.0.objects.push(LiveObject { kind: kind.into(), name, primary: false, object });
        self
    }

    /// One more role, or another count of one that is there.
    #[must_use]
    pub fn role(mut self, name: &str, count: u32) -> Self {
        match self.0.roles.iter_mut().find(|role| role.name == name) {
            Some(role) => role.count = count,
            None => self.0.roles.push(LiveRole { name: name.into(), count, pods: Vec::new() }),
        }
        self
    }

    /// One more pod of the role `worker`; its name gets the base name of the attempt.
    #[must_use]
    pub fn pod(self, pod: Pod) -> Self {
        self.pod_of("worker", pod)
    }

    /// One more pod of a role; its name gets the base name of the attempt.
    #[must_use]
    pub fn pod_of(mut self, role: &str, pod: Pod) -> Self {
        let mut live = pod.0;
        live.name = format!("{}-{}", self.0.name, live.name);
        if let Some(role) = self.0.roles.iter_mut().find(|known| known.name == role) {
            role.pods.push(live);
        }
        self
    }

    /// The Run is meant to be suspended.
    #[must_use]
    pub fn suspended(mut self) -> Self {
        self.0.suspended = true;
        self
    }

    /// The request.
    pub fn request(self) -> ObserveRequest {
        self.0
    }
}

/// Builds a [`LivePod`].
#[derive(Clone, Debug)]
pub struct Pod(LivePod);

/// A pod with this completion index that was created a moment ago.
pub fn pod(index: u32) -> Pod {
    Pod(LivePod {
        name: format!("{index}-abcde"),
        index: Some(index),
        phase: "Pending".into(),
        ready: false,
        terminating: false,
        reason: None,
        exit: None,
        waiting: None,
        restarts: 0,
    })
}

impl Pod {
    /// Running and ready.
    #[must_use]
    pub fn running(mut self) -> Self {
        self.0.phase = "Running".into();
        self.0.ready = true;
        self
    }

    /// The main container waits.
    #[must_use]
    pub fn waiting(mut self, reason: &str) -> Self {
        self.0.waiting = Some(reason.into());
        self
    }

    /// Ended with code 0.
    #[must_use]
    pub fn succeeded(self) -> Self {
        self.ended("Succeeded", 0, "Completed")
    }

    /// Ended with another code.
    #[must_use]
    pub fn failed(self, code: i32) -> Self {
        self.ended("Failed", code, "Error")
    }

    /// Ended, with the reason that the kubelet gives.
    #[must_use]
    pub fn ended(mut self, phase: &str, code: i32, reason: &str) -> Self {
        self.0.phase = phase.into();
        self.0.ready = false;
        self.0.exit = Some(ContainerExit { code, reason: Some(reason.into()) });
        self
    }

    /// Failed for a reason of the node, such as `Evicted`.
    #[must_use]
    pub fn lost(mut self, reason: &str) -> Self {
        self.0.phase = "Failed".into();
        self.0.ready = false;
        self.0.reason = Some(reason.into());
        self
    }

    /// Being deleted.
    #[must_use]
    pub fn terminating(mut self) -> Self {
        self.0.terminating = true;
        self
    }
}

/// Decide the size `sm` for Run `lightning`, with the shipped sizes.
pub fn decide_request() -> DecideRequest {
    let shirt =
        |workers, cpu: u64, gi: u64| TeeShirt { workers, cpu_millis: cpu * 1000, memory_bytes: gi << 30, gpu: 1 };
    let sizes = [
        ("xs", shirt(1, 1, 4)),
        ("sm", shirt(2, 1, 8)),
        ("md", shirt(4, 2, 16)),
        ("lg", shirt(8, 4, 32)),
        ("xl", shirt(20, 4, 48)),
        ("xxl", shirt(40, 8, 64)),
    ];
    DecideRequest {
        run: object("lightning"),
        application: object("trainer"),
        api: "job".into(),
        asked: Asked {
            size: "sm".into(),
            size_by: "Run/lightning".into(),
            workers: None,
            workers_by: None,
            gpus: false,
            gpus_refused_by: Some("Application/trainer".into()),
            min_memory_bytes: None,
        },
        configurations: vec![configuration("default", 100, sizes)],
        settings: json!({}),
        usage: None,
    }
}

/// A RunSizeConfiguration.
pub fn configuration<const N: usize>(name: &str, priority: i64, sizes: [(&str, TeeShirt); N]) -> Configuration {
    Configuration {
        name: name.into(),
        priority,
        gpu_resource: "nvidia.com/gpu".into(),
        sizes: sizes.into_iter().map(|(name, shirt)| (name.to_owned(), shirt)).collect(),
    }
}
