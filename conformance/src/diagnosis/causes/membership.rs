//! Causes in `join_room` and `leave_room`: who is in which room.

use serde_json::Value;

use super::super::facts::{Facts, TypeFacts};
use super::{Diagnosis, in_words, line, list, node, python, saved_line};
use crate::conversation::{Conversation, Event, evidence};
use crate::recording::Direction;
use crate::scenarios::ONE_MESSAGE_PER_TYPE;

/// No `join_room` was ever answered.
pub(super) fn no_join_handler(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let (asked, answered) = facts.joins;
    let join = &facts.contract?.join;
    let answer = join.answer.as_deref()?;
    (asked > 0 && answered == 0).then(|| Diagnosis {
        id: "no-join-handler",
        cause: format!("nothing handles `{}`, or its handler never emits `{answer}`", join.request),
        evidence: vec![format!("{asked} requests to join on working connections, not one answer")],
        remedies: vec![
            python(format!("@sio.on(\"{}\")\nasync def join(sid, data=None): ...\n    await sio.enter_room(sid, room)\n    await sio.emit(\"{answer}\", {{\"status\": 1, \"room\": room}}, to=sid)", join.request)),
            node(format!("socket.on(\"{}\", (data) => {{ socket.join(data.room); socket.emit(\"{answer}\", {{ status: 1, room: data.room }}); }});", join.request)),
        ],
        explains: facts.red.explained(&["join.acknowledged", "join.unknown-room", "join.malformed"], None),
    })
}

/// Every join is acknowledged, every message saved, and nobody in any room hears anything.
pub(super) fn join_without_entering(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let all_silent = !facts.types.is_empty() && facts.types.iter().all(TypeFacts::is_silent);
    // Where later messages are heard, the rooms have members: it is the first message of a new number that goes untold.
    let ever_heard = facts.first_broadcasts().next().is_some();
    let saved = facts.types.iter().all(|of_type| of_type.saved != Some(false));
    (all_silent && saved && !ever_heard).then(|| Diagnosis {
        id: "join-without-entering",
        cause: "joins are acknowledged, but the sockets are not in the rooms (or nothing is broadcast to any room)"
            .to_owned(),
        evidence: facts.types.iter().map(line).chain(facts.types.iter().filter_map(saved_line)).collect(),
        remedies: vec![
            python("await sio.enter_room(sid, room)    # a coroutine: without `await` nothing happens"),
            node("await socket.join(room);    // before the answer is emitted"),
        ],
        explains: facts.red.explained(&["join.effective", "broadcast.delivered"], None),
    })
}

/// Joins of some rooms of the contract are refused, with `status: 0`.
pub(super) fn room_refused(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let contract = facts.contract?;
    let plain = facts.conversation(&ONE_MESSAGE_PER_TYPE)?;
    let refused: Vec<_> =
        contract.routes.iter().filter_map(|route| Some((route, refusal(plain, &route.room)?))).collect();
    let rooms = list(refused.iter().map(|(route, _)| format!("`{}`", route.room)));
    let of = |(route, answer): &(&fixtures::Route, &Event<'_>)| {
        let answer = answer.args.first().map(|answer| evidence::brief(answer, 120)).unwrap_or_default();
        format!("{}: every join of `{}` was answered {answer}", route.customer_type, route.room)
    };
    let explained = |(route, _): &(&fixtures::Route, &Event<'_>)| {
        facts.red.explained(&["join.", "security."], Some(&route.customer_type))
    };
    let mut explains: Vec<String> = refused.iter().flat_map(explained).collect();
    explains.dedup();
    (!refused.is_empty()).then(|| Diagnosis {
        id: "room-refused",
        cause: format!(
            "the backend lets nobody into {rooms}, which the contract names: \
             the backend's list of rooms lacks {}, or the contract spells {} wrong",
            if refused.len() == 1 { "it" } else { "them" },
            if refused.len() == 1 { "it" } else { "them" },
        ),
        evidence: refused.iter().map(of).collect(),
        remedies: vec![
            in_words(format!(
                "compare {rooms} with the rooms that the backend's `{}` allows, letter by letter",
                contract.join.request
            )),
            in_words("where the backend is right, name its room in a contract of your own (--contract FILE)"),
        ],
        explains,
    })
}

/// An answer to a join of this room, where each of them was refused.
fn refusal<'c, 'a>(conversation: &'c Conversation<'a>, room: &str) -> Option<&'c Event<'a>> {
    let join = &conversation.contract().join;
    let answer = join.answer.as_deref()?;
    let exchanges = conversation.connections.iter().flat_map(|connection| connection.exchanges(&join.request, answer));
    let of_room = |asked: &Event<'_>| asked.args.first().and_then(|arg| arg.get("room")) == Some(&Value::from(room));
    let answers: Vec<_> = exchanges.filter(|(asked, _)| of_room(asked)).map(|(_, answer)| answer).collect();
    let refused = |answer: &Option<&Event<'_>>| {
        answer.is_some_and(|answer| answer.args.first().and_then(|arg| arg.get("status")) == Some(&Value::from(0)))
    };
    answers.iter().all(refused).then(|| answers.into_iter().flatten().next()).flatten()
}

/// Who left a room hears its messages all the same, and nobody else does who is not in it.
pub(super) fn leave_without_leaving(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let explains = facts.red.explained(&["leave.effective", "broadcast.only-room"], None);
    if !facts.red.is_violated(&["leave.effective"], None) {
        return None;
    }
    let (mut after_leaving, mut left_well, mut strangers) = (Vec::new(), 0, 0);
    for (conversation, message) in facts.messages() {
        let Some(route) = conversation.contract().route(&message.sent.customer_type) else { continue };
        for outsider in &conversation.connections {
            if outsider.may_be_member(&route.room, message.at) {
                continue;
            }
            let has_left =
                outsider.memberships.iter().any(|(room, stay)| *room == route.room && stay.leaving.is_some());
            if conversation.heard_by(outsider, message).is_empty() {
                let last = conversation.heard(message).iter().map(|heard| heard.at).max();
                let was_there = last.is_some_and(|last| outsider.closed.is_none_or(|(at, ..)| at > last));
                left_well += usize::from(has_left && was_there);
                continue;
            }
            match has_left {
                true => after_leaving.push(format!(
                    "{} had left {} and heard what came then",
                    outsider.describe(),
                    route.room
                )),
                false => strangers += 1,
            }
        }
    }
    let leave = facts.contract?.leave.as_ref()?;
    // Where others were let go, it is something about these.
    (strangers == 0 && left_well == 0 && !after_leaving.is_empty()).then(|| Diagnosis {
        id: "leave-without-leaving",
        cause: format!("`{}` is answered, but the socket stays in the room", leave.request),
        evidence: after_leaving.into_iter().take(EXAMPLES).collect(),
        remedies: vec![
            python("await sio.leave_room(sid, room)    # a coroutine: without `await` nothing happens"),
            node("await socket.leave(room);    // the same text that `join` was given"),
        ],
        explains,
    })
}

/// Joining twice is standing twice in the list of members.
pub(super) fn second_join_doubles(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let explains = facts.red.explained(&["join.idempotent"], None);
    let everybody_twice = facts.types.iter().any(TypeFacts::is_doubled);
    let join = &facts.contract?.join.request;
    let mut doubled = Vec::new();
    for (conversation, message) in facts.messages() {
        let Some(route) = conversation.contract().route(&message.sent.customer_type) else { continue };
        for member in conversation.members_at(&route.room, message) {
            let room = Value::from(route.room.as_str());
            let asks = |event: &&Event<'_>| {
                event.dir == Direction::Out
                    && event.name == *join
                    && event.args.first().and_then(|arg| arg.get("room")) == Some(&room)
            };
            let (joins, copies) =
                (member.events.iter().filter(asks).count(), conversation.heard_by(member, message).len());
            if joins > 1 && copies > 1 {
                doubled.push(format!(
                    "{} asked {joins} times to join {} and heard a message {copies} times",
                    member.describe(),
                    route.room
                ));
            }
        }
    }
    (!explains.is_empty() && !doubled.is_empty() && !everybody_twice).then(|| Diagnosis {
        id: "second-join-doubles",
        cause: "a socket that joins a room twice hears everything twice: memberships are kept in a list of the backend's own"
            .to_owned(),
        evidence: doubled.into_iter().take(EXAMPLES).collect(),
        remedies: vec![
            in_words("keep members in a set, by room and sid; better, leave it to the library's rooms, which are sets"),
            python("await sio.enter_room(sid, room)    # as often as you like"),
            node("await socket.join(room);    // as often as you like"),
        ],
        explains,
    })
}

/// How many of many observations are shown.
const EXAMPLES: usize = 4;
