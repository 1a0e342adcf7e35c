//! Waits for the first of no events, which never comes.
//! ---
//! comes-to: PluginAskedTooMuch
//! says: poll of nothing

#[link(wasm_import_module = "wasi:io/poll@0.2.0")]
unsafe extern "C" {
    #[link_name = "poll"]
    fn poll(list: *const u32, len: usize, out: *mut u8);
}

guests::launcher!(guests::description, |request| {
    let mut out = [0_u8; 8];
    // SAFETY: an empty list, and room for a pointer and a length.
    unsafe { poll(out.as_ptr().cast(), 0, out.as_mut_ptr()) };
    Ok(guests::plan(request))
});
