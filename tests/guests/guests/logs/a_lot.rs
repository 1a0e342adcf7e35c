//! Writes megabytes to its log, then answers.
//! ---
//! comes-to: answer

guests::launcher!(guests::description, |request| {
    let line = "x".repeat(100_000);
    for _ in 0..1_000 {
        guests::log::write("shout", &line);
    }
    eprintln!("{line}");
    Ok(guests::plan(request))
});
