//! Serving a recording back to a page: calls are answered as they were, sockets hear what was heard.
//!
//! Each connection of a page gets the next of the recording's, and after the last that one again. What a page emits is
//! answered as it was there; what came unasked comes at its time, counted from when the page joins. Nothing is kept, and no
//! token is looked at.

mod calls;
mod script;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use fixtures::recording::Recording;
use serde_json::Value;
use socketioxide::extract::AckSender;
use socketioxide::socket::Sid;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::backend::{Job, Queue};
use crate::client::Client;
use crate::control::log::Log;
use crate::events::Emitted;
use crate::faults::FaultSet;
use crate::options::Options;
use crate::server::{ServeError, cors, serve_simply, sockets_first};
use crate::tls::Tls;
use crate::transport::{self, Waiting, namespace};
use calls::Calls;
use script::{Heard, Script};

/// What to replay.
pub struct Replay {
    /// The recording, of `mock-server record` or of the suite's.
    pub recording: Recording,
    /// How many times as fast as it was; one of [`Scenario::SPEEDS`](crate::Scenario::SPEEDS).
    pub speed: f64,
    /// What pages are spoken to by HTTPS with, if they are to be.
    pub tls: Option<Tls>,
}

impl Replay {
    /// How many connections and calls there are to be replayed.
    #[must_use]
    pub fn contents(&self) -> (usize, usize) {
        (Script::all(&self.recording).len(), Calls::of(&self.recording).count())
    }
}

/// Serves until `shutdown` is done.
///
/// # Errors
/// [`ServeError::Listener`] when it cannot go on.
pub async fn replay(
    listener: TcpListener,
    Replay { recording, speed, tls }: Replay,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let options = Options { contract: recording.header.contract.clone(), ..Options::default() };
    let (transport, io, misprints) = transport::open(&options);
    let (queue, waiting) = Queue::new();
    let log = Arc::new(Log::new(options.clock));
    namespace::open(&io, &options.contract.namespace, None, queue, FaultSet::default(), log);
    let scripts = Script::all(&recording).into_iter().map(Arc::new).collect();
    // Ends with this function.
    let mut worker = JoinSet::new();
    worker.spawn(Stage { scripts, opened: 0, speed, pages: HashMap::new(), early: HashMap::new() }.run(waiting));
    let router = Router::new().fallback(calls::answer).with_state(Arc::new(Calls::of(&recording)));
    let router = router.layer(from_fn_with_state(transport, sockets_first)).layer(cors(Vec::new()));
    serve_simply(listener, tls, misprints, router, shutdown).await
}

/// The pages that are connected.
struct Stage {
    scripts: Vec<Arc<Script>>,
    /// How many connections there have been.
    opened: usize,
    speed: f64,
    pages: HashMap<Sid, Page>,
    /// What pages emitted before they were connected, which they may: nothing can be sent to them yet.
    early: HashMap<Sid, Vec<Emitted>>,
}

/// A page, and what it is still to hear.
struct Page {
    script: Arc<Script>,
    /// Which of the script's exchanges were used.
    used: Vec<bool>,
    /// Whether what comes unasked is under way.
    started: bool,
    /// What it is to hear goes here. Who tells it ends with this.
    due: mpsc::UnboundedSender<Due>,
}

/// Something that a page is to hear.
struct Due {
    at: Instant,
    heard: Heard,
    /// What it answers.
    answers: Option<(AckSender, Waiting)>,
}

impl Stage {
    async fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(job) = waiting.recv().await {
            match job {
                Job::Connected(client) => self.connected(&client),
                Job::Disconnected(client, _) => drop(self.pages.remove(&client.id())),
                Job::Emitted(emitted) => match self.pages.get_mut(&emitted.asked.client.id()) {
                    Some(page) => page.emitted(emitted, self.speed),
                    None => self.early.entry(emitted.asked.client.id()).or_default().push(emitted),
                },
                // The other jobs are the mock's own.
                Job::Incoming(_) | Job::Delivered(_) | Job::Call(_) => {}
            }
        }
    }

    fn connected(&mut self, client: &Client) {
        let early = self.early.remove(&client.id()).unwrap_or_default();
        let script = self.scripts.get(self.opened).or_else(|| self.scripts.last());
        let Some(script) = script.map(Arc::clone) else { return };
        self.opened += 1;
        let used = vec![false; script.exchanges.len()];
        let (due, waiting) = mpsc::unbounded_channel();
        tokio::spawn(tell(client.clone(), waiting));
        let mut page = Page { script, used, started: false, due };
        if page.script.starts_with.is_none() {
            page.start(Instant::now(), self.speed);
        }
        for emitted in early {
            page.emitted(emitted, self.speed);
        }
        self.pages.insert(client.id(), page);
    }
}

impl Page {
    /// From now on what comes unasked comes at its time.
    fn start(&mut self, now: Instant, speed: f64) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        for heard in &self.script.unasked {
            self.tell(now + heard.after.div_f64(speed), heard, None);
        }
    }

    fn emitted(&mut self, emitted: Emitted, speed: f64) {
        let Emitted { asked, ack, waiting } = emitted;
        let now = Instant::now();
        if self.script.starts_with.as_ref() == Some(&asked.event) {
            self.start(now, speed);
        }
        let payload = asked.payload.unwrap_or(Value::Null);
        let Some(index) = self.script.exchange(&asked.event, &payload, &self.used) else {
            tracing::warn!(event = asked.event, "the recording has no answer to this; the page gets none");
            return;
        };
        self.used[index] = true;
        if let Some(answer) = &self.script.exchanges[index].answer {
            self.tell(now + answer.after.div_f64(speed), answer, Some((ack, waiting)));
        }
    }

    fn tell(&self, at: Instant, heard: &Heard, answers: Option<(AckSender, Waiting)>) {
        // Who tells the page is there as long as it.
        self.due.send(Due { at, heard: heard.clone(), answers }).ok();
    }
}

/// Tells a page what is due, each at its time; of what is overdue, what was heard first comes first, as it was.
async fn tell(client: Client, mut waiting: mpsc::UnboundedReceiver<Due>) {
    let mut dues: BTreeMap<(Instant, usize), Vec<Due>> = BTreeMap::new();
    loop {
        let first = dues.first_key_value().map(|((at, _), _)| *at);
        tokio::select! {
            biased;
            due = waiting.recv() => match due {
                Some(due) => dues.entry((due.at, due.heard.place)).or_default().push(due),
                None => return,
            },
            () = sleep_until(first.unwrap_or_else(Instant::now)), if first.is_some() => {
                for Due { heard, answers, .. } in dues.pop_first().map(|(_, dues)| dues).unwrap_or_default() {
                    client.emit(&heard.event, &heard.args);
                    // A page that did not ask for an acknowledgement gets none, and one thing less of it waits now.
                    answers.map(|(ack, _waiting)| ack.send(&heard.args).ok());
                }
            }
        }
    }
}
