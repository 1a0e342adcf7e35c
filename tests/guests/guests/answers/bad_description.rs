//! Says of itself what is not allowed.
//! ---
//! when: load
//! comes-to: PluginDescribedBadly
//! says: /version

guests::launcher!(
    || guests::description().replace("0.1.0", "newest"),
    |request| Ok(guests::plan(request))
);
