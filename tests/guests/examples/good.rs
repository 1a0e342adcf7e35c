//! Answers what was asked, and logs it.

guests::launcher!(guests::description, |request| {
    guests::log::write("info", "launching");
    Ok(guests::plan(request))
});
