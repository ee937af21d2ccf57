//! The known causes, one function each: a pattern of facts, what it means, and the line that mends it.

use super::facts::{Facts, TypeFacts};
use super::{Diagnosis, Remedy};

/// Every cause, the most fundamental first. Each looks for itself, so that two defects are both named.
pub(super) const ALL: &[fn(&Facts<'_>) -> Option<Diagnosis>] = &[
    no_join_handler,
    webhook_without_effect,
    join_without_entering,
    missing_branch,
    other_name,
    wrong_room,
    broadcast_to_all,
    broadcast_before_save,
    payload_differs,
];

fn remedy(stack: &'static str, code: impl Into<String>) -> Remedy {
    Remedy { stack, code: code.into() }
}

fn list(names: impl IntoIterator<Item = impl Into<String>>) -> String {
    names.into_iter().map(Into::into).collect::<Vec<String>>().join(", ")
}

fn is_silent(of_type: &&TypeFacts<'_>) -> bool {
    of_type.members > 0 && of_type.names.is_empty()
}

fn works(of_type: &&TypeFacts<'_>) -> bool {
    of_type.members > 0 && of_type.members_told == of_type.members && of_type.names == [of_type.route.event.as_str()]
}

/// `Customer: heard by 3 of 3 members within 4 ms`.
fn line(of_type: &TypeFacts<'_>) -> String {
    let took = of_type.took.as_ref().map(|took| format!(" within {took}")).unwrap_or_default();
    format!("{}: heard by {} of {} members{took}", of_type.route.customer_type, of_type.members_told, of_type.members)
}

fn saved_line(of_type: &TypeFacts<'_>) -> Option<String> {
    let name = &of_type.route.customer_type;
    of_type.saved.map(|saved| match saved {
        true => format!("{name}: the message was saved all the same, the chat list shows it"),
        false => format!("{name}: the message was not saved either, the chat list does not show it"),
    })
}

/// No `join_room` was ever answered.
fn no_join_handler(facts: &Facts<'_>) -> Option<Diagnosis> {
    let (asked, answered) = facts.joins;
    let join = &facts.contract?.join;
    let answer = join.answer.as_deref()?;
    (asked > 0 && answered == 0).then(|| Diagnosis {
        id: "no-join-handler",
        cause: format!("nothing handles `{}`, or its handler never emits `{answer}`", join.request),
        evidence: vec![format!("{asked} requests to join on working connections, not one answer")],
        remedies: vec![
            remedy("python-socketio", format!("@sio.on(\"{}\")\nasync def join(sid, data=None): ...\n    await sio.enter_room(sid, room)\n    await sio.emit(\"{answer}\", {{\"status\": 1, \"room\": room}}, to=sid)", join.request)),
            remedy("Node", format!("socket.on(\"{}\", (data) => {{ socket.join(data.room); socket.emit(\"{answer}\", {{ status: 1, room: data.room }}); }});", join.request)),
        ],
        explains: facts.violated_or_untested(
            &["join.acknowledged", "join.unknown-room", "join.malformed"],
            "join.acknowledged",
            None,
        ),
    })
}

/// Nobody heard anything, and nothing was saved.
fn webhook_without_effect(facts: &Facts<'_>) -> Option<Diagnosis> {
    let all_silent = !facts.types.is_empty() && facts.types.iter().all(|of_type| of_type.names.is_empty());
    let none_saved = facts.types.iter().all(|of_type| of_type.saved == Some(false));
    (all_silent && none_saved).then(|| Diagnosis {
        id: "webhook-without-effect",
        cause: "the messages were accepted and then had no effect at all: neither saved nor broadcast".to_owned(),
        evidence: facts.types.iter().filter_map(saved_line).collect(),
        remedies: vec![remedy(
            "any",
            "look at the webhook's background processing: a crash after the 200, a worker that does not run, or a channel number that belongs to no customer type (set `types.*.channel` in the configuration)",
        )],
        explains: facts.explained_by_silence(&["broadcast.delivered", "join.effective"], None),
    })
}

/// Every join is acknowledged, every message saved, and nobody in any room hears anything.
fn join_without_entering(facts: &Facts<'_>) -> Option<Diagnosis> {
    let all_silent = !facts.types.is_empty() && facts.types.iter().all(|of_type| is_silent(&of_type));
    let saved = facts.types.iter().all(|of_type| of_type.saved != Some(false));
    (all_silent && saved).then(|| Diagnosis {
        id: "join-without-entering",
        cause: "joins are acknowledged, but the sockets are not in the rooms (or nothing is broadcast to any room)"
            .to_owned(),
        evidence: facts.types.iter().map(line).chain(facts.types.iter().filter_map(saved_line)).collect(),
        remedies: vec![
            remedy(
                "python-socketio",
                "await sio.enter_room(sid, room)    # a coroutine: without `await` nothing happens",
            ),
            remedy("Node", "await socket.join(room);    // before the answer is emitted"),
        ],
        explains: facts.explained_by_silence(&["join.effective", "broadcast.delivered"], None),
    })
}

/// Some types' members hear nothing under any name, while others' do.
fn missing_branch(facts: &Facts<'_>) -> Option<Diagnosis> {
    let silent: Vec<_> = facts.types.iter().filter(is_silent).collect();
    let working: Vec<_> = facts.types.iter().filter(works).collect();
    let reference = working.first()?;
    let first = silent.first()?;
    let routes = silent.iter().map(|of_type| of_type.route);
    let explains = silent.iter().flat_map(|of_type| {
        facts
            .explained_by_silence(&["broadcast.delivered", "broadcast.independent"], Some(&of_type.route.customer_type))
    });
    let mut explains: Vec<String> = explains.collect();
    explains.sort_unstable();
    explains.dedup();
    Some(Diagnosis {
        id: "missing-branch",
        cause: format!(
            "{} messages are never broadcast: the branch for {} is missing where the backend chooses event and room",
            list(silent.iter().map(|of_type| &of_type.route.customer_type)),
            list(routes.clone().map(|route| format!("`customer_type == {:?}`", route.customer_type))),
        ),
        evidence: silent
            .iter()
            .chain(&working)
            .map(|of_type| line(of_type))
            .chain(silent.iter().filter_map(|of_type| saved_line(of_type)))
            .collect(),
        remedies: [
            vec![remedy(
                "any",
                format!(
                    "look where `{}` is emitted to `{}`; the missing line belongs beside it",
                    reference.route.event, reference.route.room
                ),
            )],
            routes
                .clone()
                .map(|route| {
                    remedy(
                        "python-socketio",
                        format!("await sio.emit({:?}, chat_summary, room={:?})", route.event, route.room),
                    )
                })
                .collect(),
            routes
                .map(|route| remedy("Node", format!("io.to({:?}).emit({:?}, chatSummary);", route.room, route.event)))
                .collect(),
        ]
        .concat(),
        explains,
    })
    .filter(|_| first.members > 0)
}

/// A type's message is broadcast to its members under a name that no page listens for.
fn other_name(facts: &Facts<'_>) -> Option<Diagnosis> {
    let renamed = facts.types.iter().find(|of_type| {
        of_type.members_told > 0
            && !of_type.names.is_empty()
            && of_type.names.iter().all(|name| *name != of_type.route.event)
    })?;
    let (route, name) = (renamed.route, renamed.names[0]);
    Some(Diagnosis {
        id: "other-name",
        cause: format!(
            "{} messages are broadcast as `{name}`, which no page listens for; the contract's name is `{}`",
            route.customer_type, route.event
        ),
        evidence: renamed.story.clone(),
        remedies: vec![
            remedy(
                "python-socketio",
                format!("await sio.emit({:?}, chat_summary, room={:?})    # not {name:?}", route.event, route.room),
            ),
            remedy("Node", format!("io.to({:?}).emit({:?}, chatSummary);    // not {name:?}", route.room, route.event)),
        ],
        explains: facts.explained_by_silence(
            &["broadcast.delivered", "broadcast.one-name", "broadcast.independent"],
            Some(&route.customer_type),
        ),
    })
}

/// A type's own members hear nothing, and some others do.
fn wrong_room(facts: &Facts<'_>) -> Option<Diagnosis> {
    let astray = facts.types.iter().find(|of_type| of_type.members_told == 0 && !of_type.outsiders_told.is_empty())?;
    let route = astray.route;
    let into = facts.types.iter().find(|other| {
        other.route != route && astray.outsiders_told.iter().any(|who| who.starts_with(&other.route.customer_type))
    });
    let room = into.map_or_else(|| "another room".to_owned(), |other| format!("`{}`", other.route.room));
    Some(Diagnosis {
        id: "wrong-room",
        cause: format!("{} messages are broadcast to {room} instead of `{}`", route.customer_type, route.room),
        evidence: vec![line(astray), format!("heard by {}", list(&astray.outsiders_told))],
        remedies: vec![
            remedy(
                "python-socketio",
                format!("await sio.emit({:?}, chat_summary, room={:?})", route.event, route.room),
            ),
            remedy("Node", format!("io.to({:?}).emit({:?}, chatSummary);", route.room, route.event)),
        ],
        explains: facts.explained_by_silence(
            &["broadcast.delivered", "broadcast.only-room", "broadcast.independent", "join.effective"],
            Some(&route.customer_type),
        ),
    })
}

/// Members and everybody else alike are told.
fn broadcast_to_all(facts: &Facts<'_>) -> Option<Diagnosis> {
    let public: Vec<_> = facts
        .types
        .iter()
        .filter(|of_type| {
            of_type.members_told > 0 && of_type.outsiders > 0 && of_type.outsiders_told.len() == of_type.outsiders
        })
        .collect();
    let first = public.first()?;
    Some(Diagnosis {
        id: "broadcast-to-all",
        cause: format!(
            "{} messages are broadcast to every connected socket: no room is named",
            list(public.iter().map(|of_type| &of_type.route.customer_type))
        ),
        evidence: public
            .iter()
            .map(|of_type| {
                format!(
                    "{}: heard by {} sockets outside the room",
                    of_type.route.customer_type,
                    of_type.outsiders_told.len()
                )
            })
            .collect(),
        remedies: vec![
            remedy(
                "python-socketio",
                format!(
                    "await sio.emit({:?}, chat_summary, room={:?})    # without `room=` everybody hears it",
                    first.route.event, first.route.room
                ),
            ),
            remedy(
                "Node",
                format!(
                    "io.to({:?}).emit({:?}, chatSummary);    // io.emit reaches everybody",
                    first.route.room, first.route.event
                ),
            ),
        ],
        explains: facts.violated(
            &[
                "broadcast.only-room",
                "broadcast.concurrent",
                "join.not-inherited",
                "leave.effective",
                "join.unknown-room",
            ],
            None,
        ),
    })
}

/// The list asked for on receipt is stale.
fn broadcast_before_save(facts: &Facts<'_>) -> Option<Diagnosis> {
    let explains = facts.violated(&["broadcast.saved-first"], None);
    (!explains.is_empty()).then(|| Diagnosis {
        id: "broadcast-before-save",
        cause: "the broadcast goes out before the message is saved: a page that fetches the list on receipt sees the old state".to_owned(),
        evidence: vec![format!("seen for {} of {} types", explains.len(), facts.types.len())],
        remedies: vec![
            remedy("python-socketio", "await chats.save(message)    # awaited, and committed, first\nawait sio.emit(event, chat_summary, room=room)"),
            remedy("Node", "await chats.save(message);    // awaited, and committed, first\nio.to(room).emit(event, chatSummary);"),
        ],
        explains,
    })
}

/// The types' payloads have different keys.
fn payload_differs(facts: &Facts<'_>) -> Option<Diagnosis> {
    let explains = facts.violated(&["payload.parity"], None);
    let parity = facts.verdicts.iter().find(|verdict| verdict.id == "payload.parity")?;
    let crate::verdict::Outcome::Violated { finding } = &parity.outcome else { return None };
    (!explains.is_empty()).then(|| Diagnosis {
        id: "payload-differs",
        cause: format!("one type's payload is built by other code than the rest: {}", finding.observed),
        evidence: vec![finding.expected.clone()],
        remedies: vec![remedy("any", "build the chat summary in one function and let every branch send its result; only event and room depend on the type")],
        explains: [explains, facts.violated(&["payload.schema", "payload.text"], None)].concat(),
    })
}
