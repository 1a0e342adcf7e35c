//! Never says what it is.
//! ---
//! when: load
//! comes-to: PluginOutOfFuel

guests::launcher!(
    || loop {
        std::hint::black_box(0);
    },
    |request| Ok(guests::plan(request))
);
