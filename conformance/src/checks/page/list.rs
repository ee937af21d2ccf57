//! What the page's list shows of a message.

use std::time::Duration;

use fixtures::Route;

use super::{SHOWN_WITHIN, shown_in_time, story};
use crate::conversation::{Conversation, Delivery, Message, Page, evidence, not_tested};
use crate::recording::Row;
use crate::scenarios::{MARKUP_SHOWN, PAGE_TEXTS, label_of, page_of};
use crate::verdict::{Failure, Finding, Judgement};

/// Fewer characters of a text than this are no preview of it.
const SHORTEST: usize = 5;

/// The chat's row moves to the top with the new preview and a higher badge, without a list fetch in between.
pub(super) fn immediate(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let page = conversation.page(&page_of(route))?;
    lands(conversation, &page, route, "again")
}

/// A plain message to a page, behind the chat's first one: where that is not shown as it should be, `page.immediate` is to
/// say so, and nothing harder can be judged.
pub(super) fn plain(conversation: &Conversation<'_>, page: &Page<'_, '_>, route: &Route) -> Result<(), Failure> {
    lands(conversation, page, route, "plain").map(drop).map_err(|failure| match failure {
        Failure::Violation(finding) => Failure::NotTested {
            reason: format!("{} does not show a plain message as it should: {}", page.name, finding.observed),
            because: Some("page.immediate"),
        },
        other => other,
    })
}

/// Whether a message behind `known`, of the same chat, comes to stand where it should.
fn lands<'a>(conversation: &Conversation<'a>, page: &Page<'_, 'a>, route: &Route, label: &str) -> Judgement {
    let message = conversation.message(&label_of(route, label))?;
    let earlier = conversation.message(&label_of(route, "known"))?;
    let told = conversation.told(page, message, route)?;
    let Some(before) = page.showings(earlier).filter(|showing| showing.at < told.at).last() else {
        return Err(not_tested(format!("{} did not show the chat before its message came", page.name)));
    };
    let showing = shown_in_time(conversation, page, message, told)?;
    if let Some(list) = &conversation.contract().list
        && let Some(asked) = page.list_asked_for(&list.request, told.at, showing.at)
    {
        let observed =
            format!("`{}` was asked for at {}, before the row changed", list.request, evidence::clock(asked));
        return Err(Finding::new("the row changes by the event alone", observed)
            .with(story(conversation, page, message))
            .into());
    }
    // A page may take several steps to it: what counts is what it comes to within the time, before the next message.
    let until = (told.at + SHOWN_WITHIN).min(next_told(conversation, page, told).unwrap_or(Duration::MAX));
    let states = page.lists.iter().filter(|(at, _)| *at >= showing.at && *at <= until);
    let problems: Vec<Option<String>> =
        states.map(|(_, rows)| problem(rows, message, earlier, before.row.badge)).collect();
    match problems.into_iter().reduce(|first, next| if first.is_none() { first } else { next }) {
        Some(Some(observed)) => {
            Err(Finding::new("its row is the first, with the new preview and a higher badge", observed)
                .with(story(conversation, page, message))
                .into())
        }
        _ => Ok(1),
    }
}

/// When the page's socket was told of anything further.
fn next_told(conversation: &Conversation<'_>, page: &Page<'_, '_>, told: &Delivery<'_>) -> Option<Duration> {
    let of_page = conversation.deliveries.iter().filter(|other| &*other.peer.actor == page.name);
    of_page.filter(|other| other.at > told.at && other.nonce != told.nonce).map(|other| other.at).next()
}

/// What is wrong with a state of the list in which a chat's new message stands.
fn problem(rows: &[Row], message: &Message<'_>, earlier: &Message<'_>, badge_before: Option<u64>) -> Option<String> {
    let of = |message: &Message<'_>| rows.iter().filter(|row| row.preview.contains(&message.sent.nonce)).count();
    if of(message) > 1 || of(earlier) > 0 {
        return Some("the chat stands in the list twice".to_owned());
    }
    let place = rows.iter().position(|row| row.preview.contains(&message.sent.nonce))?;
    if place > 0 {
        return Some(format!("its row is the {} from the top", ordinal(place + 1)));
    }
    match (badge_before.unwrap_or(0), rows[place].badge) {
        (before, Some(now)) if now > before => None,
        (before, Some(now)) => Some(format!("its badge was {before} and is {now}")),
        (_, None) => Some("its row shows no badge".to_owned()),
    }
}

fn ordinal(number: usize) -> String {
    match number {
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        _ => format!("{number}th"),
    }
}

/// A message that belongs to none of the page's rows; not to be judged where the page shows no message of its chats either.
fn shown_or_not_tested<'a>(
    conversation: &Conversation<'a>,
    page: &Page<'_, 'a>,
    route: &Route,
    message: &Message<'a>,
) -> Result<(), Failure> {
    let simple = conversation.message(&label_of(route, "again"))?;
    if page.shows(message).is_none() && page.shows(simple).is_none() {
        let reason = format!("{} shows no messages as they come", page.name);
        return Err(Failure::NotTested { reason, because: Some("page.immediate") });
    }
    Ok(())
}

/// A chat never seen before appears.
pub(super) fn new_chat(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let page = conversation.page(&page_of(route))?;
    let message = conversation.message(&label_of(route, "stranger"))?;
    let told = conversation.told(&page, message, route)?;
    shown_or_not_tested(conversation, &page, route, message)?;
    shown_in_time(conversation, &page, message, told).map(|_| 1)
}

/// HTML in a message is shown as text.
pub(super) fn inert(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let page = conversation.page(&page_of(route))?;
    let message = conversation.message(&label_of(route, "markup"))?;
    conversation.told(&page, message, route)?;
    let Some(showing) = page.shows(message) else { return Err(unseen(conversation, &page, route)) };
    match showing.row.preview.contains(MARKUP_SHOWN) {
        true => Ok(1),
        false => Err(Finding::new(
            format!("the preview shows `{MARKUP_SHOWN}` as it was sent"),
            format!("it shows {:?}: the markup was taken for HTML, or taken away", showing.row.preview),
        )
        .with(story(conversation, &page, message))
        .into()),
    }
}

/// Why a later message of the stranger's is not shown: what else the page does not show.
fn unseen(conversation: &Conversation<'_>, page: &Page<'_, '_>, route: &Route) -> Failure {
    let shows = |label: &str| conversation.message(&label_of(route, label)).is_ok_and(|one| page.shows(one).is_some());
    let because = match (shows("again"), shows("stranger")) {
        (false, _) => Some("page.immediate"),
        (true, false) => Some("page.new-chat"),
        (true, true) => None,
    };
    Failure::NotTested { reason: format!("{} does not show the message", page.name), because }
}

/// The preview shows the text as it was sent, to where it is cut off.
pub(super) fn text(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let page = conversation.page(&page_of(route))?;
    let mut observations = 0;
    for (label, _) in PAGE_TEXTS {
        let message = conversation.message(&label_of(route, label))?;
        let told = conversation.told(&page, message, route)?;
        let Some(showing) = page.shows(message) else { return Err(unseen(conversation, &page, route)) };
        let sent = message.sent.text.as_deref().unwrap_or_default();
        let received =
            told.args.iter().any(|arg| arg.to_string().contains(sent) || crate::conversation::mentions(arg, sent));
        if !received {
            let reason = "the backend did not broadcast the text as it was sent".to_owned();
            return Err(Failure::NotTested { reason, because: Some("payload.text") });
        }
        if !is_preview_of(&showing.row.preview, &message.sent.nonce, sent) {
            return Err(Finding::new(
                format!("the preview shows {sent:?}, or its beginning"),
                format!("it shows {:?}", showing.row.preview),
            )
            .with(story(conversation, &page, message))
            .into());
        }
        observations += 1;
    }
    Ok(observations)
}

/// Whether a preview shows a text from its nonce on, as far as it goes.
fn is_preview_of(preview: &str, nonce: &str, sent: &str) -> bool {
    let Some(start) = preview.find(nonce) else { return false };
    let shown = preview[start..].trim_end();
    let shown = shown.strip_suffix("...").or_else(|| shown.strip_suffix('…')).unwrap_or(shown).trim_end();
    sent.trim_end().starts_with(shown) && shown.chars().count() >= nonce.chars().count() + SHORTEST
}

#[cfg(test)]
mod tests {
    use super::is_preview_of;

    #[test]
    fn a_preview_is_the_text_or_its_beginning() {
        let preview = |preview| is_preview_of(preview, "~nonce", "~nonce שלום עולם and more");
        assert!(preview("~nonce שלום עולם and more") && preview("~nonce שלום עול...") && preview("~nonce שלום …"));
        assert!(!preview("~nonce שלום \u{fffd}") && !preview("~nonce") && !preview("hello") && !preview("~nonce ????"));
    }
}
