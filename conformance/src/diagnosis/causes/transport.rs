//! Causes on the way to the backend: load balancers and proxies that take Socket.IO for ordinary HTTP.

use std::time::Duration;

use super::super::facts::Facts;
use super::{Diagnosis, in_words, list, node, python};
use crate::conversation::{Connection, Refusal, evidence};
use crate::recording::{Direction, Transport};
use crate::scenarios::{MALFORMED, MAX_PAYLOAD, ONE_MESSAGE_PER_TYPE};

/// How much later WebSocket frames must come than those of polling sessions to be held back.
const HELD_BACK: Duration = Duration::from_millis(150);

/// And how many times as late.
const TIMES: u32 = 4;

/// Polling sessions open, and their very next requests are answered "unknown session".
pub(super) fn unsticky_polling(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    // Who says what no good client says may lose its session for that.
    let good = facts.conversations.iter().filter(|one| ![MALFORMED.name, MAX_PAYLOAD.name].contains(&one.name));
    let polling: Vec<_> = good
        .flat_map(|conversation| &conversation.connections)
        .filter(|connection| begins_by_polling(connection) && connection.handshake.is_some())
        .collect();
    // CONNECT itself may have gone elsewhere, too.
    let unanswered = |connection: &Connection<'_>| matches!(connection.refusal, Some(Refusal::TimedOut));
    let lost: Vec<_> =
        polling.iter().filter(|connection| is_unknown_later(connection) || unanswered(connection)).collect();
    let websockets_live = connections(facts)
        .any(|connection| connection.transport == Transport::Websocket && connection.connected.is_some());
    // Which requests go astray is the balancer's turn to say: by luck, most sessions may get through.
    if !lost.iter().any(|connection| is_unknown_later(connection)) || lost.len() < 2 || lost.len() * 6 < polling.len() {
        return None;
    }
    let line = |connection: &&&&Connection<'_>| {
        let how = connection.closed.map_or("CONNECT was never answered", |(_, _, how)| how);
        format!("{}: opened, then {how}", connection.describe())
    };
    let mut evidence: Vec<String> = lost.iter().take(3).map(|connection| line(&connection)).collect();
    evidence.push(format!("so it went with {} of {} polling sessions", lost.len(), polling.len()));
    if websockets_live {
        evidence.push("WebSockets, which stay with the node that they came to, live on".to_owned());
    }
    Some(Diagnosis {
        id: "unsticky-polling",
        cause: "requests of one polling session go to different processes, each of which knows only the sessions that it opened: \
                the load balancer is not sticky"
            .to_owned(),
        evidence,
        remedies: vec![
            in_words("nginx: `ip_hash;` or `hash $arg_sid$cookie_io consistent;` in the upstream; HAProxy: `cookie` or `balance source`; Kubernetes: `sessionAffinity: ClientIP` or a cookie at the ingress"),
            python("# gunicorn -w 1, or uvicorn without --workers: several processes behind one port are a load balancer, too"),
            node("// in a cluster: setupMaster(httpServer, { loadBalancingMethod: 'least-connection' }) of @socket.io/sticky"),
        ],
        explains: [
            facts.red.explained(&["transport.", "broadcast.", "join."], None),
            facts.red.untested(),
        ]
        .concat(),
    })
}

fn connections<'f, 'a>(facts: &Facts<'f, 'a>) -> impl Iterator<Item = &'f Connection<'a>> {
    facts.conversations.iter().flat_map(|conversation| &conversation.connections)
}

fn begins_by_polling(connection: &Connection<'_>) -> bool {
    matches!(connection.transport, Transport::Polling | Transport::Upgrade)
}

/// Whether a session that was opened was unknown a moment later: a poll of it was refused.
fn is_unknown_later(connection: &Connection<'_>) -> bool {
    connection.closed.is_some_and(|(_, by_us, how)| !by_us && how.contains("a poll was answered with HTTP 4"))
}

/// WebSocket handshakes are refused and polling works: a proxy passes plain HTTP only.
pub(super) fn websocket_not_passed_on(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let websockets: Vec<_> =
        connections(facts).filter(|connection| connection.transport == Transport::Websocket).collect();
    let refused: Vec<_> = websockets
        .iter()
        .filter_map(|connection| match connection.refusal {
            Some(Refusal::Open { reason, status: Some(_) }) if connection.handshake.is_none() => Some(reason),
            _ => None,
        })
        .collect();
    let polling_works =
        connections(facts).any(|connection| begins_by_polling(connection) && connection.connected.is_some());
    let all = !refused.is_empty() && websockets.iter().all(|connection| connection.connected.is_none());
    (all && polling_works).then(|| Diagnosis {
        id: "websocket-not-passed-on",
        cause: "WebSocket handshakes are refused while polling works: a proxy in front passes plain HTTP on and drops `Upgrade`, \
                or the server has WebSocket switched off"
            .to_owned(),
        evidence: vec![
            refused[0].to_owned(),
            format!("so it went with all {} WebSocket handshakes; sessions by polling connect", refused.len()),
        ],
        remedies: vec![
            in_words("nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; proxy_buffering off;"),
            python("socketio.AsyncServer(transports=[\"polling\", \"websocket\"], async_mode=\"asgi\")    # and pip install \"uvicorn[standard]\""),
            node("new Server(httpServer, { transports: ['polling', 'websocket'] })"),
        ],
        explains: [facts.red.explained(&["transport.", "security.isolation"], None), facts.red.untested()].concat(),
    })
}

/// What comes by WebSocket comes late and in clumps, and what comes by polling comes at once: it is not the backend that is
/// slow, which would be slow by both.
pub(super) fn held_back_frames(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    // The one conversation that is held with nothing beside it: no load of ours delays anybody.
    let connections = &facts.conversation(&ONE_MESSAGE_PER_TYPE)?.connections;
    let by = |transport| connections.iter().filter(move |connection| connection.transport == transport);
    let (websocket, polling) = (latencies(by(Transport::Websocket)), latencies(by(Transport::Polling)));
    let (held, prompt) = (median(&websocket)?, median(&polling)?);
    let clumps: usize = by(Transport::Websocket).map(clumps).sum();
    let red = facts.red.is_violated(&["broadcast.delivered", "transport.", "join."], None);
    if !red || held < HELD_BACK || held < prompt * TIMES {
        return None;
    }
    Some(Diagnosis {
        id: "held-back-frames",
        cause: "something between here and the backend holds WebSocket frames back and passes them on in clumps: a proxy that buffers"
            .to_owned(),
        evidence: vec![
            format!("answers by WebSocket took {} (median of {}), by polling {} (median of {})",
                evidence::span(held), websocket.len(), evidence::span(prompt), polling.len()),
            format!("{clumps} times several frames arrived together that the backend had sent one after the other"),
        ],
        remedies: vec![
            in_words("switch buffering off where the Socket.IO path passes: nginx `proxy_buffering off;`, Apache `ProxyPass … flushpackets=on`, no gzip and no inspection of WebSockets in between"),
            in_words(format!("compare with the backend itself, past the proxy: conformance run --target http://BACKEND:PORT --run '{}'", list(["broadcast.delivered"]))),
        ],
        explains: facts.red.explained(&["transport.", "broadcast.", "join.", "leave.", "resilience.", "auth.", "list.", "payload.", "security."], None),
    })
}

/// How long answers took, those to fences included, which cost a server nothing. Sorted.
fn latencies<'c, 'a: 'c>(connections: impl Iterator<Item = &'c Connection<'a>>) -> Vec<Duration> {
    let mut all: Vec<Duration> = connections
        .flat_map(|connection| &connection.fences)
        .filter_map(|fence| fence.back?.checked_sub(fence.sent))
        .collect();
    all.sort_unstable();
    all
}

fn median(sorted: &[Duration]) -> Option<Duration> {
    sorted.get(sorted.len() / 2).copied()
}

/// How often events arrived within a millisecond of the one before, after a pause.
fn clumps(connection: &Connection<'_>) -> usize {
    let arrivals: Vec<Duration> =
        connection.events.iter().filter(|event| event.dir == Direction::In).map(|event| event.at).collect();
    arrivals.windows(2).filter(|pair| pair[1] - pair[0] < Duration::from_millis(1)).count()
}
