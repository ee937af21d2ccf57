//! `transport.heartbeat`: pings that come, and clients that are dropped when they do not answer.

use std::time::Duration;

use serde_json::Value;

use crate::conversation::{Connection, Conversation, evidence, not_tested};
use crate::recording::{Direction, What};
use crate::verdict::{Failure, Finding, Judgement};

/// What a server's timers and a busy machine may add.
const SLACK: Duration = Duration::from_secs(1);

/// The numbers of the handshake.
struct Numbers {
    interval: Duration,
    timeout: Duration,
}

/// The server pings every `pingInterval`, and drops a client that stays silent for `pingTimeout` more; one that answers
/// lives on.
pub(super) fn heartbeat(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    for steady in conversation.connections.iter().filter(|one| one.peer.actor.starts_with("steady/")) {
        steady.usable()?;
        let silent = conversation.actor(&steady.peer.actor.replace("steady/", "silent/"))?;
        for connection in [steady, silent] {
            bearable(conversation, connection)?;
        }
        observations += pings(conversation, steady)?;
        let dropped = drops(conversation, silent)?;
        observations += 1 + lives_on(conversation, steady, dropped)?;
    }
    Ok(observations)
}

/// Whether the stage waited for it.
fn bearable(conversation: &Conversation<'_>, connection: &Connection<'_>) -> Result<(), Failure> {
    let own = conversation.entries.iter().filter(|entry| entry.peer.as_ref() == Some(connection.peer));
    let skipped = own.into_iter().find_map(|entry| match &entry.what {
        What::Skipped { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    skipped.map_or(Ok(()), |reason| Err(not_tested(reason)))
}

fn numbers(connection: &Connection<'_>) -> Result<Numbers, Failure> {
    let millis = |key: &str| {
        let value = connection.handshake.and_then(|handshake| handshake.get(key)).and_then(Value::as_u64);
        value.map(Duration::from_millis).ok_or_else(|| Failure::NotTested {
            reason: format!("the open packet of {} has no usable `{key}`", connection.peer),
            because: Some("transport.open.websocket"),
        })
    };
    Ok(Numbers { interval: millis("pingInterval")?, timeout: millis("pingTimeout")? })
}

/// When frames of this text went this way.
fn frames(conversation: &Conversation<'_>, connection: &Connection<'_>, dir: Direction, text: &str) -> Vec<Duration> {
    let own = conversation.entries.iter().filter(|entry| entry.peer.as_ref() == Some(connection.peer));
    own.filter(|entry| matches!(&entry.what, What::Frame { dir: way, text: said } if *way == dir && said == text))
        .map(|entry| entry.at)
        .collect()
}

/// Most gaps between the opening and the pings are no longer than the interval, and none so long that a client gives up: a
/// single late one is a moment of much work. The first ping may come at once; only one later than half an interval tells
/// anything.
fn pings(conversation: &Conversation<'_>, steady: &Connection<'_>) -> Judgement {
    let Numbers { interval, timeout } = numbers(steady)?;
    let pings = frames(conversation, steady, Direction::In, "2");
    let expected = format!("a ping every {} at {}", evidence::span(interval), steady.describe());
    let told: Vec<String> = pings.iter().take(8).map(|at| format!("{}  a ping", evidence::clock(*at))).collect();
    if pings.last().is_none_or(|last| *last < steady.opening + interval / 2) {
        let observed = pings.last().map_or_else(
            || "no ping".to_owned(),
            |last| format!("none but the first, after {}", evidence::span(last.saturating_sub(steady.opening))),
        );
        return Err(Finding::new(expected, observed).with([opened(steady)]).with(told).into());
    }
    let since = std::iter::once(&steady.opening).chain(&pings);
    let gaps: Vec<Duration> = pings.iter().zip(since).map(|(ping, before)| ping.saturating_sub(*before)).collect();
    let longest = gaps.iter().copied().max().unwrap_or_default();
    let late = gaps.iter().filter(|gap| **gap > interval + interval / 2 + SLACK).count();
    if late * 2 > gaps.len() || longest > interval + timeout {
        let observed = format!("none for {}", evidence::span(longest));
        return Err(Finding::new(expected, observed).with([opened(steady)]).with(told).into());
    }
    Ok(pings.len())
}

fn opened(connection: &Connection<'_>) -> String {
    let handshake = connection.handshake.map(|handshake| evidence::brief(handshake, 200)).unwrap_or_default();
    format!("{}  {} opens: {handshake}", evidence::clock(connection.opening), connection.describe())
}

/// The silent client is dropped: after the time-out, and not long after. Returns when. Servers that look for silent
/// clients in rounds come up to one time-out late.
fn drops(conversation: &Conversation<'_>, silent: &Connection<'_>) -> Result<Duration, Failure> {
    let Numbers { interval, timeout } = numbers(silent)?;
    let own = conversation.entries.iter().filter(|entry| entry.peer.as_ref() == Some(silent.peer));
    let since = own.into_iter().find(|entry| matches!(entry.what, What::FellSilent)).map(|entry| entry.at);
    let since = since.ok_or_else(|| not_tested(format!("{} never fell silent", silent.peer)))?;
    let unanswered = frames(conversation, silent, Direction::In, "2").into_iter().find(|at| *at >= since);
    let mut story = vec![opened(silent), format!("{}  it answers no ping from here on", evidence::clock(since))];
    story.extend(unanswered.map(|at| format!("{}  the first ping that it does not answer", evidence::clock(at))));
    let expected =
        format!("{} is dropped {} after the ping that it does not answer", silent.describe(), evidence::span(timeout));
    let (at, how) = match silent.closed {
        Some((at, false, how)) => (at, how),
        other => {
            let until = other.map_or(since, |(at, ..)| at);
            let observed = format!("still open {} after it fell silent", evidence::span(until.saturating_sub(since)));
            return Err(Finding::new(expected, observed).with(story).into());
        }
    };
    story.push(format!("{}  {how}", evidence::clock(at)));
    let took = at.saturating_sub(unanswered.unwrap_or(since));
    // What we read late looks early: half the time is early beyond doubt.
    if took < timeout / 2 {
        return Err(Finding::new(expected, format!("after {}", evidence::span(took))).with(story).into());
    }
    if at.saturating_sub(since) > interval + timeout * 2 + SLACK * 2 {
        let observed = format!("{} after it fell silent", evidence::span(at.saturating_sub(since)));
        return Err(Finding::new(expected, observed).with(story).into());
    }
    Ok(at)
}

/// The client that answers is still there when the silent one is dropped.
fn lives_on(conversation: &Conversation<'_>, steady: &Connection<'_>, dropped: Duration) -> Judgement {
    let Some((at, false, how)) = steady.closed else {
        conversation.fenced(steady, dropped)?;
        return Ok(1);
    };
    let Numbers { timeout, .. } = numbers(steady)?;
    let pongs = frames(conversation, steady, Direction::Out, "3");
    let late = frames(conversation, steady, Direction::In, "2").into_iter().find(|ping| {
        let pong = pongs.iter().find(|pong| *pong >= ping);
        pong.is_none_or(|pong| *pong > *ping + timeout / 2)
    });
    if late.is_some_and(|late| late < at) && pongs.len() < frames(conversation, steady, Direction::In, "2").len() {
        return Err(not_tested("this machine was too busy to answer pings in time"));
    }
    Err(Finding::new(format!("{} answers its pings and lives on", steady.describe()), format!("it ended: {how}"))
        .with([opened(steady), format!("{}  {how}", evidence::clock(at))])
        .into())
}
