//! Causes where tokens are looked at.

use std::collections::BTreeSet;

use super::super::facts::Facts;
use super::{Diagnosis, node, python};
use crate::recording::{TokenPlace, TokenUse, What};
use crate::scenarios::{AUTH_REST, AUTH_TOKENS};

/// Bad tokens are let in; which ones they are tells what nobody looks at.
pub(super) fn token_not_verified(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let explains = facts.red.explained(&["auth.reject", "auth.rest", "auth.logout", "security.input"], None);
    let bad = |token: &TokenUse| !matches!(token, TokenUse::Good | TokenUse::LoggedOut);
    let by_socket = facts.conversation(&AUTH_TOKENS).into_iter().flat_map(|conversation| &conversation.connections);
    let by_socket: BTreeSet<String> = by_socket
        // Who shows a good one beside it may be let in for that.
        .filter(|connection| connection.place != TokenPlace::Both)
        .filter(|connection| bad(&connection.token) && connection.connected.is_some())
        .map(|connection| format!("{:?}", connection.token))
        .collect();
    let by_rest = facts.conversation(&AUTH_REST).into_iter().flat_map(|conversation| &conversation.entries);
    let by_rest: BTreeSet<String> = by_rest
        .filter_map(|entry| match &entry.what {
            What::Rest { token, status: 200..=299, .. } if bad(token) => Some(format!("{token:?}")),
            _ => None,
        })
        .collect();
    let lets_in =
        |token: TokenUse| by_socket.contains(&format!("{token:?}")) || by_rest.contains(&format!("{token:?}"));
    let (id, cause) = if lets_in(TokenUse::Garbage) {
        ("token-not-checked", "tokens are not looked at: text that is no token at all lets its bearer in")
    } else if lets_in(TokenUse::WrongKey) || lets_in(TokenUse::Tampered) {
        ("signature-not-verified", "tokens are decoded and not verified: anybody can write a token of their own")
    } else if lets_in(TokenUse::AlgNone) {
        ("alg-none-accepted", "the algorithm is taken from the token itself: one that says `none` needs no signature")
    } else if lets_in(TokenUse::Expired) {
        ("expiry-not-checked", "nobody looks at `exp`: a token is good for ever")
    } else if lets_in(TokenUse::Missing) {
        ("token-not-required", "who shows no token is let in: only what there is is checked")
    } else {
        return None;
    };
    let line = |what: &str, tokens: &BTreeSet<String>| match tokens.is_empty() {
        true => format!("{what} let in with no bad token"),
        false => format!("{what} let in with these tokens: {}", tokens.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    Some(Diagnosis {
        id,
        cause: cause.to_owned(),
        evidence: vec![line("sockets were", &by_socket), line("REST calls were", &by_rest)],
        remedies: vec![
            python(
                "jwt.decode(token, SECRET, algorithms=[\"HS256\"])    # in `connect`; never verify_signature: False or verify_exp: False\nraise ConnectionRefusedError(\"invalid token\")    # where it raises, or there is no token",
            ),
            node(
                "io.use((socket, next) => { try { jwt.verify(token, SECRET, { algorithms: ['HS256'] }); next(); } catch { next(new Error('invalid token')); } });    // jwt.decode verifies nothing",
            ),
        ],
        explains,
    })
}
