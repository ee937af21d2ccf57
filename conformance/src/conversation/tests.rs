//! Who was a member of what and when, which answer belongs to which request, and which event carries which message.

use fixtures::webhooks::MessageKind;
use serde_json::{Value, json};

use super::*;
use crate::recording::tape::Tape;
use crate::recording::{Recording, TokenPlace, TokenUse, Transport};

const ROOM: &str = "PartnerApp";

fn tape() -> Tape {
    Tape::under(Contract::room_updates(), "by-hand")
}

fn read(recording: &Recording) -> Conversation<'_> {
    Conversation::new(&recording.header, "by-hand", &recording.entries)
}

/// The times, in milliseconds, at which a connection's stays in a room were asked for, began, began to end and were over.
fn stays(conversation: &Conversation<'_>, actor: &str) -> Vec<[Option<u128>; 4]> {
    let millis = |at: Option<Duration>| at.map(|at| at.as_millis());
    let connection = conversation.actor(actor).unwrap();
    let of_room = connection.memberships.iter().filter(|(room, _)| *room == ROOM);
    of_room.map(|(_, stay)| [Some(stay.asked), stay.from, stay.leaving, stay.until].map(millis)).collect()
}

#[test]
fn a_stay_begins_with_the_acknowledgement() {
    let mut tape = tape();
    tape.opens("a").asks_to_join("a", ROOM).sends("Partner", "early");
    tape.is_told("a", json!({"status": 1, "room": ROOM})).sends("Partner", "late");
    let recording = tape.ended();
    let conversation = read(&recording);
    assert_eq!(stays(&conversation, "a"), [[Some(5), Some(8), None, None]]);
    let members = |label| conversation.members_at(ROOM, conversation.message(label).unwrap()).len();
    assert_eq!((members("early"), members("late")), (0, 1));
}

#[test]
fn a_refused_or_unanswered_join_begins_no_stay() {
    let mut tape = tape();
    tape.opens("refused").asks_to_join("refused", ROOM).is_told("refused", json!({"status": 0, "message": "no"}));
    tape.opens("unanswered").asks_to_join("unanswered", ROOM);
    let recording = tape.ended();
    let conversation = read(&recording);
    for actor in ["refused", "unanswered"] {
        let connection = conversation.actor(actor).unwrap();
        assert!(connection.member_since(ROOM, Duration::from_secs(1)).is_none(), "{actor}");
        assert!(connection.may_be_member(ROOM, Duration::ZERO), "{actor}: the server may have let it in all the same");
    }
}

#[test]
fn joining_twice_is_one_stay() {
    let mut tape = tape();
    tape.opens("a").joins("a", ROOM).joins("a", ROOM);
    let recording = tape.ended();
    assert_eq!(stays(&read(&recording), "a"), [[Some(5), Some(6), None, None]]);
}

#[test]
fn a_stay_ends_for_certain_with_the_answer_to_leaving_and_begins_to_end_with_its_asking() {
    let mut tape = tape();
    tape.opens("a").joins("a", ROOM).asks_to_leave("a", ROOM).sends("Partner", "meanwhile");
    tape.hears("a", "leave_room_response", vec![json!({"status": 1, "room": ROOM})]).sends("Partner", "after");
    let recording = tape.ended();
    let conversation = read(&recording);
    assert_eq!(stays(&conversation, "a"), [[Some(5), Some(6), Some(7), Some(10)]]);
    let connection = conversation.actor("a").unwrap();
    let standing = |label| {
        let at = conversation.message(label).unwrap().at;
        (connection.member_since(ROOM, at).is_some(), connection.may_be_member(ROOM, at))
    };
    assert_eq!(standing("meanwhile"), (false, true), "while leaving it may hear, and need not");
    assert_eq!(standing("after"), (false, false));
}

#[test]
fn leaving_without_an_answer_is_over_after_a_fence_and_a_quiet_window() {
    let mut tape = tape();
    tape.opens("a").joins("a", ROOM).asks_to_leave("a", ROOM).settles(&["a"]);
    let recording = tape.ended();
    assert_eq!(stays(&read(&recording), "a"), [[Some(5), Some(6), Some(7), Some(10)]]);
}

#[test]
fn a_fence_from_before_does_not_end_a_stay() {
    let mut tape = tape();
    tape.opens("a").joins("a", ROOM).at("a", What::FenceSent { fence: 0 }).asks_to_leave("a", ROOM);
    tape.at("a", What::FenceBack { fence: 0 }).at("a", What::Quiet { window: Duration::from_millis(20) });
    let recording = tape.ended();
    assert_eq!(stays(&read(&recording), "a"), [[Some(5), Some(6), Some(8), None]]);
}

#[test]
fn coming_back_is_a_second_stay() {
    let mut tape = tape();
    tape.opens("a").joins("a", ROOM).leaves("a", ROOM).joins("a", ROOM);
    let recording = tape.ended();
    assert_eq!(stays(&read(&recording), "a"), [[Some(5), Some(6), Some(7), Some(8)], [Some(9), Some(10), None, None]]);
}

#[test]
fn leaving_one_room_is_not_leaving_another() {
    let mut tape = tape();
    tape.opens("a").joins("a", ROOM).joins("a", "VendorApp").leaves("a", "VendorApp");
    let recording = tape.ended();
    assert_eq!(stays(&read(&recording), "a"), [[Some(5), Some(6), None, None]]);
}

#[test]
fn a_connections_end_ends_its_stays_and_its_successor_inherits_none() {
    let mut tape = tape();
    tape.opens("a").joins("a", ROOM).closes("a", true).opens("a").sends("Partner", "hello");
    let recording = tape.ended();
    let conversation = read(&recording);
    assert_eq!(conversation.connections[0].memberships[0].1.until, Some(Duration::from_millis(7)));
    assert_eq!(stays(&conversation, "a"), Vec::<[Option<u128>; 4]>::new(), "the latest connection is the actor's");
    assert!(conversation.members_at(ROOM, conversation.message("hello").unwrap()).is_empty());
}

#[test]
fn an_answer_belongs_to_the_request_before_it() {
    let mut tape = tape();
    tape.opens("a")
        .asks_to_join("a", "one")
        .asks_to_join("a", "two")
        .is_told("a", json!({"status": 0, "message": "2"}));
    tape.asks_to_join("a", "three").is_told("a", json!(3)).is_told("a", json!("unasked"));
    let recording = tape.ended();
    let conversation = read(&recording);
    let exchanges = conversation.actor("a").unwrap().exchanges("join_room", "join_room_response");
    let told: Vec<Option<&Value>> = exchanges.iter().map(|(_, answer)| answer.map(|answer| &answer.args[0])).collect();
    assert_eq!(told, [None, Some(&json!({"status": 0, "message": "2"})), Some(&json!(3))]);
}

#[test]
fn an_actor_that_could_not_connect_is_not_tested_for_the_reason_why() {
    let mut tape = tape();
    tape.opening("away", Transport::Polling, TokenUse::Good, TokenPlace::Auth)
        .at("away", What::OpenFailed { reason: "HTTP 502".to_owned(), status: Some(502) });
    tape.is_refused("refused", TokenUse::Good);
    tape.shakes_hands("mute", Transport::Websocket, TokenUse::Good, TokenPlace::Auth).at("mute", What::ConnectTimedOut);
    let recording = tape.ended();
    let conversation = read(&recording);
    let because = |actor| match conversation.actor(actor) {
        Err(Failure::NotTested { because, .. }) => because,
        other => panic!("{actor}: {other:?}"),
    };
    assert_eq!(because("away"), Some("transport.open.polling"));
    assert_eq!(because("refused"), Some("auth.token.auth"));
    assert_eq!(because("mute"), Some("transport.open.websocket"));
    assert_eq!(because("nobody"), None);
}

/// Who heard a message, in the order of time.
fn hearers(conversation: &Conversation<'_>, label: &str) -> Vec<String> {
    conversation.heard(conversation.message(label).unwrap()).iter().map(|heard| heard.peer.to_string()).collect()
}

#[test]
fn a_delivery_is_told_by_its_nonce_under_whatever_name_and_key() {
    let mut tape = tape();
    tape.member("a", "Partner").opens("b").sends("Partner", "hello");
    let text = tape.summary("hello")["last_message"].clone();
    tape.told("a", "hello").told_as("b", "hello", "room_update_partner");
    tape.hears("b", "surprise", vec![json!(1), json!({"deep": [{"down": text}]})]);
    let recording = tape.ended();
    assert_eq!(hearers(&read(&recording), "hello"), ["a", "b", "b"]);
}

#[test]
fn what_the_contract_declares_outside_its_rooms_is_no_delivery() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "hello").told_as("a", "hello", "new_message");
    let recording = tape.ended();
    assert_eq!(hearers(&read(&recording), "hello"), Vec::<String>::new());
}

#[test]
fn foreign_traffic_is_not_seen() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "hello");
    tape.told_with("a", "hello", |chat| {
        chat.insert("last_message".to_owned(), json!("~foreign000 hello"));
        chat.insert("customer".to_owned(), json!("15550109999"));
    });
    let recording = tape.ended();
    assert!(read(&recording).deliveries.is_empty());
}

/// Takes away the customer's number.
fn anonymous(chat: &mut serde_json::Map<String, Value>) {
    chat.shift_remove("customer");
}

#[test]
fn a_message_without_words_is_told_by_its_number_or_by_its_chat_which_another_message_has_taught() {
    let mut tape = tape();
    let sticker = MessageKind::Sticker;
    tape.member("a", "Partner").sends_kind(sticker, "first", "Partner", "by number").told("a", "by number");
    tape.sends_from("second", "Partner", "words").told("a", "words");
    tape.sends_kind(sticker, "second", "Partner", "by chat").told_with("a", "by chat", anonymous);
    tape.sends_kind(sticker, "third", "Partner", "untold").told_with("a", "untold", anonymous);
    tape.sends_kind(sticker, "second", "Partner", "other name").told_as("a", "other name", "surprise");
    let recording = tape.ended();
    let conversation = read(&recording);
    let heard = |label| hearers(&conversation, label).len();
    assert_eq!((heard("words"), heard("by number"), heard("by chat")), (1, 1, 1));
    assert_eq!((heard("untold"), heard("other name")), (0, 0));
}

#[test]
fn a_message_whose_words_were_left_out_was_heard_all_the_same() {
    let mut tape = tape();
    let wordless = |chat: &mut serde_json::Map<String, Value>| drop(chat.shift_remove("last_message"));
    tape.member("a", "Partner").sends("Partner", "earlier").sends("Partner", "hello").told_with("a", "hello", wordless);
    let recording = tape.ended();
    let conversation = read(&recording);
    assert_eq!((hearers(&conversation, "earlier").len(), hearers(&conversation, "hello").len()), (0, 1));
}

#[test]
fn the_chat_list_teaches_a_chats_id_too() {
    let mut tape = tape();
    let bare = |chat: &mut serde_json::Map<String, Value>| chat.retain(|key, _| key == "chat_id");
    tape.member("a", "Partner").sends("Partner", "hello").told_with("a", "hello", bare);
    let chat = tape.summary("hello");
    tape.lists("a", "Partner", (1, 100), vec![chat]);
    let recording = tape.ended();
    assert_eq!(hearers(&read(&recording), "hello").len(), 1);
}

#[test]
fn a_redelivered_message_is_one_message_to_whoever_hears_it() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "once").told("a", "once").redelivers("once", "again");
    let recording = tape.ended();
    let conversation = read(&recording);
    assert_eq!(conversation.messages.len(), 2);
    assert_eq!((hearers(&conversation, "once").len(), hearers(&conversation, "again").len()), (1, 1));
    assert_eq!(conversation.deliveries.len(), 1);
}

#[test]
fn silence_is_explained_by_whoever_did_not_get_in_or_else_by_the_broadcast() {
    let mut tape = tape();
    tape.opens("a").asks_to_join("a", ROOM).member("b", "Vendor").sends("Partner", "one").sends("Vendor", "two");
    tape.sends_in_vain("Vendor", "three", "HTTP 500");
    let recording = tape.ended();
    let conversation = read(&recording);
    let because = |label| match conversation.message(label).and_then(|message| conversation.first_delivery(message)) {
        Err(Failure::NotTested { because, .. }) => because,
        other => panic!("{label}: {other:?}"),
    };
    assert_eq!(because("one"), Some("join.acknowledged"));
    assert_eq!(because("two"), Some("broadcast.delivered"));
    assert_eq!(because("three"), None, "a message that was not accepted explains itself");
}

#[test]
fn a_deadline_counts_from_when_the_rate_limit_let_the_message_through() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "hello").wait(5000).told("a", "hello");
    let mut recording = tape.ended();
    for entry in &mut recording.entries {
        if let What::Accepted { throttled, .. } = &mut std::sync::Arc::make_mut(entry).what {
            *throttled = Duration::from_secs(4);
        }
    }
    let conversation = read(&recording);
    let message = conversation.message("hello").unwrap();
    assert_eq!(message.starts() - message.at, Duration::from_secs(4));
    assert_eq!(conversation.slowest_delivery(), Some(Duration::from_millis(1002)));
}

#[test]
fn a_fence_counts_only_when_it_came_back_and_was_watched() {
    let mut tape = tape();
    tape.opens("a").at("a", What::FenceSent { fence: 0 }).at("a", What::FenceBack { fence: 0 });
    let unwatched = tape.ended();
    assert!(read(&unwatched).fenced(read(&unwatched).actor("a").unwrap(), Duration::ZERO).is_err());
    tape.at("a", What::Quiet { window: Duration::from_millis(20) });
    let recording = tape.ended();
    let conversation = read(&recording);
    let connection = conversation.actor("a").unwrap();
    assert!(conversation.fenced(connection, Duration::from_millis(5)).is_ok());
    assert!(conversation.fenced(connection, Duration::from_millis(6)).is_err(), "it was sent before that");
}

#[test]
fn a_scenario_that_was_not_performed_is_not_tested() {
    let recording = tape().ended();
    let elsewhere = Conversation::new(&recording.header, "another", &recording.entries);
    assert!(matches!(elsewhere.performed(), Err(Failure::NotTested { because: None, .. })));
    assert!(read(&recording).performed().is_ok());
}
