//! Answers with 100 MB of text.

guests::launcher!(guests::description, |request| {
    let mut plan = guests::plan(request);
    plan.more = "x".repeat(100_000_000);
    Ok(plan)
});
