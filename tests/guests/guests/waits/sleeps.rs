//! Sleeps half a minute, which must cost nothing.
//! ---
//! comes-to: answer

guests::launcher!(guests::description, |request| {
    let start = std::time::Instant::now();
    std::thread::sleep(std::time::Duration::from_secs(30));
    assert!(start.elapsed().as_secs() >= 30, "the clock stood still");
    Ok(guests::plan(request))
});
