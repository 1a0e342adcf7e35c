//! `RunSizeConfiguration`: what "md" means on this cluster.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::scheduling::Scheduling;

/// What the names of sizes mean. For each name, the object with the lowest priority
/// that defines it wins.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "codeflare.dev",
    version = "v1alpha1",
    kind = "RunSizeConfiguration",
    plural = "runsizeconfigurations",
    shortname = "rsc",
    category = "codeflare",
    derive = "PartialEq",
    doc = "RunSizeConfiguration: what the names of sizes mean on this cluster.",
    printcolumn(name = "Priority", type_ = "integer", json_path = ".spec.priority"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("has(self.config) || has(self.limits)").message("spec must have config, limits or both"))]
#[serde(rename_all = "camelCase")]
pub struct RunSizeConfigurationSpec {
    /// Lowest wins, for each size name by itself. Missing means 1; the shipped
    /// configuration has 100.
    #[serde(default = "first")]
    #[schemars(range(min = 0, max = 1000000), default = "first")]
    pub priority: i64,
    /// Namespaces of the Runs that it holds for, by their labels; without it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Resource that counts the GPUs of its sizes, such as `amd.com/gpu`; without it
    /// `nvidia.com/gpu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 3, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
    )]
    pub gpu_resource: Option<String>,
    /// The most that one Run may have, all of its workers together, whatever policies decide.
    /// Where several configurations hold for a namespace, the smallest of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Ceilings>,
    /// Sizes by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[x_kube(validation = Rule::new("self.all(name, name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && name.size() <= 63)")
        .message("spec.config: a size name has lower-case letters, digits and dashes"))]
    #[schemars(schema_with = "crate::crds::tee_shirts")]
    pub config: BTreeMap<String, TeeShirt>,
}

fn first() -> i64 {
    1
}

/// One size.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeeShirt {
    /// How many workers.
    #[schemars(range(min = 0, max = 10000))]
    pub workers: u32,
    /// CPU cores of one worker, such as `2` or `500m`.
    #[x_kube(validation = Rule::new("quantity(string(self)).isGreaterThan(quantity('0'))").message("cpu must be a quantity above 0, such as 2 or 500m"))]
    #[schemars(schema_with = "crate::crds::cpu")]
    pub cpu: IntOrString,
    /// Memory of one worker, such as `16Gi`.
    #[x_kube(validation = Rule::new("isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))").message("memory must be a quantity above 0, such as 16Gi"))]
    #[schemars(schema_with = "crate::crds::memory")]
    pub memory: Quantity,
    /// GPUs of one worker.
    #[serde(default)]
    #[schemars(range(min = 0, max = 64))]
    pub gpu: u32,
    /// Where its pods may run, unless Application or Run say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduling: Option<Scheduling>,
}

/// The most that one Run may have. What is missing is not limited.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ceilings {
    /// Workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub workers: Option<u32>,
    /// CPU cores of all pods, such as `64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("quantity(string(self)).isGreaterThan(quantity('0'))").message("limits.cpu must be a quantity above 0, such as 64"))]
    #[schemars(schema_with = "crate::crds::cpu")]
    pub cpu: Option<IntOrString>,
    /// Memory of all pods, such as `256Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))").message("limits.memory must be a quantity above 0, such as 256Gi"))]
    #[schemars(schema_with = "crate::crds::memory")]
    pub memory: Option<Quantity>,
    /// GPUs of all pods; 0 keeps Runs off them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10000))]
    pub gpu: Option<u32>,
}
