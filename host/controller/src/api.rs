//! Requests to the API server, each with a limit in time, and creation with strict field
//! validation (which kube's own `create` cannot ask for).

use std::future::Future;
use std::time::Duration;

use codeflare_api::labels::FIELD_MANAGER;
use codeflare_documents::describe::EmittedKind;
use codeflare_plan::lock::Ceiling;
use kube::Client;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, PostParams, Request};
use serde::de::DeserializeOwned;

use crate::error::Call;

/// No request takes longer; a wake-up that hangs would hold its place in the queue.
const LIMIT: Duration = Duration::from_secs(15);

/// Waits for a request, but not longer than [`LIMIT`].
pub(crate) async fn within<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Call> {
    match tokio::time::timeout(LIMIT, request).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Call::Late(LIMIT)),
    }
}

/// Creates an object in a namespace; fields that the server does not know are refused.
pub(crate) async fn create<T: DeserializeOwned>(
    client: &Client,
    resource: &ApiResource,
    namespace: &str,
    body: Vec<u8>,
) -> Result<T, Call> {
    let url = DynamicObjectUrl { resource, namespace }.path();
    let params = PostParams { dry_run: false, field_manager: Some(FIELD_MANAGER.to_owned()) };
    let mut request = Request::new(url).create(&params, body).map_err(|error| Call::Write(error.to_string()))?;
    let strict = format!("{}&fieldValidation=Strict", request.uri());
    *request.uri_mut() = strict.parse().map_err(|error: http::uri::InvalidUri| Call::Write(error.to_string()))?;
    within(client.request(request)).await
}

struct DynamicObjectUrl<'a> {
    resource: &'a ApiResource,
    namespace: &'a str,
}

impl DynamicObjectUrl<'_> {
    fn path(&self) -> String {
        <DynamicObject as kube::Resource>::url_path(self.resource, Some(self.namespace))
    }
}

/// How a kind is addressed. Its plural is the regular one where the ceiling has no other,
/// as for every kind on the host's own lists.
pub(crate) fn resource(ceiling: &Ceiling, kind: &EmittedKind) -> ApiResource {
    let gvk = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.kind);
    match ceiling.plural(kind) {
        Some(plural) => ApiResource::from_gvk_with_plural(&gvk, plural),
        None => ApiResource::from_gvk(&gvk),
    }
}
