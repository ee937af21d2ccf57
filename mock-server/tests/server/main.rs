//! What a mock does that is started as its users start it, as one program: linking is what takes the time.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test ends that way")]

mod chats;
mod command;
mod contracts;
mod control;
mod desk;
mod examples;
mod faults;
mod login_service;
mod open;
mod page;
mod protocol;
mod provider;
mod record;
mod reload;
mod rest;
mod rooms;
mod scenarios;
mod stalled;
mod state;
mod steering;
mod support;
mod tls;
mod tokens;
mod transport;
mod webhook;
