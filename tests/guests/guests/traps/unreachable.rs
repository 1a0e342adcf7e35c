//! Executes an instruction that cannot be.
//! ---
//! comes-to: PluginTrapped
//! says: about to trap

guests::launcher!(guests::description, |request| {
    if request.is_empty() {
        return Ok(guests::plan(request));
    }
    eprintln!("about to trap");
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort()
});
