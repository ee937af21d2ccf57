//! Conversations in HTTP: what the Engine.IO path refuses, and what browsers on other origins may do.

use super::{Blueprint, Phase, open_by};
use crate::recording::{TokenUse, Transport};
use crate::scenario::{Door, Probe, Step};
use crate::target::Capability;

/// A handshake as it should be; `changed` takes the place of its parameters of the same names.
fn handshake(label: String, by: Transport, changed: &[(&str, &str)]) -> Probe {
    let by_name = by.to_string();
    let own = [("EIO", "4"), ("transport", by_name.as_str())];
    let kept = own.into_iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
    let query: Vec<(&str, &str)> = kept.chain(changed.iter().copied()).collect();
    Probe { websocket: by == Transport::Websocket, ..Probe::get(label, Door::Socket).query(&query) }
}

fn at_once(probes: Vec<Probe>) -> Step {
    Step::Together { branches: probes.into_iter().map(|probe| vec![Step::Probe(probe)]).collect() }
}

/// The name of the handshake by this transport that is to be accepted.
#[must_use]
pub fn accepted_by(transport: Transport) -> String {
    format!("a good handshake by {transport}")
}

/// Handshakes with one thing wrong each, beside good ones.
pub const REFUSALS: Blueprint = Blueprint {
    name: "refusals",
    about: "handshakes with an unknown protocol version, transport, session id or method, beside good ones",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let mut probes = Vec::new();
        let mut sessions = Vec::new();
        for by in plan.doors() {
            let bad = |what: &str, changed: &[(&str, &str)]| handshake(format!("{what} by {by}"), by, changed);
            probes.extend([
                handshake(accepted_by(by), by, &[]),
                bad("an unknown protocol version", &[("EIO", "99")]),
                bad("a protocol version that is no number", &[("EIO", "four")]),
                bad("an unknown transport", &[("transport", "carrier-pigeon")]),
                bad("an unknown session id", &[("sid", "AAAAAAAAAAAAAAAAAAAA")]),
            ]);
            if by == Transport::Polling {
                let session = [("sid", "$session:poller")];
                sessions.push(open_by("poller", by));
                probes.extend([
                    bad("POST with an unknown session id", &[("sid", "AAAAAAAAAAAAAAAAAAAA")]).method("POST"),
                    bad("a handshake with POST", &[]).method("POST"),
                    bad("a handshake with DELETE", &[]).method("DELETE"),
                    bad("PUT within a session", &session).method("PUT"),
                ]);
            }
        }
        sessions.push(at_once(probes));
        sessions
    },
};

/// What a browser does for a page of another origin.
pub const CORS: Blueprint = Blueprint {
    name: "cors",
    about: "what a browser sends for a page of another origin: handshakes, a preflight, and a call with a token",
    needs: &[],
    phase: Phase::Together,
    steps: |plan| {
        let origin = ("origin", "$origin");
        let mut probes = Vec::new();
        for by in plan.doors() {
            probes.push(handshake(accepted_by(by), by, &[]));
            probes.push(handshake(format!("a page's handshake by {by}"), by, &[]).headers(&[origin]));
        }
        if plan.can(Capability::Rest) {
            let preflight = [
                origin,
                ("access-control-request-method", "GET"),
                ("access-control-request-headers", "authorization,content-type"),
            ];
            probes.extend([
                Probe { token: Some(TokenUse::Good), ..Probe::get("a good call", Door::Protected) },
                Probe::get("a preflight", Door::Protected).method("OPTIONS").headers(&preflight),
                Probe {
                    token: Some(TokenUse::Good),
                    ..Probe::get("a page's call", Door::Protected).headers(&[origin])
                },
            ]);
        }
        vec![at_once(probes)]
    },
};
