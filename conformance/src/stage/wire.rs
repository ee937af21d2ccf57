//! The stage that speaks the protocol itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fixtures::webhooks::{self, Inbound, MessageKind, ReceiptStatus};
use fixtures::{Contract, Role};
use serde_json::{Value, json};

use super::ground::Ground;
use super::log::ScenarioLog;
use super::pace::{Pace, Stalls};
use super::placeholder;
use super::socket::{Opening, Socket};
use crate::conversation::{is_about, mentions};
use crate::recording::{Direction, Entry, Peer, Sent, TokenPlace, TokenUse, Transport, What};
use crate::scenario::{Actor, Message, Scenario, Step};
use crate::target::{Batch, Signature, TriggerError};
use crate::wire::{self, SessionOptions};

/// Performs scenarios with the suite's own client.
#[derive(Clone)]
pub struct WireStage {
    pub(super) ground: Arc<Ground>,
    pub(super) pace: Arc<Pace>,
    /// How sockets open whose step leaves it to the run.
    transport: Transport,
    /// How long [`Step::Heard`] waits.
    delivery: Duration,
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

/// How much unread data clogs a connection with a small receive buffer: more than the system keeps for its sender.
const CLOG: usize = 4 << 20;

/// How many requests may go into that.
const CLOG_REQUESTS: usize = 400;

/// A scenario in progress.
pub(super) struct Performance<'a> {
    pub(super) stage: &'a WireStage,
    pub(super) log: Arc<ScenarioLog>,
    pub(super) sockets: Mutex<BTreeMap<Actor, Arc<Socket>>>,
    connections: Mutex<HashMap<Actor, u32>>,
    pub(super) messages: Mutex<HashMap<Arc<str>, (Sent, Duration)>>,
    numbers: Mutex<HashMap<(String, Arc<str>), String>>,
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
                    // Long by intent, and performed beside the others.
                    Step::AwaitPing { .. } | Step::FallSilent { .. } | Step::LogIn { .. } => self.step(step).await?,
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
            Step::Clog { actor, request, args, answer } => self.clog(actor, request, args, answer).await?,
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
    fn sockets_of(&self, actor: &Actor) -> Vec<Arc<Socket>> {
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
        let opening = Opening {
            transport: transport.unwrap_or(self.stage.transport),
            token,
            place: place.unwrap_or_else(|| target.auth.place()),
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
        let is_good = opening.transport == Transport::Websocket && opening.token == TokenUse::Good;
        match self.stage.by_witness && is_good {
            true => Socket::open_witness(opening, peer, &self.log, &target.redactor, &contract.join).await,
            false => Socket::open(opening, peer, &self.log, &target.redactor).await,
        }
    }

    #[cfg(not(feature = "rust-socketio"))]
    async fn connect(&self, opening: Opening, peer: Peer) -> Option<Socket> {
        Socket::open(opening, peer, &self.log, &self.stage.ground.target.redactor).await
    }

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
        let position = self.log.position();
        let from = Instant::now();
        let Some(socket) = self.emit(actor, request, args).await? else { return Ok(()) };
        let deadline = from + self.stage.ground.target.deadlines.answer;
        let answered = self.log.wait(position, deadline, |entry| answer_to(entry, &socket.peer, answer)).await;
        if answered == Some(true) {
            self.stage.pace.seen(from.elapsed());
        }
        self.stage.pace.waited("answers", from);
        Ok(())
    }

    /// Stops reading, and asks on until [`CLOG`] bytes of answers are under way.
    async fn clog(&self, actor: &Actor, request: &str, args: &[Value], answer: &str) -> Result<(), String> {
        let position = self.log.position();
        self.ask(actor, request, args, answer).await?;
        let Some(socket) = self.socket(actor) else { return Ok(()) };
        let size = self.log.find_from(position, |entry| match &entry.what {
            What::Event { dir: Direction::In, event, args, .. }
                if event == answer && entry.peer.as_ref() == Some(&socket.peer) =>
            {
                serde_json::to_vec(args).ok().map(|json| json.len())
            }
            _ => None,
        });
        let Some(size) = size else { return Ok(()) };
        socket.stop_reading();
        for _ in 0..CLOG.div_ceil(size.max(1)).min(CLOG_REQUESTS) {
            self.emit(actor, request, args).await?;
        }
        Ok(())
    }

    /// Not every backend answers `leave_room`: its answer ends the wait, and otherwise a fence and a quiet window.
    async fn leave(&self, actor: &Actor, room: &str) {
        let Some(leave) = self.stage.ground.contract.leave.clone() else { return };
        let position = self.log.position();
        let from = Instant::now();
        let Ok(Some(socket)) = self.emit(actor, &leave.request, &[json!({ "room": room })]).await else { return };
        let fence = socket.fence().await;
        let answer = leave.answer.unwrap_or_default();
        let deadline = from + self.stage.ground.target.deadlines.answer;
        let ended = self
            .log
            .wait(position, deadline, |entry| {
                let fenced = is_fence(entry, &socket.peer, fence).then_some(false);
                answer_to(entry, &socket.peer, &answer).or(fenced)
            })
            .await;
        if ended == Some(false) {
            let window = self.stage.pace.quiet();
            let late =
                self.log.wait(position, Instant::now() + window, |entry| answer_to(entry, &socket.peer, &answer)).await;
            if late.is_none() {
                self.log.write(Some(&socket.peer), What::Quiet { window });
            }
        }
        self.stage.pace.waited("answers", from);
    }

    /// The number of a customer of this scenario, the same for each of its messages.
    fn number(&self, message: &Message) -> Result<String, String> {
        let key = (message.customer_type.clone(), Arc::clone(&message.from));
        let mut numbers = lock(&self.numbers);
        if let Some(number) = numbers.get(&key) {
            return Ok(number.clone());
        }
        let number =
            self.stage.ground.target.numbers.fresh(&message.customer_type).map_err(|error| error.to_string())?;
        numbers.insert(key, number.clone());
        Ok(number)
    }

    async fn send(&self, messages: &[Message]) -> Result<(), String> {
        let sent = messages.iter().map(|message| self.compose(message)).collect::<Result<_, _>>()?;
        self.trigger(sent).await
    }

    /// The message with a nonce, a number and an id.
    pub(super) fn compose(&self, message: &Message) -> Result<Sent, String> {
        let nonce = super::nonce();
        let text = match message.kind.carries_text() {
            true => message.text.as_deref().map(|text| text_with(&nonce, message.kind, text)),
            false => None,
        };
        Ok(Sent {
            label: Arc::clone(&message.label),
            customer_type: message.customer_type.clone(),
            number: self.number(message)?,
            name: "Conformance Check".to_owned(),
            message: message.kind,
            text,
            id: format!("wamid.CONFORMANCE{}", nonce.trim_start_matches('~')),
            timestamp: jiff::Timestamp::now().as_second(),
            nonce,
        })
    }

    async fn redeliver(&self, label: &str, again: &Arc<str>) -> Result<(), String> {
        let earlier = lock(&self.messages).get(label).map(|(sent, _)| sent.clone());
        let earlier = earlier.ok_or_else(|| format!("`{label}` is redelivered before it was sent"))?;
        self.trigger(vec![Sent { label: Arc::clone(again), ..earlier }]).await
    }

    async fn trigger(&self, sent: Vec<Sent>) -> Result<(), String> {
        let Some(first) = sent.first() else { return Err("a trigger without messages".to_owned()) };
        let batch = Batch { customer_type: first.customer_type.clone(), messages: sent.iter().map(inbound).collect() };
        let from = Instant::now();
        let trigger = self.sending(from, sent);
        let what = match self.stage.ground.target.trigger.send(&batch).await {
            Ok(accepted) => {
                self.stage.pace.seen(accepted.took);
                self.stage.pace.add("held back", accepted.throttled);
                What::Accepted {
                    trigger,
                    request: accepted.request,
                    status: accepted.status,
                    took: accepted.took,
                    throttled: accepted.throttled,
                }
            }
            Err(error) => {
                let throttled = matches!(error, TriggerError::Throttled { .. });
                let reason = self.stage.ground.target.redactor.redact(&error.to_string()).into_owned();
                What::NotAccepted { trigger, reason, throttled }
            }
        };
        self.stage.pace.waited("triggers", from);
        self.log.write(None, what);
        Ok(())
    }

    /// Writes down that these messages are about to be sent, and gives the trigger's number.
    pub(super) fn sending(&self, from: Instant, sent: Vec<Sent>) -> u32 {
        let trigger = self.stage.ground.next_trigger();
        let at = self.log.write_at(from, None, None, What::Sending { trigger, messages: sent.clone() });
        let labelled = sent.into_iter().map(|sent| (Arc::clone(&sent.label), (sent, at)));
        lock(&self.messages).extend(labelled);
        trigger
    }

    /// A receipt that names a message which the backend knows: the customer's own, as no other id is known to both sides.
    /// (A backend may well ignore receipts for ids that it has never seen.)
    async fn receipt(&self, label: &str, status: ReceiptStatus) -> Result<(), String> {
        let earlier = lock(&self.messages).get(label).map(|(sent, _)| sent.clone());
        let earlier = earlier.ok_or_else(|| format!("a receipt for `{label}`, which was not sent"))?;
        let from = Instant::now();
        let target = &self.stage.ground.target;
        let channel = target.trigger.channel(&earlier.customer_type).unwrap_or_default();
        let Some(webhook) = target.trigger.webhook() else { return Err("receipts need a webhook".to_owned()) };
        let body = webhooks::receipt(channel, &earlier.id, status, &earlier.number, jiff::Timestamp::now().as_second());
        let refused = match webhook.post_json(channel, &body, Signature::Right).await {
            Ok(answer) if answer.status.is_success() => None,
            Ok(answer) => Some(format!("the webhook answered {}", answer.status)),
            Err(error) => Some(target.redactor.redact(&error.to_string()).into_owned()),
        };
        self.stage.pace.waited("triggers", from);
        self.log.write(None, What::Receipt { customer_type: earlier.customer_type, status, refused });
        Ok(())
    }

    /// Waits until each actor has heard each message under the name that the contract gives it, or the time for broadcasts
    /// is over. Whether they have. (Under another name it was not heard: the wait goes on, so that checks may say "never".)
    async fn heard(&self, actors: &[Actor], labels: &[Arc<str>]) -> Result<bool, String> {
        let from = Instant::now();
        let mut pending: HashSet<(Peer, String)> = HashSet::new();
        let mut awaited: Vec<Awaited<'_>> = Vec::new();
        for label in labels {
            let message = lock(&self.messages).get(label).cloned();
            let (sent, at) = message.ok_or_else(|| format!("`{label}` is awaited before it was sent"))?;
            let sockets = actors.iter().flat_map(|actor| self.sockets_of(actor));
            pending.extend(sockets.map(|socket| (socket.peer.clone(), sent.nonce.clone())));
            let route = self.stage.ground.contract.route(&sent.customer_type);
            awaited.push(Awaited {
                event: route.map(|route| &*route.event),
                chat_id: self.chat_id_of(&sent),
                sent,
                at,
            });
        }
        if pending.is_empty() {
            return Ok(false);
        }
        let contract = &self.stage.ground.contract;
        let known: Vec<Sent> = lock(&self.messages).values().map(|(sent, _)| sent.clone()).collect();
        let deadline = from + self.stage.delivery;
        let all = self
            .log
            .wait(0, deadline, |entry| {
                let peer = entry.peer.as_ref()?;
                for message in awaited.iter().filter(|message| message.is_carried_by(entry, contract, &known)) {
                    if pending.remove(&(peer.clone(), message.sent.nonce.clone())) {
                        self.stage.pace.seen(entry.at.saturating_sub(message.at));
                    }
                }
                pending.is_empty().then_some(())
            })
            .await;
        self.stage.pace.waited("broadcasts", from);
        Ok(all.is_some())
    }

    /// The id of the chat of this number and type, as an earlier message with text has taught it.
    fn chat_id_of(&self, sent: &Sent) -> Option<String> {
        let key = self.stage.ground.contract.key(Role::Identity)?;
        let nonces: Vec<String> = lock(&self.messages)
            .values()
            .filter(|(other, _)| {
                other.number == sent.number && other.customer_type == sent.customer_type && other.text.is_some()
            })
            .map(|(other, _)| other.nonce.clone())
            .collect();
        nonces.iter().find_map(|nonce| self.log.find(|entry| chat_id_in(entry, nonce, key)))
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
        let deadline = from + self.stage.ground.target.deadlines.answer;
        self.log
            .wait(position, deadline, |entry| {
                let peer = entry.peer.as_ref()?;
                let fence = *pending.get(peer)?;
                if is_fence(entry, peer, fence) {
                    back.push(peer.clone());
                    pending.remove(peer);
                } else if matches!(entry.what, What::Closed { .. }) {
                    pending.remove(peer);
                }
                pending.is_empty().then_some(())
            })
            .await;
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

/// A message that somebody waits to hear.
struct Awaited<'a> {
    sent: Sent,
    at: Duration,
    /// The event that it is to be broadcast as.
    event: Option<&'a str>,
    /// Its chat, where an earlier message has taught it: how a message without text is told.
    chat_id: Option<String>,
}

impl Awaited<'_> {
    /// Whether the entry is the receipt of its broadcast: it carries the nonce, or it is of the chat and carries none of
    /// those that this scenario has sent. (Where the customer has also sent messages without words, it is of one of those.)
    fn is_carried_by(&self, entry: &Entry, contract: &Contract, known: &[Sent]) -> bool {
        let What::Event { dir: Direction::In, event, args } = &entry.what else { return false };
        if entry.at < self.at || self.event.is_some_and(|expected| expected != event) {
            return false;
        }
        let carries = |sent: &Sent| args.iter().any(|arg| mentions(arg, &sent.nonce));
        let wordless = |sent: &Sent| sent.text.is_none() && sent.number == self.sent.number;
        if self.sent.text.is_some() && (carries(&self.sent) || known.iter().any(wordless)) {
            return carries(&self.sent);
        }
        !known.iter().any(carries)
            && args.first().is_some_and(|summary| is_about(summary, contract, &self.sent, self.chat_id.as_deref()))
    }
}

/// Text with its nonce in front; a reply's title is short by the provider's rules.
fn text_with(nonce: &str, kind: MessageKind, text: &str) -> String {
    match kind {
        MessageKind::ButtonReply | MessageKind::ListReply => format!("{nonce} ok"),
        _ => format!("{nonce} {text}"),
    }
}

pub(super) fn inbound(sent: &Sent) -> Inbound {
    Inbound {
        kind: sent.message,
        from: sent.number.clone(),
        name: sent.name.clone(),
        id: sent.id.clone(),
        timestamp: sent.timestamp,
        text: sent.text.clone(),
    }
}

/// The chat's id in a received event that carries the nonce.
fn chat_id_in(entry: &Entry, nonce: &str, key: &str) -> Option<String> {
    let What::Event { dir: Direction::In, args, .. } = &entry.what else { return None };
    let payload = args.first()?;
    if !mentions(payload, nonce) { None } else { payload.get(key)?.as_str().map(str::to_owned) }
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

fn is_fence(entry: &Entry, peer: &Peer, number: u32) -> bool {
    entry.peer.as_ref() == Some(peer) && matches!(entry.what, What::FenceBack { fence } if fence == number)
}
