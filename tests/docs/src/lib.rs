//! The documentation against the code: reference pages are generated, and what the other
//! pages promise is checked. Everything is in `tests/docs`; nothing here is shipped.
