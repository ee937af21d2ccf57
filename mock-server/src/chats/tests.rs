//! What the state does, without sockets and by a clock of the tests' own.

use fixtures::chats::SampleMessage;
use fixtures::{Contract, SampleChat};
use jiff::Timestamp;

use super::*;

pub(super) fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap()
}

pub(super) fn incoming(customer_type: &str, number: &str, id: &str, text: &str) -> Incoming {
    Incoming {
        customer_type: customer_type.to_owned(),
        number: number.to_owned(),
        name: Some("Vivek".to_owned()),
        id: id.to_owned(),
        text: text.to_owned(),
        media_type: None,
        media_id: None,
    }
}

/// An agent answers.
pub(super) fn reply(chats: &mut Chats, chat_id: &str, text: &str, now: Timestamp) -> Option<Message> {
    write(chats, chat_id, Author::Executive, text, now)
}

/// Somebody writes in a page.
pub(super) fn write(chats: &mut Chats, chat_id: &str, author: Author, text: &str, now: Timestamp) -> Option<Message> {
    let channel = if author == Author::Customer { Channel::InApp } else { Channel::Whatsapp };
    let (sender, text) = ("15550100199".to_owned(), text.to_owned());
    let written = Written { author, sender, text, channel, media_type: None, media_url: None };
    chats.write(chat_id, written, now).cloned()
}

pub(super) fn one_chat() -> (Chats, String) {
    let mut chats = Chats::default();
    let id = chats.receive(incoming("Partner", "15550100001", "1", "Hello"), at(1_000)).unwrap();
    (chats, id)
}

#[test]
fn the_first_message_makes_a_chat_and_the_next_one_goes_into_it() {
    let (mut chats, id) = one_chat();
    assert_eq!(chats.receive(incoming("Partner", "15550100001", "2", "again"), at(2_000)), Some(id.clone()));
    let chat = chats.get(&id).unwrap();
    assert_eq!((chat.messages().len(), chat.unread, chat.last().text.as_str()), (2, 2, "again"));
    assert_eq!((id.len(), chat.created), (24, at(1_000)));
}

#[test]
fn one_number_with_two_types_is_two_chats() {
    let (mut chats, partner) = one_chat();
    let vendor = chats.receive(incoming("Vendor", "15550100001", "2", "Hello"), at(2_000)).unwrap();
    assert_ne!(partner, vendor);
    assert_eq!(chats.find("15550100001", Some("Partner")).unwrap().id, partner);
    assert_eq!(chats.find("15550100001", None).unwrap().id, vendor, "the one last written to");
    assert!(chats.find("15550100001", Some("Customer")).is_none());
}

#[test]
fn a_message_that_was_delivered_before_changes_nothing() {
    let (mut chats, id) = one_chat();
    assert_eq!(chats.receive(incoming("Partner", "15550100001", "1", "Hello"), at(2_000)), None);
    let chat = chats.get(&id).unwrap();
    assert_eq!((chat.messages().len(), chat.unread, chat.last().time), (1, 1, at(1_000)));
}

#[test]
fn a_chats_time_goes_forward_even_when_the_clock_does_not() {
    let (mut chats, id) = one_chat();
    for (n, now) in [(2, 1_000), (3, 500), (4, 9_000)] {
        chats.receive(incoming("Partner", "15550100001", &n.to_string(), "x"), at(now));
    }
    let times: Vec<_> = chats.get(&id).unwrap().messages().iter().map(|message| message.time).collect();
    assert_eq!(times, [at(1_000), at(1_001), at(1_002), at(9_000)]);
}

#[test]
fn reading_clears_the_unread_count_until_the_next_message() {
    let (mut chats, id) = one_chat();
    chats.read(&id);
    assert_eq!(chats.get(&id).unwrap().unread, 0);
    chats.receive(incoming("Partner", "15550100001", "2", "again"), at(2_000));
    assert_eq!(chats.get(&id).unwrap().unread, 1);
}

#[test]
fn a_customers_message_reopens_a_resolved_chat_and_an_agents_does_not() {
    let (mut chats, id) = one_chat();
    assert_eq!(chats.set_status(&id, Status::Resolved, at(1_500)), Some(Status::Active));
    reply(&mut chats, &id, "bye", at(2_000)).unwrap();
    assert_eq!(chats.get(&id).unwrap().status, Status::Resolved);
    chats.receive(incoming("Partner", "15550100001", "2", "wait"), at(3_000));
    assert_eq!(chats.get(&id).unwrap().status, Status::Active);
}

#[test]
fn a_message_without_a_name_keeps_the_name_that_is_known() {
    let (mut chats, id) = one_chat();
    chats.receive(Incoming { name: None, ..incoming("Partner", "15550100001", "2", "x") }, at(2_000));
    assert_eq!(chats.get(&id).unwrap().name.as_deref(), Some("Vivek"));
}

#[test]
fn nothing_can_be_written_into_a_chat_that_does_not_exist() {
    let mut chats = Chats::default();
    assert!(reply(&mut chats, "none", "x", at(1)).is_none());
    assert!(chats.set_status("none", Status::Resolved, at(1)).is_none());
}

#[test]
fn pages_of_the_list_have_neither_gaps_nor_repeats_and_the_newest_comes_first() {
    let mut chats = Chats::default();
    for n in 0..23 {
        // All in one millisecond: the order is then that of their coming.
        chats.receive(incoming("Partner", &format!("155501{n:05}"), &n.to_string(), "x"), at(1_000));
    }
    let mut numbers = Vec::new();
    for number in 1..=4 {
        let list = chats.list(&Filter::default(), Page { number, size: 7 });
        assert_eq!(list.total, 23);
        numbers.extend(list.chats.iter().map(|chat| chat.number.clone()));
    }
    let expected: Vec<String> = (0..23).rev().map(|n| format!("155501{n:05}")).collect();
    assert_eq!(numbers, expected);
    assert!(chats.list(&Filter::default(), Page { number: usize::MAX, size: 100 }).chats.is_empty());
}

#[test]
fn each_filter_restricts_the_list() {
    let mut chats = Chats::default();
    chats
        .add_samples(&[sample("Partner", "15550100001", "active"), sample("Vendor", "15550100002", "resolved")], at(0));
    let found = |filter: Filter<'_>| -> Vec<String> {
        let list = chats.list(&filter, Page { number: 1, size: 10 });
        list.chats.iter().map(|chat| chat.customer_type.clone()).collect()
    };
    assert_eq!(found(Filter { customer_type: Some("Vendor"), ..Filter::default() }), ["Vendor"]);
    assert_eq!(found(Filter { status: Some(Status::Active), ..Filter::default() }), ["Partner"]);
    assert_eq!(found(Filter { search: Some("00002"), ..Filter::default() }), ["Vendor"]);
    assert_eq!(found(Filter { search: Some("NAME OF PARTNER"), ..Filter::default() }), ["Partner"]);
    assert_eq!(found(Filter { tag: Some("tag of Partner"), ..Filter::default() }), ["Partner"]);
    assert_eq!(found(Filter { executive_id: Some("executive of Vendor"), ..Filter::default() }), ["Vendor"]);
    assert_eq!(chats.tags(None), ["tag of Partner", "tag of Vendor"]);
    assert_eq!(chats.tags(Some("Vendor")), ["tag of Vendor"]);
}

#[test]
fn the_figures_count_each_chat_once() {
    let mut chats = Chats::default();
    let samples = ["active", "active", "resolved"].iter().zip(1..);
    let samples: Vec<_> = samples.map(|(status, n)| sample("Partner", &format!("1555010000{n}"), status)).collect();
    chats.add_samples(&samples, at(0));
    let id = chats.find("15550100001", None).unwrap().id.clone();
    reply(&mut chats, &id, "hello", at(1_000)).unwrap();
    let stats = chats.stats();
    assert_eq!((stats.active, stats.resolved, stats.awaiting_customer, stats.pending), (2, 1, 1, 1));
    assert_eq!(stats.by_type["Partner"], 3);
}

#[test]
fn a_sample_chat_is_as_old_and_as_unread_as_it_says() {
    let mut chats = Chats::default();
    chats.add_samples(&[sample("Partner", "15550100001", "active")], at(600_000));
    let chat = chats.find("15550100001", Some("Partner")).unwrap();
    assert_eq!((chat.unread, chat.created, chat.last().time), (1, at(0), at(300_000)));
    assert_eq!(chat.executive, Some(("executive of Partner".to_owned(), "Anna".to_owned())));
}

#[test]
fn whoever_begins_again_has_the_samples_alone_and_knows_no_redelivery() {
    let (mut chats, id) = one_chat();
    chats.begin_again(&[sample("Vendor", "15550100002", "active")], at(0));
    assert!(chats.get(&id).is_none() && chats.find("15550100001", None).is_none());
    assert!(chats.find("15550100002", Some("Vendor")).is_some());
    assert_eq!(chats.receive(incoming("Partner", "15550100001", "1", "Hello"), at(1_000)), Some(id));
}

#[test]
fn the_summary_has_the_contracts_keys_and_no_others() {
    let (chats, id) = one_chat();
    let contract = Contract::room_updates();
    let shape = SummaryShape::of(&contract);
    let summary = shape.render(chats.get(&id).unwrap(), Place::Broadcast);
    let properties = contract.summary_schema["properties"].as_object().unwrap();
    assert!(summary.keys().all(|key| properties.contains_key(key)), "{summary:?}");
    assert_eq!(summary["chat_id"], id.as_str());
    assert_eq!(summary["last_message_time"], "1970-01-01T00:00:01.000Z");
    assert_eq!((&summary["unread_count"], &summary["unseen_count"]), (&1.into(), &1.into()));
    let listed = shape.render(chats.get(&id).unwrap(), Place::List);
    assert!(listed.get("created_at").is_some() && summary.get("created_at").is_none());
}

#[test]
fn a_required_key_that_cannot_be_filled_is_named() {
    let mut contract = Contract::room_updates();
    assert_eq!(SummaryShape::of(&contract).unfilled(&contract), [""; 0]);
    contract.summary_schema["properties"]["mood"] = serde_json::json!({});
    contract.summary_schema["required"].as_array_mut().unwrap().push("mood".into());
    assert_eq!(SummaryShape::of(&contract).unfilled(&contract), ["mood"]);
}

fn sample(customer_type: &str, number: &str, status: &str) -> SampleChat {
    let message =
        |read, minutes_ago| SampleMessage { from: "Customer".to_owned(), text: "Hello".to_owned(), minutes_ago, read };
    SampleChat {
        chat_id: format!("{number:0>24}"),
        customer: number.to_owned(),
        customer_name: Some(format!("Name of {customer_type}")),
        customer_type: customer_type.to_owned(),
        status: status.to_owned(),
        tags: vec![format!("tag of {customer_type}")],
        assigned_executive_id: Some(format!("executive of {customer_type}")),
        assigned_executive_name: Some("Anna".to_owned()),
        messages: vec![message(true, 10), message(false, 5)],
    }
}
