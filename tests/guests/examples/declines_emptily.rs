//! Declines and says nothing.

guests::launcher!(guests::description, |_| Err(guests::Error::Invalid(vec![])));
