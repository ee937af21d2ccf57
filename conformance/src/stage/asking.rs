//! What clients ask, and waiting for the answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fixtures::Role;
use serde_json::{Value, json};

use super::messages::chat_id_in;
use super::placeholder;
use super::socket::Socket;
use super::wire::{Performance, is_fence, lock};
use crate::recording::{Direction, Entry, Peer, What};
use crate::scenario::Actor;

/// How much unread data clogs a connection with a small receive buffer: more than the system keeps for its sender.
const CLOG: usize = 4 << 20;

/// How many requests may go into that.
const CLOG_REQUESTS: u32 = 400;

/// For how long they may keep the target busy, were they as slow as the first.
const CLOG_BUSY: Duration = Duration::from_secs(120);

/// How many times as long as an answer a fence may take that is sent where the answer does not come.
pub(super) const STALL: u32 = 2;

/// What is asked, and the event that answers.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) request: &'a str,
    pub(super) args: &'a [Value],
    pub(super) answer: &'a str,
}

/// What has become of an answer once a fence is back.
enum Owed {
    /// It came all the same.
    Late,
    /// It did not, for so long after the fence.
    Never(Duration),
}

impl Performance<'_> {
    /// Emits with placeholders filled in; none where the actor is not connected or a placeholder stands for nothing yet,
    /// because what should have taught it was not heard. That is for checks to see, not an error.
    pub(super) async fn emit(&self, actor: &Actor, event: &str, args: &[Value]) -> Result<Option<Arc<Socket>>, String> {
        let Some(socket) = self.socket(actor) else { return Ok(None) };
        let lookup = |kind: &str, name: &str| self.lookup(kind, name);
        let mut filled = Vec::with_capacity(args.len());
        let mut written = Vec::with_capacity(args.len());
        for arg in args {
            match placeholder::fill(arg, &lookup) {
                Ok(value) => filled.push(value),
                Err(placeholder) => {
                    let what = format!("{event} by {actor}");
                    self.log.write(None, What::Skipped { what, reason: format!("nothing is known of {placeholder}") });
                    return Ok(None);
                }
            }
            // A sid is a capability: the recording keeps its placeholder.
            let keep_sid = |kind: &str, name: &str| {
                if kind == "sid" { Some(format!("$sid:{name}")) } else { self.lookup(kind, name) }
            };
            written.push(placeholder::fill(arg, &keep_sid)?);
        }
        socket.emit(event, &filled, written).await;
        Ok(Some(socket))
    }

    pub(super) fn lookup(&self, kind: &str, name: &str) -> Option<String> {
        match kind {
            "origin" => Some(self.stage.ground.target.origin.clone()),
            "verify_token" => Some(self.stage.ground.target.trigger.webhook()?.verify_token()?.expose().to_owned()),
            "session" => lock(&self.sockets).get(name)?.handshake().map(|handshake| handshake.sid.clone()),
            "agent" => Some(self.stage.ground.agent().to_owned()),
            "sid" => lock(&self.sockets).get(name).and_then(|socket| socket.sid()),
            "number" => lock(&self.messages).get(name).map(|(sent, _)| sent.number.clone()),
            "nonce" => lock(&self.messages).get(name).map(|(sent, _)| sent.nonce.clone()),
            "chat_id" => {
                let nonce = lock(&self.messages).get(name).map(|(sent, _)| sent.nonce.clone())?;
                self.log.find(|entry| chat_id_in(entry, &nonce, self.stage.ground.contract.key(Role::Identity)?))
            }
            _ => None,
        }
    }

    pub(super) async fn ask(&self, actor: &Actor, request: &str, args: &[Value], answer: &str) -> Result<(), String> {
        let patience = self.stage.ground.target.deadlines.answer;
        self.ask_within(patience, actor, Question { request, args, answer }).await
    }

    async fn ask_within(&self, patience: Duration, actor: &Actor, asked: Question<'_>) -> Result<(), String> {
        let Question { request, args, answer } = asked;
        let position = self.log.position();
        let from = Instant::now();
        let Some(socket) = self.emit(actor, request, args).await? else { return Ok(()) };
        let mut answered =
            self.log.wait(position, from + patience, |entry| answer_to(entry, &socket.peer, answer)).await;
        if answered.is_none() {
            // A target that has stalled answers late whatever it answers: it is silent once it has answered a fence.
            let fence = socket.fence().await;
            let owed = self.owed(position, &socket, fence, answer, Instant::now() + patience * STALL).await;
            answered = owed.map(|owed| matches!(owed, Owed::Late));
        }
        if answered == Some(true) {
            self.stage.pace.seen(from.elapsed());
        }
        self.stage.pace.waited("answers", from);
        Ok(())
    }

    /// Waits for an answer until a fence is back, and one quiet window more, as answers need not keep their order. None where
    /// the connection has ended, or not even the fence came in time.
    async fn owed(
        &self,
        position: usize,
        socket: &Socket,
        fence: u32,
        answer: &str,
        deadline: Instant,
    ) -> Option<Owed> {
        let fenced = |entry: &Entry| is_fence(entry, &socket.peer, fence).then_some(None);
        let answered = |entry: &Entry| answer_to(entry, &socket.peer, answer).map(Some);
        let end = self.log.wait(position, deadline, |entry| answered(entry).or_else(|| fenced(entry))).await?;
        let window = self.stage.pace.quiet();
        let end = match end {
            None => self.log.wait(position, Instant::now() + window, answered).await.flatten(),
            ended => ended,
        };
        match end {
            None => Some(Owed::Never(window)),
            Some(answered) => answered.then_some(Owed::Late),
        }
    }

    /// Stops reading, asks on until [`CLOG`] bytes of answers are under way, and has somebody else wait until they are made:
    /// what the target is busy with for our load alone is nobody's fault.
    pub(super) async fn clog(&self, actor: &Actor, behind: &Actor, asked: Question<'_>) -> Result<(), String> {
        let patience = self.stage.ground.target.deadlines.answer;
        let position = self.log.position();
        let from = Instant::now();
        self.ask_within(patience, actor, asked).await?;
        let took = from.elapsed();
        let Some(socket) = self.socket(actor) else { return Ok(()) };
        let size = self.log.find_from(position, |entry| match &entry.what {
            What::Event { dir: Direction::In, event, args, .. }
                if event == asked.answer && entry.peer.as_ref() == Some(&socket.peer) =>
            {
                serde_json::to_vec(args).ok().map(|json| json.len())
            }
            _ => None,
        });
        let Some(size) = size else { return Ok(()) };
        let requests = u32::try_from(CLOG.div_ceil(size.max(1))).unwrap_or(u32::MAX).min(CLOG_REQUESTS);
        let busy = took * requests;
        if busy > CLOG_BUSY {
            let reason = format!("{requests} answers as slow as the first, {took:.1?}, are more than {CLOG_BUSY:?}");
            self.log.write(None, What::Skipped { what: format!("clogging the connection of {actor}"), reason });
            return Ok(());
        }
        socket.stop_reading();
        for _ in 0..requests {
            self.emit(actor, asked.request, asked.args).await?;
        }
        self.ask_within(patience + busy, behind, asked).await
    }

    /// Not every backend answers `leave_room`: its answer ends the wait, and otherwise a fence and a quiet window.
    pub(super) async fn leave(&self, actor: &Actor, room: &str) {
        let Some(leave) = self.stage.ground.contract.leave.clone() else { return };
        let position = self.log.position();
        let from = Instant::now();
        let Ok(Some(socket)) = self.emit(actor, &leave.request, &[json!({ "room": room })]).await else { return };
        let fence = socket.fence().await;
        let answer = leave.answer.unwrap_or_default();
        let deadline = from + self.stage.ground.target.deadlines.answer;
        if let Some(Owed::Never(window)) = self.owed(position, &socket, fence, &answer, deadline).await {
            self.log.write(Some(&socket.peer), What::Quiet { window });
        }
        self.stage.pace.waited("answers", from);
    }
}

/// Whether the entry ends a wait for this answer: true for the answer, false for the connection's end.
pub(super) fn answer_to(entry: &Entry, peer: &Peer, answer: &str) -> Option<bool> {
    if entry.peer.as_ref() != Some(peer) {
        return None;
    }
    match &entry.what {
        What::Event { dir: Direction::In, event, .. } if event == answer => Some(true),
        What::Closed { .. } => Some(false),
        _ => None,
    }
}
