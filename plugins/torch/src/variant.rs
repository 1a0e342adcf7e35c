//! In which shape a training runs: the one that the settings name, or the best of those
//! that the cluster serves.
//!
//! *Served* is not *works*: that no controller takes the objects up is said later, when
//! they are observed.

use codeflare_plugin::documents::describe::{EmittedKind, Variant};
use codeflare_plugin::prelude::*;
use codeflare_plugin::{fault, kind};

use crate::options::Wanted;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    TrainJob,
    JobSet,
    Job,
}

/// The best first.
const SHAPES: [Shape; 3] = [Shape::TrainJob, Shape::JobSet, Shape::Job];

impl Shape {
    /// As in the settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Shape::TrainJob => "trainjob",
            Shape::JobSet => "jobset",
            Shape::Job => "job",
        }
    }

    fn needs(self) -> Vec<EmittedKind> {
        let trainer = |name| kind("trainer.kubeflow.org", "v1alpha1", name);
        match self {
            // The Trainer makes a JobSet out of a TrainJob.
            Shape::TrainJob => {
                vec![trainer("TrainJob"), trainer("TrainingRuntime"), kind("jobset.x-k8s.io", "v1alpha2", "JobSet")]
            }
            Shape::JobSet => vec![kind("jobset.x-k8s.io", "v1alpha2", "JobSet")],
            Shape::Job => vec![kind("batch", "v1", "Job"), kind("", "v1", "Service")],
        }
    }

    fn missing(self, served: &[EmittedKind]) -> Vec<EmittedKind> {
        self.needs().into_iter().filter(|kind| !served.contains(kind)).collect()
    }
}

pub(crate) fn described() -> Vec<Variant> {
    SHAPES.iter().map(|shape| Variant { name: shape.name().into(), needs: shape.needs() }).collect()
}

/// The shape, and by whom and why.
pub(crate) fn choose(wanted: Wanted, served: &[EmittedKind]) -> Result<(Shape, Choice), Decline> {
    let fixed = match wanted {
        Wanted::Auto => None,
        Wanted::TrainJob => Some(Shape::TrainJob),
        Wanted::JobSet => Some(Shape::JobSet),
        Wanted::Job => Some(Shape::Job),
    };
    let best = SHAPES.into_iter().find(|shape| shape.missing(served).is_empty());
    let shape = fixed.or(best).unwrap_or(Shape::Job);
    let missing = shape.missing(served);
    if !missing.is_empty() {
        return Err(Decline::Waiting(missing.iter().map(|kind| not_served(shape, kind)).collect()));
    }
    let (by, why) = match fixed {
        Some(_) => ("Plugin/torch", "settings.variant names it"),
        None => ("plugin torch", "the best of those that the cluster serves"),
    };
    let choice = Choice {
        field: "variant".into(),
        value: shape.name().into(),
        by: by.into(),
        why: why.into(),
        over: Vec::new(),
    };
    Ok((shape, choice))
}

fn not_served(shape: Shape, kind: &EmittedKind) -> Fault {
    let provider = match kind.group.as_str() {
        "trainer.kubeflow.org" => "Kubeflow Trainer 2",
        "jobset.x-k8s.io" => "JobSet",
        _ => "Kubernetes",
    };
    let message = format!(
        "variant {} needs {} {}, which the cluster does not serve; install {provider}, or set settings.variant to auto",
        shape.name(),
        kind.api_version(),
        kind.kind
    );
    fault::fault("KindNotServed", message, "Plugin/torch", "/spec/settings/variant")
}
