//! Takes all the memory that it can get.
//! ---
//! comes-to: PluginOutOfMemory
//! says: 67108864 bytes

guests::launcher!(guests::description, |request| {
    let mut all = Vec::new();
    for _ in 0..10_000 {
        all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
    Ok(guests::plan(request))
});
