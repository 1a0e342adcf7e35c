//! Looks at the clock until ten minutes are over.
//! ---
//! comes-to: PluginOutOfFuel

guests::launcher!(guests::description, |request| {
    let start = std::time::Instant::now();
    while start.elapsed().as_secs() < 600 {}
    Ok(guests::plan(request))
});
