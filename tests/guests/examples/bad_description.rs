//! Says of itself what is not allowed.

guests::launcher!(
    || guests::description().replace("0.1.0", "newest"),
    |request| Ok(guests::plan(request))
);
