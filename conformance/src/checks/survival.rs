//! What is asked after something odd was sent: does everybody else still hear the next message, once? A check of an area
//! says what was odd; here stands how it is told that it did no harm.

use fixtures::Route;

use super::broadcast::{observer, plainly};
use crate::conversation::{Acceptance, Conversation, Message};
use crate::verdict::{Failure, Finding, Judgement};

/// The route's observer heard `plain`, and hears `after` too: once, on the same connection. `odd` names what happened in
/// between, and `evidence` tells of it.
pub(super) fn next_is_heard(
    conversation: &Conversation<'_>,
    route: &Route,
    plain: &Message<'_>,
    after: &Message<'_>,
    odd: &str,
    evidence: &[String],
) -> Judgement {
    let before = plainly(conversation, route, plain)?;
    let observer = observer(conversation, route)?;
    let harmed = |observed: String| -> Failure {
        Finding::new(format!("after {odd}: `{}` once at {}", route.event, observer.describe()), observed)
            .with([plain.line(), before.line()])
            .with(evidence.iter().cloned())
            .with([after.line()])
            .with(conversation.heard_by(observer, after).iter().map(|delivery| delivery.line()))
            .into()
    };
    match &after.acceptance {
        Acceptance::Yes { .. } => {}
        Acceptance::No { reason, throttled: false } => {
            return Err(harmed(format!("the next message was not accepted: {reason}")));
        }
        Acceptance::No { throttled: true, .. } | Acceptance::Unknown => after.accepted()?,
    }
    let mut heard = conversation.heard_by(observer, after);
    heard.retain(|delivery| delivery.event == route.event);
    match (heard.len(), observer.closed) {
        (0, Some((_, false, how))) => Err(harmed(format!("its connection ended: {how}"))),
        (0, _) => Err(harmed("never".to_owned())),
        (1, _) => {
            conversation.fenced(observer, heard[0].at)?;
            Ok(1)
        }
        (times, _) => Err(harmed(format!("{times} times"))),
    }
}
