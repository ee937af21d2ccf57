//! Each check on small recordings made by hand: one that passes, and those that must not. [`vacuity`] is about all checks.

mod auth;
mod broadcast;
mod heartbeat;
mod ingress;
mod join;
mod leave;
mod list;
mod page;
mod payload;
mod provider;
mod refusals;
mod resilience;
mod security;
mod survival;
mod transport;
mod vacuity;
