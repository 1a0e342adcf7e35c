//! Answers with two million empty words.

guests::launcher!(guests::description, |request| {
    let mut plan = guests::plan(request);
    plan.roles[0].command = guests::Command::Argv(vec![String::new(); 2_000_000]);
    Ok(plan)
});
