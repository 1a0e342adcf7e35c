//! Answers with 100 MB of text.
//! ---
//! comes-to: PluginAnswerTooLarge
//! says: at most 1048576
//! limits: {memory-mib: 512}

guests::launcher!(guests::description, |request| {
    let mut plan = guests::plan(request);
    plan.more = "x".repeat(100_000_000);
    Ok(plan)
});
