//! `resilience.*`: many sockets, full rooms, and a restart.

use std::collections::BTreeMap;

use fixtures::Route;

use super::broadcast::{observer, plainly};
use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Delivery, Message, Refusal, evidence, not_tested};
use crate::recording::What;
use crate::scenarios::{CHURN, CHURNING, CROWD, LARGE_ROOM, RESTART, to_all};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check { id: "resilience.churn", needs: &[], scenario: &CHURN, judge: Judge::PerRoute(churn) },
    Check {
        id: "resilience.restart",
        needs: &[Capability::Restart],
        scenario: &RESTART,
        judge: Judge::PerRoute(restart),
    },
    Check { id: "resilience.large-room", needs: &[], scenario: &LARGE_ROOM, judge: Judge::Whole(large_room) },
];

/// The least sockets that make a throng: hundreds.
const THRONG: usize = 200;

/// Steady members miss nothing, and hear nothing twice, while hundreds of others come and go.
fn churn(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let messages = conversation.messages_to(route)?;
    plainly(conversation, route, messages[0])?;
    let churning = || conversation.connections.iter().filter(|one| one.peer.actor.starts_with(CHURNING));
    let came = churning().filter(|one| one.memberships.iter().any(|(_, stay)| stay.from.is_some())).count();
    if came < THRONG {
        let why = churning().find_map(|one| one.usable().err());
        return Err(why.unwrap_or_else(|| Failure::NotTested {
            reason: format!("only {came} sockets came, joined and went"),
            because: Some("join.acknowledged"),
        }));
    }
    let steady = observer(conversation, route)?;
    let wrong: Vec<String> = messages
        .iter()
        .filter_map(|message| match conversation.delivered(steady, message, route).map_or(0, |heard| heard.len()) {
            1 => None,
            0 => Some(format!("{}: never", message.sent.label)),
            times => Some(format!("{}: {times} times", message.sent.label)),
        })
        .collect();
    if !wrong.is_empty() {
        let ended = match steady.closed {
            Some((at, false, how)) => vec![format!("{}  {} ended: {how}", evidence::clock(at), steady.describe())],
            _ => Vec::new(),
        };
        return Err(Finding::new(
            format!(
                "each of {} messages once at {}, while {came} others come and go",
                messages.len(),
                steady.describe()
            ),
            wrong.join(", "),
        )
        .with([conversation.join_line(steady, &route.room)])
        .with(ended)
        .into());
    }
    conversation.fenced(steady, messages[messages.len() - 1].at)?;
    Ok(messages.len())
}

/// After a restart, a client that reconnects and rejoins gets the next broadcast, once.
fn restart(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let restarted = conversation.entries.iter().find_map(|entry| match &entry.what {
        What::Restarted { took } => Some(Ok((entry.at, *took))),
        What::Skipped { reason, .. } => Some(Err(reason.clone())),
        _ => None,
    });
    let (at, took) = match restarted {
        Some(Ok(restarted)) => restarted,
        Some(Err(reason)) => return Err(not_tested(format!("the restart failed: {reason}"))),
        None => return Err(not_tested("the target was not restarted")),
    };
    let messages = conversation.messages_to(route)?;
    let name = crate::scenarios::member(route);
    let before = conversation.connections.iter().find(|one| *one.peer.actor == *name);
    let before = before.ok_or_else(|| not_tested(format!("{name} was never opened")))?;
    conversation.delivered(before, messages[0], route)?;
    let back = conversation.connections.iter().rev().find(|one| *one.peer.actor == *name);
    if let Some(Refusal::Connect(refusal)) = back.and_then(|back| back.refusal.as_ref()) {
        return Err(Finding::new(
            format!("{name} gets in again with the token that it had before the restart"),
            format!("CONNECT_ERROR {}", evidence::brief(refusal, 120)),
        )
        .with([format!("{}  restarted, after {}", evidence::clock(at), evidence::span(took))])
        .into());
    }
    let again = observer(conversation, route)?;
    let after = messages.iter().find(|message| message.at > at);
    let after = after.ok_or_else(|| not_tested("no message was sent after the restart"))?;
    let heard = conversation.heard_by(again, after);
    let times = heard.iter().filter(|delivery| delivery.event == route.event).count();
    if times != 1 {
        return Err(Finding::new(
            format!("`{}` once at {}, which came back after the restart and rejoined", route.event, again.describe()),
            if times == 0 { "never".to_owned() } else { format!("{times} times") },
        )
        .with([format!("{}  restarted, after {}", evidence::clock(at), evidence::span(took))])
        .with([conversation.join_line(again, &route.room), after.line()])
        .with(heard.iter().map(|delivery| delivery.line()))
        .into());
    }
    conversation.fenced(again, heard[0].at)?;
    Ok(1)
}

/// Every member of a full room hears a message, once, within the deadline.
fn large_room(conversation: &Conversation<'_>) -> Judgement {
    let Some(route) = conversation.contract().routes.first() else { return Ok(0) };
    let skipped = conversation.entries.iter().find_map(|entry| match &entry.what {
        What::Skipped { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    if let Some(reason) = skipped {
        return Err(not_tested(reason));
    }
    plainly(conversation, route, conversation.messages_to(route)?[0])?;
    let message = conversation.message(&to_all(route))?;
    let crowd: Vec<&Connection<'_>> =
        conversation.connections.iter().filter(|one| one.peer.actor.starts_with(CROWD)).collect();
    let members: Vec<&Connection<'_>> =
        crowd.iter().copied().filter(|one| one.member_since(&route.room, message.starts()).is_some()).collect();
    if members.len() < crowd.len() || crowd.is_empty() {
        return Err(not_all_there(&crowd, members.len()));
    }
    let heard = by_member(conversation, message, route);
    let due = message.starts() + conversation.deadline();
    let mut told = BTreeMap::from([("in time", 0), ("late", 0), ("more than once", 0), ("never", 0)]);
    let mut wrong = Vec::new();
    for member in &members {
        let deliveries = heard.get(&member.peer).map_or(&[][..], Vec::as_slice);
        let how = match deliveries {
            [] => "never",
            [one] if one.at > due => "late",
            [_] => "in time",
            _ => "more than once",
        };
        *told.entry(how).or_default() += 1;
        if how != "in time" {
            wrong.push(format!("{how}: {}", member.describe()));
        }
    }
    if !wrong.is_empty() {
        let counts: Vec<String> =
            told.iter().filter(|(_, count)| **count > 0).map(|(how, count)| format!("{count} {how}")).collect();
        wrong.truncate(5);
        return Err(Finding::new(
            format!(
                "{} members hear the message once, within {}",
                members.len(),
                evidence::span(conversation.deadline())
            ),
            counts.join(", "),
        )
        .with([message.line(), slowest(&heard, message)])
        .with(wrong)
        .into());
    }
    let last = heard.values().flatten().map(|delivery| delivery.at).max().unwrap_or_default();
    let unfenced = members.iter().filter(|member| !member.fenced_after(message.at)).count();
    if unfenced > 0 {
        return Err(not_tested(format!(
            "{unfenced} of {} members were not fenced after {}",
            members.len(),
            evidence::clock(last)
        )));
    }
    Ok(members.len())
}

/// What each member heard of the message under the route's name.
fn by_member<'c, 'a>(
    conversation: &'c Conversation<'a>,
    message: &Message<'_>,
    route: &Route,
) -> BTreeMap<&'a crate::recording::Peer, Vec<&'c Delivery<'a>>> {
    let mut heard: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for delivery in conversation.heard(message).into_iter().filter(|delivery| delivery.event == route.event) {
        heard.entry(delivery.peer).or_default().push(delivery);
    }
    heard
}

fn slowest(heard: &BTreeMap<&crate::recording::Peer, Vec<&Delivery<'_>>>, message: &Message<'_>) -> String {
    let last = heard.values().flatten().map(|delivery| delivery.at).max().unwrap_or_default();
    format!(
        "{}  the last arrival, after {}",
        evidence::clock(last),
        evidence::span(last.saturating_sub(message.starts()))
    )
}

/// Why the room is not as full as it should be.
fn not_all_there(crowd: &[&Connection<'_>], members: usize) -> Failure {
    let reason = crowd.iter().find_map(|one| match &one.refusal {
        Some(Refusal::Open { reason, .. }) => Some((*reason).to_owned()),
        Some(Refusal::Connect(data)) => Some(format!("CONNECT_ERROR {data}")),
        Some(Refusal::TimedOut) => Some("CONNECT was not answered in time".to_owned()),
        None => one.closed.filter(|(_, by_us, _)| !by_us).map(|(_, _, how)| how.to_owned()),
    });
    not_tested(format!(
        "only {members} of {} sockets got into the room ({}); look at the limits of open files (`ulimit -n`) here and at the \
         target, or lower `members` in [scale]",
        crowd.len(),
        reason.unwrap_or_else(|| "their joins were not acknowledged".to_owned())
    ))
}
