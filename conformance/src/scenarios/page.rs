//! Conversations with a page in a browser, beside an observer of the suite's own: what reaches the observer and not the
//! page's list is the page's doing.
//!
//! They are held one after the other: what cuts the line cuts it for every page.

use std::sync::Arc;

use fixtures::Route;

use super::{Blueprint, Phase, Plan, for_each_route, label_of, member, observer, observer_heard, send, settle};
use crate::recording::Act;
use crate::scenario::{Actor, Message, Step};
use crate::target::Capability;

/// The text of a message with HTML in it. The beginning fits into any preview, the end would act if it were HTML.
pub const MARKUP: &str = "<b>bold</b><img src=x onerror=\"document.title='acted'\">";

/// The marks that a preview shows where they are shown as text.
pub const MARKUP_SHOWN: &str = "<b>";

/// Texts that a page shows as they are: an emoji of several code points, and right-to-left text.
pub const TEXTS: [(&str, &str); 2] = [("emoji", "👩‍👩‍👧 done 👍🏽"), ("right-to-left", "שלום עולם")];

/// How many messages a burst has, from how many customers.
pub const BURST_SIZE: (usize, usize) = (100, 10);

/// The page that goes from type to type.
pub const TOUR: &str = "page/tour";
/// The page whose connection is dropped.
pub const DROPPED: &str = "page/dropped";
/// The page that is told much at once.
pub const BUSY: &str = "page/busy";
/// Two tabs of the same page.
pub const TABS: [&str; 2] = ["page/tab-1", "page/tab-2"];
/// The page on a slow network.
pub const SLOW_PAGE: &str = "page/slow";
/// The page that loads while a message comes.
pub const LOADING: &str = "page/loading";
/// The page whose token is logged out.
pub const EXPIRED: &str = "page/expired";

/// The page of a customer type in [`PAGE_LIVE`].
#[must_use]
pub fn page_of(route: &Route) -> String {
    format!("page/{}", route.customer_type)
}

fn open(page: &str, route: &Route) -> Step {
    act(page, Act::Open { customer_type: route.customer_type.clone() })
}

fn act(page: &str, act: Act) -> Step {
    Step::Page { actor: Actor::from(page), act }
}

fn shown(pages: &[&str], route: &Route, labels: &[&str]) -> Step {
    Step::Shown {
        actors: pages.iter().map(|page| Actor::from(*page)).collect(),
        messages: labels.iter().map(|label| Arc::from(label_of(route, label))).collect(),
    }
}

/// A message that the observer hears, and then the page should show.
fn sent_and_shown(page: &str, route: &Route, label: &str, from: &str, text: &str) -> Vec<Step> {
    vec![
        send(route, label, from, text),
        Step::Heard {
            actors: vec![Actor::from(member(route))],
            messages: vec![label_of(route, label).into()],
            or_stop: false,
        },
        shown(&[page], route, &[label]),
    ]
}

/// An observer, a chat that the page finds in its list, the page, and a plain message: where that is not shown as it should
/// be, nothing that is harder can be.
fn page_with_a_chat(page: &str, route: &Route) -> Vec<Step> {
    let mut steps = observer(route);
    steps.extend([
        send(route, "known", "known", "before the page was opened"),
        observer_heard(route, &["known"]),
        open(page, route),
        shown(&[page], route, &["known"]),
        act(page, Act::NextSecond),
    ]);
    steps.extend(sent_and_shown(page, route, "plain", "known", "while the page is open"));
    steps
}

fn first<'a>(plan: &Plan<'a>) -> &'a Route {
    &plan.contract.routes[0]
}

/// Each type's page, with a chat that it knows, one that it does not, and texts of all sorts.
pub const PAGE_LIVE: Blueprint = Blueprint {
    name: "page-live",
    about: "per type a page with two chats in its list; then a message in the lower one, one of a new customer, and messages with \
            HTML, emoji and right-to-left text",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let page = page_of(route);
                let mut steps = observer(route);
                steps.extend([
                    send(route, "known", "known", "before the page was opened"),
                    observer_heard(route, &["known"]),
                    act(&page, Act::NextSecond),
                    send(route, "other", "other", "above the first"),
                    observer_heard(route, &["other"]),
                    open(&page, route),
                    shown(&[&page], route, &["known", "other"]),
                    act(&page, Act::NextSecond),
                ]);
                steps.extend(sent_and_shown(&page, route, "again", "known", "while the page is open"));
                steps.extend(sent_and_shown(&page, route, "stranger", "stranger", "a first message"));
                steps.extend(sent_and_shown(&page, route, "markup", "stranger", MARKUP));
                for (label, text) in TEXTS {
                    steps.extend(sent_and_shown(&page, route, label, "stranger", text));
                }
                steps
            }),
            settle(),
        ]
    },
};

/// One page that goes through all types, and back to the first.
pub const PAGE_SWITCH: Blueprint = Blueprint {
    name: "page-switch",
    about: "one page goes from type to type and back to the first; at each, a message of the type that it left, then one of \
            the type that it shows",
    needs: &[Capability::Leave],
    phase: Phase::Last,
    steps: |plan| {
        let routes = &plan.contract.routes;
        let mut steps = vec![for_each_route(plan, |route| {
            let mut steps = observer(route);
            steps.push(send(route, "known", "known", "before the page was opened"));
            steps.push(observer_heard(route, &["known"]));
            steps
        })];
        steps.push(open(TOUR, first(plan)));
        steps.push(shown(&[TOUR], first(plan), &["known"]));
        for (index, left) in routes.iter().enumerate() {
            let next = &routes[(index + 1) % routes.len()];
            steps.push(act(TOUR, Act::Switch { customer_type: next.customer_type.clone() }));
            steps.push(shown(&[TOUR], next, &["known"]));
            steps.push(send(left, "left", "known", "after the page had left"));
            steps.push(observer_heard(left, &["left"]));
            steps.extend(sent_and_shown(TOUR, next, "here", "known", "to the page that is shown"));
        }
        steps.push(settle());
        steps
    },
};

/// A page whose connection is dropped in two ways.
pub const PAGE_RECONNECT: Blueprint = Blueprint {
    name: "page-reconnect",
    about: "a page whose network goes away and comes back, and whose server drops it; after each, a message",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        let route = first(plan);
        let mut steps = page_with_a_chat(DROPPED, route);
        steps.extend([act(DROPPED, Act::Cut), act(DROPPED, Act::Mend)]);
        steps.extend(sent_and_shown(DROPPED, route, "cut", "known", "after the server dropped the page"));
        steps.extend([act(DROPPED, Act::Unplug), act(DROPPED, Act::Plug)]);
        steps.extend(sent_and_shown(DROPPED, route, "unplugged", "known", "after the network was away"));
        steps.push(settle());
        steps
    },
};

/// A hundred messages in one webhook call.
pub const PAGE_BURST: Blueprint = Blueprint {
    name: "page-burst",
    about: "a page with ten chats in its list, and a hundred messages of theirs at once",
    needs: &[Capability::Webhook],
    phase: Phase::Last,
    steps: |plan| {
        let route = first(plan);
        let (messages, customers) = BURST_SIZE;
        let from_each = |label: fn(usize) -> String, numbers: std::ops::Range<usize>| Step::Send {
            messages: numbers
                .map(|number| {
                    let (label, from) = (label_of(route, &label(number)), format!("burst/{}", number % customers));
                    Message::text(label, &route.customer_type, from, "one of many")
                })
                .collect(),
        };
        let last: Vec<String> = (messages - customers..messages).map(burst_label).collect();
        let last: Vec<&str> = last.iter().map(String::as_str).collect();
        let mut steps = vec![from_each(|number| format!("earlier/{number}"), 0..customers)];
        steps.extend(page_with_a_chat(BUSY, route));
        steps.push(from_each(burst_label, 0..messages));
        steps.push(observer_heard(route, &last));
        steps.push(shown(&[BUSY], route, &last));
        steps.push(settle());
        steps
    },
};

/// The label of a burst's message.
#[must_use]
pub fn burst_label(index: usize) -> String {
    format!("burst/{index}")
}

/// Two tabs or windows of one browser, one of which is then hidden.
pub const PAGE_TABS: Blueprint = Blueprint {
    name: "page-tabs",
    about: "two tabs of the same page and a message; then the first is hidden while a message comes, and brought in front \
            again",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        let route = first(plan);
        let mut steps = page_with_a_chat(TABS[0], route);
        steps.push(open(TABS[1], route));
        steps.push(send(route, "both", "known", "to both tabs"));
        steps.push(observer_heard(route, &["both"]));
        steps.push(shown(&TABS, route, &["both"]));
        steps.push(act(TABS[0], Act::Hide));
        steps.push(send(route, "behind", "known", "while the tab is hidden"));
        steps.push(observer_heard(route, &["behind"]));
        steps.push(act(TABS[0], Act::Reveal));
        steps.push(shown(&[TABS[0]], route, &["behind"]));
        steps.push(settle());
        steps
    },
};

/// How often, at most, a message is sent while a page loads.
pub const WHILE_LOADING: usize = 6;

/// A message from somebody else each time that a page which is being opened gets on: between any two things that it does.
fn sent_while_loading(page: &str, route: &Route) -> Vec<Step> {
    let mut steps = Vec::new();
    for number in 1..=WHILE_LOADING {
        let (label, from) = (format!("meanwhile-{number}"), format!("meanwhile-{number}"));
        steps.push(send(route, &label, &from, "while the page loads"));
        steps.push(observer_heard(route, &[&label]));
        steps.push(Step::AwaitTraffic { actor: page.into() });
    }
    steps
}

/// A slow network, and messages that come while a page loads.
pub const PAGE_SLOW: Blueprint = Blueprint {
    name: "page-slow",
    about: "a message to a page whose network is slow; and more of them while a second page loads, whenever that gets on",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        let route = first(plan);
        let mut steps = page_with_a_chat(SLOW_PAGE, route);
        steps.push(act(SLOW_PAGE, Act::Slow));
        steps.extend(sent_and_shown(SLOW_PAGE, route, "slowly", "known", "over a slow network"));
        let branches = vec![vec![open(LOADING, route)], sent_while_loading(LOADING, route)];
        steps.push(Step::Together { branches });
        steps.push(shown(&[LOADING], route, &["meanwhile-*"]));
        steps.push(settle());
        steps
    },
};

/// A token whose time is over in mid-session.
pub const PAGE_SESSION: Blueprint = Blueprint {
    name: "page-session",
    about: "a page whose token is logged out while it is connected, and which is then dropped; then a message",
    needs: &[Capability::Auth, Capability::Logout],
    phase: Phase::Last,
    steps: |plan| {
        let route = first(plan);
        let mut steps = page_with_a_chat(EXPIRED, route);
        steps.extend([act(EXPIRED, Act::Expire), act(EXPIRED, Act::Cut), act(EXPIRED, Act::Mend)]);
        steps.extend(sent_and_shown(EXPIRED, route, "renewed", "known", "after the token was renewed"));
        steps.push(settle());
        steps
    },
};
