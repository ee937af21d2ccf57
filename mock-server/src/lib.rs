//! The reference mock backend: a real server that carries the complete contract, driven by a contract file.
//!
//! What comes in goes one way: sockets, HTTP calls and webhooks put jobs into one ordered queue (`backend`); one
//! worker takes them, changes the chats (`chats`, pure) and sends through one exit (`outgoing`). So the order of
//! what happens is the order of what is heard, and there is one place where each thing can be made to go wrong.
//!
//! All of it is noted in a log, and can be watched and steered while it runs (`control`).
//!
//! A real backend can be recorded (`record`), and the recording served back (`replay`): both know nothing of chats.
//!
//! Where a state file is given, a restart goes on from there (`state`); else everything is forgotten. There is one node:
//! nothing crosses nodes here.

mod alerts;
mod auth;
mod backend;
mod chats;
mod client;
mod control;
mod desk;
mod echo;
mod events;
mod exit;
pub mod faults;
mod login_service;
mod options;
mod outgoing;
mod page;
mod provider;
mod rate;
mod record;
mod reload;
mod replay;
mod rest;
mod rooms;
mod scenario;
mod server;
mod state;
mod tls;
mod transport;
mod upstream;
mod valve;
mod webhook;

pub use options::{Auth, Login, Options};
pub use record::{Record, Upstream, record};
pub use reload::Watch;
pub use replay::{Replay, replay};
pub use scenario::Scenario;
pub use server::{ServeError, bind, serve};
pub use state::{State, StateError};
pub use tls::{Tls, TlsError};
