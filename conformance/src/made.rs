//! Recordings made by hand, for the checks' own tests: each call writes what a stage would have written, a millisecond
//! after the one before.

use std::sync::Arc;
use std::time::Duration;

use fixtures::Contract;
use fixtures::webhooks::MessageKind;
use serde_json::{Value, json};

use crate::checks;
use crate::recording::{
    Direction, Entry, FORMAT, Header, Peer, Recording, Sent, Settings, TokenPlace, TokenUse, Transport, What,
};
use crate::verdict::{Outcome, Verdict};

/// A recording in the making, of the scenario that one check reads.
pub(crate) struct Made {
    check: &'static checks::Check,
    contract: Contract,
    lacks: Vec<String>,
    now: Duration,
    entries: Vec<(Option<Peer>, Duration, What)>,
    sent: Vec<Sent>,
    triggers: u32,
    fences: u32,
}

impl Made {
    /// A recording for the check with this id.
    pub(crate) fn for_check(id: &str) -> Self {
        Self {
            check: checks::find(id).unwrap(),
            contract: Contract::room_updates(),
            lacks: Vec::new(),
            now: Duration::ZERO,
            entries: vec![(None, Duration::ZERO, What::Began)],
            sent: Vec::new(),
            triggers: 0,
            fences: 0,
        }
    }

    /// The target lacks this.
    pub(crate) fn lacking(&mut self, capability: &str) -> &mut Self {
        self.lacks.push(capability.to_owned());
        self
    }

    /// So many milliseconds pass.
    pub(crate) fn after(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self
    }

    /// Anything, without a socket.
    pub(crate) fn what(&mut self, what: What) -> &mut Self {
        self.after(1);
        self.entries.push((None, self.now, what));
        self
    }

    /// Anything that a socket did or saw.
    pub(crate) fn by(&mut self, actor: &str, what: What) -> &mut Self {
        let opens = matches!(what, What::Opening { .. });
        let latest =
            self.entries.iter().rev().find_map(|(peer, ..)| peer.as_ref().filter(|peer| &*peer.actor == actor));
        let connection = latest.map_or(0, |peer| peer.connection) + u32::from(opens);
        let peer = Peer { actor: Arc::from(actor), connection };
        self.after(1);
        self.entries.push((Some(peer), self.now, what));
        self
    }

    /// A connection with a heartbeat of 1 s and 500 ms.
    pub(crate) fn opened(&mut self, actor: &str) -> &mut Self {
        let transport = if actor.ends_with("/polling") { Transport::Polling } else { Transport::Websocket };
        let handshake =
            json!({"sid": "****", "upgrades": [], "pingInterval": 1000, "pingTimeout": 500, "maxPayload": 100});
        self.by(actor, What::Opening { transport, token: TokenUse::Good, place: TokenPlace::Auth })
            .by(actor, What::Opened { handshake })
            .by(actor, What::Connected)
    }

    /// A frame that is no event.
    pub(crate) fn frame(&mut self, actor: &str, dir: Direction, text: &str) -> &mut Self {
        self.by(actor, What::Frame { dir, text: text.to_owned() })
    }

    /// An event that came or went.
    pub(crate) fn event(&mut self, actor: &str, dir: Direction, event: &str, arg: Value) -> &mut Self {
        self.by(actor, What::Event { dir, event: event.to_owned(), args: vec![arg] })
    }

    /// A join of the type's room, acknowledged.
    pub(crate) fn joined(&mut self, actor: &str, customer_type: &str) -> &mut Self {
        let room = self.contract.route(customer_type).unwrap().room.clone();
        self.event(actor, Direction::Out, "join_room", json!({ "room": room })).event(
            actor,
            Direction::In,
            "join_room_response",
            json!({"status": 1, "room": room}),
        )
    }

    /// The type's observer, in the type's room.
    pub(crate) fn observer(&mut self, customer_type: &str) -> &mut Self {
        let member = format!("member/{customer_type}");
        self.opened(&member).joined(&member, customer_type)
    }

    /// A message about to be sent.
    pub(crate) fn sending(&mut self, customer_type: &str, label: &str) -> &mut Self {
        self.triggers += 1;
        let trigger = self.triggers;
        let nonce = format!("~{trigger:010}");
        let sent = Sent {
            label: Arc::from(label),
            text: Some(format!("{nonce} words")),
            nonce,
            customer_type: customer_type.to_owned(),
            number: format!("1555010{trigger:04}"),
            name: "Conformance Check".to_owned(),
            message: MessageKind::Text,
            id: format!("wamid.{trigger}"),
            timestamp: 1_800_000_000,
        };
        self.sent.push(sent.clone());
        self.what(What::Sending { trigger, messages: vec![sent] })
    }

    /// The message sent last was accepted.
    pub(crate) fn accepted(&mut self) -> &mut Self {
        self.accepted_in(1)
    }

    /// The message sent last was accepted after so many milliseconds.
    pub(crate) fn accepted_in(&mut self, millis: u64) -> &mut Self {
        let (trigger, took) = (self.triggers, Duration::from_millis(millis));
        let request = "POST /webhook".to_owned();
        self.what(What::Accepted { trigger, request, status: Some(200), took, throttled: Duration::ZERO })
    }

    /// The message sent last was not accepted.
    pub(crate) fn not_accepted(&mut self) -> &mut Self {
        let reason = "connection refused".to_owned();
        self.what(What::NotAccepted { trigger: self.triggers, reason, throttled: false })
    }

    /// A message, sent and accepted.
    pub(crate) fn message(&mut self, customer_type: &str, label: &str) -> &mut Self {
        self.sending(customer_type, label).accepted()
    }

    /// The socket hears the message of this label as its type's event, a chat of the number's own.
    pub(crate) fn heard(&mut self, actor: &str, label: &str) -> &mut Self {
        self.heard_with(actor, label, json!({}))
    }

    /// As [`Made::heard`], with other values in the payload.
    pub(crate) fn heard_with(&mut self, actor: &str, label: &str, changes: Value) -> &mut Self {
        let sent = self.sent.iter().find(|sent| &*sent.label == label).unwrap().clone();
        let event = self.contract.route(&sent.customer_type).unwrap().event.clone();
        let mut payload = json!({
            "chat_id": format!("chat of {}", sent.number), "customer_name": sent.name, "customer_type": sent.customer_type,
            "last_message": sent.text, "unread_count": 1,
        });
        for (key, value) in changes.as_object().unwrap() {
            payload[key] = value.clone();
        }
        self.event(actor, Direction::In, &event, payload)
    }

    /// The socket is fenced and watched.
    pub(crate) fn fenced(&mut self, actor: &str) -> &mut Self {
        let own = |entry: &&(Option<Peer>, Duration, What)| {
            entry.0.as_ref().is_some_and(|peer| &*peer.actor == actor) && matches!(entry.2, What::FenceSent { .. })
        };
        self.fences = u32::try_from(self.entries.iter().filter(own).count()).unwrap();
        let fence = self.fences;
        self.by(actor, What::FenceSent { fence })
            .by(actor, What::FenceBack { fence })
            .by(actor, What::Quiet { window: Duration::from_millis(20) })
    }

    /// The server ends the connection.
    pub(crate) fn dropped(&mut self, actor: &str) -> &mut Self {
        self.by(actor, What::Closed { by_us: false, detail: "closed by the server".to_owned() })
    }

    /// The suite ends the connection.
    pub(crate) fn closed(&mut self, actor: &str) -> &mut Self {
        self.by(actor, What::Closed { by_us: true, detail: "closed by us".to_owned() })
    }

    /// A probe that was answered.
    pub(crate) fn probe(&mut self, name: &str, status: u16, headers: &[(&str, &str)], body: &str) -> &mut Self {
        self.what(What::Probed {
            probe: Arc::from(name),
            request: "GET /ws/ from https://page.example".to_owned(),
            status,
            took: Duration::from_millis(1),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.to_owned(),
        })
    }

    /// Something could not be tried.
    pub(crate) fn skipped(&mut self, what: &str, reason: &str) -> &mut Self {
        self.what(What::Skipped { what: what.to_owned(), reason: reason.to_owned() })
    }

    /// The verdicts of the check, after the scenario's end.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let scenario: Arc<str> = Arc::from(self.check.scenario.name);
        let end = (None, self.now + Duration::from_millis(1), What::Ended { error: None });
        let entry = |(peer, at, what): &(Option<Peer>, Duration, What)| {
            let entry =
                Entry { at: *at, scenario: Arc::clone(&scenario), peer: peer.clone(), port: None, what: what.clone() };
            Arc::new(entry)
        };
        let settings =
            Settings { delivery: Duration::from_secs(2), skew: Duration::from_secs(60), lacks: self.lacks.clone() };
        let header = Header {
            recording: FORMAT,
            suite: "made by hand".to_owned(),
            target: "http://127.0.0.1:1".to_owned(),
            started: jiff::Timestamp::UNIX_EPOCH,
            contract: self.contract.clone(),
            settings,
        };
        let recording = Recording { header, entries: self.entries.iter().chain([&end]).map(entry).collect() };
        self.check.judge_recording(&recording)
    }

    /// How the check ended for Partner, or for the conversation as a whole.
    pub(crate) fn outcome(&self) -> Outcome {
        let concerned = |verdict: &Verdict| verdict.subject.as_deref().is_none_or(|subject| subject == "Partner");
        self.verdicts().into_iter().find(concerned).unwrap().outcome
    }

    /// That it passed, with so many observations.
    pub(crate) fn passes_with(&self, observations: usize) {
        assert_eq!(self.outcome(), Outcome::Passed { observations });
    }

    /// That it is violated, and says this of what was observed.
    pub(crate) fn is_violated_by(&self, observed: &str) {
        let outcome = self.outcome();
        let Outcome::Violated { finding } = &outcome else { panic!("{outcome:?}") };
        assert!(finding.observed.contains(observed), "{finding:#?}");
        assert!(!finding.expected.is_empty() && !finding.evidence.is_empty(), "{finding:#?}");
    }

    /// That it could not be tested, for a reason that says this.
    pub(crate) fn is_not_tested_as(&self, why: &str) {
        let outcome = self.outcome();
        let Outcome::NotTested { reason, .. } = &outcome else { panic!("{outcome:?}") };
        assert!(reason.contains(why), "{reason}");
    }
}
