//! The queue that everything comes in by, and the one worker that takes from it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fixtures::{Contract, Data, SampleChat};
use jiff::Timestamp;
use serde_json::Value;
use socketioxide::socket::{DisconnectReason, Sid};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::alerts;
use crate::chats::{Chat, Chats, Incoming, Message, Place, SummaryShape, Written};
use crate::client::Client;
use crate::control::log::{Happening, Kind, Log};
use crate::desk::Desk;
use crate::events::{Asked, Emitted, Events, has_event, leave_chat};
use crate::exit::encoded;
use crate::faults::{Arrival, FaultSet, Scene, Shown, Stored};
use crate::options::{Login, Options};
use crate::outgoing::{Broadcast, Outgoing};
use crate::provider::{Delivered, Provider};
use crate::rooms::{Change, Room};
use crate::state::{Batch, Kept};

/// How many jobs may wait. HTTP calls wait for room; a socket that finds none is cut off.
const MOST_WAITING: usize = 16_384;

/// How often the clock is looked at for what is due.
const TICK: Duration = Duration::from_secs(1);

/// Something that has happened, in the order in which it did.
pub(crate) enum Job {
    /// A client was admitted.
    Connected(Client),
    /// A client is gone.
    Disconnected(Client, DisconnectReason),
    /// A client emitted an event.
    Emitted(Emitted),
    /// The provider delivered messages.
    Incoming(Vec<Incoming>),
    /// The provider took an agent's message, or did not.
    Delivered(Delivered),
    /// Somebody wants to know something, or has something done when it is its turn.
    Call(Box<dyn FnOnce(&mut Backend) + Send>),
}

/// The way in. Ordered and bounded.
#[derive(Clone)]
pub(crate) struct Queue {
    jobs: mpsc::Sender<Job>,
}

impl Queue {
    /// The queue, and the end that the worker takes from.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Job>) {
        let (jobs, waiting) = mpsc::channel(MOST_WAITING);
        (Self { jobs }, waiting)
    }

    /// Puts in a client's job without waiting: a client's events must stay in order, so its handlers cannot wait.
    pub(crate) fn offer(&self, client: &Client, job: impl FnOnce(Client) -> Job) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.jobs.try_send(job(client.clone())) {
            client.cut_off("too much is waiting to be worked on");
        }
    }

    /// Puts a job in as soon as there is room. Whether it could: not when the server is ending.
    pub(crate) async fn push(&self, job: Job) -> bool {
        self.jobs.send(job).await.is_ok()
    }

    /// Whether anybody still takes from it: not when the server has ended.
    pub(crate) fn is_open(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Asks the worker, or has it do something, when it is this question's turn; `None` when the server is ending.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Backend) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        // Nobody waits for the answer where the caller has gone away meanwhile.
        let asked = Job::Call(Box::new(move |backend| drop(answer.send(question(backend)))));
        if self.push(asked).await { answered.await.ok() } else { None }
    }
}

/// What the worker owns: the state and the exit.
pub(crate) struct Backend {
    /// The names of everything.
    pub contract: Arc<Contract>,
    /// The state.
    pub chats: Chats,
    /// Who works here.
    pub desk: Desk,
    /// The agent who can log in.
    pub login: Login,
    /// The data, as they were when they were last read.
    pub data: Data,
    /// Which keys a summary has.
    pub summary: SummaryShape,
    /// The exit.
    pub outgoing: Outgoing,
    /// The way to customers, where there is one.
    pub provider: Option<Provider>,
    /// What goes wrong.
    pub faults: FaultSet,
    /// What clients may ask for.
    pub events: Arc<Events>,
    /// What has happened.
    pub log: Arc<Log>,
    queue: Queue,
    /// What clients emitted before they were connected: they may, as soon as they have CONNECT's answer.
    early: HashMap<Sid, Vec<Emitted>>,
    clock: fn() -> Timestamp,
    /// The way to the state file, where there is one.
    keep: Option<mpsc::Sender<Batch>>,
}

impl Backend {
    /// As the options say; `provider` is where agents' messages go, `queue` the way in, and `kept` what an earlier run
    /// has kept: then there are no samples.
    pub(crate) fn new(
        options: &Options,
        contract: Arc<Contract>,
        provider: Option<Provider>,
        queue: Queue,
        kept: Option<Kept>,
        faults: FaultSet,
        log: Arc<Log>,
    ) -> Self {
        let summary = SummaryShape::of(&contract);
        for key in summary.unfilled(&contract) {
            tracing::warn!(key, "the contract requires a summary key that has no x-role: it will be missing");
        }
        let data = Data { chats: options.sample_chats.clone(), desk: options.desk.clone() };
        let mut backend = Self {
            summary,
            events: Arc::new(Events::of(&contract)),
            contract,
            chats: Chats::default(),
            desk: Desk::new(&data.desk, &options.login, (options.clock)()),
            login: options.login.clone(),
            data,
            early: HashMap::new(),
            outgoing: Outgoing::new(faults.clone(), Arc::clone(&log)),
            provider,
            faults,
            log,
            queue,
            clock: options.clock,
            keep: None,
        };
        match kept {
            Some(kept) => backend.go_on(kept),
            None => backend.reset(),
        }
        backend
    }

    /// Goes on where an earlier run ended.
    fn go_on(&mut self, kept: Kept) {
        self.chats = kept.chats;
        for (id, online) in kept.executives {
            self.desk.set_online(&id, online);
        }
    }

    /// Makes chats and desk what they were at the start, as old as they were then, and lets everything flow. Chats of
    /// types that the contract does not have are left out.
    pub(crate) fn reset(&mut self) {
        let now = self.now();
        let known = |chat: &&SampleChat| self.contract.route(&chat.customer_type).is_some();
        let known: Vec<_> = self.data.chats.iter().filter(known).cloned().collect();
        self.chats.begin_again(&known, now);
        self.desk = Desk::new(&self.data.desk, &self.login, now);
        self.outgoing.reset_flow();
    }

    /// From now on, tells the state file what changes: at first everything that it does not know.
    pub(crate) fn keep_in(self, batches: mpsc::Sender<Batch>) -> Self {
        Self { keep: Some(batches), ..self }
    }

    /// Works until nobody can put anything in any more.
    pub(crate) async fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        self.keep().await;
        let mut clock = tokio::time::interval(TICK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                job = waiting.recv() => match job {
                    Some(job) => self.work(job).await,
                    None => return,
                },
                _ = clock.tick() => alerts::tell(&mut self),
                () = until(self.outgoing.next_due()) => {}
            }
            self.outgoing.release();
            self.keep().await;
            if let Some(provider) = &mut self.provider {
                provider.is_through().await;
            }
            // What was sent lies in the clients' buffers: let their connections empty them before more is added.
            tokio::task::yield_now().await;
        }
    }

    /// Hands what has changed to the state file, if there is one.
    async fn keep(&mut self) {
        let Some(batches) = &self.keep else {
            self.chats.forget_changes();
            return;
        };
        let chats = self.chats.take_changes().unwrap_or_else(|error| {
            tracing::error!(%error, "a chat could not be encoded for the state file");
            Vec::new()
        });
        let batch = Batch { chats, executives: self.desk.take_changes() };
        // Where the writer has failed, it has said so.
        if !batch.is_empty() && batches.send(batch).await.is_err() {
            self.keep = None;
        }
    }

    async fn work(&mut self, job: Job) {
        match job {
            Job::Connected(client) => {
                let what = Happening::new(Kind::Connected).of(client.connection());
                let transport = if client.polls() { "polling" } else { "websocket" };
                self.log.record(what.detail(match client.agent() {
                    Some(agent) => format!("{agent}, by {transport}"),
                    None => format!("by {transport}"),
                }));
                self.outgoing.change(&client, Change::Connect);
                for emitted in self.early.remove(&client.id()).unwrap_or_default() {
                    Arc::clone(&self.events).dispatch(self, emitted);
                }
            }
            Job::Disconnected(client, reason) => {
                self.early.remove(&client.id());
                let chats: Vec<String> = self.outgoing.rooms_of(&client).filter_map(Room::chat_id).collect();
                let what = Happening::new(Kind::Disconnected).of(client.connection());
                self.log.record(what.detail(reason.to_string()));
                self.outgoing.change(&client, Change::Disconnect(reason));
                for chat_id in chats {
                    leave_chat::tell_left(self, &client, &chat_id);
                }
            }
            // Until the library has marked a client as connected, which it does after it has answered CONNECT, nothing
            // can be sent to it.
            Job::Emitted(emitted) if !self.outgoing.is_connected(&emitted.asked.client) => {
                self.early.entry(emitted.asked.client.id()).or_default().push(emitted);
            }
            Job::Emitted(emitted) => Arc::clone(&self.events).dispatch(self, emitted),
            Job::Incoming(messages) => {
                for message in messages {
                    self.receive(message);
                    tokio::task::yield_now().await;
                }
            }
            Job::Delivered(delivered) => delivered.finish(self),
            Job::Call(call) => call(self),
        }
    }

    /// Notes in the log what a client has emitted.
    pub(crate) fn note(&self, asked: &Asked) {
        let what = Happening::new(Kind::Emitted).of(asked.client.connection()).event(&asked.event);
        let payload = asked.payload.as_ref().and_then(|payload| Some((payload, encoded(payload)?)));
        self.log.record(match payload {
            Some((payload, encoded)) => what.payload(Some(self.outgoing.shown(payload, &encoded))),
            None => what.detail("what came with it is not JSON"),
        });
    }

    /// A customer's message: saved first, then told. One that was delivered before changes and tells nothing.
    fn receive(&mut self, message: Incoming) {
        let mut arrival = Arrival { message, time: (self.clock)() };
        self.faults.arrival(&mut arrival);
        match self.faults.store_late() {
            None => {
                if let Some(chat_id) = self.store(arrival) {
                    self.tell(&chat_id);
                }
            }
            Some(delay) => self.tell_before_storing(arrival, delay),
        }
    }

    fn store(&mut self, Arrival { message, time }: Arrival) -> Option<String> {
        let before = self
            .faults
            .compares_what_is_stored()
            .then(|| self.chats.find(&message.number, Some(&message.customer_type)).cloned());
        let chat_id = self.chats.receive(message, time)?;
        if let (Some(before), Some(chat)) = (before, self.chats.get_mut(&chat_id)) {
            self.faults.stored(chat, &Stored { before });
        }
        Some(chat_id)
    }

    /// The wrong way round: what is told comes from a copy of the chats, and the chats themselves follow later.
    fn tell_before_storing(&mut self, arrival: Arrival, delay: Duration) {
        let chats = self.chats.clone();
        if let Some(chat_id) = self.store(arrival.clone()) {
            self.tell(&chat_id);
        }
        self.chats = chats;
        self.after(delay, move |backend| drop(backend.store(arrival)));
    }

    /// A message that was written in a page: saved first, then told. `None` if there is no such chat.
    pub(crate) fn write(&mut self, chat_id: &str, written: Written) -> Option<Message> {
        let now = self.now();
        let message = self.chats.write(chat_id, written, now)?.clone();
        self.tell(chat_id);
        Some(message)
    }

    /// Tells a chat's last message: to those who have the chat open, and to those who watch its type's list.
    fn tell(&mut self, chat_id: &str) {
        let Some(chat) = self.chats.get(chat_id) else { return };
        let message = chat.last().to_json(chat_id);
        self.outgoing.broadcast(&Broadcast::new(Room::Chat(chat_id.to_owned()), "new_message", message));
        self.tell_list(chat_id);
    }

    /// Tells those who watch the list of a chat's type how the chat is now.
    pub(crate) fn tell_list(&mut self, chat_id: &str) {
        let Some(chat) = self.chats.get(chat_id) else { return };
        let Some(route) = self.contract.route(&chat.customer_type) else { return };
        let summary = self.summary(chat, Place::Broadcast);
        let mut broadcasts = vec![Broadcast::new(Room::Route(route.room.clone()), &route.event, summary)];
        let scene = Scene { chat, chats: &self.chats, route, contract: &self.contract, outgoing: &self.outgoing };
        self.faults.broadcast(&mut broadcasts, &scene);
        for broadcast in broadcasts {
            if broadcast.delay.is_zero() {
                self.outgoing.broadcast(&broadcast);
            } else {
                self.after(broadcast.delay, move |backend| backend.outgoing.broadcast(&broadcast));
            }
        }
    }

    /// Tells everybody who is connected, where the contract has such an event.
    pub(crate) fn announce(&mut self, event: &str, payload: Value) {
        if !has_event(&self.contract, event) {
            return;
        }
        self.outgoing.broadcast(&Broadcast::new(Room::Dashboard, event, payload));
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What is shown of a chat.
    pub(crate) fn summary(&self, chat: &Chat, place: Place) -> Value {
        let mut summary = self.summary.render(chat, place);
        self.faults.summary(&mut summary, &Shown { chat, place, contract: &self.contract });
        Value::Object(summary)
    }

    /// Does something later, in its turn.
    fn after(&self, delay: Duration, call: impl FnOnce(&mut Self) + Send + 'static) {
        let queue = self.queue.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            queue.push(Job::Call(Box::new(call))).await;
        });
    }

    /// The figures of the dashboard, as they are sent.
    pub(crate) fn stats(&self) -> Value {
        self.chats.stats().to_json()
    }
}

/// Returns at this time; never, without one.
async fn until(time: Option<std::time::Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
