//! A crowd: many sockets in one room.

use std::time::Instant;

use futures_util::StreamExt;
use serde_json::json;

use super::wire::Performance;
use crate::config::MEMBERS;
use crate::net::open_files_for;
use crate::recording::{TokenUse, Transport, What};
use crate::scenario::Actor;
use crate::target::Capability;

/// How many of them open at the same time: a server that is opened to by all at once shows its listen queue, not its rooms.
const AT_ONCE: usize = 32;

impl Performance<'_> {
    /// Opens the crowd, and lets each join as soon as it is connected.
    pub(super) async fn crowd(&self, name: &str, room: &str) -> Result<(), String> {
        let target = &self.stage.ground.target;
        let members = target.members;
        if members < MEMBERS {
            target.notices.tell(&format!("the largest room has {members} members ([scale] members), not {MEMBERS}"));
        }
        if let Err(reason) = open_files_for(members) {
            self.log.write(None, What::Skipped { what: format!("a room of {members}"), reason });
            return Ok(());
        }
        // A thousand clients that poll are a load on HTTP, and not what rooms are about.
        let by = target.lacks(Capability::Websocket).is_none().then_some(Transport::Websocket);
        let from = Instant::now();
        let join = &self.stage.ground.contract.join;
        let answer = join.answer.as_deref().unwrap_or_default();
        let args = [json!({ "room": room })];
        let arrivals = futures_util::stream::iter(1..=members).map(|number| {
            let actor = Actor::from(format!("{name}/{number}"));
            let args = &args;
            async move {
                self.open(&actor, by, TokenUse::Good, None, None).await;
                self.ask(&actor, &join.request, args, answer).await
            }
        });
        let outcomes: Vec<Result<(), String>> = arrivals.buffer_unordered(AT_ONCE).collect().await;
        self.stage.pace.waited("crowds", from);
        outcomes.into_iter().collect()
    }
}
