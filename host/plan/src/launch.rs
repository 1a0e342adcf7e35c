//! Step 4, launch: what the launcher is asked. Pure.

use codeflare_api::names;
use codeflare_documents::launcher::{LaunchRequest, LaunchedApplication};

use crate::lock::{EXEC, WORKDIR};
use crate::resolve::Resolved;
use crate::seen::Seen;
use crate::size::Sized;

/// What the launcher is asked for an attempt.
pub fn request(seen: &Seen, resolved: &Resolved, sized: &Sized, attempt: u32) -> LaunchRequest {
    let served = seen.served.iter().filter(|kind| resolved.kinds.contains(kind)).cloned().collect();
    LaunchRequest {
        name: names::base(&resolved.run.name, &resolved.uid, attempt),
        run: resolved.run.clone(),
        attempt,
        application: LaunchedApplication {
            name: resolved.application.name.clone(),
            namespace: resolved.application.namespace.clone(),
            api: resolved.api.clone(),
            framework: resolved.framework.clone(),
            argv: resolved.argv.clone(),
            requirements: resolved.requirements.clone(),
            workdir: resolved.has_source().then(|| WORKDIR.to_owned()),
        },
        size: sized.size.clone(),
        settings: resolved.launcher.settings.clone().into(),
        served,
        exec: EXEC.to_owned(),
    }
}
