//! `ingress.*`: the provider's webhook lets in what the provider sends, and nothing else.

use std::time::Duration;

use fixtures::Route;

use super::broadcast::plainly;
use super::survival::next_is_heard;
use super::{Check, Judge};
use crate::conversation::{Acceptance, Answer, Conversation, Message, Probed, evidence, not_tested};
use crate::scenarios::{CHALLENGE, MALFORMED_WEBHOOKS, ONE_MESSAGE_PER_TYPE, SIGNATURES, VERIFY};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check {
        id: "ingress.verify",
        needs: &[Capability::Webhook, Capability::Verify],
        scenario: &VERIFY,
        judge: Judge::Whole(verify),
    },
    Check {
        id: "ingress.signature",
        needs: &[Capability::Webhook, Capability::Signature],
        scenario: &SIGNATURES,
        judge: Judge::PerRoute(signature),
    },
    Check {
        id: "ingress.malformed",
        needs: &[Capability::Webhook],
        scenario: &MALFORMED_WEBHOOKS,
        judge: Judge::Whole(malformed),
    },
    Check {
        id: "ingress.prompt",
        needs: &[Capability::Webhook],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(prompt),
    },
];

/// The most that a provider is kept waiting.
const PROMPT: Duration = Duration::from_secs(1);

/// The handshake echoes the challenge for the right verify token, and answers 401 or 403 otherwise.
fn verify(conversation: &Conversation<'_>) -> Judgement {
    let right = conversation.probe("the right token")?;
    let Answer::Status { status, body, .. } = right.answer else {
        return Err(not_tested(format!("{}: {}", right.request, right.outcome())));
    };
    if status != 200 || body != CHALLENGE {
        return Err(Finding::new(
            format!("200 with the challenge as it came ({CHALLENGE:?}, which is any text) for the right verify token"),
            format!("{status} with {:?}", evidence::shorten(body, 80)),
        )
        .with([right.line()])
        .into());
    }
    let mut observations = 1;
    for name in ["a wrong token", "an empty token"] {
        let wrong = conversation.probe(name)?;
        if !matches!(wrong.status(), Some(401 | 403)) {
            return Err(Finding::new(format!("401 or 403 for {name}"), wrong.outcome())
                .with([right.line(), wrong.line()])
                .into());
        }
        observations += 1;
    }
    Ok(observations)
}

/// A message of the type by the last part of its label.
fn labelled<'c, 'a>(
    conversation: &'c Conversation<'a>,
    route: &Route,
    label: &str,
) -> Result<&'c Message<'a>, Failure> {
    let label = format!("{}/{label}", route.customer_type);
    let found = conversation.messages.iter().find(|message| *message.sent.label == *label);
    found.ok_or_else(|| not_tested(format!("the message `{label}` was never sent")))
}

/// Nobody heard the message.
fn unheard(conversation: &Conversation<'_>, message: &Message<'_>, probe: &Probed<'_>) -> Result<(), Failure> {
    match conversation.heard(message).first() {
        None => Ok(()),
        Some(heard) => Err(Finding::new(
            format!("no broadcast of what is refused: {}", probe.name),
            format!("{} heard it as `{}`", heard.peer, heard.event),
        )
        .with([probe.line(), heard.line()])
        .into()),
    }
}

/// A wrong or missing signature is refused with 401 or 403 and broadcasts nothing; a right one is accepted, over the bytes
/// as they came. Without that, refusals would mean nothing.
fn signature(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let plain = labelled(conversation, route, "plain")?;
    plain.accepted()?;
    plainly(conversation, route, plain)?;
    let respelled = labelled(conversation, route, "in another spelling")?;
    let mut observations = 0;
    for label in [
        "without a signature",
        "signed with another secret",
        "signed for another body",
        "signed rightly but for the last digit",
    ] {
        let forged = labelled(conversation, route, label)?;
        let probe = conversation.probe(&forged.sent.label)?;
        match probe.status() {
            Some(401 | 403) => {}
            Some(429) => return Err(not_tested(format!("{}: {}", probe.name, probe.outcome()))),
            _ => {
                return Err(Finding::new(format!("401 or 403 for a body {label}"), probe.outcome())
                    .with([plain.line(), probe.line()])
                    .into());
            }
        }
        unheard(conversation, forged, &probe)?;
        observations += 1;
    }
    let answer = conversation.probe(&respelled.sent.label)?;
    let odd = "a body that is rightly signed over its raw bytes, with unusual spaces, escapes and order of keys";
    observations += next_is_heard(conversation, route, plain, respelled, odd, &[answer.line()])?;
    Ok(observations)
}

/// Malformed bodies get a 4xx, no broadcast and no crash; bodies of no interest break nothing.
fn malformed(conversation: &Conversation<'_>) -> Judgement {
    let routes = &conversation.contract().routes;
    let mut observations = 0;
    let mut told = Vec::new();
    for probe in conversation.probes() {
        let harmless = probe.name.contains("/harmless: ");
        told.push(probe.line());
        match probe.answer {
            Answer::Status { status: 429, .. } => {
                return Err(not_tested(format!("{}: {}", probe.name, probe.outcome())));
            }
            Answer::Status { status: 400..=499, .. } => observations += 1,
            Answer::Status { status: 200..=299, .. } if harmless => observations += 1,
            // Whoever hangs up on a body that is too large has refused it; the answer may be lost on the way.
            Answer::Failed(_) if probe.name.contains("1 MiB") => {}
            _ => {
                let expected = if harmless { "a 2xx or 4xx" } else { "a 4xx" };
                return Err(Finding::new(format!("{expected} for {}", probe.name), probe.outcome())
                    .with([probe.line()])
                    .into());
            }
        }
        let message = conversation.messages.iter().find(|message| *message.sent.label == *probe.name);
        if let Some(message) = message.filter(|_| !harmless) {
            unheard(conversation, message, &probe)?;
        }
    }
    if observations == 0 {
        return Err(not_tested("no malformed body was sent"));
    }
    for route in routes {
        let (plain, after) = (labelled(conversation, route, "plain")?, labelled(conversation, route, "after")?);
        observations += next_is_heard(conversation, route, plain, after, "malformed webhook bodies", &told)?;
    }
    Ok(observations)
}

/// A webhook is answered within a second.
fn prompt(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let messages = conversation.messages_to(route)?;
    for message in &messages {
        if let Acceptance::Yes { took, .. } = message.acceptance
            && took > PROMPT
        {
            return Err(Finding::new(
                format!("the webhook's answer within {}", evidence::span(PROMPT)),
                format!("after {}: providers deliver again what is not answered in time", evidence::span(took)),
            )
            .with([message.line()])
            .into());
        }
    }
    Ok(messages.len())
}
