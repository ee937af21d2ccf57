//! Traffic that was only watched, judged: nobody asked the backend for anything, so only some checks have something to say.
//!
//! These read any conversation. The others read one of the suite's own, with its own actors, and are not applicable.

use crate::checks::Check;
use crate::conversation::Conversation;
use crate::recording::{Recording, Transport, WATCHED};
use crate::verdict::{Outcome, Verdict};

/// The checks that read any conversation.
const JUDGING: [&str; 14] = [
    "transport.open.websocket",
    "transport.open.polling",
    "join.acknowledged",
    "join.private-answer",
    "join.effective",
    "broadcast.delivered",
    "broadcast.exactly-once",
    "broadcast.only-room",
    "broadcast.one-name",
    "broadcast.independent",
    "payload.schema",
    "payload.identity",
    "payload.type",
    "payload.parity",
];

/// Whether a recording is of such traffic.
pub(super) fn is_watched(recording: &Recording) -> bool {
    recording.entries.first().is_some_and(|entry| &*entry.scenario == WATCHED)
}

/// Judges it. What was refused, and what was sent while nobody was in the room, tells nothing of a broadcast.
pub(super) fn judge(recording: &Recording, checks: &[&'static Check]) -> Vec<Verdict> {
    let mut conversation = Conversation::new(&recording.header, WATCHED, &recording.entries);
    let mut messages = std::mem::take(&mut conversation.messages);
    messages.retain(|message| {
        let route = conversation.contract().route(&message.sent.customer_type);
        let is_heard = route.is_some_and(|route| !conversation.members_at(&route.room, message).is_empty());
        is_heard && message.accepted().is_ok()
    });
    conversation.messages = messages;
    checks.iter().flat_map(|check| verdicts(check, &conversation)).collect()
}

fn verdicts(check: &Check, conversation: &Conversation<'_>) -> Vec<Verdict> {
    let by = |transport| conversation.connections.iter().any(|connection| connection.transport == transport);
    let reason = match check.id {
        "transport.open.websocket" if !by(Transport::Websocket) => "no page opened its connection by WebSocket",
        "transport.open.polling" if !by(Transport::Polling) => "no page opened its connection by long-polling",
        id if JUDGING.contains(&id) => return check.judge(conversation),
        _ => "it takes a conversation of the suite's own, which `conformance run` holds; this traffic was only watched",
    };
    let reason = reason.to_owned();
    let outcome = Outcome::NotApplicable { reason };
    vec![Verdict { id: check.id, subject: None, level: check.requirement().level, outcome, known: None }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixtures::Contract;

    use crate::checks;
    use crate::recording::tape::Tape;

    fn judged(tape: &Tape) -> Vec<Verdict> {
        judge(&tape.ended(), &checks::all().collect::<Vec<_>>())
    }

    fn outcome<'v>(verdicts: &'v [Verdict], name: &str) -> &'v Outcome {
        &verdicts.iter().find(|verdict| verdict.name() == name).unwrap_or_else(|| panic!("no verdict {name}")).outcome
    }

    #[test]
    fn a_broadcast_that_is_missing_is_found_in_what_was_watched_and_what_needs_more_is_left() {
        let mut tape = Tape::under(Contract::room_updates(), WATCHED);
        tape.member("page-1", "Partner").member("page-2", "Customer");
        tape.sends("Partner", "m1").sends("Customer", "m2").told("page-2", "m2").sends("Vendor", "m3");
        tape.settles(&["page-1", "page-2"]).wait(10_000);
        let verdicts = judged(&tape);
        assert!(is_watched(&tape.ended()));
        assert!(outcome(&verdicts, "broadcast.delivered [Partner]").is_violated());
        for name in
            ["broadcast.delivered [Customer]", "broadcast.exactly-once [Customer]", "join.acknowledged [Partner]"]
        {
            assert!(
                matches!(outcome(&verdicts, name), Outcome::Passed { .. }),
                "{name}: {:?}",
                outcome(&verdicts, name)
            );
        }
        let nobody = outcome(&verdicts, "broadcast.delivered [Vendor]");
        assert!(matches!(nobody, Outcome::NotTested { .. }), "nobody was there to hear it: {nobody:?}");
        let unused = outcome(&verdicts, "transport.open.polling");
        assert!(matches!(unused, Outcome::NotApplicable { reason } if reason.contains("long-polling")), "{unused:?}");
        let other = outcome(&verdicts, "broadcast.order");
        assert!(matches!(other, Outcome::NotApplicable { reason } if reason.contains("only watched")), "{other:?}");
    }

    #[test]
    fn the_checks_that_judge_it_are_there() {
        for id in JUDGING {
            assert!(checks::find(id).is_some(), "{id}");
        }
    }
}
