//! Messages and the chats that they belong to: new, known, saved, resolved, answered.

use fixtures::{Role, Route};
use serde_json::Value;

use super::{arrivals, brief, chat_id, observer};
use crate::conversation::{Conversation, Delivery, Event, Message, chats_of, evidence, mentions, not_tested};
use crate::verdict::{Failure, Finding, Judgement};

/// A first message from an unknown number makes a chat and broadcasts it.
pub(super) fn new_chat(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let messages = conversation.messages_to(route)?;
    let first = messages[0];
    let observer = observer(conversation, route)?;
    let later = messages[1..].iter().find_map(|message| conversation.delivered(observer, message, route).ok());
    let heard = match (conversation.delivered(observer, first, route), later) {
        (Err(Failure::NotTested { because: Some("broadcast.delivered"), .. }), Some(later)) => {
            return Err(Finding::new(
                "a broadcast of the first message of a number",
                "none, although the next ones are",
            )
            .with([first.line(), later[0].line()])
            .into());
        }
        (heard, _) => heard?,
    };
    match chat_id(conversation, heard[0]).and_then(Value::as_str) {
        Some(id) if !id.is_empty() => Ok(1),
        _ => Err(Finding::new("a chat of its own for a number that never wrote before", "the broadcast names no chat")
            .with([first.line(), heard[0].line()])
            .into()),
    }
}

/// The next message from that number has the same chat id.
pub(super) fn same_chat(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let arrivals = arrivals(conversation, route)?;
    let first = chat_id(conversation, &arrivals[0]);
    for arrival in &arrivals[1..] {
        if chat_id(conversation, arrival) != first {
            return Err(Finding::new(
                format!("chat {} for each message of this number", brief(first)),
                format!("chat {}", brief(chat_id(conversation, arrival))),
            )
            .with(arrivals.iter().map(Delivery::line))
            .into());
        }
    }
    Ok(arrivals.len() - 1)
}

/// A chat list asked for on receipt already shows that message or a newer one. A list that never shows the chat at all is
/// not late but wrong, which is `list.filter`'s to say.
pub(super) fn saved_first(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let lists = conversation.lists_of(observer);
    let shows = |answer: &Event<'_>, messages: &[&Message<'_>]| {
        let chats = chats_of(answer).map_or(&[][..], Vec::as_slice);
        chats.iter().any(|chat| messages.iter().any(|message| mentions(chat, &message.sent.nonce)))
    };
    let mut observations = 0;
    let mut late = None;
    for (index, message) in messages.iter().enumerate() {
        let heard = conversation.delivered(observer, message, route)?[0];
        let Some((asked, answer)) = lists.iter().find(|(asked, _)| *asked >= heard.at) else {
            return Err(Failure::NotTested {
                reason: "the chat list was not answered".to_owned(),
                because: Some("list.shape"),
            });
        };
        if shows(answer, &messages[index..]) {
            observations += 1;
        } else {
            late = late.or(Some((message, heard, asked, answer)));
        }
    }
    let Some((message, heard, asked, answer)) = late else { return Ok(observations) };
    if !lists.iter().any(|(_, answer)| shows(answer, &messages)) {
        return Err(Failure::NotTested {
            reason: "no list that was asked for ever shows the chat".to_owned(),
            because: Some("list.filter"),
        });
    }
    Err(Finding::new(
        "a chat list asked for on receipt already shows the message",
        format!("the list asked for {} after the broadcast does not show it", evidence::span(*asked - heard.at)),
    )
    .with([message.line(), heard.line()])
    .with([format!(
        "{}  the list: {}",
        evidence::clock(answer.at),
        evidence::brief(&Value::from(answer.args.to_vec()), 300)
    )])
    .into())
}

/// A message in a resolved chat makes it active again, and says so.
pub(super) fn reopened(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let contract = conversation.contract();
    let Some((update, status)) = contract.update_status.as_ref().zip(contract.key(Role::Status)) else {
        return Err(Failure::NotApplicable("the contract has no chat status".to_owned()));
    };
    let messages = conversation.messages_to(route)?;
    let before = conversation.delivered(observer, messages[0], route)?[0];
    let answer = update.answer.as_deref().unwrap_or_default();
    let exchanges = observer.exchanges(&update.request, answer);
    let answers: Vec<&Value> = exchanges.iter().filter_map(|(_, got)| got.as_ref()?.args.first()).collect();
    if !answers.iter().any(|answer| answer.get("status") == Some(&Value::from(1))) {
        let answer = brief(answers.last().copied());
        return Err(not_tested(format!(
            "the chat could not be resolved: {} was answered with {answer}",
            update.request
        )));
    }
    let after = messages[messages.len() - 1];
    let Ok(heard) = conversation.delivered(observer, after, route) else {
        return Err(Finding::new("a broadcast of a message in a resolved chat", "none").with([after.line()]).into());
    };
    let (chat, next) = (chat_id(conversation, before), chat_id(conversation, heard[0]));
    if chat != next {
        return Err(Finding::new(
            format!("the resolved chat {} again, for the next message of its number", brief(chat)),
            format!("chat {}", brief(next)),
        )
        .with([before.line(), heard[0].line()])
        .into());
    }
    match heard[0].payload().and_then(|payload| payload.get(status)) {
        Some(Value::String(value)) if value == "active" => Ok(1),
        other => Err(Finding::new(format!("`{status}`: \"active\" after a message in a resolved chat"), brief(other))
            .with([heard[0].line()])
            .into()),
    }
}

/// An agent's reply updates the list too.
pub(super) fn agent_reply(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let contract = conversation.contract();
    let Some(send) = &contract.send else {
        return Err(Failure::NotApplicable("the contract has no agents' messages".to_owned()));
    };
    let message = conversation.messages_to(route)?[0];
    conversation.delivered(observer, message, route)?;
    let exchanges = observer.exchanges(&send.request, send.answer.as_deref().unwrap_or_default());
    let Some((asked, Some(answer))) = exchanges.first() else {
        let unknown = exchanges.is_empty() && conversation.chat_id_of(message.sent).is_none();
        return Err(Failure::NotTested {
            reason: match unknown {
                true => "no broadcast told the chat's id, without which nobody can reply".to_owned(),
                false => format!("{} was not answered", send.request),
            },
            because: unknown.then_some("payload.identity"),
        });
    };
    if answer.args.first().and_then(|answer| answer.get("status")) != Some(&Value::from(1)) {
        let nameless = conversation.chat_id_of(message.sent).is_none_or(str::is_empty);
        return Err(Failure::NotTested {
            reason: format!("the agent's message was refused: {}", brief(answer.args.first())),
            because: nameless.then_some("payload.identity"),
        });
    }
    let reply = asked.args.first().and_then(|asked| asked.get("message")).and_then(Value::as_str).unwrap_or_default();
    let update = observer
        .received(&route.event)
        .find(|event| event.at >= asked.at && event.args.iter().any(|arg| mentions(arg, reply)));
    let Some(update) = update else {
        return Err(Finding::new(format!("`{}` with the agent's text", route.event), "no broadcast of the reply")
            .with([format!("{}  {} {}", evidence::clock(asked.at), send.request, brief(asked.args.first()))])
            .into());
    };
    let by = contract.key(Role::LastBy).and_then(|key| update.args.first()?.get(key));
    match by {
        Some(Value::String(by)) if by == "Executive" => Ok(2),
        other => Err(Finding::new("the broadcast says that an Executive wrote last", brief(other)).into()),
    }
}
