//! Faults of the webhook: whom it believes, and what it answers to nonsense.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::http::{is_webhook, parameter};
use super::{Act, Area, Fault};
use crate::webhook::signature;

/// The area.
pub(super) const AREA: Area = Area {
    title: "Ingress",
    about: "The provider's webhook: its handshake, its signature, malformed bodies, its time.",
    faults: &[
        &VERIFY_ANY_TOKEN,
        &VERIFY_REFUSED_WITH_200,
        &CHALLENGE_AS_JSON,
        &WEBHOOK_SIGNATURE_UNCHECKED,
        &MISSING_SIGNATURE_ACCEPTED,
        &SIGNATURE_OF_A_RETOLD_BODY,
        &MALFORMED_BODY_ANSWERED_200,
        &MALFORMED_BODY_ANSWERED_500,
        &UNKNOWN_CHANNEL_ANSWERED_200,
        &WRONG_SHAPES_ACCEPTED,
        &WEBHOOK_ANSWERED_LATE,
    ],
};

const VERIFY_ANY_TOKEN: Fault = Fault {
    id: "verify-any-token",
    about: "The subscription handshake echoes the challenge whatever the verify token: anybody can subscribe the \
            address.",
    violates: &["ingress.verify"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let challenge = parameter(&request, "hub.challenge").map(str::to_owned);
            let response = next.run(request).await;
            match challenge.filter(|_| response.status() == StatusCode::FORBIDDEN) {
                Some(challenge) => challenge.into_response(),
                None => response,
            }
        })
    })],
};

const VERIFY_REFUSED_WITH_200: Fault = Fault {
    id: "verify-refused-with-200",
    about: "A wrong verify token is refused in words only, with status 200.",
    violates: &["ingress.verify"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let of_handshake = parameter(&request, "hub.mode").is_some();
            let mut response = next.run(request).await;
            if of_handshake && response.status() == StatusCode::FORBIDDEN {
                *response.status_mut() = StatusCode::OK;
            }
            response
        })
    })],
};

const CHALLENGE_AS_JSON: Fault = Fault {
    id: "challenge-as-json",
    about: "The challenge comes back as JSON, in quotation marks: the provider compares texts, and does not \
            subscribe.",
    violates: &["ingress.verify"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let challenge = parameter(&request, "hub.challenge").map(str::to_owned);
            let response = next.run(request).await;
            match challenge.filter(|_| response.status() == StatusCode::OK) {
                Some(challenge) => axum::Json(challenge).into_response(),
                None => response,
            }
        })
    })],
};

const WEBHOOK_SIGNATURE_UNCHECKED: Fault = Fault {
    id: "webhook-signature-unchecked",
    about: "A secret is set, and nobody computes anything with it: everybody can write in anybody's name.",
    violates: &["ingress.signature"],
    side_effects: &[],
    acts: &[Act::Signature(|_| true)],
};

const MISSING_SIGNATURE_ACCEPTED: Fault = Fault {
    id: "missing-signature-accepted",
    about: "A signature is checked where there is one: whoever leaves the header out is believed.",
    violates: &["ingress.signature"],
    side_effects: &[],
    acts: &[Act::Signature(|signed| signed.is_right || signed.header.is_none())],
};

const SIGNATURE_OF_A_RETOLD_BODY: Fault = Fault {
    id: "signature-of-a-retold-body",
    about: "The signature is computed over the body as it looks after parsing and writing it again: rightly signed \
            bodies with other spacing or escapes are refused.",
    violates: &["ingress.signature"],
    side_effects: &[],
    acts: &[Act::Signature(|signed| {
        let retold = serde_json::from_slice::<Value>(signed.body).map(|body| body.to_string());
        retold.is_ok_and(|retold| signature::is_right(signed.secret, signed.header, retold.as_bytes()))
    })],
};

const MALFORMED_BODY_ANSWERED_200: Fault = Fault {
    id: "malformed-body-answered-200",
    about: "Whatever is delivered is answered 200, so that the provider does not repeat it: nobody learns that it \
            was lost.",
    violates: &["ingress.malformed"],
    side_effects: &["ingress.signature"],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let delivered = is_webhook(&request);
            let mut response = next.run(request).await;
            if delivered && response.status().is_client_error() {
                *response.status_mut() = StatusCode::OK;
            }
            response
        })
    })],
};

const MALFORMED_BODY_ANSWERED_500: Fault = Fault {
    id: "malformed-body-answered-500",
    about: "What is not a webhook body throws where nobody catches: 500, and the provider repeats it for days.",
    violates: &["ingress.malformed"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let delivered = is_webhook(&request);
            let mut response = next.run(request).await;
            if delivered && response.status() == StatusCode::BAD_REQUEST {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            response
        })
    })],
};

const UNKNOWN_CHANNEL_ANSWERED_200: Fault = Fault {
    id: "unknown-channel-answered-200",
    about: "A message to a business number that nobody knows is answered 200 and thrown away.",
    violates: &["ingress.malformed"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let delivered = is_webhook(&request);
            let response = next.run(request).await;
            if delivered && response.status() == StatusCode::NOT_FOUND {
                axum::Json(json!({"status": 1, "message": "received"})).into_response()
            } else {
                response
            }
        })
    })],
};

const WRONG_SHAPES_ACCEPTED: Fault = Fault {
    id: "wrong-shapes-accepted",
    about: "A body of another shape counts as one without messages: `body.get(\"entry\", [])`.",
    violates: &["ingress.malformed"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| {
        if !body["entry"].is_array() {
            *body = json!({"object": "whatsapp_business_account", "entry": []});
        }
    })],
};

const WEBHOOK_ANSWERED_LATE: Fault = Fault {
    id: "webhook-answered-late",
    about: "The webhook is answered after everything is done, which takes 1.1 s: the provider gives up and repeats.",
    violates: &["ingress.prompt"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let delivered = is_webhook(&request);
            let response = next.run(request).await;
            if delivered {
                tokio::time::sleep(Duration::from_millis(1_100)).await;
            }
            response
        })
    })],
};
