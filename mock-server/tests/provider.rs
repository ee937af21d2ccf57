//! An agent's message on its way to the customer, through a stand-in for the provider's send API.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test ends that way")]

mod support;

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use mock_server::Options;
use serde_json::{Value, json};
use support::{PARTNER, Page, Server, options};

type Taken = Arc<Mutex<Vec<Value>>>;

/// Takes messages, and refuses those that say so.
async fn stand_in() -> (String, Taken) {
    async fn take(State(taken): State<Taken>, Json(message): Json<Value>) -> StatusCode {
        let refused = message["text"]["body"] == "refuse me";
        taken.lock().unwrap().push(message);
        if refused { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    }
    let taken = Taken::default();
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/messages", post(take)).with_state(Arc::clone(&taken));
    tokio::spawn(axum::serve(listener, router).into_future());
    (url, taken)
}

async fn reply(page: &mut Page<'_>, chat_id: &Value, text: &str) -> Value {
    let request = json!({"chat_id": chat_id, "sender": "15550100199", "type": "Agent", "message": text, "customer_type": "Partner"});
    page.ask("send_message", &request).await
}

async fn first_chat(server: &Server, page: &mut Page<'_>) -> Value {
    page.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "Hello").await;
    page.event().await.1["chat_id"].clone()
}

#[tokio::test]
async fn an_agents_message_reaches_the_provider_once_and_is_then_told() {
    let (url, taken) = stand_in().await;
    let server = Server::start(Options { provider_url: Some(url), ..options() });
    let mut page = server.page().await;
    let chat_id = first_chat(&server, &mut page).await;
    assert_eq!(reply(&mut page, &chat_id, "Hi 👋").await["status"], 1);
    assert_eq!(page.all_heard().await[0].1["last_message"], "Hi 👋");
    let expected =
        json!({"messaging_product": "whatsapp", "to": "15550100001", "type": "text", "text": {"body": "Hi 👋"}});
    assert_eq!(*taken.lock().unwrap(), [expected]);
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_the_provider_refuses_is_neither_stored_nor_told_and_the_agent_knows() {
    let (url, taken) = stand_in().await;
    let server = Server::start(Options { provider_url: Some(url), ..options() });
    let mut page = server.page().await;
    let chat_id = first_chat(&server, &mut page).await;
    let answer = reply(&mut page, &chat_id, "refuse me").await;
    assert_eq!(answer, json!({"status": 0, "message": "not sent: the provider answered 503 Service Unavailable"}));
    assert_eq!(page.all_heard().await, []);
    assert_eq!(taken.lock().unwrap().len(), 1, "it is not tried again");
    server.stop().await;
}

#[tokio::test]
async fn a_chats_messages_reach_the_provider_in_their_order() {
    let (url, taken) = stand_in().await;
    let server = Server::start(Options { provider_url: Some(url), ..options() });
    let mut page = server.page().await;
    let chat_id = first_chat(&server, &mut page).await;
    let texts: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    for text in &texts {
        let request = json!({"chat_id": chat_id, "sender": "15550100199", "type": "Agent", "message": text});
        page.emit("send_message", &request).await;
    }
    for _ in &texts {
        assert_eq!(page.answer("send_message_response").await["status"], 1);
    }
    let sent: Vec<_> = taken.lock().unwrap().iter().map(|message| message["text"]["body"].clone()).collect();
    assert_eq!(sent, texts);
    server.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_to_the_agent() {
    let free = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let server = Server::start(Options { provider_url: Some(url), ..options() });
    let mut page = server.page().await;
    let chat_id = first_chat(&server, &mut page).await;
    let answer = reply(&mut page, &chat_id, "Hi").await;
    assert_eq!(answer["message"], "not sent: the provider could not be reached");
    server.stop().await;
}
