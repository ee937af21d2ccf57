//! Faults towards the services that the backend itself calls: the provider's send API, and the login service.

use std::time::Duration;

use super::{Act, Area, Fault};
use crate::login_service::LoginFailure;
use crate::provider::DeliveryError;

/// The area.
pub(super) const AREA: Area = Area {
    title: "Provider and login service",
    about: "An agent's reply on its way to the customer, and what becomes of it when the provider says no or nothing; \
            logins that another service knows of.",
    faults: &[
        &REPLY_NOT_SENT,
        &REPLY_SENT_TWICE,
        &REPLY_TO_WRONG_NUMBER,
        &REPLY_TEXT_TRUNCATED,
        &REFUSED_REPLY_SHOWN_AS_SENT,
        &REFUSED_REPLY_TRIED_FOR_EVER,
        &FAILED_REPLY_SHOWN_AS_SENT,
        &FAILED_REPLY_SENT_AFTER_ALL,
        &REPLY_WAITS_FOR_EVER,
        &REPLY_HOLDS_UP_EVERYBODY,
        &LOGIN_SERVICE_AWAY_IS_401,
        &LOGIN_SERVICE_AWAY_LETS_IN,
        &WRONG_PASSWORD_IS_502,
    ],
};

/// Long after everybody has given up.
const FOR_EVER: Duration = Duration::from_hours(1);

const REPLY_NOT_SENT: Fault = Fault {
    id: "reply-not-sent",
    about: "An agent's reply is stored, shown and acknowledged, and never handed to the provider: the customer waits.",
    violates: &["provider.reply-sent"],
    side_effects: &[],
    acts: &[Act::Sending(Vec::clear)],
};

const REPLY_SENT_TWICE: Fault = Fault {
    id: "reply-sent-twice",
    about: "A reply is posted by the socket's handler and once more by the worker: the customer reads it twice.",
    violates: &["provider.reply-sent"],
    side_effects: &[],
    acts: &[Act::Sending(|outgoing| outgoing.extend(outgoing.clone()))],
};

const REPLY_TO_WRONG_NUMBER: Fault = Fault {
    id: "reply-to-wrong-number",
    about: "The customer's number loses its country code on the way: the provider takes it for somebody else's.",
    violates: &["provider.reply-sent"],
    side_effects: &[],
    acts: &[Act::Sending(|outgoing| {
        for message in outgoing {
            message.number = message.number.chars().skip(1).collect();
        }
    })],
};

const REPLY_TEXT_TRUNCATED: Fault = Fault {
    id: "reply-text-truncated",
    about: "What goes to the customer is the preview that the list shows: a long reply ends in the middle.",
    violates: &["provider.reply-sent"],
    side_effects: &[],
    acts: &[Act::Sending(|outgoing| {
        for message in outgoing {
            message.text = message.text.chars().take(100).collect();
        }
    })],
};

const REFUSED_REPLY_SHOWN_AS_SENT: Fault = Fault {
    id: "refused-reply-shown-as-sent",
    about: "Nobody looks at the provider's status: what it refuses is acknowledged to the agent as sent.",
    violates: &["provider.refused"],
    side_effects: &[],
    acts: &[Act::Sent(|sent| {
        if was_refused(&sent.result) {
            sent.result = Ok(());
        }
    })],
};

const REFUSED_REPLY_TRIED_FOR_EVER: Fault = Fault {
    id: "refused-reply-tried-for-ever",
    about: "What the provider refuses for good is tried again and again, long after the agent was told.",
    violates: &["provider.refused"],
    side_effects: &[],
    acts: &[Act::Sent(|sent| {
        sent.again = was_refused(&sent.result).then_some(Duration::from_millis(20));
    })],
};

const FAILED_REPLY_SHOWN_AS_SENT: Fault = Fault {
    id: "failed-reply-shown-as-sent",
    about: "The reply that met an error of the provider's is lost, and the agent sees it as sent.",
    violates: &["provider.failing"],
    side_effects: &[],
    acts: &[Act::Sent(|sent| {
        if has_failed(&sent.result) {
            sent.result = Ok(());
        }
    })],
};

const FAILED_REPLY_SENT_AFTER_ALL: Fault = Fault {
    id: "failed-reply-sent-after-all",
    about: "The agent is told that the reply was not sent, while a job in the background sends it: whoever writes it \
            again doubles it.",
    violates: &["provider.failing"],
    side_effects: &[],
    acts: &[Act::Sent(|sent| {
        sent.again = has_failed(&sent.result).then_some(Duration::from_millis(20));
    })],
};

const REPLY_WAITS_FOR_EVER: Fault = Fault {
    id: "reply-waits-for-ever",
    about: "The call to the provider has no time-out: while it is silent, the agent is told nothing at all.",
    violates: &["provider.timeout"],
    side_effects: &[],
    acts: &[Act::Patience(FOR_EVER)],
};

const REPLY_HOLDS_UP_EVERYBODY: Fault = Fault {
    id: "reply-holds-up-everybody",
    about: "The call to the provider blocks the one thread (`requests.post` in an async handler): while it is silent, \
            nobody hears anything.",
    violates: &["provider.timeout"],
    side_effects: super::ANYTHING_HEARD,
    acts: &[Act::HoldUpForProvider],
};

const LOGIN_SERVICE_AWAY_IS_401: Fault = Fault {
    id: "login-service-away-is-401",
    about: "Whatever is wrong with the login service counts as a wrong password: agents reset it, in vain.",
    violates: &["auth.login-service"],
    side_effects: &[],
    acts: &[Act::LoginFailure(|_| Some(LoginFailure::Wrong))],
};

const LOGIN_SERVICE_AWAY_LETS_IN: Fault = Fault {
    id: "login-service-away-lets-in",
    about: "While the login service is away, anybody may be anybody: the check fails open.",
    violates: &["auth.login-service"],
    side_effects: &[],
    acts: &[Act::LoginFailure(|failure| matches!(failure, LoginFailure::Wrong).then_some(failure))],
};

const WRONG_PASSWORD_IS_502: Fault = Fault {
    id: "wrong-password-is-502",
    about: "The login service's 401 is an exception like any other: a wrong password looks like an outage.",
    violates: &["auth.login-service"],
    side_effects: &[],
    acts: &[Act::LoginFailure(|_| Some(LoginFailure::Failed(axum::http::StatusCode::UNAUTHORIZED)))],
};

fn was_refused(result: &Result<(), DeliveryError>) -> bool {
    matches!(result, Err(DeliveryError::Refused(status)) if status.is_client_error())
}

fn has_failed(result: &Result<(), DeliveryError>) -> bool {
    matches!(result, Err(DeliveryError::Refused(status)) if status.is_server_error())
}
