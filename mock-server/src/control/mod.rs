//! The control side: what people and their tests' programs see of the mock while it runs, and make happen.
//!
//! A console page at `/__mock/` and an API at `/__mock/api`, with which everything can be done that the page does. They
//! stand outside of what they steer: no fault, no token and no CORS rule of the mock's applies to them, and nothing of
//! theirs counts against its limits. Who may come in is for `guard` to say.

mod api;
mod console;
mod guard;
pub(crate) mod log;
pub(crate) mod player;
mod ticks;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::middleware::from_fn_with_state;
use fixtures::Contract;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::backend::Queue;
use crate::faults::{Fault, FaultSet};
pub(crate) use guard::Guard;
use log::Log;
use player::Player;
pub(crate) use ticks::Ticks;

/// What the calls share.
pub(crate) struct Control {
    /// The names of everything.
    pub contract: watch::Receiver<Arc<Contract>>,
    /// What has happened.
    pub log: Arc<Log>,
    /// The way to the worker.
    pub queue: Queue,
    /// What goes wrong.
    pub faults: FaultSet,
    /// What went wrong from the start.
    pub first_faults: Vec<&'static Fault>,
    /// The mock itself, as its clients see it: messages go in by the same door as the provider's.
    pub front: Router,
    /// What webhook bodies are signed with.
    pub webhook_secret: Option<String>,
    /// How far agents' messages have come.
    pub ticks: Arc<Ticks>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// The scenarios, and the one that is played.
    pub player: Arc<Player>,
    /// How many messages have been written from here.
    pub written: AtomicU64,
}

impl Control {
    /// The contract that is in force.
    fn contract(&self) -> Arc<Contract> {
        Arc::clone(&self.contract.borrow())
    }
}

/// The console and the API.
pub(crate) fn router(control: Arc<Control>, guard: Guard) -> Router {
    api::router(control).merge(console::router()).layer(from_fn_with_state(guard, guard::admit))
}
