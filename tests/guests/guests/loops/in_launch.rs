//! Never answers.
//! ---
//! comes-to: PluginOutOfFuel
//! says: 2000000000 units

guests::launcher!(guests::description, |_| loop {
    std::hint::black_box(0);
});
