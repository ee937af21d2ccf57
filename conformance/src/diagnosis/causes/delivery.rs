//! Causes between the webhook and the broadcast: what becomes of a message before anybody is told.

use fixtures::Route;

use super::super::facts::Facts;
use super::{Diagnosis, in_words, node, python, saved_line};
use crate::conversation::Delivery;
use crate::scenarios::{RECEIPTS, member};

/// Nobody heard anything, and nothing was saved.
pub(super) fn webhook_without_effect(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let all_silent = !facts.types.is_empty() && facts.types.iter().all(|of_type| of_type.names.is_empty());
    let none_saved = facts.types.iter().all(|of_type| of_type.saved == Some(false));
    (all_silent && none_saved).then(|| Diagnosis {
        id: "webhook-without-effect",
        cause: "the messages were accepted and then had no effect at all: neither saved nor broadcast".to_owned(),
        evidence: facts.types.iter().filter_map(saved_line).collect(),
        remedies: vec![in_words(
            "look at the webhook's background processing: a crash after the 200, a worker that does not run, or a channel number that belongs to no customer type (set `types.*.channel` in the configuration)",
        )],
        explains: facts.red.explained(&["broadcast.delivered", "join.effective"], None),
    })
}

/// The list asked for on receipt is stale.
pub(super) fn broadcast_before_save(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let stale = facts.red.explained(&["broadcast.saved-first"], None);
    (!stale.is_empty()).then(|| Diagnosis {
        id: "broadcast-before-save",
        cause: "the broadcast goes out before the message is saved: a page that fetches the list on receipt sees the old state".to_owned(),
        evidence: vec![format!("seen for {} of {} types", stale.len(), facts.types.len())],
        remedies: vec![
            python( "await chats.save(message)    # awaited, and committed, first\nawait sio.emit(event, chat_summary, room=room)"),
            node( "await chats.save(message);    // awaited, and committed, first\nio.to(room).emit(event, chatSummary);"),
        ],
        // Whatever is worked out of the stored chat meanwhile is of the old state, too.
        explains: facts.red.explained(
            &["broadcast.", "payload.unread", "payload.identity", "payload.time", "list.consistent", "list.filter"],
            None,
        ),
    })
}

/// Ticks are told like messages.
pub(super) fn receipt_broadcast(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let finding = facts.red.finding("broadcast.not-status")?;
    let conversation = facts.conversation(&RECEIPTS)?;
    // More broadcasts than messages: fewer, or of other chats, would be another matter.
    let told_more = |route: &Route| {
        let observer = member(route);
        let told = |delivery: &&Delivery<'_>| *delivery.peer.actor == *observer && delivery.event == route.event;
        let sent = conversation.messages.iter().filter(|message| message.sent.customer_type == route.customer_type);
        conversation.deliveries.iter().filter(told).count() > sent.count()
    };
    if !facts.contract?.routes.iter().any(told_more) {
        return None;
    }
    Some(Diagnosis {
        id: "receipt-broadcast",
        cause: "delivery receipts (`sent`, `delivered`, `read`, `failed`) are broadcast like messages".to_owned(),
        evidence: [vec![finding.observed.clone()], finding.evidence.iter().take(4).cloned().collect()].concat(),
        remedies: vec![
            python(
                "for message in value.get(\"messages\", []): ...    # `statuses` are receipts: note them, tell nobody",
            ),
            node(
                "for (const message of value.messages ?? []) { … }    // `statuses` are receipts: note them, tell nobody",
            ),
        ],
        explains: facts.red.explained(&["broadcast.not-status"], None),
    })
}
