//! Ends the program instead of answering.
//! ---
//! comes-to: PluginExited

guests::launcher!(guests::description, |_| std::process::exit(0));
