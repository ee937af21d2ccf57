//! `auth.*`: good tokens connect, bad ones do not and never hear a thing.

use serde_json::Value;

use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Refusal, evidence, not_tested};
use crate::recording::{TokenPlace, TokenUse, What};
use crate::scenarios::{AUTH_LOGOUT, AUTH_REST, AUTH_TOKENS, LOGIN_SERVICE};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check {
        id: "auth.token.auth",
        needs: &[Capability::Auth],
        scenario: &AUTH_TOKENS,
        judge: Judge::Whole(|c| Ok(good(c, TokenPlace::Auth)? + good(c, TokenPlace::Both)?)),
    },
    Check {
        id: "auth.token.query",
        needs: &[Capability::Auth, Capability::QueryToken],
        scenario: &AUTH_TOKENS,
        judge: Judge::Whole(|c| good(c, TokenPlace::Query)),
    },
    Check { id: "auth.reject", needs: &[Capability::Auth], scenario: &AUTH_TOKENS, judge: Judge::Whole(reject) },
    Check {
        id: "auth.rest",
        needs: &[Capability::Auth, Capability::Rest],
        scenario: &AUTH_REST,
        judge: Judge::Whole(rest),
    },
    Check {
        id: "auth.logout",
        needs: &[Capability::Auth, Capability::Logout],
        scenario: &AUTH_LOGOUT,
        judge: Judge::Whole(logout),
    },
    Check {
        id: "auth.login-service",
        needs: &[Capability::Auth, Capability::LoginService],
        scenario: &LOGIN_SERVICE,
        judge: Judge::Whole(super::login::login_service),
    },
];

/// What came instead of CONNECT's success.
fn refusal(connection: &Connection<'_>) -> String {
    match &connection.refusal {
        None => "it connected".to_owned(),
        Some(Refusal::Open { reason, .. }) => format!("the handshake was refused: {reason}"),
        Some(Refusal::Connect(data)) => format!("CONNECT_ERROR {}", evidence::brief(data, 120)),
        Some(Refusal::TimedOut) => "CONNECT was not answered".to_owned(),
    }
}

fn with_token<'c, 'a>(
    conversation: &'c Conversation<'a>,
    place: TokenPlace,
    good: bool,
) -> impl Iterator<Item = &'c Connection<'a>> {
    conversation
        .connections
        .iter()
        .filter(move |connection| connection.place == place && (connection.token == TokenUse::Good) == good)
}

/// A good token in this place connects.
fn good(conversation: &Conversation<'_>, place: TokenPlace) -> Judgement {
    let mut observations = 0;
    for connection in with_token(conversation, place, true) {
        if connection.connected.is_none() {
            // What keeps both places from connecting is not about tokens.
            if let Some(Refusal::Open { reason, .. }) = &connection.refusal {
                return Err(Failure::NotTested {
                    reason: (*reason).to_owned(),
                    because: Some("transport.open.websocket"),
                });
            }
            let shown = match place {
                TokenPlace::Auth => "the CONNECT payload `{token}`",
                TokenPlace::Query => "the query string `?token=`",
                TokenPlace::Both => "the CONNECT payload `{token}`, with another one as `?token=`,",
            };
            return Err(Finding::new(format!("a good token in {shown} connects"), refusal(connection))
                .with([connection.describe()])
                .into());
        }
        observations += 1;
    }
    Ok(observations)
}

/// Bad tokens get CONNECT_ERROR with a message, and no broadcast ever. Means something only where a good one connects.
fn reject(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    let mut violations: Vec<(&Connection<'_>, Finding)> = Vec::new();
    for place in [TokenPlace::Auth, TokenPlace::Query, TokenPlace::Both] {
        if !with_token(conversation, place, true).any(|connection| connection.connected.is_some()) {
            if place != TokenPlace::Auth {
                continue;
            }
            let because = conversation.obstacle(None).or(Some("auth.token.auth"));
            return Err(Failure::NotTested { reason: "not even a good token connects".to_owned(), because });
        }
        for connection in with_token(conversation, place, false) {
            match refused(conversation, connection) {
                Ok(refused) => observations += refused,
                Err(Failure::Violation(finding)) => violations.push((connection, *finding)),
                Err(other) => return Err(other),
            }
        }
    }
    match violations.len() {
        0 if observations == 0 => Err(not_tested(format!("no bad token was tried: {}", skipped(conversation)))),
        0 => Ok(observations),
        1 => Err(violations.remove(0).1.into()),
        _ => Err(all_accepted(&violations).into()),
    }
}

/// Why bad tokens were not tried.
fn skipped(conversation: &Conversation<'_>) -> String {
    let reasons = conversation.entries.iter().filter_map(|entry| match &entry.what {
        What::Skipped { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    reasons.collect::<Vec<_>>().join("; ")
}

/// One finding for all tokens that were not refused: which ones they are tells what is not looked at.
fn all_accepted(violations: &[(&Connection<'_>, Finding)]) -> Finding {
    let told = |(connection, finding): &(&Connection<'_>, Finding)| {
        format!("{} ({}): {}", token_words(connection.token), connection.describe(), finding.observed)
    };
    Finding::new(
        "CONNECT_ERROR with a message for each bad token",
        format!("{} attempts went otherwise", violations.len()),
    )
    .with(violations.iter().map(told))
}

fn refused(conversation: &Conversation<'_>, connection: &Connection<'_>) -> Judgement {
    let told = match &connection.refusal {
        // An HTTP refusal of the handshake is a refusal too, before there is anything to CONNECT to.
        Some(Refusal::Open { status: Some(400..=499), .. }) => true,
        Some(Refusal::Open { reason, .. }) => return Err(not_tested((*reason).to_owned())),
        Some(Refusal::Connect(Value::String(message))) => !message.is_empty(),
        Some(Refusal::Connect(data)) => {
            data.get("message").and_then(Value::as_str).is_some_and(|message| !message.is_empty())
        }
        Some(Refusal::TimedOut) | None => false,
    };
    if !told {
        return Err(Finding::new(
            format!("CONNECT_ERROR with a message for {}", token_name(connection)),
            refusal(connection),
        )
        .with([connection.describe()])
        .into());
    }
    for message in conversation.audible()? {
        if let Some(heard) = conversation.heard_by(connection, message).first() {
            return Err(Finding::new(
                format!("no broadcast for {}", token_name(connection)),
                format!("it heard {}", heard.event),
            )
            .with([message.line(), heard.line()])
            .into());
        }
        // A connection that is still open is fenced; one that the server ended can hear nothing more.
        let is_open = connection.closed.is_none_or(|(at, ..)| at > message.at);
        if is_open && matches!(connection.refusal, Some(Refusal::Connect(_))) {
            conversation.fenced(connection, conversation.first_delivery(message)?.at)?;
        }
    }
    Ok(1)
}

fn token_name(connection: &Connection<'_>) -> String {
    let beside = if connection.place == TokenPlace::Both { ", with a good one as `?token=`" } else { "" };
    format!("{}{beside}", token_words(connection.token))
}

fn token_words(token: TokenUse) -> &'static str {
    match token {
        TokenUse::Good => "a good token",
        TokenUse::Missing => "a missing token",
        TokenUse::Garbage => "a garbage token",
        TokenUse::Expired => "an expired token",
        TokenUse::Tampered => "a tampered token",
        TokenUse::WrongKey => "a token signed with another key",
        TokenUse::AlgNone => "an unsigned token (`alg: none`)",
        TokenUse::Refresh => "a refresh token",
        TokenUse::LoggedOut => "a token that was logged out",
    }
}

/// Protected REST routes answer 401 to bad tokens, and something else to a good one.
fn rest(conversation: &Conversation<'_>) -> Judgement {
    let mut good = None;
    let mut bad = Vec::new();
    for entry in &conversation.entries {
        match &entry.what {
            What::Rest { request, token: TokenUse::Good, status } => good = Some((request, *status)),
            What::Rest { request, token, status } => bad.push((request, *token, *status)),
            What::RestFailed { request, reason } => return Err(not_tested(format!("{request}: {reason}"))),
            _ => {}
        }
    }
    match good {
        Some((_, 200..=299)) => {}
        Some((request, status)) => {
            return Err(not_tested(format!(
                "{request} answers {status} to a good token: name another route as `auth.protected_path`"
            )));
        }
        None => return Err(not_tested("no protected route was called")),
    }
    for (request, token, status) in &bad {
        if *status != 401 {
            return Err(
                Finding::new(format!("{request} answers 401 to {}", token_words(*token)), status.to_string()).into()
            );
        }
    }
    Ok(bad.len())
}

/// A token that was logged out no longer connects.
fn logout(conversation: &Conversation<'_>) -> Judgement {
    let skipped = conversation.entries.iter().find_map(|entry| match &entry.what {
        What::Skipped { reason, .. } => Some(reason),
        _ => None,
    });
    if let Some(reason) = skipped {
        return Err(not_tested(reason.clone()));
    }
    let before = conversation.actor("before")?;
    let after = conversation.connections.iter().find(|connection| connection.token == TokenUse::LoggedOut);
    let after = after.ok_or_else(|| not_tested("the logged-out token was not tried"))?;
    if after.connected.is_some() {
        return Err(Finding::new("a token that was logged out no longer connects", "it connects")
            .with([before.describe(), after.describe()])
            .into());
    }
    if matches!(after.refusal, Some(Refusal::Open { status: None | Some(500..), .. })) {
        return Err(not_tested(refusal(after)));
    }
    Ok(1)
}
