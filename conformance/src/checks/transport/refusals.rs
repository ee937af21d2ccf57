//! `transport.reject` and `transport.cors`: what the Engine.IO path and REST answer to requests of any kind.

use crate::conversation::{Conversation, Probed, evidence, not_tested};
use crate::recording::Transport;
use crate::scenarios::accepted_by;
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The good twin of a probe, without which a refusal means nothing.
fn twin<'a>(conversation: &Conversation<'a>, by: Transport) -> Result<Probed<'a>, Failure> {
    let good = conversation.probe(&accepted_by(by))?;
    match good.status() {
        Some(101 | 200) => Ok(good),
        _ => Err(Failure::NotTested {
            reason: format!("{}: {}", good.name, good.outcome()),
            because: Some(match by {
                Transport::Websocket => "transport.open.websocket",
                Transport::Polling | Transport::Upgrade => "transport.open.polling",
            }),
        }),
    }
}

/// The transports that good handshakes were tried by.
fn tried(conversation: &Conversation<'_>) -> Vec<Transport> {
    let both = [Transport::Websocket, Transport::Polling];
    both.into_iter().filter(|by| conversation.probes().any(|probe| probe.name == accepted_by(*by))).collect()
}

/// An unknown version, transport, session id or method is refused with an HTTP 4xx, at once; a good handshake is not.
pub(super) fn reject(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    for by in tried(conversation) {
        let good = twin(conversation, by)?;
        let belongs = |probe: &Probed<'_>| probe.name.ends_with(&format!(" by {by}")) && probe.name != good.name;
        for probe in conversation.probes().filter(belongs) {
            match probe.status() {
                Some(429) => return Err(not_tested(format!("{}: {}", probe.name, probe.outcome()))),
                Some(400..=499) => observations += 1,
                _ => {
                    return Err(Finding::new(format!("an HTTP 4xx for {}", probe.name), probe.outcome())
                        .with([good.line(), probe.line()])
                        .into());
                }
            }
        }
    }
    Ok(observations)
}

/// A browser on another origin can open both transports, and call REST with an `Authorization` header.
pub(super) fn cors(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    for by in tried(conversation) {
        let good = twin(conversation, by)?;
        let page = conversation.probe(&format!("a page's handshake by {by}"))?;
        if page.status() != good.status() {
            return Err(Finding::new(
                format!("{} for {}, as without an Origin", good.outcome(), page.name),
                page.outcome(),
            )
            .with([good.line(), page.line()])
            .into());
        }
        // A browser asks no leave for WebSockets: the server's answer is all there is.
        if by == Transport::Polling {
            allows_origin(&page)?;
        }
        observations += 1;
    }
    if conversation.lacks(Capability::Rest) {
        return Ok(observations);
    }
    let good = conversation.probe("a good call")?;
    if !matches!(good.status(), Some(200..=299)) {
        return Err(not_tested(format!(
            "{} → {}: name another route as `auth.protected_path`",
            good.request,
            good.outcome()
        )));
    }
    let preflight = conversation.probe("a preflight")?;
    if !matches!(preflight.status(), Some(200..=299)) {
        return Err(Finding::new("a 2xx for a preflight", preflight.outcome()).with([preflight.line()]).into());
    }
    allows_origin(&preflight)?;
    allows_authorization(&preflight)?;
    let page = conversation.probe("a page's call")?;
    if page.status() != good.status() {
        return Err(Finding::new(format!("{} for {}", good.outcome(), page.name), page.outcome())
            .with([good.line(), page.line()])
            .into());
    }
    allows_origin(&page)?;
    Ok(observations + 2)
}

/// `Access-Control-Allow-Origin` is the page's origin or `*` (Fetch, 4.10 "CORS check").
fn allows_origin(probe: &Probed<'_>) -> Result<(), Failure> {
    let allowed = probe.header("access-control-allow-origin");
    if allowed.is_some_and(|origin| origin == "*" || probe.request.ends_with(&format!(" from {origin}"))) {
        return Ok(());
    }
    Err(Finding::new(
        format!(
            "`access-control-allow-origin` for {}: without it a browser keeps the answer from the page",
            probe.name
        ),
        allowed.map_or_else(|| "no such header".to_owned(), |value| format!("`{value}`")),
    )
    .with([probe.line()])
    .into())
}

/// `Access-Control-Allow-Headers` names `authorization`, which `*` does not cover (Fetch, 4.8 "CORS-preflight fetch"), and
/// `content-type`.
fn allows_authorization(preflight: &Probed<'_>) -> Result<(), Failure> {
    let allowed = preflight.header("access-control-allow-headers").unwrap_or_default().to_ascii_lowercase();
    let names: Vec<&str> = allowed.split(',').map(str::trim).collect();
    let covers_type = names.iter().any(|name| matches!(*name, "*" | "content-type"));
    if names.contains(&"authorization") && covers_type {
        return Ok(());
    }
    Err(Finding::new(
        "`access-control-allow-headers` names authorization (which `*` does not cover) and content-type",
        format!("`{}`", evidence::shorten(&allowed, 120)),
    )
    .with([preflight.line()])
    .into())
}
