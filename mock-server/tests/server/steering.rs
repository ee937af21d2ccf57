//! What can be made to happen by the control API: faults, pauses, dropped connections, and a new beginning.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use mock_server::{Options, faults};
use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::{Page, Server, options};

const NUMBER: &str = "15550100001";

/// What a member of the partners' room hears of a message that is written now.
async fn heard(api: &Api<'_>, member: &mut Page<'_>) -> Vec<String> {
    api.write("Partner", NUMBER, "Hello").await;
    member.all_heard().await.into_iter().map(|(event, _)| event).collect()
}

#[tokio::test]
async fn connections_are_listed_and_ended() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut page = server.page().await;
    let mut other = server.page().await;
    page.join("PartnerApp").await;
    page.join("CustomerApp").await;
    let expected = json!([
        {"id": "c1", "transport": "polling", "agent": "agent", "rooms": ["CustomerApp", "PartnerApp"]},
        {"id": "c2", "transport": "polling", "agent": "agent", "rooms": []},
    ]);
    assert_eq!(api.get("connections").await, expected);
    assert_eq!(api.post("connections/c1/drop", &Value::Null).await, json!({"dropped": ["c1"]}));
    assert_eq!(server.get(&page.session).await, StatusCode::BAD_REQUEST, "its session is over");
    assert_eq!(api.call(Method::POST, "connections/c1/drop", &Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(api.call(Method::POST, "connections/12/drop", &Value::Null).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(api.post("connections/drop", &json!({"how": "disconnect"})).await, json!({"dropped": ["c2"]}));
    assert_eq!(other.packet().await, "41", "a DISCONNECT packet");
    assert_eq!(api.get("connections").await, json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_fault_acts_as_often_as_it_is_told_to() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut member = server.page().await;
    member.join("PartnerApp").await;
    let on = api.put("faults/broadcast-twice", &json!({"count": 2})).await;
    assert_eq!((&on["on"], &on["left"]), (&true.into(), &2.into()));
    for (copies, left) in [(2, json!(1)), (2, Value::Null), (1, Value::Null)] {
        assert_eq!(heard(&api, &mut member).await.len(), copies);
        let listed = api.get("faults").await;
        let fault = listed.as_array().unwrap().iter().find(|fault| fault["id"] == "broadcast-twice").unwrap();
        assert_eq!((&fault["left"], fault["on"] == true), (&left, !left.is_null()));
    }
    api.put("faults/broadcast-twice", &Value::Null).await;
    assert_eq!(heard(&api, &mut member).await.len(), 2);
    api.ok(Method::DELETE, "faults/broadcast-twice", &Value::Null).await;
    assert_eq!(heard(&api, &mut member).await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn what_a_counted_fault_does_not_change_does_not_count() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let open = "/ws/?EIO=4&transport=polling";
    // Around HTTP, where it acts on some requests only.
    api.put("faults/polling-refused", &json!({"count": 2})).await;
    for path in [open, "/api/health", open, open] {
        let refused = path == open && api.get("faults").await.to_string().contains(r#""on":true"#);
        assert_eq!(server.get(path).await == StatusCode::BAD_REQUEST, refused, "{path}");
    }
    // Of what is told: of the first row of the routing table only.
    let mut member = server.page().await;
    member.join("PartnerApp").await;
    member.join("SRDPApp").await;
    api.put("faults/missing-branch", &json!({"count": 1})).await;
    for (customer_type, expected) in [("SRDP", 1), ("Partner", 0), ("Partner", 1), ("SRDP", 1)] {
        api.write(customer_type, NUMBER, "Hello").await;
        assert_eq!(member.all_heard().await.len(), expected, "{customer_type}");
    }
    // Of who enters a room.
    api.put("faults/join-without-entering", &json!({"count": 1})).await;
    for expected in [0, 1] {
        let mut page = server.page().await;
        page.join("PartnerApp").await;
        assert_eq!(heard(&api, &mut page).await.len(), expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn every_fault_can_be_switched_on_and_off_or_says_why_not() {
    let server = Server::start(Options { faults: vec![faults::find("pings-too-rare").unwrap()], ..options() });
    let api = Api::of(&server).await;
    let all = api.get("faults").await;
    assert_eq!(all.as_array().unwrap().len(), faults::all().count());
    for fault in all.as_array().unwrap() {
        let path = format!("faults/{}", fault["id"].as_str().unwrap());
        let (status, on) = api.call(Method::PUT, &path, &json!({"count": 3})).await;
        let expected = if fault["from_start_only"] == true { StatusCode::CONFLICT } else { StatusCode::OK };
        assert_eq!(status, expected, "{on}");
    }
    assert_eq!(api.call(Method::DELETE, "faults/pings-too-rare", &Value::Null).await.0, StatusCode::CONFLICT);
    let left = api.ok(Method::DELETE, "faults", &Value::Null).await;
    let on = |fault: &&Value| fault["on"] == true;
    let left: Vec<_> = left.as_array().unwrap().iter().filter(on).map(|fault| fault["id"].clone()).collect();
    assert_eq!(left, ["pings-too-rare"]);
    let (status, said) = api.call(Method::PUT, "faults/brodcast-twice", &Value::Null).await;
    assert_eq!(
        (status, &said["message"]),
        (StatusCode::NOT_FOUND, &json!("unknown fault \"brodcast-twice\": did you mean broadcast-twice?"))
    );
    assert_eq!(api.call(Method::PUT, "faults/broadcast-twice", &json!({"count": 0})).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(api.call(Method::PUT, "faults/broadcast-twice", &json!({"cuont": 1})).await.0, StatusCode::BAD_REQUEST);
    server.stop().await;
}

#[tokio::test]
async fn what_is_paused_comes_in_order_when_it_goes_on() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut member = server.page().await;
    member.join("PartnerApp").await;
    api.put("flow", &json!({"paused": true})).await;
    for text in ["1", "2", "3"] {
        api.write("Partner", NUMBER, text).await;
    }
    assert_eq!(api.get("flow").await, json!({"paused": true, "delay_ms": 0, "reorder_ms": 0, "held": 3}));
    let latecomer = server.page().await;
    latecomer.emit("join_room", &json!({"room": "PartnerApp"})).await;
    api.put("flow", &json!({})).await;
    for expected in ["1", "2", "3"] {
        let (event, chat) = member.event().await;
        assert_eq!((event.as_str(), &chat["last_message"]), ("room_update", &expected.into()));
    }
    let mut latecomer = latecomer;
    assert_eq!(latecomer.event().await.0, "join_room_response", "it hears nothing of what was sent before it came");
    assert_eq!(latecomer.all_heard().await, []);
    assert_eq!(api.get("flow").await["held"], 0);
    server.stop().await;
}

#[tokio::test]
async fn what_is_slowed_comes_later_and_what_is_reordered_comes_complete() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut member = server.page().await;
    member.join("PartnerApp").await;
    api.put("flow", &json!({"delay_ms": 100})).await;
    let start = Instant::now();
    api.write("Partner", NUMBER, "slow").await;
    member.event().await;
    assert!(start.elapsed() >= Duration::from_millis(100));
    api.put("flow", &json!({"reorder_ms": 200})).await;
    let texts: Vec<String> = (10..30).map(|n| n.to_string()).collect();
    for text in &texts {
        api.write("Partner", NUMBER, text).await;
    }
    let mut heard = Vec::new();
    for _ in &texts {
        heard.push(member.event().await.1["last_message"].as_str().unwrap().to_owned());
    }
    assert_ne!(heard, texts);
    heard.sort();
    assert_eq!(heard, texts);
    assert_eq!(api.call(Method::PUT, "flow", &json!({"delay_ms": 600_001})).await.0, StatusCode::BAD_REQUEST);
    server.stop().await;
}

#[tokio::test]
async fn a_reset_makes_everything_what_it_was() {
    let first = vec![faults::find("broadcast-twice").unwrap()];
    let server = Server::start(Options { faults: first, ..Options::default() });
    let api = Api::of(&server).await;
    let mut member = server.page().await;
    member.join("PartnerApp").await;
    let before = api.get("phones").await;
    api.write("Partner", "15550109999", "Hello").await;
    api.ok(Method::DELETE, "faults", &Value::Null).await;
    api.put("flow", &json!({"paused": true})).await;
    assert_ne!(api.get("phones").await.as_array().unwrap()[0]["number"], before[0]["number"]);
    let begun = api.post("reset", &Value::Null).await;
    let ids = |phones: &Value| -> Vec<String> {
        phones.as_array().unwrap().iter().map(|phone| phone["chat_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&api.get("phones").await), ids(&before));
    let log = api.get("log").await;
    assert_eq!((log["entries"].as_array().unwrap().len(), &log["entries"][0]["event"]), (1, &"reset".into()));
    assert_eq!(log["newest"], begun["newest"]);
    member.all_heard().await;
    assert_eq!(
        heard(&api, &mut member).await,
        ["room_update"; 2],
        "it is still in its room, and the fault is on again"
    );
    api.post("reset", &json!({"connections": "drop"})).await;
    assert_eq!(api.get("connections").await, json!([]));
    server.stop().await;
}
