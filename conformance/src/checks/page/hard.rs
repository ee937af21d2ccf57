//! What is hard for a page: much at once, several tabs, a hidden one, a slow network, a message while it loads.

use super::list::plain;
use super::{SHOWN_WITHIN, shown_in_time, story};
use crate::conversation::{Conversation, Message, Page, evidence, not_tested};
use crate::recording::Act;
use crate::scenarios::{BURST_SIZE, BUSY, LOADING, SLOW_PAGE, TABS, burst_label, label_of};
use crate::verdict::{Finding, Judgement};

/// Many messages at once leave the list in its last state.
pub(super) fn burst(conversation: &Conversation<'_>) -> Judgement {
    let page = conversation.page(BUSY)?;
    let route = &conversation.contract().routes[0];
    let (messages, customers) = BURST_SIZE;
    plain(conversation, &page, route)?;
    // One came before the page was opened.
    let each = u64::try_from(messages / customers).unwrap_or_default() + 1;
    let mut last_told = std::time::Duration::ZERO;
    let last =
        (messages - customers..messages).map(|index| conversation.message(&label_of(route, &burst_label(index))));
    let last: Vec<&Message<'_>> = last.collect::<Result<_, _>>()?;
    for message in &last {
        last_told = last_told.max(conversation.told(&page, message, route)?.at);
    }
    let deadline = last_told + SHOWN_WITHIN;
    let Some((at, rows)) = page.list_at_end(deadline) else {
        return Err(not_tested(format!("{} showed no list", page.name)));
    };
    for message in &last {
        let shown: Vec<_> = rows.iter().filter(|row| row.preview.contains(&message.sent.nonce)).collect();
        let observed = match shown.as_slice() {
            [row] if row.badge == Some(each) => continue,
            [row] => format!("the badge of `{}`'s chat is {:?}", message.sent.label, row.badge.unwrap_or_default()),
            [] => format!("no row shows `{}`, the last message of its chat", message.sent.label),
            rows => format!("{} rows show `{}`", rows.len(), message.sent.label),
        };
        let expected = format!(
            "{} after the last of {messages} messages each of {customers} chats has one row, its last message, and a badge of {each}",
            evidence::span(SHOWN_WITHIN)
        );
        let lines = [vec![page.list_line(at, rows)], story(conversation, &page, message)].concat();
        return Err(Finding::new(expected, observed).with(lines).into());
    }
    Ok(last.len())
}

/// Every tab of a page shows the next message.
pub(super) fn tabs(conversation: &Conversation<'_>) -> Judgement {
    let route = &conversation.contract().routes[0];
    plain(conversation, &conversation.page(TABS[0])?, route)?;
    let message = conversation.message(&label_of(route, "both"))?;
    for name in TABS {
        let page = conversation.page(name)?;
        let told = conversation.told(&page, message, route)?;
        shown_in_time(conversation, &page, message, told)?;
    }
    Ok(TABS.len())
}

/// A hidden tab shows what came meanwhile when it is brought in front.
pub(super) fn hidden(conversation: &Conversation<'_>) -> Judgement {
    let route = &conversation.contract().routes[0];
    let page = conversation.page(TABS[0])?;
    let message = conversation.message(&label_of(route, "behind"))?;
    if let Some((what, reason)) = page.skipped.first() {
        return Err(not_tested(format!("{what}: {reason}")));
    }
    plain(conversation, &page, route)?;
    let told = conversation.told(&page, message, route)?;
    let revealed = page.acts.iter().find_map(|(at, _, act)| (**act == Act::Reveal).then_some(*at));
    let Some(revealed) = revealed else {
        return Err(not_tested(format!("{} was not brought in front again", page.name)));
    };
    let from = revealed.max(told.at);
    match page.shows(message) {
        Some(showing) if showing.at <= from + SHOWN_WITHIN => Ok(1),
        showing => {
            let observed = match showing {
                Some(showing) => format!("it shows it after {}", evidence::span(showing.at.saturating_sub(from))),
                None => "it never shows it".to_owned(),
            };
            let expected = format!("a tab that was hidden shows the message within {}", evidence::span(SHOWN_WITHIN));
            Err(Finding::new(expected, observed).with(story(conversation, &page, message)).into())
        }
    }
}

/// On a slow network a message still shows as soon as it is there.
pub(super) fn slow_network(conversation: &Conversation<'_>) -> Judgement {
    let route = &conversation.contract().routes[0];
    let page = conversation.page(SLOW_PAGE)?;
    if let Some((what, reason)) = page.skipped.first() {
        return Err(not_tested(format!("{what}: {reason}")));
    }
    plain(conversation, &page, route)?;
    let message = conversation.message(&label_of(route, "slowly"))?;
    let told = conversation.told(&page, message, route)?;
    shown_in_time(conversation, &page, message, told).map(|_| 1)
}

/// Whatever comes while the page loads is shown, once: by the list or by the event.
pub(super) fn while_loading(conversation: &Conversation<'_>) -> Judgement {
    let route = &conversation.contract().routes[0];
    let page: Page<'_, '_> = conversation.page(LOADING)?;
    plain(conversation, &conversation.page(SLOW_PAGE)?, route)?;
    let while_loading = label_of(route, "meanwhile-");
    let messages: Vec<&Message<'_>> =
        conversation.messages.iter().filter(|message| message.sent.label.starts_with(&while_loading)).collect();
    if messages.len() < 2 {
        return Err(not_tested("no message was sent after the page had connected and before it was loaded".to_owned()));
    }
    if page.connections.iter().all(|connection| connection.connected.is_none()) {
        return Err(not_tested(format!("{} never connected", page.name)));
    }
    let Some((at, rows)) = page.lists.last() else { return Err(not_tested(format!("{} showed no list", page.name))) };
    for &message in &messages {
        message.accepted()?;
        conversation.first_delivery(message)?;
        let label = &message.sent.label;
        let observed = match rows.iter().filter(|row| row.preview.contains(&message.sent.nonce)).count() {
            1 => continue,
            0 => format!("it never shows `{label}`"),
            copies => format!("at {} it shows `{label}` {copies} times", evidence::clock(*at)),
        };
        let expected = "the page shows each message once that comes while it loads, by its list or by the event";
        return Err(Finding::new(expected, observed).with(story(conversation, &page, message)).into());
    }
    Ok(messages.len())
}
