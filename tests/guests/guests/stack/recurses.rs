//! Calls itself without end.
//! ---
//! comes-to: PluginStackOverflow

guests::launcher!(guests::description, |request| {
    fn deeper(n: u64) -> u64 {
        std::hint::black_box(n) + if n == u64::MAX { 0 } else { deeper(n + 1) }
    }
    deeper(0);
    Ok(guests::plan(request))
});
