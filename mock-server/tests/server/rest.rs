//! The HTTP calls beside login and webhook.

use std::fs;

use axum::http::{Method, StatusCode};
use fixtures::webhooks::{self, Inbound, MessageKind};
use mock_server::Options;
use serde_json::{Value, json};

use crate::support::{PARTNER, Server, inbound, options};

/// The calls that need a token, each as it is made rightly on the sample chats.
const PROTECTED: [(&str, &str, &str); 15] = [
    ("GET", "/api/dashboard/stats", ""),
    ("GET", "/api/chats/tags?customer_type=Partner", ""),
    ("POST", "/api/chats/3fd4197413773b260517d61a/rate", r#"{"executive_id": "EXE-01", "rating": 5}"#),
    ("GET", "/api/chats/3fd4197413773b260517d61a/notes", ""),
    ("POST", "/api/chats/3fd4197413773b260517d61a/notes", r#"{"content": "call back"}"#),
    ("GET", "/api/chats/15550101100/context-history", ""),
    ("GET", "/api/chats/15550101100/rides", ""),
    ("GET", "/api/chats/send_whatsapp_template?to=15550101100&name=payout_sent", ""),
    ("GET", "/api/templates?stakeholder=Partner", ""),
    ("GET", "/api/templates", ""),
    ("POST", "/api/executives/status", r#"{"executive_id": "EXE-02", "status": "ONLINE", "customer_type": "Partner"}"#),
    ("GET", "/api/executives/online?customer_type=Vendor", ""),
    ("GET", "/api/service-window/closed?customer_type=Partner", ""),
    ("GET", "/api/service-window/upcoming-rides?customer_type=Partner", ""),
    ("GET", "/api/service-window/upcoming-rides", ""),
];

#[tokio::test]
async fn every_protected_call_answers_with_a_token_and_only_with_one() {
    let server = Server::start(Options::default());
    let bearer = format!("Bearer {}", server.log_in().await.0);
    for (method, path, body) in PROTECTED {
        let method: Method = method.parse().unwrap();
        let (status, answer) = server.request(method.clone(), path, &[("authorization", &bearer)], body).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((status, &answer["status"]), (StatusCode::OK, &1.into()), "{path}: {answer}");
        for headers in [[("x", "y")], [("authorization", "Bearer garbage")]] {
            let (status, answer) = server.request(method.clone(), path, &headers, body).await;
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!((status, &answer["status"]), (StatusCode::UNAUTHORIZED, &0.into()), "{path}: {answer}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_readme_lists_the_calls_that_there_are() {
    let server = Server::start(Options::default());
    let lines = include_str!("../../README.md").lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let calls: Vec<(&str, &str)> =
        lines.filter_map(|(call, _)| call.split_once(' ')).filter(|it| it.1.starts_with("/api/")).collect();
    for (method, path) in &calls {
        let (status, body) = server.request(method.parse().unwrap(), path, &[], "").await;
        let answer = String::from_utf8_lossy(&body);
        assert!(
            !answer.contains("nothing is found") && status != StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}: {answer}"
        );
    }
    for (method, path, _) in PROTECTED {
        let path = path
            .split('?')
            .next()
            .unwrap()
            .replace("3fd4197413773b260517d61a", "CHAT")
            .replace("15550101100", "NUMBER");
        assert!(calls.contains(&(method, &path)), "README.md does not list {method} {path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_told_by_code_and_message() {
    let server = Server::start(Options::default());
    let (token, _) = server.log_in().await;
    let rate = "/api/chats/3fd4197413773b260517d61a/rate";
    for (path, body, expected) in [
        (rate, json!({"executive_id": "EXE-01", "rating": 6}), (400, "from 1 to 5")),
        (rate, json!({"executive_id": "EXE-99", "rating": 5}), (404, "EXE-01, EXE-02")),
        ("/api/chats/none/rate", json!({"executive_id": "EXE-01", "rating": 5}), (404, "chat_id")),
        (rate, json!([]), (400, "JSON object")),
        ("/api/chats/none/notes", json!({"content": "x"}), (404, "chat_id")),
        ("/api/chats/3fd4197413773b260517d61a/notes", json!({"content": 42}), (400, "expected a text")),
        ("/api/executives/status", json!({"executive_id": "EXE-01"}), (400, "missing status")),
    ] {
        let (status, answer) = server.post_as(path, &token, &body).await;
        let message = answer["message"].as_str().unwrap();
        assert_eq!((status.as_u16(), message.contains(expected.1)), (expected.0, true), "{path} {body}: {message}");
    }
    for (path, code) in [
        ("/api/chats/none/notes", 404),
        ("/api/chats/15550100001/context-history", 404),
        ("/api/chats/send_whatsapp_template?to=15550100001&name=payout_sent", 404),
        ("/api/chats/send_whatsapp_template?to=15550101100&name=no_such", 404),
    ] {
        assert_eq!(server.get_as(path, &token).await.0.as_u16(), code, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_template_reaches_a_customer_whose_window_is_closed_and_is_told_like_a_reply() {
    let server = Server::start(Options::default());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let (token, _) = server.log_in().await;
    let closed = server.get_as("/api/service-window/closed?customer_type=Partner", &token).await.1;
    let number = closed["customers"][0]["customer"].as_str().unwrap();
    let path = format!("/api/chats/send_whatsapp_template?to={number}&name=documents_missing");
    let (status, answer) = server.get_as(&path, &token).await;
    assert_eq!((status, &answer["status"]), (StatusCode::OK, &1.into()));
    let (event, summary) = page.event().await;
    let template = server.get_as("/api/templates?stakeholder=Partner", &token).await.1["templates"][1].clone();
    assert_eq!(template["name"], "documents_missing");
    assert_eq!((event.as_str(), &summary["last_message"]), ("room_update", &template["content"]));
    assert_eq!((&summary["customer"], &summary["last_interaction_by"]), (&number.into(), &"Executive".into()));
    server.stop().await;
}

#[tokio::test]
async fn templates_are_those_for_the_type_and_those_for_everybody() {
    let server = Server::start(Options::default());
    let (token, _) = server.log_in().await;
    let names = async |path: &str| -> Vec<String> {
        let answer = server.get_as(path, &token).await.1;
        answer["templates"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/api/templates?stakeholder=Vendor").await, ["window_closed", "invoice_ready"]);
    assert_eq!(names("/api/templates?stakeholder=").await.len(), fixtures::Desk::sample().templates.len());
    server.stop().await;
}

#[tokio::test]
async fn who_is_online_follows_their_status() {
    let server = Server::start(options());
    let mut page = server.page().await;
    let (token, _) = server.log_in().await;
    let online = async || -> Vec<String> {
        let answer = server.get_as("/api/executives/online?customer_type=SRDP", &token).await.1;
        let executives = answer["executives"].as_array().unwrap().clone();
        executives.iter().map(|it| it["executive_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(online().await, ["EXE-01", "EXE-02", "EXE-03"]);
    for (id, status) in [("EXE-04", "ONLINE"), ("EXE-01", "offline")] {
        let body = json!({"executive_id": id, "status": status});
        assert_eq!(server.post_as("/api/executives/status", &token, &body).await.0, StatusCode::OK);
        assert_eq!(page.event().await.1["executive_id"], id);
    }
    assert_eq!(online().await, ["EXE-02", "EXE-03", "EXE-04"]);
    server.stop().await;
}

#[tokio::test]
async fn rides_and_searches_are_those_of_the_data() {
    let server = Server::start(Options::default());
    let (token, _) = server.log_in().await;
    let rides = server.get_as("/api/chats/15550101100/rides", &token).await.1;
    assert_eq!((rides["rides"].as_array().unwrap().len(), rides["searchHistory"].as_array().unwrap().len()), (2, 1));
    assert_eq!(server.get_as("/api/chats/15550100001/rides", &token).await.1["rides"], json!([]));
    let upcoming = server.get_as("/api/service-window/upcoming-rides?customer_type=Partner", &token).await.1;
    let customers: Vec<_> = upcoming["customers"].as_array().unwrap().iter().map(|it| &it["customer"]).collect();
    assert_eq!(customers, ["15550101100", "15550101117"], "the next ride first");
    assert_eq!(upcoming["customers"][0]["pickup_time"], rides["rides"][1]["pickup_time"]);
    server.stop().await;
}

#[tokio::test]
async fn a_rating_is_remembered() {
    let server = Server::start(Options::default());
    let (token, _) = server.log_in().await;
    let body = json!({"executive_id": "EXE-02", "rating": 4});
    server.post_as("/api/chats/3fd4197413773b260517d61a/rate", &token, &body).await;
    let history = server.get_as("/api/chats/15550101100/context-history", &token).await.1;
    assert_eq!(history["items"][0]["description"], "4 of 5 for EXE-02");
    server.stop().await;
}

#[tokio::test]
async fn a_customers_medium_can_be_downloaded_from_where_its_message_says() {
    let folder = std::env::temp_dir().join(format!("media-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("picture-1.png"), b"PNG").unwrap();
    let desk = fixtures::Desk { media: Some(folder.clone()), ..fixtures::Desk::sample().clone() };
    let server = Server::start(Options { desk, ..options() });
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let kinds = [
        (MessageKind::Image, "image/svg+xml"),
        (MessageKind::Sticker, "image/svg+xml"),
        (MessageKind::Audio, "audio/wav"),
        (MessageKind::Document, "text/plain; charset=utf-8"),
    ];
    for (kind, _) in kinds {
        let message = Inbound { kind, text: None, ..inbound("15550100001", "") };
        server.deliver(PARTNER, webhooks::messages(PARTNER, &[message]).to_string()).await;
    }
    let chat_id = page.event().await.1["chat_id"].clone();
    let request = json!({"chat_id": chat_id, "sender": "15550100199"});
    let opened = page.ask("fetch_chats_by_user", &request).await;
    let bearer = format!("Bearer {}", server.log_in().await.0);
    for ((kind, content_type), message) in kinds.iter().zip(opened["messages"].as_array().unwrap()) {
        let url = message["media_url"].as_str().unwrap();
        let headers = server.headers(Method::GET, url, &[("authorization", &bearer)]).await;
        assert_eq!(headers["content-type"], *content_type, "{kind:?}");
        assert_eq!(server.get(url).await, StatusCode::UNAUTHORIZED);
    }
    let medium = "/api/whatsapp/downloadmedia/picture-1";
    let (status, body) = server.request(Method::GET, medium, &[("authorization", &bearer)], "").await;
    assert_eq!((status, &body[..]), (StatusCode::OK, &b"PNG"[..]));
    for unknown in ["none", "..%2Fpicture-1", "picture-1.png"] {
        let path = format!("/api/whatsapp/downloadmedia/{unknown}");
        let status = server.request(Method::GET, &path, &[("authorization", &bearer)], "").await.0;
        assert_eq!(status, StatusCode::NOT_FOUND, "{unknown}");
    }
    server.stop().await;
    fs::remove_dir_all(&folder).unwrap();
}
