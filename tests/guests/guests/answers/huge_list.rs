//! Answers with two million empty words.
//! ---
//! comes-to: PluginAnswerTooLarge
//! says: at most 1048576

guests::launcher!(guests::description, |request| {
    let mut plan = guests::plan(request);
    plan.roles[0].command = guests::Command::Argv(vec![String::new(); 2_000_000]);
    Ok(plan)
});
