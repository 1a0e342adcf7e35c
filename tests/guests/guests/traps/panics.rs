//! Gives up with a message.
//! ---
//! comes-to: PluginPanicked
//! says: no room for 7 workers (

guests::launcher!(guests::description, |request| {
    let length = request.len();
    panic!("no room for {} workers", if length > 0 { 7 } else { 0 })
});
