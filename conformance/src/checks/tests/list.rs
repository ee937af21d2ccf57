//! The chat list, the page's fallback.

use serde_json::{Value, json};

use crate::recording::tape::Tape;
use crate::scenarios::CHAT_LIST;

const MEMBER: &str = "member/Partner";

/// The observer, and one customer who wrote twice.
fn written() -> Tape {
    let mut tape = Tape::of(&CHAT_LIST);
    tape.member(MEMBER, "Partner").sends_from("1", "Partner", "first").told(MEMBER, "first");
    tape.sends_from("1", "Partner", "again").told(MEMBER, "again");
    tape
}

/// Another chat of the list.
fn chat(id: &str, minute: u32) -> Value {
    json!({"chat_id": id, "customer_type": "Partner", "last_message": "earlier", "unread_count": 1, "status": "active",
        "last_message_time": format!("2026-02-24T09:{minute:02}:00Z")})
}

#[test]
fn a_list_has_its_shape() {
    let name = "list.shape [Partner]";
    let mut tape = written();
    let own = tape.summary("again");
    tape.lists(MEMBER, "Partner", (1, 100), vec![own.clone(), chat("a", 1)]).passes(name);

    let whole =
        json!({"status": 1, "chats": [own], "pagination": {"page": 1, "page_size": 2, "total": 1, "total_pages": 1}});
    for (pointer, wrong) in [
        ("/status", json!(0)),
        ("/chats", json!({})),
        ("/pagination/page", json!("1")),
        ("/pagination/page_size", Value::Null),
        ("/pagination/total", json!(1.5)),
        ("/pagination/total_pages", json!(-1)),
        ("/chats/0", json!({"chat_id": "a"})),
    ] {
        let mut answer = whole.clone();
        *answer.pointer_mut(pointer).unwrap() = wrong;
        let mut tape = written();
        tape.emits(MEMBER, "fetch_all_chats", vec![json!({})]).hears(MEMBER, "fetch_all_chats_response", vec![answer]);
        tape.violates(name, "");
    }
    written().emits(MEMBER, "fetch_all_chats", vec![json!({})]).violates(name, "no answer");
    written().leaves_open(name, None);
}

/// The list as a whole, in pages of two, and as a whole again.
fn paged(before: &[Value], pages: &[&[Value]], after: &[Value]) -> Tape {
    let mut tape = written();
    tape.lists(MEMBER, "Partner", (1, 100), before.to_vec());
    for (page, chats) in (1..).zip(pages) {
        tape.lists_of(before.len(), MEMBER, "Partner", (page, 2), chats.to_vec());
    }
    tape.lists(MEMBER, "Partner", (1, 100), after.to_vec());
    tape
}

/// The own chat on top, and three others below it.
fn four() -> Vec<Value> {
    vec![written().summary("again"), chat("a", 3), chat("b", 2), chat("c", 1)]
}

#[test]
fn pages_follow_one_another_without_gaps_or_repeats() {
    let name = "list.filter [Partner]";
    let all = four();
    paged(&all, &[&all[..2], &all[2..], &[]], &all).passes(name);
    paged(&all, &[&all[..2], &all[3..]], &all).violates(name, "gaps or repeats");
    paged(&all, &[&all[..2], &all[1..3]], &all).violates(name, "gaps or repeats");
    paged(&all, &[&all[..2], &all[..2]], &all).violates(name, "gaps or repeats");
    paged(&all, &[&all[2..], &all[..2]], &all).violates(name, "gaps or repeats");
    paged(&all, &[&all[..2], &[]], &all).violates(name, "gaps or repeats");
}

#[test]
fn the_total_is_that_of_the_list() {
    let name = "list.filter [Partner]";
    let all = four();
    let counting = |whole: usize, page: usize| {
        let mut tape = written();
        tape.lists_of(whole, MEMBER, "Partner", (1, 100), all.clone());
        tape.lists_of(page, MEMBER, "Partner", (1, 2), all[..2].to_vec());
        tape.lists_of(page, MEMBER, "Partner", (2, 2), all[2..].to_vec());
        tape.lists_of(whole, MEMBER, "Partner", (1, 100), all.clone());
        tape
    };
    counting(4, 4).passes(name);
    counting(4, 2).violates(name, "`total` is 2");
    counting(4, 5).violates(name, "`total` is 5");
    counting(57, 57).violates(name, "`total` is 57"); // a page of a hundred that shows no more than four
}

#[test]
fn a_chat_that_moves_up_meanwhile_shows_others_twice_and_hides_none() {
    let name = "list.filter [Partner]";
    let before = four();
    let new = chat("new", 30);
    let after: Vec<Value> = [std::slice::from_ref(&new), &before].concat();
    // It came between the first page and the second: the second begins with what the first ended with.
    paged(&before, &[&before[..2], &before[1..3]], &after).passes(name);
    paged(&before, &[&before[..2], &before[3..]], &after).violates(name, "gaps or repeats");
    paged(&before, &[&before[..2], &before[..2]], &after).violates(name, "gaps or repeats");
    // A chat that went away explains a gap.
    paged(&before, &[&before[..2], &before[3..]], &before[1..]).leaves_open(name, None);
    // Too much happened to tell.
    let busy: Vec<Value> = (30..34).map(|minute| chat(&minute.to_string(), minute)).chain(before.clone()).collect();
    paged(&before, &[&before[..2], &before[..2]], &busy).leaves_open(name, None);
}

#[test]
fn a_type_restricts_the_list_and_its_chats_are_in_it() {
    let name = "list.filter [Partner]";
    let mut foreign = chat("a", 1);
    foreign["customer_type"] = json!("Vendor");
    written().lists(MEMBER, "Partner", (1, 100), vec![foreign]).violates(name, "\"Vendor\"");
    written().lists(MEMBER, "Partner", (1, 100), vec![]).violates(name, "it is not among the first 0");
    // The list may lag behind the last message: that is another requirement's matter.
    let mut lagging = four();
    lagging[0] = written().summary("first");
    paged(&lagging, &[&lagging[..2], &lagging[2..]], &lagging).passes(name);
    written().leaves_open(name, None);
}

#[test]
fn the_newest_chat_stands_first() {
    let name = "list.sorted [Partner]";
    let listing = |chats: Vec<Value>| {
        let mut tape = written();
        tape.lists(MEMBER, "Partner", (1, 100), chats);
        tape
    };
    listing(vec![chat("a", 2), chat("b", 1), chat("c", 1)]).passes(name);
    listing(vec![chat("a", 1), chat("b", 2)]).violates(name, "before");
    listing(vec![chat("a", 1)]).leaves_open(name, None); // one chat is in no order
    written().leaves_open(name, None);
    written().emits(MEMBER, "fetch_all_chats", vec![json!({})]).leaves_open(name, "list.shape");
}

#[test]
fn list_and_last_broadcast_agree() {
    let name = "list.consistent [Partner]";
    let listing = |key: Option<(&str, Value)>| {
        let mut tape = Tape::of(&CHAT_LIST);
        tape.member(MEMBER, "Partner").sends("Partner", "hello");
        let mut chat = tape.summary("hello");
        tape.hears(MEMBER, "room_update", vec![chat.clone()]);
        if let Some((key, value)) = key {
            chat[key] = value;
        }
        tape.lists(MEMBER, "Partner", (1, 100), vec![chat]);
        tape
    };
    listing(None).passes(name);
    listing(Some(("unread_count", json!(9)))).passes(name); // it depends on who has read what
    // The same instant, written another way.
    listing(Some(("last_message_time", json!("2026-02-24T16:00:00.008+05:30")))).passes(name);
    listing(Some(("last_message_time", json!("2026-02-24T10:31:00Z")))).violates(name, "10:31:00");
    listing(Some(("chat_id", json!("another")))).violates(name, "another");
    listing(Some(("status", json!("resolved")))).violates(name, "resolved");
    let mut tape = written();
    tape.lists(MEMBER, "Partner", (1, 100), vec![chat("a", 1)]).leaves_open(name, "list.filter");
}
