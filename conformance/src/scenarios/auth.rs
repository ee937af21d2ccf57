//! Conversations about tokens.

use super::{Blueprint, Phase, for_each_route, observer, observer_heard, send, settle};
use crate::recording::{LoginCase, TokenPlace, TokenUse};
use crate::scenario::{Actor, Step};
use crate::target::Capability;

/// The tokens that must be refused.
const BAD: [TokenUse; 7] = [
    TokenUse::Missing,
    TokenUse::Garbage,
    TokenUse::Expired,
    TokenUse::Tampered,
    TokenUse::WrongKey,
    TokenUse::AlgNone,
    TokenUse::Refresh,
];

/// Good and bad tokens in both places, and a message of each type.
pub const AUTH_TOKENS: Blueprint = Blueprint {
    name: "auth-tokens",
    about: "connections with good and bad tokens in either place, and in both at once; then a message of each type, which \
            only the good ones may hear",
    needs: &[Capability::Auth],
    phase: Phase::Together,
    steps: |plan| {
        let places = if plan.can(Capability::QueryToken) {
            &[TokenPlace::Auth, TokenPlace::Query][..]
        } else {
            &[TokenPlace::Auth]
        };
        let attempt = |token, place| {
            let name =
                serde_json::to_value(token).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
            let shown = match place {
                TokenPlace::Auth => "auth",
                TokenPlace::Query => "query",
                TokenPlace::Both => "auth, not query",
            };
            let actor = Actor::from(format!("{name}/{shown}"));
            vec![Step::Open { actor, transport: None, token, place: Some(place), receive_buffer: None }]
        };
        let mut branches = Vec::new();
        for place in places {
            branches.push(attempt(TokenUse::Good, *place));
            branches.extend(BAD.map(|token| attempt(token, *place)));
        }
        if plan.can(Capability::QueryToken) {
            branches.extend([TokenUse::Good, TokenUse::Garbage].map(|token| attempt(token, TokenPlace::Both)));
        }
        branches.push(vec![for_each_route(plan, observer)]);
        vec![
            Step::Together { branches },
            for_each_route(plan, |route| {
                vec![send(route, "hello", "customer", "for those with a token"), observer_heard(route, &["hello"])]
            }),
            settle(),
        ]
    },
};

/// The protected REST route, with good and bad tokens.
pub const AUTH_REST: Blueprint = Blueprint {
    name: "auth-rest",
    about: "a protected REST route with good and bad tokens",
    needs: &[Capability::Auth, Capability::Rest],
    phase: Phase::Together,
    steps: |_| {
        let call = |token| vec![Step::Rest { token }];
        vec![Step::Together { branches: std::iter::once(call(TokenUse::Good)).chain(BAD.map(call)).collect() }]
    },
};

/// A token is logged out and tried again.
pub const AUTH_LOGOUT: Blueprint = Blueprint {
    name: "auth-logout",
    about: "a token that connects, is logged out, and is tried again",
    needs: &[Capability::Auth, Capability::Logout],
    phase: Phase::Together,
    steps: |_| {
        let open = |actor, token| Step::Open {
            actor: Actor::from(actor),
            transport: None,
            token,
            place: None,
            receive_buffer: None,
        };
        vec![open("before", TokenUse::Good), Step::LogOut, open("after", TokenUse::LoggedOut)]
    },
};

/// Logins that the login service lets in, refuses, fails at and does not answer.
pub const LOGIN_SERVICE: Blueprint = Blueprint {
    name: "login-service",
    about: "logins that the login service lets in, refuses, fails at and does not answer",
    needs: &[Capability::Auth, Capability::LoginService],
    phase: Phase::Beside,
    steps: |_| vec![Step::Together { branches: LoginCase::ALL.map(|login| vec![Step::LogIn { login }]).to_vec() }],
};
