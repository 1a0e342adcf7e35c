//! Takes handles to stderr and never gives one back.
//! ---
//! comes-to: PluginAskedTooMuch
//! says: handles

#[link(wasm_import_module = "wasi:cli/stderr@0.2.0")]
unsafe extern "C" {
    #[link_name = "get-stderr"]
    fn get_stderr() -> u32;
}

guests::launcher!(guests::description, |request| {
    for _ in 0..10_000_000 {
        // SAFETY: no arguments, and the handle is a number.
        std::hint::black_box(unsafe { get_stderr() });
    }
    Ok(guests::plan(request))
});
