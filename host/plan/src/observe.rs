//! Step 8, observe: what the launcher is asked about its objects. Pure.

use codeflare_api::Run;
use codeflare_documents::launcher::ObserveRequest;
use k8s_openapi::api::core::v1::Pod;

use crate::live::Child;
use crate::plan::Record;

/// The request to the launcher of the recorded attempt.
pub fn request(run: &Run, record: &Record, _children: &[Child], _pods: &[Pod]) -> ObserveRequest {
    let run_name = codeflare_documents::shared::ObjectName {
        namespace: record.plan.namespace.clone(),
        name: run.metadata.name.clone().unwrap_or_default(),
    };
    ObserveRequest {
        name: record.plan.name.clone(),
        run: run_name,
        attempt: record.plan.attempt,
        settings: record.plan.launcher.settings.clone().into(),
        suspended: run.spec.suspend.unwrap_or(false),
        objects: Vec::new(),
        roles: Vec::new(),
    }
}
