//! Faults of the chat list, which pages fall back to.

use fixtures::{Contract, Role};
use serde_json::Value;

use super::{Act, Area, Fault, Flow};
use crate::chats::Place;
use crate::events::Asked;
use crate::outgoing::Answer;

/// The area.
pub(super) const AREA: Area = Area {
    title: "Chat list",
    about: "`fetch_all_chats`: its shape, its filter and pages, its order, and whether it agrees with the broadcasts.",
    faults: &[
        &LIST_UNANSWERED,
        &LIST_WITHOUT_ENVELOPE,
        &LIST_WITHOUT_PAGINATION,
        &LIST_WITHOUT_PREVIEWS,
        &LIST_TYPE_IGNORED,
        &LIST_PAGE_IGNORED,
        &LIST_PAGE_LOSES_ONE,
        &LIST_TOTAL_OF_THE_PAGE,
        &LIST_OLDEST_FIRST,
        &LIST_SORTED_BY_NAME,
        &LIST_TEXT_SHORTENED,
        &LIST_TIMES_OF_CREATION,
    ],
};

const LIST_UNANSWERED: Fault = Fault {
    id: "list-unanswered",
    about: "Nobody listens to the request for the list: pages stay empty until a broadcast comes.",
    violates: &["list.shape"],
    // Lists are what a connection is clogged with.
    side_effects: &["broadcast.slow-member"],
    acts: &[Act::Request(
        |asked, _, contract| if asked.is_one(contract.list.as_ref()) { Flow::Drop } else { Flow::On },
    )],
};

const LIST_WITHOUT_ENVELOPE: Fault = Fault {
    id: "list-without-envelope",
    about: "The answer is the bare list of chats, without status and pagination.",
    violates: &["list.shape"],
    side_effects: &["list.filter"],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in lists(answers, asked, contract) {
            answer.payload = answer.payload["chats"].take();
        }
    })],
};

const LIST_WITHOUT_PAGINATION: Fault = Fault {
    id: "list-without-pagination",
    about: "The answer has no `pagination`: pages never ask for the second page.",
    violates: &["list.shape"],
    side_effects: &[],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in lists(answers, asked, contract) {
            answer.payload.as_object_mut().map(|answer| answer.shift_remove("pagination"));
        }
    })],
};

const LIST_WITHOUT_PREVIEWS: Fault = Fault {
    id: "list-without-previews",
    about: "The chats of the list have no `last_message`: the query leaves it out to save time.",
    violates: &["list.shape"],
    side_effects: &["list.filter", "list.consistent", "broadcast.saved-first"],
    acts: &[Act::Summary(|summary, shown| {
        if shown.place == Place::List {
            summary.shift_remove(shown.key(Role::Text));
        }
    })],
};

const LIST_TYPE_IGNORED: Fault = Fault {
    id: "list-type-ignored",
    about: "The list does not look at `customer_type`: every page shows every type's chats.",
    violates: &["list.filter"],
    side_effects: &[],
    acts: &[Act::Request(|asked, _, contract| {
        without(asked, contract, "customer_type");
        Flow::On
    })],
};

const LIST_PAGE_IGNORED: Fault = Fault {
    id: "list-page-ignored",
    about: "The list does not look at `page`: scrolling down shows the first chats again.",
    violates: &["list.filter"],
    side_effects: &[],
    acts: &[Act::Request(|asked, _, contract| {
        without(asked, contract, "page");
        Flow::On
    })],
};

const LIST_PAGE_LOSES_ONE: Fault = Fault {
    id: "list-page-loses-one",
    about: "The last chat of each page is on none: a page is cut one chat shorter than what the next one skips.",
    violates: &["list.filter"],
    side_effects: &[],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in lists(answers, asked, contract) {
            let size = answer.payload["pagination"]["page_size"].as_u64();
            let chats = answer.payload["chats"].as_array_mut();
            if let Some(chats) = chats.filter(|chats| size == u64::try_from(chats.len()).ok()) {
                chats.pop();
            }
        }
    })],
};

const LIST_TOTAL_OF_THE_PAGE: Fault = Fault {
    id: "list-total-of-the-page",
    about: "`total` counts the chats of the page, not of the list: pages stop after the first.",
    violates: &["list.filter"],
    side_effects: &[],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in lists(answers, asked, contract) {
            let shown = answer.payload["chats"].as_array().map(Vec::len);
            answer.payload["pagination"]["total"] = shown.into();
        }
    })],
};

const LIST_OLDEST_FIRST: Fault = Fault {
    id: "list-oldest-first",
    about: "The list is sorted the wrong way round: the chat that was just written to is on the last page.",
    violates: &["list.sorted"],
    side_effects: &["list.filter"],
    acts: &[Act::Answer(|answers, asked, contract| {
        for chats in lists(answers, asked, contract).filter_map(|answer| answer.payload["chats"].as_array_mut()) {
            chats.reverse();
        }
    })],
};

const LIST_SORTED_BY_NAME: Fault = Fault {
    id: "list-sorted-by-name",
    about: "The list is sorted by the customer's name, as an address book is.",
    violates: &["list.sorted"],
    side_effects: &["list.filter"],
    acts: &[Act::Answer(|answers, asked, contract| {
        let name = contract.key(Role::Name).unwrap_or_default();
        for chats in lists(answers, asked, contract).filter_map(|answer| answer.payload["chats"].as_array_mut()) {
            chats.sort_by_key(|chat| chat[name].as_str().map(str::to_owned));
        }
    })],
};

const LIST_TEXT_SHORTENED: Fault = Fault {
    id: "list-text-shortened",
    about: "The list shows 60 characters of a text, the broadcast all of it: the row changes when the page is \
            loaded again.",
    violates: &["list.consistent"],
    side_effects: &[],
    acts: &[Act::Summary(|summary, shown| {
        if shown.place == Place::List {
            let text: String = shown.chat.last().text.chars().take(60).collect();
            shown.set(summary, Role::Text, format!("{text}…"));
        }
    })],
};

const LIST_TIMES_OF_CREATION: Fault = Fault {
    id: "list-times-of-creation",
    about: "The list shows the minute when a chat was made, the broadcast when it was last written to.",
    violates: &["list.consistent"],
    side_effects: &["list.sorted"],
    acts: &[Act::Summary(|summary, shown| {
        if shown.place == Place::List {
            shown.set(summary, Role::Time, shown.chat.created.strftime("%Y-%m-%dT%H:%M:00Z").to_string());
        }
    })],
};

/// The answers that hold a list.
fn lists<'a>(answers: &'a mut [Answer], asked: &Asked, contract: &Contract) -> impl Iterator<Item = &'a mut Answer> {
    let is_list = asked.is_one(contract.list.as_ref());
    answers.iter_mut().filter(move |answer| is_list && answer.payload["chats"].is_array())
}

/// Forgets one parameter of a request for the list.
fn without(asked: &mut Asked, contract: &Contract, parameter: &str) {
    if asked.is_one(contract.list.as_ref()) {
        asked.payload.as_mut().and_then(Value::as_object_mut).map(|request| request.shift_remove(parameter));
    }
}
