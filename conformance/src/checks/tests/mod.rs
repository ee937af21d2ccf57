//! Each check on small recordings made by hand: one that passes, and those that must not. [`vacuity`] is about all checks.

mod auth;
mod broadcast;
mod join;
mod leave;
mod list;
mod payload;
mod transport;
mod vacuity;
