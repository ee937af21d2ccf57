//! The known causes, one function each: a pattern of facts, what it means, and the line that mends it. A file per theme.

mod auth;
mod cluster;
mod delivery;
mod list;
mod membership;
mod page;
mod payload;
mod routing;
mod text;
mod time;
mod transport;

use super::facts::{Facts, TypeFacts};
use super::{Diagnosis, Remedy};

/// A cause, where the facts speak for it.
pub(super) type Cause = fn(&Facts<'_, '_>) -> Option<Diagnosis>;

/// Every cause, the most fundamental first. Each looks for itself, so that two defects are both named.
pub(super) const ALL: &[Cause] = &[
    transport::unsticky_polling,
    transport::websocket_not_passed_on,
    transport::held_back_frames,
    membership::no_join_handler,
    membership::room_refused,
    delivery::webhook_without_effect,
    cluster::no_shared_adapter,
    membership::join_without_entering,
    routing::channel_of_another_type,
    routing::missing_branch,
    routing::other_name,
    routing::wrong_room,
    routing::broadcast_to_all,
    routing::double_broadcast,
    membership::second_join_doubles,
    membership::leave_without_leaving,
    delivery::receipt_broadcast,
    delivery::broadcast_before_save,
    payload::payload_differs,
    text::text_changed,
    payload::unread_miscounted,
    time::times_shifted,
    list::list_unsorted,
    auth::token_not_verified,
    page::deaf_page,
    page::never_rejoins,
    page::stays_in_old_room,
];

fn remedy(stack: &'static str, code: impl Into<String>) -> Remedy {
    Remedy { stack, code: code.into() }
}

fn python(code: impl Into<String>) -> Remedy {
    remedy("python-socketio", code)
}

fn node(code: impl Into<String>) -> Remedy {
    remedy("Node", code)
}

/// What to do in words, whatever the backend is written in.
fn in_words(text: impl Into<String>) -> Remedy {
    remedy("any", text)
}

fn list(names: impl IntoIterator<Item = impl Into<String>>) -> String {
    names.into_iter().map(Into::into).collect::<Vec<String>>().join(", ")
}

/// `Customer: heard by 3 of 3 members within 4 ms`.
fn line(of_type: &TypeFacts<'_>) -> String {
    let took = of_type.took.as_ref().map(|took| format!(" within {took}")).unwrap_or_default();
    format!("{}: heard by {} of {} members{took}", of_type.route.customer_type, of_type.members_told, of_type.members)
}

fn saved_line(of_type: &TypeFacts<'_>) -> Option<String> {
    let name = &of_type.route.customer_type;
    of_type.saved.map(|saved| match saved {
        true => format!("{name}: the message was saved all the same, the chat list shows it"),
        false => format!("{name}: the message was not saved either, the chat list does not show it"),
    })
}
