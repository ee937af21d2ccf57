//! `transport.malformed` and `transport.max-payload`: what one socket sends amiss, no other feels.

use fixtures::Route;

use crate::checks::broadcast::plainly;
use crate::checks::survival::next_is_heard;
use crate::conversation::{Connection, Conversation, evidence, not_tested};
use crate::recording::What;
use crate::verdict::{Failure, Judgement};

/// After each malformed packet, every other member still gets the next broadcast. One message follows each packet, and the
/// first of them with nothing odd before it.
pub(super) fn malformed(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut messages = conversation.messages.iter().filter(|message| message.sent.customer_type == route.customer_type);
    let plain = messages.next().ok_or_else(|| not_tested(format!("no {} message was sent", route.customer_type)))?;
    plainly(conversation, route, plain)?;
    let (mut observations, mut untested) = (0, None);
    for after in messages {
        // The message is named for the packet before it, and so is the socket that sent that.
        let odd = &*after.sent.label;
        let Some(sent) = sent_by(conversation, odd) else { continue };
        let what = odd.split_once('/').map_or(odd, |(_, what)| what);
        match next_is_heard(conversation, route, plain, after, what, &[sent]) {
            Ok(heard) => observations += heard,
            // What a packet does may be why those before it were never fenced.
            Err(Failure::Violation(finding)) => return Err(Failure::Violation(finding)),
            Err(failure) => untested = untested.or(Some(failure)),
        }
    }
    untested.map_or(Ok(observations), Err)
}

/// A message above `maxPayload` costs at most its own session.
pub(super) fn max_payload(conversation: &Conversation<'_>) -> Judgement {
    let skipped = conversation.entries.iter().find_map(|entry| match &entry.what {
        What::Skipped { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    if let Some(reason) = skipped {
        let untold = |one: &&Connection<'_>| one.handshake.is_some_and(|told| told.get("maxPayload").is_none());
        let because = conversation.connections.iter().find(untold).map(|one| one.opened_by());
        return Err(Failure::NotTested { reason, because });
    }
    let Some(route) = conversation.contract().routes.first() else { return Ok(0) };
    malformed(conversation, route)
}

/// What the socket of this name sent amiss: when, what, and what became of it.
fn sent_by(conversation: &Conversation<'_>, actor: &str) -> Option<String> {
    let sent = conversation.entries.iter().find_map(|entry| match (&entry.peer, &entry.what) {
        (Some(peer), What::Malformed { text }) if &*peer.actor == actor => Some((entry.at, text)),
        _ => None,
    })?;
    let connection = conversation.connections.iter().find(|connection| &*connection.peer.actor == actor)?;
    let fate = match connection.closed {
        Some((at, false, how)) => format!("; at {} its session ended: {how}", evidence::clock(at)),
        _ => String::new(),
    };
    Some(format!("{}  {} sends {:?}{fate}", evidence::clock(sent.0), connection.describe(), sent.1))
}
