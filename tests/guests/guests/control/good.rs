//! Answers what was asked, and logs it.
//! ---
//! comes-to: answer
//! answer: {/launched/choices/0/value/name: hello-abcde}

guests::launcher!(guests::description, |request| {
    guests::log::write("info", "launching");
    Ok(guests::plan(request))
});
