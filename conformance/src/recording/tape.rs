//! Recordings made by hand, for unit tests: a line for each thing that happens, a millisecond apart.
//!
//! What a test does not say is as in the built-in contract and as a correct backend would do it.

mod messages;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use fixtures::{Contract, Route};
use serde_json::{Value, json};

use super::{
    ConsoleLines, Direction, Entry, FORMAT, Header, Peer, Recording, Sent, Settings, TokenPlace, TokenUse, Transport,
    What,
};
use crate::scenarios::Blueprint;
use crate::verdict::{Outcome, Verdict};

/// A recording in the making, of one scenario.
pub struct Tape {
    header: Header,
    scenario: Arc<str>,
    now: Duration,
    entries: Vec<Arc<Entry>>,
    connections: HashMap<String, u32>,
    fences: HashMap<Peer, u32>,
    sent: Vec<Sent>,
    customers: Vec<(String, String)>,
}

impl Tape {
    /// The beginning of a scenario, judged by the built-in contract.
    pub fn of(blueprint: &Blueprint) -> Self {
        Self::under(Contract::room_updates(), blueprint.name)
    }

    /// The beginning of a scenario, judged by this contract.
    pub fn under(contract: Contract, scenario: &str) -> Self {
        let settings = Settings {
            delivery: Duration::from_secs(2),
            skew: Duration::from_secs(60),
            lacks: Vec::new(),
            lacks_because: BTreeMap::new(),
            console: None,
        };
        let header = Header {
            recording: FORMAT,
            suite: "0.0.0".to_owned(),
            target: "http://backend.example".to_owned(),
            started: "2026-02-24T10:30:00Z".parse().unwrap(),
            contract,
            settings,
        };
        let mut tape = Self {
            header,
            scenario: scenario.into(),
            now: Duration::ZERO,
            entries: Vec::new(),
            connections: HashMap::new(),
            fences: HashMap::new(),
            sent: Vec::new(),
            customers: Vec::new(),
        };
        tape.write(None, What::Began);
        tape
    }

    /// The target is said to lack this.
    pub fn lacking(&mut self, capability: &str) -> &mut Self {
        self.header.settings.lacks.push(capability.to_owned());
        self
    }

    /// A page's console is to say what the deployed dashboard's says.
    pub fn with_console(&mut self) -> &mut Self {
        self.header.settings.console = Some(ConsoleLines {
            joining: "[Socket] emitting join_room: {room}".to_owned(),
            joined: "[Socket] join_room_response: {answer}".to_owned(),
            updated: "[Socket] {event} received: {chat_id} {type}".to_owned(),
        });
        self
    }

    /// Nothing happens for a while.
    pub fn wait(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self
    }

    /// Anything, by nobody in particular.
    pub fn happens(&mut self, what: What) -> &mut Self {
        self.write(None, what)
    }

    /// Anything, on an actor's latest connection.
    pub fn at(&mut self, actor: &str, what: What) -> &mut Self {
        let peer = self.peer(actor);
        self.write(Some(peer), what)
    }

    /// Anything, at a page itself.
    pub fn page(&mut self, page: &str, what: What) -> &mut Self {
        self.write(Some(Peer { actor: page.into(), connection: 0 }), what)
    }

    fn write(&mut self, peer: Option<Peer>, what: What) -> &mut Self {
        self.now += Duration::from_millis(1);
        let port = peer.is_some().then_some(40_000);
        let entry = Entry { at: self.now, scenario: Arc::clone(&self.scenario), peer, port, what };
        self.entries.push(Arc::new(entry));
        self
    }

    fn peer(&self, actor: &str) -> Peer {
        let connection = self.connections.get(actor).copied().unwrap_or_else(|| panic!("{actor} was never opened"));
        Peer { actor: actor.into(), connection }
    }

    fn contract(&self) -> &Contract {
        &self.header.contract
    }

    fn route(&self, customer_type: &str) -> Route {
        self.contract().route(customer_type).unwrap_or_else(|| panic!("no route for {customer_type}")).clone()
    }

    // Connections

    /// A connection is begun, and not answered yet.
    pub fn opening(&mut self, actor: &str, transport: Transport, token: TokenUse, place: TokenPlace) -> &mut Self {
        *self.connections.entry(actor.to_owned()).or_default() += 1;
        self.at(actor, What::Opening { transport, token, place })
    }

    /// A connection is begun and its handshake answered.
    pub fn shakes_hands(&mut self, actor: &str, transport: Transport, token: TokenUse, place: TokenPlace) -> &mut Self {
        let handshake = json!({"sid": "********", "upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000,
            "maxPayload": 1_000_000});
        self.opening(actor, transport, token, place).at(actor, What::Opened { handshake })
    }

    /// A good connection by this transport.
    pub fn opens_by(&mut self, actor: &str, transport: Transport) -> &mut Self {
        self.shakes_hands(actor, transport, TokenUse::Good, TokenPlace::Auth).at(actor, What::Connected)
    }

    /// A good connection.
    pub fn opens(&mut self, actor: &str) -> &mut Self {
        self.opens_by(actor, Transport::Websocket)
    }

    /// A connection that is refused with CONNECT_ERROR.
    pub fn is_refused(&mut self, actor: &str, token: TokenUse) -> &mut Self {
        self.shakes_hands(actor, Transport::Websocket, token, TokenPlace::Auth)
            .at(actor, What::ConnectError { data: json!({"message": "no good token"}) })
    }

    /// The connection ends, by us or by the server.
    pub fn closes(&mut self, actor: &str, by_us: bool) -> &mut Self {
        self.at(actor, What::Closed { by_us, detail: "the connection was closed".to_owned() })
    }

    // Events

    /// Emits an event.
    pub fn emits(&mut self, actor: &str, event: &str, args: Vec<Value>) -> &mut Self {
        self.at(actor, What::Event { dir: Direction::Out, event: event.to_owned(), args })
    }

    /// Receives an event.
    pub fn hears(&mut self, actor: &str, event: &str, args: Vec<Value>) -> &mut Self {
        self.at(actor, What::Event { dir: Direction::In, event: event.to_owned(), args })
    }

    /// Asks to join.
    pub fn asks_to_join(&mut self, actor: &str, room: &str) -> &mut Self {
        let request = self.contract().join.request.clone();
        self.emits(actor, &request, vec![json!({ "room": room })])
    }

    /// The answer to a request to join.
    pub fn is_told(&mut self, actor: &str, answer: Value) -> &mut Self {
        let event = self.contract().join.answer.clone().unwrap_or_default();
        self.hears(actor, &event, vec![answer])
    }

    /// Joins, and is acknowledged.
    pub fn joins(&mut self, actor: &str, room: &str) -> &mut Self {
        self.asks_to_join(actor, room).is_told(actor, json!({"status": 1, "room": room}))
    }

    /// Asks to leave.
    pub fn asks_to_leave(&mut self, actor: &str, room: &str) -> &mut Self {
        let request = self.contract().leave.as_ref().map(|leave| leave.request.clone()).unwrap_or_default();
        self.emits(actor, &request, vec![json!({ "room": room })])
    }

    /// Leaves, and is acknowledged.
    pub fn leaves(&mut self, actor: &str, room: &str) -> &mut Self {
        let answer = self.contract().leave.as_ref().and_then(|leave| leave.answer.clone()).unwrap_or_default();
        self.asks_to_leave(actor, room).hears(actor, &answer, vec![json!({"status": 1, "room": room})])
    }

    /// Opens and joins the type's room.
    pub fn member(&mut self, actor: &str, customer_type: &str) -> &mut Self {
        let room = self.route(customer_type).room;
        self.opens(actor).joins(actor, &room)
    }

    /// Asks for the chat list and is answered with these chats.
    pub fn lists(&mut self, actor: &str, customer_type: &str, pages: (u32, u32), chats: Vec<Value>) -> &mut Self {
        let total = chats.len();
        self.lists_of(total, actor, customer_type, pages, chats)
    }

    /// The same, of a list of so many chats.
    pub fn lists_of(
        &mut self,
        total: usize,
        actor: &str,
        customer_type: &str,
        pages: (u32, u32),
        chats: Vec<Value>,
    ) -> &mut Self {
        let (page, page_size) = pages;
        let asked = json!({"customer_type": customer_type, "page": page, "page_size": page_size});
        let pagination = json!({"page": page, "page_size": page_size, "total": total, "total_pages": 1});
        self.emits(actor, "fetch_all_chats", vec![asked]).hears(
            actor,
            "fetch_all_chats_response",
            vec![json!({"status": 1, "chats": chats, "pagination": pagination})],
        )
    }

    /// A fence and a quiet window for each of them.
    pub fn settles(&mut self, actors: &[&str]) -> &mut Self {
        for actor in actors {
            let count = self.fences.entry(self.peer(actor)).or_default();
            let fence = *count;
            *count += 1;
            self.at(actor, What::FenceSent { fence }).at(actor, What::FenceBack { fence });
        }
        for actor in actors {
            self.at(actor, What::Quiet { window: Duration::from_millis(20) });
        }
        self
    }

    // Requests

    /// A probe, or an odd webhook call, is answered.
    pub fn is_answered(&mut self, probe: &str, status: u16, headers: &[(&str, &str)], body: &str) -> &mut Self {
        self.happens(What::Probed {
            probe: probe.into(),
            request: "GET http://backend.example/ws/ from https://page.example".to_owned(),
            status,
            took: Duration::from_millis(1),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.to_owned(),
        })
    }

    /// A probe, or an odd webhook call, is not answered in time.
    pub fn is_not_answered(&mut self, probe: &str) -> &mut Self {
        self.happens(What::ProbeFailed {
            probe: probe.into(),
            request: "GET http://backend.example/ws/".to_owned(),
            reason: "no complete answer within 2s".to_owned(),
            timed_out: true,
        })
    }

    /// The stage could not try something.
    pub fn skips(&mut self, what: &str, reason: &str) -> &mut Self {
        self.happens(What::Skipped { what: what.to_owned(), reason: reason.to_owned() })
    }

    // Judging

    /// The recording as it is, without the scenario's end.
    pub fn interrupted(&self) -> Recording {
        Recording { header: self.header.clone(), entries: self.entries.clone() }
    }

    /// The recording with the scenario's end.
    pub fn ended(&self) -> Recording {
        let mut recording = self.interrupted();
        recording.entries.push(Arc::new(Entry {
            at: self.now + Duration::from_millis(1),
            scenario: Arc::clone(&self.scenario),
            peer: None,
            port: None,
            what: What::Ended { error: None },
        }));
        recording
    }

    /// The outcome of the verdict with this name: `broadcast.delivered [Partner]`.
    #[track_caller]
    fn outcome(&self, name: &str) -> Outcome {
        let id = name.split(' ').next().unwrap_or(name);
        let check = crate::checks::find(id).unwrap_or_else(|| panic!("there is no check {id}"));
        assert_eq!(check.scenario.name, &*self.scenario, "{id} reads another scenario");
        let verdicts: Vec<Verdict> = check.judge_recording(&self.ended());
        let verdict = verdicts.into_iter().find(|verdict| verdict.name() == name);
        verdict.unwrap_or_else(|| panic!("there is no verdict {name}")).outcome
    }

    /// Asserts that the verdict is green.
    #[track_caller]
    pub fn passes(&self, name: &str) {
        let outcome = self.outcome(name);
        assert!(matches!(outcome, Outcome::Passed { .. }), "{name}: {outcome:?}");
    }

    /// Asserts that the verdict is a violation, and that these words stand in what was observed.
    #[track_caller]
    pub fn violates(&self, name: &str, observed: &str) {
        match self.outcome(name) {
            Outcome::Violated { finding } if finding.observed.contains(observed) => {}
            outcome => panic!("{name}: expected a violation with {observed:?}, got {outcome:?}"),
        }
    }

    /// Asserts that the verdict could not be had, and which requirement explains it.
    #[track_caller]
    pub fn leaves_open<'a>(&self, name: &str, because: impl Into<Option<&'a str>>) {
        match (self.outcome(name), because.into()) {
            (Outcome::NotTested { because, .. }, expected) if because == expected => {}
            (outcome, expected) => panic!("{name}: expected it not tested because of {expected:?}, got {outcome:?}"),
        }
    }
}
