//! Never answers.

guests::launcher!(guests::description, |_| loop {
    std::hint::black_box(0);
});
