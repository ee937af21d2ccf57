//! What clients may emit: one file per event, each a function from a request to an answer.
//!
//! A handler changes the state and broadcasts; its answer is sent here. It is chosen by the contract's name for what
//! it does, so that a contract with other names, or without some of the requests, needs no other code.

mod fetch_all_chats;
mod fetch_chats_by_user;
mod get_dashboard_stats;
mod join_chat;
mod join_room;
mod leave_chat;
mod leave_room;
mod request;
mod search_chat;
mod send_message;
mod update_chat_status;

use std::collections::HashMap;

use fixtures::{Contract, Exchange};
use serde_json::Value;
use socketioxide::extract::AckSender;

use crate::backend::Backend;
use crate::outgoing::Client;
use crate::provider::Outbound;
use crate::transport::Waiting;

pub(crate) use request::Refusal;
use request::Request;

/// Something that a client has emitted.
pub(crate) struct Emitted {
    /// Who.
    pub client: Client,
    /// The event's name.
    pub event: String,
    /// Its first argument, null where there is none; `None` where it is not JSON.
    pub payload: Option<Value>,
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
    client: Client,
    event: Option<String>,
    ack: AckSender,
}

impl ReplyTo {
    /// Sends the answer.
    pub(crate) fn answer(self, backend: &mut Backend, payload: &Value) {
        backend.outgoing.answer(&self.client, self.event.as_deref(), self.ack, payload);
    }
}

/// The contract's requests, by name.
pub(crate) struct Events {
    by_name: HashMap<String, (Handler, Option<String>)>,
}

impl Events {
    /// The requests that this contract has.
    pub(crate) fn of(contract: &Contract) -> Self {
        let stats = Exchange {
            request: get_dashboard_stats::REQUEST.to_owned(),
            answer: Some(get_dashboard_stats::ANSWER.to_owned()),
        };
        let exchanges: [(Option<&Exchange>, Handler); 10] = [
            (Some(&stats), get_dashboard_stats::handle),
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
        Self { by_name: by_name.collect() }
    }

    /// Does what a client asks for, and answers it.
    pub(crate) fn dispatch(&self, backend: &mut Backend, emitted: Emitted) {
        let Emitted { client, event, payload, ack, waiting: _waiting } = emitted;
        let (reply, answer) = match self.by_name.get(&event) {
            Some((handler, answer)) => {
                let request = Request { client: &client, payload: payload.as_ref() };
                (handler(backend, &request), answer.clone())
            }
            // Nobody listens for an answer to it, unless by acknowledgement.
            None => (Err(Refusal::new("unknown event")), None),
        };
        let to = ReplyTo { client, event: answer, ack };
        match reply {
            Ok(Reply::Now(answer)) => to.answer(backend, &answer),
            Ok(Reply::AfterDelivery(message)) => match &mut backend.provider {
                Some(provider) => provider.deliver(message, to),
                None => to.answer(backend, &Refusal::new("no provider to send by").to_json()),
            },
            Err(refusal) => to.answer(backend, &refusal.to_json()),
        }
    }
}
