//! What the provider's webhook brings besides single texts: kinds, receipts, batches, redeliveries.

use fixtures::{Role, Route};

use super::stream::all_once;
use super::{brief, chat_id, observer};
use crate::conversation::{Conversation, Message, evidence, not_tested};
use crate::recording::What;
use crate::verdict::{Failure, Finding, Judgement};

/// Every kind of message is broadcast.
pub(super) fn kinds(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    conversation.delivered(observer, messages[0], route)?;
    let missing: Vec<&&Message<'_>> =
        messages.iter().filter(|message| conversation.delivered(observer, message, route).is_err()).collect();
    if missing.is_empty() {
        return Ok(messages.len());
    }
    let names: Vec<String> = missing.iter().map(|message| message.sent.label.to_string()).collect();
    Err(Finding::new("a broadcast for each kind of message", format!("none for: {}", names.join(", ")))
        .with([conversation.join_line(observer, &route.room)])
        .with(missing.iter().map(|message| message.line()))
        .into())
}

/// Delivery receipts broadcast nothing: of the chat, the observer hears the three messages around them and nothing else.
pub(super) fn not_status(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let plain = conversation.delivered(observer, messages[0], route)?;
    let mut last = plain[0];
    for message in &messages[1..] {
        last = conversation.delivered(observer, message, route)?[0];
    }
    conversation.fenced(observer, last.at)?;
    let id = chat_id(conversation, plain[0]);
    let key = conversation.contract().key(Role::Identity).unwrap_or_default();
    let about: Vec<_> = observer
        .received(&route.event)
        .filter(|event| event.args.first().and_then(|payload| payload.get(key)) == id)
        .collect();
    // Where every message is broadcast twice, the first one shows it, and receipts are not to blame.
    if about.len() == messages.len() * plain.len() {
        return accepted_receipts(conversation, route);
    }
    Err(Finding::new(
        format!("{} broadcasts: one for each message, and none for a receipt", messages.len() * plain.len()),
        format!("{} broadcasts of the chat", about.len()),
    )
    .with(messages.iter().map(|message| message.line()))
    .with(["between the last two, receipts: sent, delivered, read, failed".to_owned()])
    .with(about.iter().map(|event| {
        format!("{}  {} heard {}: {}", evidence::clock(event.at), observer.peer, event.name, brief(event.args.first()))
    }))
    .into())
}

/// How many receipts the backend took in.
fn accepted_receipts(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut accepted = 0;
    for entry in &conversation.entries {
        match &entry.what {
            What::Receipt { customer_type, refused: None, .. } if *customer_type == route.customer_type => {
                accepted += 1
            }
            What::Receipt { customer_type, refused: Some(reason), .. } if *customer_type == route.customer_type => {
                return Err(not_tested(format!("a receipt was not accepted: {reason}")));
            }
            _ => {}
        }
    }
    Ok(accepted)
}

/// One webhook body with several messages broadcasts each.
pub(super) fn batch(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    all_once(conversation, observer, &conversation.messages_to(route)?, route)
}

/// The same message id delivered twice is one message: one broadcast, unread raised once.
pub(super) fn redelivery(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let twice = messages[0];
    let heard = conversation.delivered(observer, twice, route)?;
    let [_, _, after] = messages[..] else { return Err(not_tested("the message was not delivered again")) };
    let plain = conversation.delivered(observer, after, route)?;
    conversation.fenced(observer, plain[0].at)?;
    if heard.len() > plain.len() {
        return Err(Finding::new(
            "one message: broadcast as often as any other",
            format!("{} broadcasts of it, {} of the next message", heard.len(), plain.len()),
        )
        .with(heard.iter().chain(&plain).map(|delivery| delivery.line()))
        .into());
    }
    let unread = |delivery| crate::checks::payload::unread(conversation, delivery);
    match (unread(heard[0]), unread(plain[0])) {
        (Some(first), Some(second)) if second > first + 1 => Err(Finding::new(
            "unread raised once for a message that was delivered twice",
            format!("{first} after it, {second} after the next message"),
        )
        .with([heard[0].line(), plain[0].line()])
        .into()),
        (Some(first), Some(second)) if second == first + 1 => Ok(2),
        _ if conversation.contract().key(Role::Unread).is_none() => Ok(1),
        _ => Err(Failure::NotTested {
            reason: "the unread counter does not rise with messages that are delivered once".to_owned(),
            because: Some("payload.unread"),
        }),
    }
}
