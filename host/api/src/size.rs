//! `RunSizeConfiguration`: what "md" means on this cluster.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

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
#[serde(rename_all = "camelCase")]
pub struct RunSizeConfigurationSpec {
    /// Lowest wins, for each size name by itself. Missing means 1; the shipped
    /// configuration has 100.
    #[serde(default = "first")]
    #[schemars(range(min = 0, max = 1000000), default = "first")]
    pub priority: i64,
    /// Sizes by name.
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
}
