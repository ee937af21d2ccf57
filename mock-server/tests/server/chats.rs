//! The list, one chat, and what agents do.

use axum::http::StatusCode;
use mock_server::Options;
use serde_json::{Value, json};

use crate::support::{PARTNER, Server, VENDOR, options};

#[tokio::test]
async fn the_list_that_is_asked_for_on_receipt_agrees_with_the_broadcast() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "older").await;
    server.write(PARTNER, "15550100002", "newer").await;
    page.event().await;
    let (_, broadcast) = page.event().await;
    let list =
        page.ask("fetch_all_chats", &json!({"customer_type": "Partner", "status": "active", "sender": "x"})).await;
    assert_eq!(
        (&list["status"], &list["pagination"]["total"], &list["pagination"]["total_chats"]),
        (&1.into(), &2.into(), &2.into())
    );
    for (key, value) in broadcast.as_object().unwrap() {
        assert_eq!(&list["chats"][0][key], value, "{key}");
    }
    assert_eq!(list["chats"][1]["last_message"], "older");
    server.stop().await;
}

#[tokio::test]
async fn a_list_with_a_wrong_filter_or_page_is_refused_with_a_reason() {
    let server = Server::start(options());
    let mut page = server.page().await;
    for request in [
        json!({"customer_type": "Nobody"}),
        json!({"customer_type": 42}),
        json!({"status": "asleep"}),
        json!({"page": 0}),
        json!({"page_size": "many"}),
        json!([]),
    ] {
        let answer = page.ask("fetch_all_chats", &request).await;
        assert_eq!((&answer["status"], answer["message"].is_string()), (&0.into(), true), "{request}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_sample_chats_are_there_from_the_start_and_can_be_paged_through() {
    let server = Server::start(Options::default());
    let mut page = server.page().await;
    let mut ids = Vec::new();
    for number in 1.. {
        let list = page.ask("fetch_all_chats", &json!({"page": number, "page_size": 30})).await;
        ids.extend(list["chats"].as_array().unwrap().iter().map(|chat| chat["chat_id"].to_string()));
        if list["pagination"]["total_pages"] == number {
            break;
        }
    }
    let total = fixtures::chats::sample().len();
    assert_eq!(ids.len(), total);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), total, "each once");
    server.stop().await;
}

#[tokio::test]
async fn opening_a_chat_shows_its_messages_and_clears_its_unread_count_without_a_broadcast() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    for text in ["one", "two", "three"] {
        server.write(PARTNER, "15550100001", text).await;
    }
    let chat_id = page.event().await.1["chat_id"].clone();
    page.all_heard().await;
    let opened =
        page.ask("fetch_chats_by_user", &json!({"chat_id": chat_id, "sender": "15550100199", "page_size": 2})).await;
    let texts: Vec<_> = opened["messages"].as_array().unwrap().iter().map(|message| &message["message"]).collect();
    assert_eq!(texts, ["two", "three"]);
    assert_eq!(opened["pagination"]["total_pages"], 2);
    assert_eq!(page.ask("search_chat", &json!({"customer": "15550100001"})).await["chat"]["unread_count"], 0);
    assert_eq!(page.all_heard().await, []);
    assert_eq!(page.ask("fetch_chats_by_user", &json!({"chat_id": "none", "sender": "x"})).await["status"], 0);
    server.stop().await;
}

#[tokio::test]
async fn an_agents_reply_updates_the_list_and_the_open_chat() {
    let server = Server::start(options());
    let mut agent = server.page().await;
    let mut watcher = server.page().await;
    watcher.join("VendorApp").await;
    server.write(VENDOR, "15550100001", "Hello").await;
    let chat_id = watcher.event().await.1["chat_id"].clone();
    watcher.ask("join_chat", &json!({"chat_id": chat_id})).await;
    let reply = json!({"chat_id": chat_id, "sender": "15550100199", "type": "Agent", "message": "Hi", "customer_type": "Vendor"});
    let sent = agent.ask("send_message", &reply).await;
    assert_eq!(sent["status"], 1);
    let heard = watcher.all_heard().await;
    let [(_, message), (event, summary)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((&message["message_id"], &message["sender_type"]), (&sent["message_id"], &"Executive".into()));
    assert_eq!((event.as_str(), &summary["last_interaction_by"]), ("room_update_vendor", &"Executive".into()));
    assert_eq!((&summary["last_message"], &summary["unread_count"]), (&"Hi".into(), &1.into()));
    for (key, wrong) in
        [("type", json!("Robot")), ("message", json!("")), ("chat_id", json!("none")), ("sender", json!(42))]
    {
        let mut request = reply.clone();
        request[key] = wrong;
        assert_eq!(agent.ask("send_message", &request).await["status"], 0, "{request}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_in_app_customers_message_counts_as_the_customers() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "Hello").await;
    let chat_id = page.event().await.1["chat_id"].clone();
    let message = json!({"chat_id": chat_id, "sender": "15550100001", "type": "Customer", "message": "from the app", "customer_type": "Partner"});
    assert_eq!(page.ask("send_message", &message).await["status"], 1);
    let (_, summary) = page.event().await;
    assert_eq!((&summary["last_interaction_by"], &summary["unread_count"]), (&"Customer".into(), &2.into()));
    server.stop().await;
}

#[tokio::test]
async fn resolving_is_told_to_everybody_and_the_next_message_reopens() {
    let server = Server::start(options());
    let mut agent = server.page().await;
    let mut other = server.page().await;
    other.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "Hello").await;
    other.event().await;
    let request = json!({"customer_number": "15550100001", "update_by_number": "15550100199", "status": "resolved"});
    let answer = agent.ask("update_chat_status", &request).await;
    assert_eq!(answer, json!({"status": 1, "old_status": "active", "new_status": "resolved"}));
    let (event, stats) = other.event().await;
    assert_eq!((event.as_str(), &stats["resolved"], &stats["active"]), ("dashboard_stats", &1.into(), &0.into()));
    server.write(PARTNER, "15550100001", "again").await;
    assert_eq!(other.event().await.1["status"], "active");
    server.stop().await;
}

#[tokio::test]
async fn the_figures_are_the_same_by_http_and_by_socket() {
    let server = Server::start(Options::default());
    let mut page = server.page().await;
    page.emit("get_dashboard_stats", &json!({})).await;
    let by_socket = page.answer("dashboard_stats").await;
    let (token, _) = server.log_in().await;
    let (status, by_http) = server.get_as("/api/dashboard/stats", &token).await;
    assert_eq!((status, &by_http), (StatusCode::OK, &by_socket));
    let figure = |key: &str| by_http[key].as_u64().unwrap();
    assert_eq!(figure("active"), figure("pending") + figure("awaiting_customer_response"));
    assert_eq!(figure("total") as usize, fixtures::chats::sample().len());
    let (_, tags) = server.get_as("/api/chats/tags", &token).await;
    assert!(
        tags["tags"].as_array().is_some_and(|tags| tags.iter().all(Value::is_string) && !tags.is_empty()),
        "{tags}"
    );
    server.stop().await;
}
