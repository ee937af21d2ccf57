//! The control API, as tests of other projects use it.

use axum::http::{Method, StatusCode};
use fixtures::webhooks::MessageKind;
use mock_server::Options;
use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::{Page, Server, options};

const NUMBER: &str = "15550100001";

#[tokio::test]
async fn every_kind_of_message_that_is_written_from_a_phone_is_heard_and_can_be_waited_for() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let about = api.get("about").await;
    assert_eq!(about["kinds"].as_array().unwrap().len(), MessageKind::ALL.len());
    for kind in about["kinds"].as_array().unwrap() {
        let message = json!({"kind": kind, "text": "about the ride"});
        let sent = api.post(&format!("phones/Partner/{NUMBER}/messages"), &message).await;
        let wanted = json!({"event": "room_update", "room": "PartnerApp", "connection": "c1", "after": sent["after"],
                            "payload": {"chat_id": sent["chat_id"]}});
        let found = api.post("wait", &wanted).await;
        assert_eq!(found["entry"]["members"], 1);
        assert!(found["entry"]["number"].as_u64() > sent["after"].as_u64());
    }
    assert_eq!(page.all_heard().await.len(), MessageKind::ALL.len());
    server.stop().await;
}

#[tokio::test]
async fn a_wait_ends_when_the_event_comes_and_tells_what_came_instead_when_it_does_not() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let wanted = json!({"event": "room_update_vendor", "within_ms": 10_000});
    let (found, ()) = tokio::join!(api.post("wait", &wanted), async {
        api.write("Vendor", NUMBER, "Hello").await;
    });
    assert_eq!((&found["entry"]["room"], &found["entry"]["members"]), (&"VendorApp".into(), &0.into()));
    api.write("Partner", NUMBER, "Hello").await;
    let wanted = json!({"event": "room_update_srdp", "connection": "c1", "within_ms": 50});
    let (status, missed) = api.call(Method::POST, "wait", &wanted).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(missed["message"], "room_update_srdp was not sent to c1 within 50 ms");
    let seen: Vec<_> =
        missed["seen"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(seen, ["join_room_response", "room_update_vendor", "room_update"]);
    server.stop().await;
}

#[tokio::test]
async fn what_a_page_emitted_is_listed() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut page = server.page().await;
    let mut other = server.page().await;
    page.join("PartnerApp").await;
    other.join("VendorApp").await;
    let joined = api.get("emitted?event=join_room&connection=c1").await;
    assert_eq!(joined["entries"].as_array().unwrap().len(), 1);
    assert_eq!(joined["entries"][0]["payload"], json!({"room": "PartnerApp"}));
    let later = api.get(&format!("emitted?after={}", joined["newest"])).await;
    assert_eq!(later["entries"], json!([]));
    api.post("wait", &json!({"event": "join_room", "direction": "emitted", "connection": "c2"})).await;
    server.stop().await;
}

#[tokio::test]
async fn a_phone_shows_what_agents_answer_and_how_far_that_has_come() {
    let server = Server::start(Options { webhook_secret: Some("secret".to_owned()), ..options() });
    let api = Api::of(&server).await;
    let mut page = server.page().await;
    let phone = format!("phones/Partner/{NUMBER}");
    assert_eq!(api.get(&phone).await, json!({"phone": null, "messages": []}));
    let sent = api.write("Partner", NUMBER, "Hello").await;
    let reply = json!({"chat_id": sent["chat_id"], "sender": "15550100199", "type": "Agent", "message": "Hi 👋"});
    let answer = page.ask("send_message", &reply).await;
    let screen = api.get(&phone).await;
    let line = |line: &Value| (line["own"].as_bool().unwrap(), line["text"].clone(), line["tick"].clone());
    let shown: Vec<_> = screen["messages"].as_array().unwrap().iter().map(line).collect();
    assert_eq!(shown, [(true, "Hello".into(), Value::Null), (false, "Hi 👋".into(), "sent".into())]);
    assert_eq!(screen["phone"]["name"], "Partner 0001", "nobody has said how they are called");
    let receipts = format!("{phone}/receipts");
    let read = api.post(&receipts, &json!({"status": "read"})).await;
    assert_eq!(read["message_ids"], json!([answer["message_id"]]));
    let late = json!({"status": "delivered", "message_id": answer["message_id"]});
    api.post(&receipts, &late).await;
    assert_eq!(api.get(&phone).await["messages"][1]["tick"], "read");
    assert_eq!(api.post(&receipts, &json!({"status": "read"})).await["message_ids"], json!([]));
    let unknown = json!({"status": "read", "message_id": "wamid.unknown"});
    assert_eq!(api.call(Method::POST, &receipts, &unknown).await.0, StatusCode::NOT_FOUND);
    assert_eq!(api.get("phones?customer_type=Partner").await[0]["last_message"], "Hi 👋");
    assert_eq!(api.get("phones?search=nobody").await, json!([]));
    server.stop().await;
}

#[tokio::test]
async fn the_log_tells_what_happened_in_its_order_and_no_secrets() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let (token, refresh) = server.log_in().await;
    let mut page = Page::connect(&server, &format!("&token={token}"), &json!({})).await.unwrap();
    page.join("PartnerApp").await;
    let sid = page.session.split("sid=").nth(1).unwrap().to_owned();
    page.ask("join_room", &json!({"room": sid, "deep": [{"token": token}, refresh]})).await;
    assert!(Page::connect(&server, "", &json!({"token": "garbage"})).await.is_err());
    api.write("Partner", NUMBER, "Hello").await;
    let log = api.get("log").await;
    let said = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        [text("kind"), text("event"), text("connection")].join(" ").trim_end().to_owned()
    };
    let told: Vec<String> = log["entries"].as_array().unwrap().iter().map(said).collect();
    assert_eq!(
        told,
        [
            "http POST /api/auth/login",
            "connected  c1",
            "emitted join_room c1",
            "answered join_room_response c1",
            "emitted join_room c1",
            "answered join_room_response c1",
            "refused  c2",
            "http POST /api/chats/whatsapp_chat/15550100101",
            "broadcast room_update",
        ]
    );
    let text = log.to_string();
    for secret in [&token, &refresh, &sid, "agent-password"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let refused = api.get("log?kind=refused").await;
    assert_eq!(refused["entries"][0]["detail"], "invalid token: log in again");
    assert_eq!(api.get("log?search=hello&limit=1").await["entries"][0]["event"], "room_update");
    assert_eq!(api.call(Method::GET, "log?kind=nothing", &Value::Null).await.0, StatusCode::BAD_REQUEST);
    server.stop().await;
}

/// The numbers of the entries in one message of the stream, and the message's id.
fn entries_in(piece: &str) -> (Vec<u64>, u64) {
    let line = |name: &str| piece.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
    let entries: Vec<Value> = serde_json::from_str(line("data:")).unwrap();
    (entries.iter().map(|entry| entry["number"].as_u64().unwrap()).collect(), line("id:").parse().unwrap())
}

#[tokio::test]
async fn the_log_is_followed_live_and_gone_on_with_where_it_broke_off() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let before = api.get("log").await["newest"].as_u64().unwrap();
    let live = "/__mock/api/log/live?event=room_update";
    let (piece, ()) = tokio::join!(server.first_piece(live, &[]), async {
        api.write("Partner", NUMBER, "first").await;
    });
    let (first, id) = entries_in(&piece);
    assert!(piece.contains("first") && first.len() == 1 && first[0] > before, "{piece}");
    api.write("Partner", NUMBER, "second").await;
    // As a browser comes back by itself.
    let piece = server.first_piece(live, &[("last-event-id", &id.to_string())]).await;
    assert!(piece.contains("second") && !piece.contains("first"), "{piece}");
    // The stream's end must not hold up the server's.
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_next_step() {
    let server = Server::start(Options { webhook_limit: Some(1), ..options() });
    let api = Api::of(&server).await;
    for (path, body, status, said) in [
        (
            "phones/Parntner/1/messages",
            json!({}),
            StatusCode::NOT_FOUND,
            "expected one of Partner, Customer, Vendor, SRDP",
        ),
        ("phones/Partner/one/messages", json!({}), StatusCode::BAD_REQUEST, "expected a number of digits"),
        ("phones/Partner/1/messages", json!({"kind": "telegram"}), StatusCode::BAD_REQUEST, "openapi.json"),
        ("wait", json!({}), StatusCode::BAD_REQUEST, "missing field `event`"),
        ("wait", json!({"event": "x", "within_ms": 600_001}), StatusCode::BAD_REQUEST, "at most 600000"),
    ] {
        let (found, answer) = api.call(Method::POST, path, &body).await;
        assert_eq!(found, status, "{path}");
        assert!(answer["message"].as_str().unwrap().contains(said), "{answer}");
    }
    api.write("Partner", NUMBER, "the first in this minute").await;
    let (status, answer) = api.call(Method::POST, "phones/Partner/1/messages", &json!({})).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(answer["message"].as_str().unwrap().contains("429"), "{answer}");
    assert_eq!(server.get("/__mock/api/nothing").await, StatusCode::NOT_FOUND);
    assert_eq!(server.post("/__mock/api/log", "").await.0, StatusCode::METHOD_NOT_ALLOWED);
    server.stop().await;
}

#[tokio::test]
async fn every_call_of_the_document_is_there() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    for (path, calls) in api.document["paths"].as_object().unwrap() {
        // The stream does not end.
        for method in calls.as_object().unwrap().keys().filter(|_| !path.ends_with("/live")) {
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{customer_type}", "Partner").replace("{number}", "1").replace("{id}", "c99");
            let (status, answer) =
                server.request(method.clone(), &path, &[], r#"{"event": "x", "within_ms": 1}"#).await;
            let is_there =
                status != StatusCode::METHOD_NOT_ALLOWED && !String::from_utf8_lossy(&answer).contains("no such call");
            assert!(is_there, "{method} {path} {status}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_readme_names_the_calls() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut table = "| call | |\n|---|---|\n".to_owned();
    for (path, calls) in api.document["paths"].as_object().unwrap() {
        for (method, call) in calls.as_object().unwrap() {
            let path = path.strip_prefix("/__mock/api").unwrap();
            table += &format!("| `{} {path}` | {} |\n", method.to_uppercase(), call["summary"].as_str().unwrap());
        }
    }
    assert!(include_str!("../../README.md").contains(&table), "the calls in README.md are stale; they are\n{table}");
    server.stop().await;
}

#[tokio::test]
async fn the_console_is_for_this_machine_and_its_own_pages() {
    let server = Server::start(options());
    let address = server.address.to_string();
    for path in ["/__mock/", "/__mock/main.js", "/__mock/api/log"] {
        assert_eq!(server.get(path).await, StatusCode::OK, "{path}");
        for headers in [
            [("host", "rebound.example.com"), ("accept", "*/*")],
            [("host", address.as_str()), ("origin", "https://example.com")],
        ] {
            let (status, said) = server.request(Method::GET, path, &headers, "").await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {headers:?} {said:?}");
        }
    }
    let headers = server.headers(Method::GET, "/__mock/", &[("origin", "")]).await;
    assert!(headers.get("access-control-allow-origin").is_none());
    let headers = server.headers(Method::GET, "/__mock/", &[]).await;
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'; script-src 'self'"));
    server.stop().await;
    let open = Server::start(Options { console_anywhere: true, ..options() });
    let (status, _) = open.request(Method::GET, "/__mock/", &[("host", "mock.example.com")], "").await;
    assert_eq!(status, StatusCode::OK);
    open.stop().await;
}
