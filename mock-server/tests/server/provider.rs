//! An agent's message on its way to the customer, through a stand-in for the provider's send API.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use mock_server::{Options, faults};
use serde_json::{Value, json};

use crate::support::{DEADLINE, PARTNER, Page, Server, options};

type Taken = Arc<Mutex<Vec<Value>>>;

/// Takes messages, and refuses those that say so.
async fn stand_in() -> (String, Taken) {
    async fn take(State(taken): State<Taken>, Json(message): Json<Value>) -> StatusCode {
        let refused = message["text"]["body"] == "refuse me" || message["template"]["name"] == "payout_sent";
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
async fn a_template_reaches_the_provider_by_its_name_and_one_that_is_refused_is_not_told() {
    let (url, taken) = stand_in().await;
    let server = Server::start(Options { provider_url: Some(url), ..options() });
    let mut page = server.page().await;
    first_chat(&server, &mut page).await;
    let (token, _) = server.log_in().await;
    let send = async |name: &str| {
        let path = format!("/api/chats/send_whatsapp_template?to=15550100001&name={name}");
        server.get_as(&path, &token).await
    };
    assert_eq!(send("documents_missing").await.0, StatusCode::OK);
    let (status, refused) = send("payout_sent").await;
    assert_eq!((status, &refused["status"]), (StatusCode::BAD_GATEWAY, &0.into()), "{refused}");
    assert_eq!(page.all_heard().await.len(), 1, "the one that was sent");
    let template = json!({"name": "documents_missing", "language": {"code": "en"}});
    let expected =
        json!({"messaging_product": "whatsapp", "to": "15550100001", "type": "template", "template": template});
    assert_eq!(taken.lock().unwrap()[0], expected);
    server.stop().await;
}

#[tokio::test]
async fn an_agents_medium_reaches_the_provider_as_a_link() {
    let (url, taken) = stand_in().await;
    let server = Server::start(Options { provider_url: Some(url), ..options() });
    let mut page = server.page().await;
    let chat_id = first_chat(&server, &mut page).await;
    let link = "https://example.com/map.png";
    let request = json!({
        "chat_id": chat_id, "sender": "15550100199", "type": "Agent", "message": "Here", "customer_type": "Partner",
        "media_type": "image", "media_url": link,
    });
    assert_eq!(page.ask("send_message", &request).await["status"], 1);
    let opened = page.ask("fetch_chats_by_user", &json!({"chat_id": chat_id, "sender": "15550100199"})).await;
    assert_eq!(
        (&opened["messages"][1]["media_type"], &opened["messages"][1]["media_url"]),
        (&"image".into(), &link.into())
    );
    assert_eq!(taken.lock().unwrap()[0]["image"], json!({"link": link, "caption": "Here"}));
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

#[tokio::test]
async fn a_provider_that_does_not_answer_holds_up_nobody_unless_it_does_by_a_fault() {
    async fn silence() -> StatusCode {
        std::future::pending().await
    }
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new().route("/messages", post(silence))).into_future());
    for held_up in [false, true] {
        let faults = faults::find("reply-holds-up-everybody").into_iter().filter(|_| held_up).collect();
        let (provider_url, upstream_timeout) = (Some(url.clone()), Duration::from_millis(300));
        let server = Server::start(Options { provider_url, upstream_timeout, faults, ..options() });
        let (mut agent, mut member) = (server.page().await, server.page().await);
        let chat_id = first_chat(&server, &mut agent).await;
        member.join("PartnerApp").await;
        let request = json!({"chat_id": chat_id, "sender": "15550100199", "type": "Agent", "message": "Hi"});
        agent.emit("send_message", &request).await;
        let replied = Instant::now();
        server.write(PARTNER, "15550100002", "Anybody there?").await;
        assert_eq!(member.event().await.1["last_message"], "Anybody there?");
        assert_eq!(replied.elapsed() >= Duration::from_millis(300), held_up);
        let answer = agent.answer("send_message_response").await;
        assert_eq!(answer, json!({"status": 0, "message": "not sent: the provider did not answer within 300ms"}));
        server.stop().await;
    }
}

#[tokio::test]
async fn replies_are_lost_doubled_and_changed_on_their_way() {
    let length = |text: &Value| text.as_str().unwrap().chars().count();
    let long = "x".repeat(200);
    for (fault, expected) in [
        ("reply-not-sent", vec![]),
        ("reply-sent-twice", vec![("15550100001", 200); 2]),
        ("reply-to-wrong-number", vec![("5550100001", 200)]),
        ("reply-text-truncated", vec![("15550100001", 100)]),
    ] {
        let (url, taken) = stand_in().await;
        let faults = vec![faults::find(fault).unwrap()];
        let server = Server::start(Options { provider_url: Some(url), faults, ..options() });
        let mut page = server.page().await;
        let chat_id = first_chat(&server, &mut page).await;
        assert_eq!(reply(&mut page, &chat_id, &long).await["status"], 1, "{fault}");
        let sent: Vec<_> =
            taken.lock().unwrap().iter().map(|it| (it["to"].clone(), length(&it["text"]["body"]))).collect();
        let expected: Vec<_> = expected.into_iter().map(|(to, length)| (Value::from(to), length)).collect();
        assert_eq!(sent, expected, "{fault}");
        server.stop().await;
    }
}

#[tokio::test]
async fn what_the_provider_does_not_take_is_told_as_if_it_did_or_sent_all_the_same() {
    for (fault, status, is_again) in
        [("failed-reply-shown-as-sent", 1, false), ("failed-reply-sent-after-all", 0, true)]
    {
        let (url, taken) = stand_in().await;
        let faults = vec![faults::find(fault).unwrap()];
        let server = Server::start(Options { provider_url: Some(url), faults, ..options() });
        let mut page = server.page().await;
        let chat_id = first_chat(&server, &mut page).await;
        assert_eq!(reply(&mut page, &chat_id, "refuse me").await["status"], status, "{fault}");
        if is_again {
            let tried = async {
                while taken.lock().unwrap().len() < 2 {
                    tokio::task::yield_now().await
                }
            };
            tokio::time::timeout(DEADLINE, tried).await.expect("it is tried again");
        }
        server.stop().await;
    }
}
