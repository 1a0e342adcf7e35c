//! Answers with an object that is not JSON.
//! ---
//! comes-to: PluginAnsweredBadly
//! says: /manifests/0/object

guests::launcher!(guests::description, |request| {
    let mut plan = guests::plan(request);
    plan.manifests[0].object = "apiVersion: batch/v1".into();
    Ok(plan)
});
