//! `page.*`: what an agent sees. Each page has an observer beside it in the same room, and its own sockets are in the
//! recording, too: so what the backend did not send is not held against the page, and what reached the page's socket and
//! not its list is not held against the backend.

mod console;
mod hard;
mod list;
mod reconnect;
mod switch;

use std::time::Duration;

use super::{Check, Judge};
use crate::conversation::{Conversation, Delivery, Message, Page, Showing, evidence};
use crate::scenarios::{PAGE_BURST, PAGE_LIVE, PAGE_RECONNECT, PAGE_SESSION, PAGE_SLOW, PAGE_SWITCH, PAGE_TABS};
use crate::verdict::{Failure, Finding};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check { id: "page.join-logged", needs: &[], scenario: &PAGE_LIVE, judge: Judge::PerRoute(console::join_logged) },
    Check {
        id: "page.update-logged",
        needs: &[],
        scenario: &PAGE_LIVE,
        judge: Judge::PerRoute(console::update_logged),
    },
    Check { id: "page.immediate", needs: &[], scenario: &PAGE_LIVE, judge: Judge::PerRoute(list::immediate) },
    Check { id: "page.new-chat", needs: &[], scenario: &PAGE_LIVE, judge: Judge::PerRoute(list::new_chat) },
    Check { id: "page.switch", needs: &[], scenario: &PAGE_SWITCH, judge: Judge::PerRoute(switch::switch) },
    Check { id: "page.reconnect", needs: &[], scenario: &PAGE_RECONNECT, judge: Judge::Whole(reconnect::reconnect) },
    Check { id: "page.inert", needs: &[], scenario: &PAGE_LIVE, judge: Judge::PerRoute(list::inert) },
    Check { id: "page.text", needs: &[], scenario: &PAGE_LIVE, judge: Judge::PerRoute(list::text) },
    Check { id: "page.burst", needs: &[], scenario: &PAGE_BURST, judge: Judge::Whole(hard::burst) },
    Check { id: "page.tabs", needs: &[], scenario: &PAGE_TABS, judge: Judge::Whole(hard::tabs) },
    Check { id: "page.hidden", needs: &[], scenario: &PAGE_TABS, judge: Judge::Whole(hard::hidden) },
    Check { id: "page.slow-network", needs: &[], scenario: &PAGE_SLOW, judge: Judge::Whole(hard::slow_network) },
    Check { id: "page.while-loading", needs: &[], scenario: &PAGE_SLOW, judge: Judge::Whole(hard::while_loading) },
    Check { id: "page.session", needs: &[], scenario: &PAGE_SESSION, judge: Judge::Whole(reconnect::session) },
];

/// How long a page may take from the frame to the row; what the backend takes before that is not the page's.
const SHOWN_WITHIN: Duration = Duration::from_secs(1);

/// The console's clock counts whole milliseconds, and is read in another process.
const CLOCKS_DIFFER: Duration = Duration::from_millis(20);

/// A message that the page's socket got and the page shows within the time.
///
/// # Errors
/// A violation where it shows it too late or never.
fn shown_in_time<'a>(
    conversation: &Conversation<'a>,
    page: &Page<'_, 'a>,
    message: &Message<'a>,
    told: &Delivery<'a>,
) -> Result<Showing<'a>, Failure> {
    let label = &message.sent.label;
    let expected =
        format!("a row that shows the message `{label}` within {} of its frame", evidence::span(SHOWN_WITHIN));
    let observed = match page.shows(message) {
        Some(showing) if showing.at <= told.at + SHOWN_WITHIN => return Ok(showing),
        Some(showing) => format!(
            "the list showed it {} after the page's socket got {}",
            evidence::span(showing.at.saturating_sub(told.at)),
            told.event
        ),
        None => format!("the page's socket got {}, and the list never showed the message", told.event),
    };
    Err(Finding::new(expected, observed).with(story(conversation, page, message)).into())
}

/// What happened to a message on its way into a page's list: the trigger, the frames, the list before and after.
fn story(conversation: &Conversation<'_>, page: &Page<'_, '_>, message: &Message<'_>) -> Vec<String> {
    let mut lines = vec![(message.starts(), message.line())];
    for heard in conversation.heard(message).into_iter().take(6) {
        lines.push((heard.at, heard.line()));
    }
    let list = |at: Duration, rows: &[crate::recording::Row]| (at, page.list_line(at, rows));
    lines.extend(page.list_before(message.starts()).map(|(at, rows)| list(at, rows)));
    let after = page.lists.iter().filter(|(at, _)| *at >= message.starts()).take(3);
    lines.extend(after.map(|(at, rows)| list(*at, rows)));
    let said = page.console.iter().filter(|(at, _)| *at + CLOCKS_DIFFER >= message.starts()).take(3);
    let console = |(at, text): &(Duration, &str)| {
        (*at, format!("{}  {} console: {}", evidence::clock(*at), page.name, evidence::shorten(text, 200)))
    };
    lines.extend(said.map(console));
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}
