//! The stage that speaks the protocol itself.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::asking::{Question, STALL};
use super::ground::Ground;
use super::log::ScenarioLog;
use super::pace::{Pace, Stalls};
use super::socket::{Opening, Socket};
use crate::recording::{Entry, Peer, Sent, TokenPlace, TokenUse, Transport, What};
use crate::scenario::{Actor, Scenario, Step};
use crate::wire::{self, SessionOptions};

/// Performs scenarios with the suite's own client.
#[derive(Clone)]
pub struct WireStage {
    pub(super) ground: Arc<Ground>,
    pub(super) pace: Arc<Pace>,
    /// How sockets open whose step leaves it to the run.
    transport: Transport,
    /// How long [`Step::Heard`] waits.
    pub(super) delivery: Duration,
    /// Whether its waits for what hardly comes any more are nobody's gain.
    beside_others: bool,
    /// Whether good clients that connect by WebSocket do so by rust_socketio.
    #[cfg(feature = "rust-socketio")]
    by_witness: bool,
}

impl WireStage {
    /// A stage on this ground; `transport` is the ordinary one.
    #[must_use]
    pub fn new(ground: Arc<Ground>, pace: Arc<Pace>, transport: Transport) -> Self {
        let delivery = ground.target.deadlines.delivery;
        Self {
            ground,
            pace,
            transport,
            delivery,
            beside_others: false,
            #[cfg(feature = "rust-socketio")]
            by_witness: false,
        }
    }

    /// The same, with rust_socketio in place of the suite's own client where a good client connects by WebSocket.
    #[cfg(feature = "rust-socketio")]
    #[must_use]
    pub fn by_witness(self) -> Self {
        Self { by_witness: true, ..self }
    }

    /// The same for what is performed beside everything else, and makes no room for others while it waits.
    #[must_use]
    pub fn beside_others(self) -> Self {
        Self { beside_others: true, ..self }
    }

    /// The same, with another time that broadcasts may take.
    #[must_use]
    pub fn with_delivery(self, delivery: Duration) -> Self {
        Self { delivery, ..self }
    }

    /// Whether ordinary sockets open by polling.
    pub(super) fn is_polling(&self) -> bool {
        self.transport != Transport::Websocket
    }

    /// Performs a scenario and writes down what happens. Whatever goes wrong on our side stands in the last entry.
    pub async fn perform(&self, scenario: &Scenario, log: Arc<ScenarioLog>) {
        log.write(None, What::Began);
        let performance = Performance {
            stage: self,
            log: Arc::clone(&log),
            sockets: Mutex::default(),
            connections: Mutex::default(),
            messages: Mutex::default(),
            numbers: Mutex::default(),
            stalls: Stalls::default(),
        };
        let error = performance.steps(&scenario.steps).await.err();
        performance.close_all().await;
        if let Some(pages) = &self.ground.pages {
            pages.close_all(&log).await;
        }
        if let Some(provider) = &self.ground.provider {
            provider.forget(&log);
        }
        log.write(None, What::Ended { error });
    }
}

/// A scenario in progress.
pub(super) struct Performance<'a> {
    pub(super) stage: &'a WireStage,
    pub(super) log: Arc<ScenarioLog>,
    pub(super) sockets: Mutex<BTreeMap<Actor, Arc<Socket>>>,
    connections: Mutex<HashMap<Actor, u32>>,
    pub(super) messages: Mutex<HashMap<Arc<str>, (Sent, Duration)>>,
    pub(super) numbers: Mutex<HashMap<(String, Arc<str>), String>>,
    stalls: Stalls,
}

type Steps<'s> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 's>>;

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Performance<'_> {
    /// One step after the other. An error is a scenario that makes no sense, which is our fault.
    fn steps<'s>(&'s self, steps: &'s [Step]) -> Steps<'s> {
        Box::pin(async move {
            for step in steps {
                let makes_sense = match step {
                    // What they are made of is watched.
                    Step::Together { .. } | Step::Upgrade { .. } => self.step(step).await?,
                    _ if self.stage.beside_others => self.step(step).await?,
                    _ => self.stage.pace.watching(&self.stalls, self.step(step)).await?,
                };
                if !makes_sense {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Whether the steps behind it make sense.
    async fn step(&self, step: &Step) -> Result<bool, String> {
        match step {
            Step::Open { actor, transport, token, place, receive_buffer } => {
                self.open(actor, *transport, *token, *place, *receive_buffer).await;
            }
            Step::Upgrade { actor, during } => {
                let mut outcome = Ok(());
                match self.socket(actor) {
                    Some(socket) => socket.upgrade(async { outcome = self.steps(during).await }).await,
                    None => outcome = self.steps(during).await,
                }
                outcome?;
            }
            Step::Join { actor, room } => {
                let join = &self.stage.ground.contract.join;
                let answer = join.answer.clone().unwrap_or_default();
                self.ask(actor, &join.request, &[json!({ "room": room })], &answer).await?;
            }
            Step::Leave { actor, room } => self.leave(actor, room).await,
            Step::Ask { actor, request, args, answer } => self.ask(actor, request, args, answer).await?,
            Step::Emit { actor, event, args } => {
                self.emit(actor, event, args).await?;
            }
            Step::Send { messages } => self.send(messages).await?,
            Step::Redeliver { label, again } => self.redeliver(label, again).await?,
            Step::Receipt { label, status } => self.receipt(label, *status).await?,
            Step::Heard { actors, messages, or_stop } => {
                let heard = self.heard(actors, messages).await?;
                return Ok(heard || !or_stop);
            }
            Step::Settle { actors } => self.settle(actors).await,
            Step::Clog { actor, behind, request, args, answer } => {
                self.clog(actor, behind, Question { request, args, answer }).await?;
            }
            Step::StopReading { actor } => self.with(actor, Socket::stop_reading),
            Step::ResumeReading { actor } => self.with(actor, Socket::resume_reading),
            Step::Close { actor } => {
                if let Some(socket) = self.remove(actor) {
                    socket.close().await;
                }
            }
            Step::Drop { actor } => {
                if let Some(socket) = self.remove(actor) {
                    socket.drop_line().await;
                }
            }
            Step::Rest { token } => self.rest(*token).await,
            Step::LogOut => self.log_out().await,
            Step::LogIn { login } => self.log_in(*login).await?,
            Step::Reply { actor, to, text, provider } => self.reply(actor, to, text, provider).await?,
            Step::ProviderAsked { to } => self.provider_asked(to).await,
            Step::Raw { actor, raw } => self.raw(actor, raw).await?,
            Step::Probe(probe) => self.probe(probe).await?,
            Step::Deliver { message, body, signature, channel, chunked } => {
                self.deliver(message, body, *signature, channel.as_deref(), *chunked).await?;
            }
            Step::AwaitPing { actor } => self.await_ping(actor).await,
            Step::FallSilent { actor } => self.fall_silent(actor).await,
            Step::Crowd { name, room } => self.crowd(name, room).await?,
            Step::Restart => self.restart().await?,
            Step::Page { actor, act } => self.page(actor, act).await?,
            Step::AwaitTraffic { actor } => return Ok(self.traffic(actor).await),
            Step::Shown { actors, messages } => self.shown(actors, messages).await?,
            Step::Together { branches } => {
                let branches = branches.iter().map(|branch| self.steps(branch));
                for outcome in futures_util::future::join_all(branches).await {
                    outcome?;
                }
            }
        }
        Ok(true)
    }

    pub(super) fn socket(&self, actor: &Actor) -> Option<Arc<Socket>> {
        lock(&self.sockets).get(actor).cloned()
    }

    /// The socket of an actor, or of all whose names begin with what stands before a `*`.
    pub(super) fn sockets_of(&self, actor: &Actor) -> Vec<Arc<Socket>> {
        match actor.strip_suffix('*') {
            None => self.socket(actor).into_iter().collect(),
            Some(start) => {
                let sockets = lock(&self.sockets);
                let named = sockets.iter().filter(|(name, _)| name.starts_with(start));
                named.map(|(_, socket)| Arc::clone(socket)).collect()
            }
        }
    }

    fn remove(&self, actor: &Actor) -> Option<Arc<Socket>> {
        lock(&self.sockets).remove(actor)
    }

    fn with(&self, actor: &Actor, act: impl FnOnce(&Socket)) {
        if let Some(socket) = self.socket(actor) {
            act(&socket);
        }
    }

    pub(super) async fn open(
        &self,
        actor: &Actor,
        transport: Option<Transport>,
        token: TokenUse,
        place: Option<TokenPlace>,
        receive_buffer: Option<u32>,
    ) {
        let Ground { target, contract, .. } = &*self.stage.ground;
        // Steps that were left out may have been to end it. Nobody else is to blame for its end.
        if let Some(earlier) = self.remove(actor) {
            earlier.close().await;
        }
        let connection = {
            let mut connections = lock(&self.connections);
            let count = connections.entry(Arc::clone(actor)).or_default();
            *count += 1;
            *count
        };
        let token_text = match self.stage.ground.token(token) {
            Ok(token) => token.map(|token| token.expose().to_owned()),
            Err(reason) => {
                if token != TokenUse::LoggedOut {
                    target.notices.tell(&format!("{reason}: whether it is refused was not tried"));
                }
                self.log.write(None, What::Skipped { what: format!("a connection with token {token:?}"), reason });
                return;
            }
        };
        let mut options =
            SessionOptions::new(target.endpoint.clone(), target.socket_path.clone(), wire::Transport::WebSocket);
        options.deadline = target.deadlines.connect;
        if let Some(bytes) = receive_buffer {
            options.endpoint = target.endpoint.with_receive_buffer(bytes);
        }
        let place = place.unwrap_or_else(|| target.auth.place());
        if place == TokenPlace::Both {
            let other = if token == TokenUse::Good { TokenUse::Garbage } else { TokenUse::Good };
            let other = self.stage.ground.token(other).ok().flatten();
            options.query.extend(other.map(|other| ("token".to_owned(), other.expose().to_owned())));
        }
        let opening = Opening {
            transport: transport.unwrap_or(self.stage.transport),
            token,
            place,
            token_text,
            options,
            namespace: contract.namespace.clone(),
        };
        let from = Instant::now();
        let peer = Peer { actor: Arc::clone(actor), connection };
        let socket = self.connect(opening, peer).await;
        self.stage.pace.waited("connecting", from);
        if let Some(socket) = socket {
            lock(&self.sockets).insert(Arc::clone(actor), Arc::new(socket));
        }
    }

    #[cfg(feature = "rust-socketio")]
    async fn connect(&self, opening: Opening, peer: Peer) -> Option<Socket> {
        let Ground { target, contract, .. } = &*self.stage.ground;
        let is_good = opening.transport == Transport::Websocket
            && opening.token == TokenUse::Good
            && opening.place != TokenPlace::Both;
        match self.stage.by_witness && is_good {
            true => Socket::open_witness(opening, peer, &self.log, &target.redactor, &contract.join).await,
            false => Socket::open(opening, peer, &self.log, &target.redactor).await,
        }
    }

    #[cfg(not(feature = "rust-socketio"))]
    async fn connect(&self, opening: Opening, peer: Peer) -> Option<Socket> {
        Socket::open(opening, peer, &self.log, &self.stage.ground.target.redactor).await
    }

    /// Fences the actors, then watches all of them for one quiet window.
    async fn settle(&self, actors: &[Actor]) {
        let from = Instant::now();
        let position = self.log.position();
        let sockets: Vec<Arc<Socket>> = lock(&self.sockets)
            .iter()
            .filter(|(actor, socket)| (actors.is_empty() || actors.contains(actor)) && !socket.is_over())
            .map(|(_, socket)| Arc::clone(socket))
            .collect();
        if sockets.is_empty() {
            return; // nobody's silence to observe
        }
        let fences = futures_util::future::join_all(sockets.iter().map(|socket| async {
            let fence = socket.fence().await;
            (socket.peer.clone(), fence)
        }))
        .await;
        let mut pending: HashMap<Peer, u32> = fences.into_iter().collect();
        let mut back: Vec<Peer> = Vec::with_capacity(pending.len());
        // Each has its time from the one before: the last of a crowd's is answered when all the others are. It is long, as
        // where any answer is waited for to the last: who is slow is not silent.
        let patience = self.stage.ground.target.deadlines.answer * (1 + STALL);
        let mut next = position;
        while !pending.is_empty() {
            let came = self.log.wait(next, Instant::now() + patience, |entry| {
                next += 1;
                let peer = entry.peer.as_ref()?;
                let is_back = is_fence(entry, peer, *pending.get(peer)?);
                if is_back {
                    back.push(peer.clone());
                }
                (is_back || matches!(entry.what, What::Closed { .. })).then(|| pending.remove(peer))
            });
            if came.await.is_none() {
                break;
            }
        }
        self.stage.pace.waited("fences", from);
        let window = self.stage.pace.quiet();
        let from = Instant::now();
        tokio::time::sleep(window).await; // the quiet window itself: there is nothing to wait for but silence
        self.stage.pace.waited("quiet windows", from);
        for peer in back {
            self.log.write(Some(&peer), What::Quiet { window });
        }
    }

    async fn rest(&self, token: TokenUse) {
        let from = Instant::now();
        let request = format!("GET {}", self.stage.ground.target.auth.protected_path());
        let what = match self.stage.ground.token(token) {
            Err(reason) => What::Skipped { what: format!("{request} with token {token:?}"), reason },
            Ok(text) => match self.stage.ground.protected(text.as_ref()).await {
                Ok(status) => What::Rest { request, token, status },
                Err(error) => What::RestFailed { request, reason: self.redacted(&error.to_string()) },
            },
        };
        self.stage.pace.waited("REST", from);
        self.log.write(None, what);
    }

    async fn log_out(&self) {
        let what = match self.stage.ground.log_out_another().await {
            Ok(()) => What::LoggedOut,
            Err(error) => What::Skipped { what: "logging out".to_owned(), reason: self.redacted(&error.to_string()) },
        };
        self.log.write(None, what);
    }

    pub(super) fn redacted(&self, text: &str) -> String {
        self.stage.ground.target.redactor.redact(text).into_owned()
    }

    async fn close_all(&self) {
        let sockets = std::mem::take(&mut *lock(&self.sockets));
        futures_util::future::join_all(sockets.values().map(|socket| socket.close())).await;
    }
}

/// Whether the entry is the server's answer to this fence.
pub(super) fn is_fence(entry: &Entry, peer: &Peer, number: u32) -> bool {
    entry.peer.as_ref() == Some(peer) && matches!(entry.what, What::FenceBack { fence } if fence == number)
}
