//! Faults of the doors: tokens that are not looked at closely enough, or not where they are.

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::dangerous::insecure_decode;
use serde_json::Value;

use super::{Act, Area, Door, Fault, Presented};
use crate::auth::{Claims, TokenError, TokenType};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Tokens",
    about: "Where a token is taken from, and which are let in.",
    faults: &[
        &AUTH_PAYLOAD_IGNORED,
        &QUERY_TOKEN_IGNORED,
        &ANY_TOKEN_ACCEPTED,
        &MISSING_TOKEN_ACCEPTED,
        &EXPIRED_TOKEN_ACCEPTED,
        &TOKEN_SIGNATURE_UNCHECKED,
        &ALG_NONE_ACCEPTED,
        &REFRESH_TOKEN_ACCEPTED,
        &REST_UNPROTECTED,
        &REST_ANSWERS_403,
        &LOGOUT_WITHOUT_EFFECT,
    ],
};

const AUTH_PAYLOAD_IGNORED: Fault = Fault {
    id: "auth-payload-ignored",
    about: "The token is looked for in the query string alone: clients that send `auth: {token}` are refused.",
    violates: &["auth.token.auth"],
    side_effects: &[],
    acts: &[Act::Credentials(|credentials| credentials.auth = None)],
};

const QUERY_TOKEN_IGNORED: Fault = Fault {
    id: "query-token-ignored",
    about: "The token is looked for in the CONNECT payload alone: the deployed page, which sends `?token=`, is \
            refused.",
    violates: &["auth.token.query"],
    side_effects: &[],
    acts: &[Act::Credentials(|credentials| credentials.query = None)],
};

const ANY_TOKEN_ACCEPTED: Fault = Fault {
    id: "any-token-accepted",
    about: "Any text is good enough for a token, as long as there is one.",
    violates: &["auth.reject", "auth.rest"],
    side_effects: &["auth.logout", "security.input"],
    acts: &[Act::Token(|presented| {
        if presented.token.is_some_and(|token| !token.is_empty()) { Ok(()) } else { presented.verdict }
    })],
};

const MISSING_TOKEN_ACCEPTED: Fault = Fault {
    id: "missing-token-accepted",
    about: "A socket without a token is let in: where there is nothing to check, nothing is checked.",
    violates: &["auth.reject"],
    side_effects: &["security.input"],
    acts: &[Act::Token(|presented| {
        waive(presented, presented.door == Door::Socket && presented.verdict == Err(TokenError::Missing))
    })],
};

const EXPIRED_TOKEN_ACCEPTED: Fault = Fault {
    id: "expired-token-accepted",
    about: "Nobody looks at `exp`: a token is good for ever.",
    violates: &["auth.reject", "auth.rest"],
    side_effects: &[],
    acts: &[Act::Token(|presented| waive(presented, presented.verdict == Err(TokenError::Expired)))],
};

const TOKEN_SIGNATURE_UNCHECKED: Fault = Fault {
    id: "token-signature-unchecked",
    about: "The token is decoded but its signature is not verified (`verify_signature: False`): anybody can write \
            their own.",
    violates: &["auth.reject", "auth.rest"],
    side_effects: &[],
    acts: &[Act::Token(|presented| {
        waive(presented, claims(presented).is_some_and(|claims| claims.token_type == TokenType::Access))
    })],
};

const ALG_NONE_ACCEPTED: Fault = Fault {
    id: "alg-none-accepted",
    about: "The algorithm is taken from the token itself: one that says `none` needs no signature.",
    violates: &["auth.reject", "auth.rest"],
    side_effects: &[],
    acts: &[Act::Token(|presented| waive(presented, is_unsigned(presented)))],
};

const REFRESH_TOKEN_ACCEPTED: Fault = Fault {
    id: "refresh-token-accepted",
    about: "A refresh token opens doors: nobody looks at `token_type`.",
    violates: &["auth.reject", "auth.rest"],
    side_effects: &[],
    acts: &[Act::Token(|presented| waive(presented, presented.verdict == Err(TokenError::WrongType)))],
};

const REST_UNPROTECTED: Fault = Fault {
    id: "rest-unprotected",
    about: "The REST routes ask for no token: the check was put before the socket only.",
    violates: &["auth.rest"],
    side_effects: &["security.input"],
    acts: &[Act::Token(|presented| waive(presented, presented.door == Door::Rest))],
};

const REST_ANSWERS_403: Fault = Fault {
    id: "rest-answers-403",
    about: "REST calls with a bad token are answered 403: pages refresh their token on 401 only.",
    violates: &["auth.rest"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let of_login = request.uri().path().starts_with("/api/auth/");
            let mut response = next.run(request).await;
            if response.status() == StatusCode::UNAUTHORIZED && !of_login {
                *response.status_mut() = StatusCode::FORBIDDEN;
            }
            response
        })
    })],
};

const LOGOUT_WITHOUT_EFFECT: Fault = Fault {
    id: "logout-without-effect",
    about: "Logging out is confirmed and forgotten: the token goes on opening doors until it expires.",
    violates: &["auth.logout"],
    side_effects: &[],
    acts: &[Act::Token(|presented| waive(presented, presented.verdict == Err(TokenError::LoggedOut)))],
};

/// Good, where the refusal is waived; otherwise what is rightly thought of it.
fn waive(presented: &Presented<'_>, waived: bool) -> Result<(), TokenError> {
    if waived { Ok(()) } else { presented.verdict }
}

/// What a token says that was refused for its signature, whoever signed it.
fn claims(presented: &Presented<'_>) -> Option<Claims> {
    let token = presented.token.filter(|_| presented.verdict == Err(TokenError::Invalid))?;
    insecure_decode::<Claims>(token).ok().map(|decoded| decoded.claims)
}

fn is_unsigned(presented: &Presented<'_>) -> bool {
    let header = presented.token.and_then(|token| BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok());
    let header = header.and_then(|header| serde_json::from_slice::<Value>(&header).ok());
    header.is_some_and(|header| header["alg"] == "none")
}
