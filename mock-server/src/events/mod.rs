//! What clients may emit: one file per event, each a function from a request to an answer.
//!
//! A handler changes the state and broadcasts; its answer is sent here. It is chosen by the contract's name for what
//! it does, so that a contract with other names, or without some of the requests, needs no other code.

pub(crate) mod add_note;
mod apply_tag;
mod config;
mod fetch_all_chats;
mod fetch_chats_by_user;
pub(crate) mod get_dashboard_stats;
mod join_chat;
mod join_room;
pub(crate) mod leave_chat;
mod leave_room;
mod new_chat;
mod reassign_chat;
mod request;
mod search_chat;
mod send_message;
pub(crate) mod set_executive_status;
mod typing;
mod update_chat_status;

use std::collections::HashMap;

use fixtures::{Contract, Exchange};
use serde_json::{Value, json};
use socketioxide::extract::AckSender;

use crate::backend::Backend;
use crate::client::Client;
use crate::faults::Flow;
use crate::outgoing::Answer;
use crate::provider::Outbound;
use crate::transport::Waiting;

pub(crate) use request::Refusal;
use request::Request;

/// What a client asks for.
pub(crate) struct Asked {
    /// Who.
    pub client: Client,
    /// The event's name.
    pub event: String,
    /// Its first argument, null where there is none; `None` where it is not JSON.
    pub payload: Option<Value>,
}

impl Asked {
    /// Whether this is what it asks for.
    pub(crate) fn is(&self, exchange: &Exchange) -> bool {
        self.event == exchange.request
    }

    /// The same, for a request that a contract may leave out.
    pub(crate) fn is_one(&self, exchange: Option<&Exchange>) -> bool {
        exchange.is_some_and(|exchange| self.is(exchange))
    }

    /// The `room` that it names, if that is a text.
    pub(crate) fn room(&self) -> Option<&str> {
        self.payload.as_ref()?.get("room")?.as_str()
    }
}

/// Something that a client has emitted.
pub(crate) struct Emitted {
    /// What it asks for.
    pub asked: Asked,
    /// Answers a Socket.IO acknowledgement, where one was asked for.
    pub ack: AckSender,
    /// It counts as waiting until this is dropped.
    pub waiting: Waiting,
}

/// What comes of a request.
enum Reply {
    /// This answer.
    Now(Value),
    /// An answer when the provider has taken this message, or has not.
    AfterDelivery(Outbound),
}

type Handler = fn(&mut Backend, &Request<'_>) -> Result<Reply, Refusal>;

/// Whom to answer, and by which event.
pub(crate) struct ReplyTo {
    asked: Asked,
    event: Option<String>,
    ack: AckSender,
}

impl ReplyTo {
    /// Sends the answer.
    pub(crate) fn answer(self, backend: &mut Backend, payload: Value) {
        let mut answers = vec![Answer { event: self.event, payload, to_everybody: false }];
        backend.faults.answer(&mut answers, &self.asked, &backend.contract);
        backend.outgoing.answer(&self.asked.client, self.ack, answers);
    }

    /// Answers what became of a message: its id, or why it was not sent.
    fn answer_sent(self, backend: &mut Backend, sent: Result<String, Refusal>) {
        let answer = sent.map_or_else(|refusal| refusal.to_json(), |id| json!({"status": 1, "message_id": id}));
        self.answer(backend, answer);
    }
}

/// The requests that no contract renames: they are there where the contract has an event of that name. Each with the
/// event that answers it; nobody waits for an answer to `typing`.
const OTHERS: [(&str, Option<&str>, Handler); 9] = [
    ("get_dashboard_stats", Some(get_dashboard_stats::ANSWER), get_dashboard_stats::handle),
    ("config", Some("config_response"), config::handle),
    ("new_chat", Some("new_chat_response"), new_chat::handle),
    // What an in-app customer's page calls the same thing.
    ("join_chat_customer", Some("join_chat_customer_response"), join_chat::handle),
    ("set_executive_status", Some("set_executive_status_response"), set_executive_status::handle),
    ("apply_tag", Some("apply_tag_response"), apply_tag::handle),
    ("reassign_chat", Some("reassign_chat_response"), reassign_chat::handle),
    ("add_note", Some("add_note_response"), add_note::handle),
    ("typing", None, typing::handle),
];

/// Whether the contract has an event of this name, outside the routing table.
pub(crate) fn has_event(contract: &Contract, name: &str) -> bool {
    contract.other_events.iter().any(|event| event == name)
}

/// The requests, by name.
pub(crate) struct Events {
    by_name: HashMap<String, (Handler, Option<String>)>,
}

impl Events {
    /// The requests that this contract has.
    pub(crate) fn of(contract: &Contract) -> Self {
        let exchanges: [(Option<&Exchange>, Handler); 9] = [
            (Some(&contract.join), join_room::handle),
            (contract.leave.as_ref(), leave_room::handle),
            (contract.list.as_ref(), fetch_all_chats::handle),
            (contract.search.as_ref(), search_chat::handle),
            (contract.history.as_ref(), fetch_chats_by_user::handle),
            (contract.send.as_ref(), send_message::handle),
            (contract.update_status.as_ref(), update_chat_status::handle),
            (contract.join_chat.as_ref(), join_chat::handle),
            (contract.leave_chat.as_ref(), leave_chat::handle),
        ];
        let by_name = exchanges.into_iter().filter_map(|(exchange, handler)| {
            exchange.map(|exchange| (exchange.request.clone(), (handler, exchange.answer.clone())))
        });
        let others = OTHERS.iter().filter(|(name, ..)| has_event(contract, name));
        let others = others.map(|(name, answer, handler)| ((*name).to_owned(), (*handler, answer.map(str::to_owned))));
        // The names that the contract gives a meaning to win.
        Self { by_name: others.chain(by_name).collect() }
    }

    /// Does what a client asks for, and answers it.
    pub(crate) fn dispatch(&self, backend: &mut Backend, emitted: Emitted) {
        let Emitted { mut asked, ack, waiting: _waiting } = emitted;
        backend.note(&asked);
        match backend.faults.request(&mut asked, &mut backend.outgoing, &backend.contract) {
            Flow::On => {}
            Flow::Drop => return,
            Flow::CutOff => return asked.client.cut_off("a fault"),
        }
        let (reply, answer) = match self.by_name.get(&asked.event) {
            Some((handler, answer)) => {
                let request = Request { client: &asked.client, payload: asked.payload.as_ref() };
                (handler(backend, &request), answer.clone())
            }
            // Nobody listens for an answer to it, unless by acknowledgement.
            None => (Err(Refusal::new("unknown event")), None),
        };
        let to = ReplyTo { asked, event: answer, ack };
        match reply {
            Ok(Reply::Now(answer)) => to.answer(backend, answer),
            Ok(Reply::AfterDelivery(message)) => match &mut backend.provider {
                Some(provider) => provider.deliver(message, Box::new(|backend, sent| to.answer_sent(backend, sent))),
                None => to.answer(backend, Refusal::new("no provider to send by").to_json()),
            },
            Err(refusal) => to.answer(backend, refusal.to_json()),
        }
    }
}
