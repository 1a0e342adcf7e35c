//! Declines and says nothing.
//! ---
//! comes-to: PluginAnsweredBadly
//! says: /invalid

guests::launcher!(guests::description, |_| Err(guests::Error::Invalid(vec![])));
