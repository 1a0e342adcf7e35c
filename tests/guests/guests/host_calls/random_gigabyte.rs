//! Asks for a gigabyte of random bytes at once.
//! ---
//! comes-to: PluginAskedTooMuch
//! says: 1073741824 random bytes

#[link(wasm_import_module = "wasi:random/random@0.2.0")]
unsafe extern "C" {
    #[link_name = "get-random-bytes"]
    fn get_random_bytes(len: u64, out: *mut u8);
}

guests::launcher!(guests::description, |request| {
    let mut out = [0_u8; 8];
    // SAFETY: the canonical ABI writes a pointer and a length, eight bytes.
    unsafe { get_random_bytes(1 << 30, out.as_mut_ptr()) };
    Ok(guests::plan(request))
});
