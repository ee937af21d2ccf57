//! Causes where event and room are chosen: which messages are broadcast under which name to whom, and how often.

use super::super::facts::Facts;
use super::{Diagnosis, in_words, line, list, node, python, saved_line};

/// Some types' members hear nothing under any name, while others' do.
pub(super) fn missing_branch(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let silent: Vec<_> = facts.types.iter().filter(|of_type| of_type.is_silent()).collect();
    let working: Vec<_> = facts.types.iter().filter(|of_type| of_type.works()).collect();
    let reference = working.first()?;
    let first = silent.first()?;
    let routes = silent.iter().map(|of_type| of_type.route);
    let explains = silent.iter().flat_map(|of_type| {
        facts.red.explained(&["broadcast.delivered", "broadcast.independent"], Some(&of_type.route.customer_type))
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
            vec![in_words(format!(
                "look where `{}` is emitted to `{}`; the missing line belongs beside it",
                reference.route.event, reference.route.room
            ))],
            routes
                .clone()
                .map(|route| python(format!("await sio.emit({:?}, chat_summary, room={:?})", route.event, route.room)))
                .collect(),
            routes
                .map(|route| node(format!("io.to({:?}).emit({:?}, chatSummary);", route.room, route.event)))
                .collect(),
        ]
        .concat(),
        explains,
    })
    .filter(|_| first.members > 0)
}

/// A type's message is broadcast to its members under a name that no page listens for.
pub(super) fn other_name(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
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
            python(format!("await sio.emit({:?}, chat_summary, room={:?})    # not {name:?}", route.event, route.room)),
            node(format!("io.to({:?}).emit({:?}, chatSummary);    // not {name:?}", route.room, route.event)),
        ],
        explains: facts.red.explained(
            &["broadcast.delivered", "broadcast.one-name", "broadcast.independent"],
            Some(&route.customer_type),
        ),
    })
}

/// A type's own members hear nothing, and some others do.
pub(super) fn wrong_room(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
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
            python(format!("await sio.emit({:?}, chat_summary, room={:?})", route.event, route.room)),
            node(format!("io.to({:?}).emit({:?}, chatSummary);", route.room, route.event)),
        ],
        explains: facts.red.explained(
            &["broadcast.delivered", "broadcast.only-room", "broadcast.independent", "join.effective"],
            Some(&route.customer_type),
        ),
    })
}

/// Members and everybody else alike are told.
pub(super) fn broadcast_to_all(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
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
            python(format!(
                "await sio.emit({:?}, chat_summary, room={:?})    # without `room=` everybody hears it",
                first.route.event, first.route.room
            )),
            node(format!(
                "io.to({:?}).emit({:?}, chatSummary);    // io.emit reaches everybody",
                first.route.room, first.route.event
            )),
        ],
        explains: facts.red.explained(
            &[
                "security.isolation",
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

/// A type's message is broadcast as another type's throughout: it went to the other type's business number.
pub(super) fn channel_of_another_type(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let mut mixed = Vec::new();
    for of_type in &facts.types {
        let taken_for = facts.types.iter().find(|other| {
            other.route != of_type.route
                && of_type.names == [other.route.event.as_str()]
                && of_type.told_types == [other.route.customer_type.as_str()]
                && of_type.members_told == 0
        });
        mixed.extend(taken_for.map(|other| (of_type, other)));
    }
    let explains = mixed.iter().flat_map(|(of_type, _)| {
        let ids =
            ["broadcast.", "payload.", "join.effective", "leave.", "list.", "transport.", "security.", "resilience."];
        facts.red.explained(&ids, Some(&of_type.route.customer_type))
    });
    let mut explains: Vec<String> = explains.collect();
    explains.sort_unstable();
    explains.dedup();
    let (first, other) = mixed.first()?;
    Some(Diagnosis {
        id: "channel-of-another-type",
        cause: format!(
            "messages to {}'s business number are taken for {}'s in every respect, room, event and `customer_type`: \
             the number in the contract or the configuration is wrong rather than the broadcast",
            first.route.customer_type, other.route.customer_type
        ),
        evidence: mixed
            .iter()
            .map(|(of_type, other)| {
                format!(
                    "{}: {} was heard as {}'s `{}`, by {}",
                    of_type.route.customer_type,
                    of_type.request.unwrap_or("its message"),
                    other.route.customer_type,
                    other.route.event,
                    list(&of_type.outsiders_told)
                )
            })
            .collect(),
        remedies: mixed
            .iter()
            .map(|(of_type, _)| {
                in_words(format!(
                    "set `channel` in [types.{0}] of the configuration to {0}'s business number; \
                     where it is right, mend the backend's table from numbers to types",
                    of_type.route.customer_type
                ))
            })
            .collect(),
        explains,
    })
}

/// Everybody hears everything twice.
pub(super) fn double_broadcast(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let doubled: Vec<_> = facts.types.iter().filter(|of_type| of_type.is_doubled()).collect();
    let first = doubled.first()?;
    Some(Diagnosis {
        id: "double-broadcast",
        cause: format!(
            "each {} broadcast is emitted {} times: every member hears every message as often",
            list(doubled.iter().map(|of_type| &of_type.route.customer_type)),
            first.copies.0
        ),
        evidence: doubled
            .iter()
            .map(|of_type| format!("{}: {} copies at each member", of_type.route.customer_type, of_type.copies.0))
            .collect(),
        remedies: vec![
            in_words(format!(
                "look for a second emit of `{}`: in the webhook and again in a signal or a job, a retry, or two subscribers of one queue",
                first.route.event
            )),
            python("# with a client manager (Redis), emit in one process only: the manager tells the others"),
            node("// with the Redis adapter, io.to(room).emit in one process only: the adapter tells the others"),
        ],
        explains: facts.red.explained(
            &["broadcast.", "join.idempotent", "join.several", "leave.rejoin", "transport.upgrade", "resilience."],
            None,
        ),
    })
}
