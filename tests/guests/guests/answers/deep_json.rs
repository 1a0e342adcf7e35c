//! Answers with JSON that is nested too deeply to be read.
//! ---
//! comes-to: PluginAnsweredBadly
//! says: /choices/0/value

guests::launcher!(guests::description, |request| {
    let mut plan = guests::plan(request);
    plan.choices[0].value = "[".repeat(100_000);
    Ok(plan)
});
