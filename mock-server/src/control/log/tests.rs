//! What holds for the log without a server.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::*;

fn log() -> Log {
    Log::new(|| Timestamp::UNIX_EPOCH)
}

fn raw(payload: &Value) -> Option<Arc<RawValue>> {
    let encoded = to_raw_value(payload).unwrap().into();
    Some(without_secrets(payload, &encoded, &|text| text == "a-live-session-id"))
}

#[test]
fn the_oldest_entries_make_room_for_new_ones_and_numbers_go_on() {
    let log = log();
    for n in 0..=MOST_ENTRIES {
        log.record(Happening::new(Kind::Control).event(n.to_string()));
    }
    let all = log.after(0, &Filter::default(), usize::MAX);
    assert_eq!((all.len(), all[0].number, log.newest()), (MOST_ENTRIES, 2, MOST_ENTRIES as u64 + 1));
    log.clear();
    assert!(log.after(0, &Filter::default(), 10).is_empty());
    log.record(Happening::new(Kind::Control));
    assert_eq!(log.after(0, &Filter::default(), 10)[0].number, MOST_ENTRIES as u64 + 2);
    let kept = log.kept();
    assert_eq!(kept.bytes, kept.entries[0].what.size(), "what was forgotten takes no room");
}

#[test]
fn large_payloads_do_not_fill_the_memory() {
    let log = log();
    let large = raw(&json!("x".repeat(60_000)));
    for _ in 0..1_000 {
        log.record(Happening::new(Kind::Emitted).payload(large.clone()));
    }
    assert!(log.kept().bytes <= MOST_BYTES);
    assert!(log.kept().entries.len() > 100);
    log.record(Happening::new(Kind::Emitted).payload(raw(&json!("x".repeat(70_000)))));
    let last = log.after(log.newest() - 1, &Filter::default(), 1).remove(0);
    assert!(last.what.payload.is_none());
    assert_eq!(last.what.detail.as_deref(), Some("a payload of 70002 bytes is not kept here"));
}

#[test]
fn secrets_are_hidden_wherever_they_stand() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZ2VudCJ9.c2lnbmF0dXJl";
    let payload = json!({
        "room": "PartnerApp", "access_token": "1", "deep": [{"Password": 2}, jwt, "unknown room \"a-live-session-id\": expected another"], "tokens": 3,
    });
    let expected = json!({
        "room": "PartnerApp", "access_token": "(hidden)",
        "deep": [{"Password": "(hidden)"}, "(hidden)", "unknown room \"(hidden)\": expected another"], "tokens": 3,
    });
    assert_eq!(raw(&payload).unwrap().get(), expected.to_string());
    let harmless = json!({"text": "eyJ is how a token begins", "n": [1, null, true]});
    assert_eq!(raw(&harmless).unwrap().get(), harmless.to_string());
}

#[test]
fn a_filter_admits_what_has_all_that_is_asked_for() {
    let log = log();
    let (one, two) = (ConnectionId(1), ConnectionId(2));
    let summary = json!({"chat_id": "1", "last_message": "Hello", "tags": ["a"]});
    log.record(
        Happening::new(Kind::Broadcast).event("room_update").heard("PartnerApp", vec![one]).payload(raw(&summary)),
    );
    log.record(Happening::new(Kind::Answered).event("join_room_response").of(two));
    log.record(Happening::new(Kind::Emitted).event("join_room").of(one));
    let found = |filter: Filter| -> Vec<u64> { log.after(0, &filter, 10).iter().map(|entry| entry.number).collect() };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(Filter { connection: Some(one), ..Filter::default() }), [1, 3]);
    assert_eq!(found(Filter { direction: Some(filter::Direction::Sent), ..Filter::default() }), [1, 2]);
    assert_eq!(found(Filter { event: text("join_room"), ..Filter::default() }), [3]);
    assert_eq!(found(Filter { room: text("PartnerApp"), ..Filter::default() }), [1]);
    assert_eq!(found(Filter { search: text("HELLO"), ..Filter::default() }), [1]);
    for (payload, expected) in [
        (json!({"last_message": "Hello"}), vec![1]),
        (json!({"tags": ["a"]}), vec![1]),
        (json!({"last_message": "Hell"}), vec![]),
        (json!({"nothing": null}), vec![]),
    ] {
        assert_eq!(found(Filter { payload: Some(payload), ..Filter::default() }), expected);
    }
}
