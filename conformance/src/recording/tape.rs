//! Recordings made by hand, for unit tests: a line for each thing that happens, a millisecond apart.
//!
//! What a test does not say is as in the built-in contract and as a correct backend would do it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use fixtures::webhooks::{MessageKind, ReceiptStatus};
use fixtures::{Contract, Role, Route};
use serde_json::{Map, Value, json};

use super::{
    ConsoleLines, Direction, Entry, FORMAT, Header, NONCE_START, Peer, Recording, Sent, Settings, TokenPlace, TokenUse,
    Transport, What,
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
        let (page, page_size) = pages;
        let asked = json!({"customer_type": customer_type, "page": page, "page_size": page_size});
        let pagination = json!({"page": page, "page_size": page_size, "total": chats.len(), "total_pages": 1});
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

    // Messages

    /// A text of the type's one customer, accepted.
    pub fn sends(&mut self, customer_type: &str, label: &str) -> &mut Self {
        self.sends_from("customer", customer_type, label)
    }

    /// A text of this customer's, accepted.
    pub fn sends_from(&mut self, customer: &str, customer_type: &str, label: &str) -> &mut Self {
        self.sends_kind(MessageKind::Text, customer, customer_type, label)
    }

    /// A message of this kind, accepted.
    pub fn sends_kind(&mut self, kind: MessageKind, customer: &str, customer_type: &str, label: &str) -> &mut Self {
        let sent = self.compose(kind, customer, customer_type, label);
        self.trigger(vec![sent])
    }

    /// An earlier message once more, byte for byte.
    pub fn redelivers(&mut self, label: &str, again: &str) -> &mut Self {
        let sent = Sent { label: again.into(), ..self.sent(label).clone() };
        self.trigger(vec![sent])
    }

    /// A message that the backend does not take.
    pub fn sends_in_vain(&mut self, customer_type: &str, label: &str, reason: &str) -> &mut Self {
        let sent = self.compose(MessageKind::Text, "customer", customer_type, label);
        let trigger = u32::try_from(self.sent.len()).unwrap();
        self.sent.push(sent.clone());
        self.happens(What::Sending { trigger, messages: vec![sent] }).happens(What::NotAccepted {
            trigger,
            reason: reason.to_owned(),
            throttled: false,
        })
    }

    fn compose(&mut self, kind: MessageKind, customer: &str, customer_type: &str, label: &str) -> Sent {
        let key = (customer.to_owned(), customer_type.to_owned());
        let place = self.customers.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.customers.push(key);
            self.customers.len() - 1
        });
        let nonce = format!("{NONCE_START}nonce{:05}", self.sent.len());
        Sent {
            label: label.into(),
            customer_type: customer_type.to_owned(),
            number: format!("1555010{place:04}"),
            name: "Conformance Check".to_owned(),
            message: kind,
            text: kind.carries_text().then(|| format!("{nonce} hello")),
            id: format!("wamid.{nonce}"),
            timestamp: self.header.started.as_second(),
            nonce,
        }
    }

    fn trigger(&mut self, messages: Vec<Sent>) -> &mut Self {
        let trigger = u32::try_from(self.sent.len()).unwrap();
        self.sent.extend(messages.iter().cloned());
        self.happens(What::Sending { trigger, messages }).happens(What::Accepted {
            trigger,
            request: "POST /api/chats/whatsapp_chat/15550100101".to_owned(),
            status: Some(200),
            took: Duration::from_millis(1),
            throttled: Duration::ZERO,
        })
    }

    /// All four receipts, accepted.
    pub fn receipts(&mut self, customer_type: &str) -> &mut Self {
        for status in ReceiptStatus::ALL {
            self.happens(What::Receipt { customer_type: customer_type.to_owned(), status, refused: None });
        }
        self
    }

    fn sent(&self, label: &str) -> &Sent {
        self.sent.iter().find(|sent| &*sent.label == label).unwrap_or_else(|| panic!("{label} was never sent"))
    }

    /// The chat summary after this message.
    pub fn summary(&self, label: &str) -> Value {
        let sent = self.sent(label);
        let mut nonces: Vec<&str> = Vec::new();
        for other in self.sent.iter().filter(|other| other.number == sent.number) {
            if !nonces.contains(&&*other.nonce) {
                nonces.push(&other.nonce);
            }
        }
        let unread = nonces.iter().position(|nonce| *nonce == sent.nonce).map(|index| index + 1);
        let mut summary = Map::new();
        for (role, key) in &self.contract().roles {
            let value = match role {
                Role::Identity => json!(format!("chat-{}", sent.number)),
                Role::Type => json!(sent.customer_type),
                Role::Text => json!(sent.text.as_deref().unwrap_or("[medium]")),
                Role::Time => json!((self.header.started + self.now).to_string()),
                Role::Unread => json!(unread),
                Role::Number => json!(sent.number),
                Role::Name => json!(sent.name),
                Role::Status => json!("active"),
                Role::LastBy => json!("Customer"),
            };
            summary.insert(key.clone(), value);
        }
        Value::Object(summary)
    }

    /// An actor hears the broadcast of a message.
    pub fn told(&mut self, actor: &str, label: &str) -> &mut Self {
        self.told_with(actor, label, |_| ())
    }

    /// Each of them hears the broadcast of a message.
    pub fn told_all(&mut self, actors: &[&str], label: &str) -> &mut Self {
        for actor in actors {
            self.told(actor, label);
        }
        self
    }

    /// An actor hears the broadcast of a message with its payload changed.
    pub fn told_with(&mut self, actor: &str, label: &str, change: impl FnOnce(&mut Map<String, Value>)) -> &mut Self {
        let event = self.route(&self.sent(label).customer_type).event;
        let mut summary = self.summary(label);
        change(summary.as_object_mut().unwrap());
        self.hears(actor, &event, vec![summary])
    }

    /// An actor hears the broadcast of a message under another name.
    pub fn told_as(&mut self, actor: &str, label: &str, event: &str) -> &mut Self {
        let summary = self.summary(label);
        self.hears(actor, event, vec![summary])
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
