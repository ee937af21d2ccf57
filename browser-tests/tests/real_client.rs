//! The real `socket.io-client` in a real browser, on another origin than the mock.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use browser_tests::Driver;
use fixtures::webhooks::{Inbound, MessageKind, messages};
use fixtures::{Contract, Route};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mock_server::Options;
use serde_json::{Value, json};
use support::{loopback, serve};

async fn post(url: &str, body: &Value) -> Value {
    let request = http::Request::post(url)
        .header("content-type", "application/json")
        .body(Full::<axum::body::Bytes>::from(body.to_string()))
        .unwrap();
    let answer = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

fn mock() -> String {
    let listener = mock_server::bind(loopback()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(mock_server::serve(listener, Options::default(), std::future::pending()));
    url
}

async fn write(backend: &str, contract: &Contract, route: &Route, text: &str) {
    let channel = route.channel.as_deref().unwrap();
    let message = Inbound {
        kind: MessageKind::Text,
        from: "15550100001".to_owned(),
        name: "Vivek".to_owned(),
        id: format!("wamid.{text}"),
        timestamp: 1_771_929_000,
        text: Some(text.to_owned()),
    };
    let address = contract.webhook.as_deref().unwrap().replace("{channel}", channel);
    post(&format!("{backend}{address}"), &messages(channel, &[message])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_room_is_heard_by_the_real_client_by_both_transports() {
    let contract = Contract::room_updates();
    let (backend, page) = (mock(), serve(include_str!("client.html")).await);
    let login = post(
        &format!("{backend}/api/auth/login"),
        &json!({"username": "agent", "password": "agent-password", "login_from": "customercare"}),
    )
    .await;
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    for transport in ["websocket", "polling"] {
        for route in &contract.routes {
            browser.goto(&page).await.unwrap();
            let wanted = json!({
                "url": backend, "path": contract.path, "token": login["accessToken"], "transport": transport,
                "room": route.room, "event": route.event,
                "request": contract.join.request, "answer": contract.join.answer,
            });
            let joined = browser
                .execute_async(
                    "const [wanted, done] = arguments; join(wanted).then(done, (error) => done({error: String(error)}));",
                    vec![wanted],
                )
                .await
                .unwrap();
            assert_eq!(joined, json!({"status": 1, "room": route.room}), "{transport}");
            let text = format!("{transport}-{}", route.customer_type);
            write(&backend, &contract, route, &text).await;
            let heard = browser.execute_async("const [done] = arguments; heard.then(done);", vec![]).await.unwrap();
            assert_eq!(heard["customer_type"], json!(route.customer_type), "{transport}");
            assert_eq!(heard["last_message"], json!(text));
        }
    }
    browser.close().await.unwrap();
}
