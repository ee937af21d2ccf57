//! What one connection of a recording heard: what it was answered, and what came unasked.

use std::collections::HashMap;
use std::time::Duration;

use fixtures::Contract;
use fixtures::recording::{Direction, Peer, Recording, What};
use serde::ser::{Serialize, SerializeTuple, Serializer};
use serde_json::Value;

/// An event's arguments, of which there may be any number.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Args(Vec<Value>);

/// As a tuple: socketioxide takes a list for one argument.
impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|arg| tuple.serialize_element(arg))?;
        tuple.end()
    }
}

/// A connection's part.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// What it asked, in its order, each with its answer.
    pub exchanges: Vec<Exchange>,
    /// What came unasked, in the order of time.
    pub unasked: Vec<Heard>,
    /// The request from which its times are counted, where there was one; else from when it was connected.
    pub starts_with: Option<String>,
    /// From when they are counted.
    start: Duration,
    /// How many events it heard.
    heard: usize,
}

/// An event that a connection heard.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// After how long.
    pub after: Duration,
    /// How many came before it.
    pub place: usize,
    pub event: String,
    pub args: Args,
}

/// A request and its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    event: String,
    /// Its first argument.
    payload: Value,
    at: Duration,
    /// None where none came.
    pub answer: Option<Heard>,
}

impl Script {
    /// All connections that got as far as the namespace, in the order of opening.
    pub(super) fn all(recording: &Recording) -> Vec<Self> {
        let contract = &recording.header.contract;
        let mut scripts: Vec<Self> = Vec::new();
        let mut places: HashMap<(&str, &Peer), usize> = HashMap::new();
        for entry in &recording.entries {
            let Some(peer) = &entry.peer else { continue };
            let key = (&*entry.scenario, peer);
            match &entry.what {
                What::Connected => {
                    places.insert(key, scripts.len());
                    scripts.push(Self { start: entry.at, ..Self::default() });
                }
                What::Event { dir, event, args } => {
                    let Some(script) = places.get(&key).and_then(|index| scripts.get_mut(*index)) else { continue };
                    match dir {
                        Direction::Out => {
                            script.asked(contract, entry.at, event, args.first().cloned().unwrap_or_default());
                        }
                        Direction::In => script.heard(contract, entry.at, event, Args(args.clone())),
                    }
                }
                _ => {}
            }
        }
        scripts
    }

    fn asked(&mut self, contract: &Contract, at: Duration, event: &str, payload: Value) {
        if event == contract.join.request && self.starts_with.is_none() {
            self.starts_with = Some(event.to_owned());
            self.start = at;
        }
        self.exchanges.push(Exchange { event: event.to_owned(), payload, at, answer: None });
    }

    /// It answers the first request that is not answered yet and may be answered so, or else comes unasked.
    fn heard(&mut self, contract: &Contract, at: Duration, event: &str, args: Args) {
        let open = |exchange: &&mut Exchange| exchange.answer.is_none() && answers(contract, &exchange.event, event);
        let heard = |since: Duration| Heard {
            after: at.saturating_sub(since),
            place: self.heard,
            event: event.to_owned(),
            args,
        };
        match self.exchanges.iter_mut().find(open) {
            Some(exchange) => exchange.answer = Some(heard(exchange.at)),
            None => self.unasked.push(heard(self.start)),
        }
        self.heard += 1;
    }

    /// The exchange that fits a request best: one that was not used and says the same, one that was not used, one that
    /// says the same, the last of that name.
    pub(super) fn exchange(&self, event: &str, payload: &Value, used: &[bool]) -> Option<usize> {
        let named = self.exchanges.iter().enumerate().filter(|(_, exchange)| exchange.event == event);
        let fit = |(index, exchange): &(usize, &Exchange)| {
            let (is_new, says_the_same) = (!used[*index], exchange.payload == *payload);
            // Of those that were not used the first, of the others the last.
            let place = if is_new { -(*index as i64) } else { *index as i64 };
            (is_new && says_the_same, is_new, says_the_same, place)
        };
        named.max_by_key(fit).map(|(index, _)| index)
    }
}

/// Whether an event answers a request: as the contract has it, or by its name.
fn answers(contract: &Contract, request: &str, event: &str) -> bool {
    let Contract { join, leave, list, search, history, send, update_status, join_chat, leave_chat, .. } = contract;
    let others = [leave, list, search, history, send, update_status, join_chat, leave_chat];
    let declared = others.into_iter().flatten().chain([join]).find(|exchange| exchange.request == request);
    match declared.and_then(|exchange| exchange.answer.as_deref()) {
        Some(answer) => answer == event,
        None => event.strip_prefix(request) == Some("_response"),
    }
}
