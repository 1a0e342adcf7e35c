//! Fills 32 MiB over and over: each is one unit of fuel, so only time stops it.
//! ---
//! comes-to: PluginTimedOut
//! says: after 0.5 s
//! limits: {time-ms: 500, fuel: 9000000000000000000}

guests::launcher!(guests::description, |request| {
    let mut all = vec![0_u8; 32 << 20];
    for byte in 0..u32::MAX {
        std::hint::black_box(&mut all).fill(byte as u8);
    }
    Ok(guests::plan(request))
});
