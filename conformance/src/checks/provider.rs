//! `provider.*`: an agent's reply reaches the provider once, and the agent is told the truth about it.

use std::time::Duration;

use fixtures::Route;

use super::broadcast::observer;
use super::{Check, Judge};
use crate::conversation::{Conversation, Reply, evidence, not_tested};
use crate::scenarios::{FAILING, MEANWHILE, PROVIDER_TROUBLE, REFUSED, REPLIES, SILENT, label_of};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check {
        id: "provider.reply-sent",
        needs: &[Capability::Send, Capability::Provider],
        scenario: &REPLIES,
        judge: Judge::PerRoute(reply_sent),
    },
    Check {
        id: "provider.refused",
        needs: &[Capability::Send, Capability::Provider],
        scenario: &PROVIDER_TROUBLE,
        judge: Judge::Whole(refused),
    },
    Check {
        id: "provider.failing",
        needs: &[Capability::Send, Capability::Provider],
        scenario: &PROVIDER_TROUBLE,
        judge: Judge::Whole(failing),
    },
    Check {
        id: "provider.timeout",
        needs: &[Capability::Send, Capability::Provider],
        scenario: &PROVIDER_TROUBLE,
        judge: Judge::Whole(timeout),
    },
];

/// How often a reply that is refused may be tried before the agent is told.
const TRIES: usize = 5;

/// The least silence in which what is not heard was held up.
const SILENCE: Duration = Duration::from_millis(500);

/// How many times longer than a message usually takes a silence must be, if a late one is to be laid at its door.
const SLOWER: u32 = 3;

/// Each reply once, in its order, with the customer's number and the text as it was written.
fn reply_sent(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let label = label_of(route, "question");
    let agent = observer(conversation, route)?;
    conversation.delivered(agent, conversation.message(&label)?, route)?;
    let replies = conversation.replies_to(&label)?;
    can_be_replied_to(conversation, &label)?;
    for reply in &replies {
        may_look_elsewhere(conversation, reply)?;
    }
    for reply in &replies {
        let wrong = match &*reply.attempts {
            [] => format!(
                "never; the agent was answered {} (was the target started with the stand-in's address?)",
                answer(reply)
            ),
            [one] if one.to != reply.number => format!("once, for {}", one.to),
            [one] if one.text != Some(reply.text) => "another text".to_owned(),
            [_] => {
                truly(reply)?;
                continue;
            }
            several => format!("{} times", several.len()),
        };
        let expected = format!("the provider gets the reply once, for {}, word for word", reply.number);
        return Err(Finding::new(expected, wrong).with(reply.lines()).into());
    }
    let order: Vec<Duration> = replies.iter().flat_map(|reply| &reply.attempts).map(|attempt| attempt.at).collect();
    if !order.is_sorted() {
        let lines = replies.iter().flat_map(Reply::lines);
        return Err(Finding::new("replies in the order of writing", "another order").with(lines).into());
    }
    conversation.fenced(agent, order[order.len() - 1])?;
    Ok(replies.len())
}

/// The agent gets status 0; from then on it is not tried again, and the next reply goes out.
fn refused(conversation: &Conversation<'_>) -> Judgement {
    let replies = asked(conversation, REFUSED)?;
    let reply = &replies[0];
    truly(reply)?;
    let told = reply.answer.map(|(at, _)| at).unwrap_or_default();
    let later = reply.attempts.iter().filter(|attempt| attempt.at > told).count();
    if later > 0 || reply.attempts.len() > TRIES {
        let observed = format!("tried {} times, {later} of them after the agent was told", reply.attempts.len());
        return Err(Finding::new("what the provider refuses is not tried again", observed).with(reply.lines()).into());
    }
    let next = replies.get(1).ok_or_else(|| not_tested("no reply was written after the refusal"))?;
    if next.taken() == 0 {
        let observed = format!("the provider did not get it; the agent was answered {}", answer(next));
        let lines = replies.iter().flat_map(Reply::lines);
        return Err(Finding::new("the next reply to the same customer is sent", observed).with(lines).into());
    }
    watched(conversation, reply)?;
    Ok(replies.len())
}

/// Status 0 and not sent, or tried again and sent once.
fn failing(conversation: &Conversation<'_>) -> Judgement {
    let replies = asked(conversation, FAILING)?;
    truly(&replies[0])?;
    watched(conversation, &replies[0])?;
    Ok(1)
}

/// The agent is answered, truly, and broadcasts go on while the provider is silent.
fn timeout(conversation: &Conversation<'_>) -> Judgement {
    let replies = asked(conversation, SILENT)?;
    let reply = &replies[0];
    truly(reply)?;
    // A backend that answers at once and sends behind its answer waits for the provider until its next attempt.
    let next = reply.attempts.get(1).map(|attempt| attempt.at);
    let answered = reply.answer.map(|(at, _)| at);
    let over = answered.max(next).unwrap_or_default();
    let usual = slowest_before(conversation, reply.at);
    let mut observations = 1;
    for route in &conversation.contract().routes {
        let message = conversation.message(&label_of(route, MEANWHILE))?;
        let member = observer(conversation, route)?;
        let took = conversation.delivered(member, message, route).map(|heard| heard[0].at - message.starts());
        if conversation.deliveries.iter().all(|heard| heard.peer != member.peer) {
            took?; // whoever never hears anything tells nothing of the silence
            continue;
        }
        let silence = over.saturating_sub(message.starts());
        // What was held up comes as the silence ends, just before the agent's answer or just after it.
        if took.as_ref().is_ok_and(|took| *took < silence * 3 / 4) {
            observations += 1;
        } else if silence < SILENCE {
            return Err(not_tested(format!(
                "the target gave up on the provider after {}: too soon to see whom it holds up; let it wait for 1 s or more",
                evidence::span(over.saturating_sub(reply.at))
            )));
        } else if silence < usual * SLOWER {
            return Err(not_tested(format!(
                "messages took up to {} before the provider was silent for {}: too slow to see whom its silence holds up",
                evidence::span(usual),
                evidence::span(silence)
            )));
        } else {
            let observed = match took {
                Ok(took) => {
                    format!(
                        "heard after {}, of {} until the silence was over",
                        evidence::span(took),
                        evidence::span(silence)
                    )
                }
                // What is not heard even when the silence is over was not held up by it.
                Err(unheard) if answered.is_some() => return Err(unheard),
                Err(_) => "not heard".to_owned(),
            };
            let expected = format!("`{}` at {} while the provider is silent", route.event, member.describe());
            return Err(Finding::new(expected, observed).with([message.line()]).with(reply.lines()).into());
        }
    }
    watched(conversation, reply)?;
    Ok(observations)
}

/// The longest that a message took to reach anybody before then.
fn slowest_before(conversation: &Conversation<'_>, then: Duration) -> Duration {
    let earlier = conversation.messages.iter().filter(|message| message.starts() < then);
    let took = earlier.filter_map(|message| Some(conversation.first_delivery(message).ok()?.at - message.starts()));
    took.max().unwrap_or_default()
}

/// The replies to this customer, the first of which the provider got.
fn asked<'a>(conversation: &Conversation<'a>, customer: &str) -> Result<Vec<Reply<'a>>, Failure> {
    let route =
        conversation.contract().routes.first().ok_or_else(|| not_tested("the contract has no customer types"))?;
    let label = label_of(route, customer);
    let message = conversation.message(&label)?;
    conversation.delivered(observer(conversation, route)?, message, route)?;
    can_be_replied_to(conversation, &label)?;
    let replies = conversation.replies_to(&label)?;
    if replies[0].attempts.is_empty() {
        may_look_elsewhere(conversation, &replies[0])?;
        let reason = format!("the provider did not get the reply to `{label}`");
        // Who says that it sent nothing may be right, whatever comes of other replies.
        let because = (replies[0].status() != Some(0)).then_some("provider.reply-sent");
        return Err(Failure::NotTested { reason, because });
    }
    Ok(replies)
}

/// An agent who is told that nothing was sent may be told the truth, as long as nothing at all comes to the stand-in: the
/// target may know another address.
fn may_look_elsewhere(conversation: &Conversation<'_>, reply: &Reply<'_>) -> Result<(), Failure> {
    if reply.attempts.is_empty() && reply.status() == Some(0) && !conversation.provider_was_reached() {
        return Err(not_tested(
            "the agent was answered that nothing was sent, and nothing came to the stand-in: start the target with the \
             stand-in's address as its provider's",
        ));
    }
    Ok(())
}

/// The broadcasts told the id of this message's chat: agents' pages reply to that.
fn can_be_replied_to(conversation: &Conversation<'_>, label: &str) -> Result<(), Failure> {
    if conversation.chat_id_of(conversation.message(label)?.sent).is_none_or(str::is_empty) {
        let reason = "no broadcast told the chat's id, without which nobody can reply".to_owned();
        return Err(Failure::NotTested { reason, because: Some("payload.identity") });
    }
    Ok(())
}

/// What the agent is told is what happened: status 1 of what the provider took once, status 0 of what it never took.
fn truly(reply: &Reply<'_>) -> Result<(), Failure> {
    let taken = match reply.taken() {
        0 => "the provider never took it".to_owned(),
        1 => "the provider took it".to_owned(),
        times => format!("the provider took it {times} times"),
    };
    match (reply.status(), reply.taken()) {
        (Some(1), 1) | (Some(0), 0) => Ok(()),
        _ => Err(Finding::new(
            "status 1 and sent once, or status 0 and not sent",
            format!("the agent was answered {}, and {taken}", answer(reply)),
        )
        .with(reply.lines())
        .into()),
    }
}

fn answer(reply: &Reply<'_>) -> String {
    reply.answer.map_or_else(|| "nothing".to_owned(), |(_, answer)| evidence::brief(answer, 80))
}

/// Somebody watched on after the reply was done with: that nothing more came of it is an observation.
fn watched(conversation: &Conversation<'_>, reply: &Reply<'_>) -> Result<(), Failure> {
    let agent = conversation.actor(&reply.peer.actor)?;
    let last = reply.attempts.iter().map(|attempt| attempt.at).chain(reply.answer.map(|(at, _)| at)).max();
    conversation.fenced(agent, last.unwrap_or_default())
}
