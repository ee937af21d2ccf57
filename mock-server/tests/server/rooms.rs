//! Joining, leaving, and who hears what.

use serde_json::{Value, json};

use crate::support::{PARTNER, Page, Server, VENDOR, options};

const ROUTES: [(&str, &str, &str); 4] = [
    ("15550100101", "PartnerApp", "room_update"),
    ("15550100102", "CustomerApp", "room_update_customer"),
    ("15550100103", "VendorApp", "room_update_vendor"),
    ("15550100104", "SRDPApp", "room_update_srdp"),
];

#[tokio::test]
async fn each_room_hears_its_event_and_no_other_room_does() {
    let server = Server::start(options());
    let mut pages = Vec::new();
    for (_, room, _) in ROUTES {
        let mut page = server.page().await;
        page.join(room).await;
        pages.push(page);
    }
    for (channel, room, _) in ROUTES {
        server.write(channel, "15550100001", room).await;
    }
    for (page, (_, room, event)) in pages.iter_mut().zip(ROUTES) {
        let heard = page.all_heard().await;
        let [(name, summary)] = heard.as_slice() else { panic!("{room}: {heard:?}") };
        assert_eq!((name.as_str(), summary["last_message"].as_str()), (event, Some(room)));
        assert_eq!(summary["unread_count"], 1);
    }
    server.stop().await;
}

#[tokio::test]
async fn joining_twice_delivers_once_and_joining_several_delivers_each() {
    let server = Server::start(options());
    let mut page = server.page().await;
    for room in ["PartnerApp", "PartnerApp", "VendorApp"] {
        page.join(room).await;
    }
    server.write(PARTNER, "15550100001", "one").await;
    server.write(VENDOR, "15550100001", "two").await;
    let names: Vec<_> = page.all_heard().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["room_update", "room_update_vendor"]);
    server.stop().await;
}

#[tokio::test]
async fn every_malformed_join_is_answered_enters_nothing_and_the_connection_lives_on() {
    let server = Server::start(options());
    let mut page = server.page().await;
    let other = page.session.rsplit_once("sid=").unwrap().1.to_owned();
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let mut requests: Vec<String> = [
        "null",
        "42",
        "true",
        "[]",
        "{}",
        "\"PartnerApp \"",
        r#"{"room":null}"#,
        r#"{"room":42}"#,
        r#"{"room":""}"#,
        r#"{"room":["PartnerApp"]}"#,
        r#"{"room":"partnerapp"}"#,
        r#"{"room":" PartnerApp"}"#,
        r#"{"room":"__proto__"}"#,
        r#"{"room":"dashboard"}"#,
        r#"{"room":"\ud800"}"#,
        r#"{"rooms":"PartnerApp"}"#,
    ]
    .map(|payload| format!(r#"42["join_room",{payload}]"#))
    .to_vec();
    requests.push(r#"42["join_room"]"#.to_owned());
    requests.push(format!(r#"42["join_room",{{"room":"{other}"}}]"#));
    requests.push(format!(r#"42["join_room",{{"room":"{}"}}]"#, "x".repeat(65_536)));
    requests.push(format!(r#"42["join_room",{deep}]"#));
    requests.push(format!(r#"42["join_room",{{"room":{deep}}}]"#));
    requests.push(format!(r#"42["join_room",{}1{}]"#, "[".repeat(1_000), "]".repeat(1_000)));
    for request in requests {
        page.send(&request).await;
        let (name, answer) = page.event().await;
        let shown = &request[..request.len().min(80)];
        assert_eq!((name.as_str(), &answer["status"]), ("join_room_response", &0.into()), "{shown}");
        let message = answer["message"].as_str().unwrap();
        assert!(!message.is_empty() && message.len() < 200, "{shown}: {message}");
    }
    server.write(PARTNER, "15550100001", "Hello").await;
    assert_eq!(page.all_heard().await, []);
    page.join("PartnerApp").await;
    server.stop().await;
}

#[tokio::test]
async fn a_socket_that_left_hears_nothing_more_of_that_room_and_everything_of_others() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    page.join("VendorApp").await;
    let left = page.ask("leave_room", &json!({"room": "PartnerApp"})).await;
    assert_eq!(left, json!({"status": 1, "room": "PartnerApp"}));
    server.write(PARTNER, "15550100001", "unheard").await;
    server.write(VENDOR, "15550100001", "heard").await;
    assert_eq!(texts(&page.all_heard().await), ["heard"]);
    page.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "heard again").await;
    assert_eq!(texts(&page.all_heard().await), ["heard again"]);
    server.stop().await;
}

#[tokio::test]
async fn leaving_a_room_one_is_not_in_breaks_nothing() {
    let server = Server::start(options());
    let mut page = server.page().await;
    assert_eq!(page.ask("leave_room", &json!({"room": "VendorApp"})).await["status"], 1);
    assert_eq!(page.ask("leave_room", &json!({"room": "nowhere"})).await["status"], 0);
    page.join("VendorApp").await;
    server.stop().await;
}

#[tokio::test]
async fn a_new_connection_is_in_no_room_whatever_an_earlier_one_had_joined() {
    let server = Server::start(options());
    let mut first = server.page().await;
    first.join("PartnerApp").await;
    first.send("1").await;
    let mut second = server.page().await;
    let mut witness = server.page().await;
    witness.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "Hello").await;
    assert_eq!(texts(&witness.all_heard().await), ["Hello"]);
    assert_eq!(second.all_heard().await, []);
    server.stop().await;
}

#[tokio::test]
async fn a_chats_room_is_not_entered_by_join_room_and_hears_new_message_by_join_chat() {
    let server = Server::start(options());
    let mut page = server.page().await;
    server.write(PARTNER, "15550100001", "first").await;
    let chat_id = chat_id(&mut page, "15550100001").await;
    assert_eq!(page.ask("join_room", &json!({"room": chat_id})).await["status"], 0);
    assert_eq!(page.ask("join_chat", &json!({"chat_id": "none"})).await["status"], 0);
    let joined = page.ask("join_chat", &json!({"chat_id": chat_id, "type": "Agent"})).await;
    assert_eq!(joined, json!({"status": 1, "chat_id": chat_id}));
    server.write(PARTNER, "15550100001", "second").await;
    let heard = page.all_heard().await;
    let [(name, message)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((name.as_str(), &message["message"]), ("new_message", &"second".into()));
    assert_eq!((&message["sender_type"], &message["channel"]), (&"Customer".into(), &"whatsapp".into()));
    assert_eq!(page.ask("leave_chat", &json!({"chat_id": chat_id})).await["status"], 1);
    server.write(PARTNER, "15550100001", "third").await;
    assert_eq!(page.all_heard().await, []);
    server.stop().await;
}

async fn chat_id(page: &mut Page<'_>, number: &str) -> String {
    let found = page.ask("search_chat", &json!({"customer": number})).await;
    found["chat"]["chat_id"].as_str().unwrap().to_owned()
}

fn texts(heard: &[(String, Value)]) -> Vec<&str> {
    heard.iter().map(|(_, summary)| summary["last_message"].as_str().unwrap()).collect()
}
