//! Logins whose credentials another service knows, through a stand-in for it.

use std::time::Duration;

use axum::http::StatusCode;
use mock_server::{Options, faults};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Page, Server, options};

/// Knows one agent; fails at `failing`, and is silent about `silent`.
async fn service() -> MockServer {
    let service = MockServer::start().await;
    let known = json!({"username": "vivek", "password": "right"});
    let facts = json!({"agentNumber": "15550100177", "adminid": "executive-7", "name": "Vivek"});
    let answers = [
        (known, ResponseTemplate::new(200).set_body_json(facts)),
        (json!({"username": "failing", "password": "right"}), ResponseTemplate::new(503)),
        (
            json!({"username": "silent", "password": "right"}),
            ResponseTemplate::new(200).set_delay(Duration::from_secs(600)),
        ),
    ];
    for (asked, answer) in answers {
        let login = Mock::given(method("POST")).and(path("/login")).and(body_json(asked));
        login.respond_with(answer).mount(&service).await;
    }
    let wrong = Mock::given(body_partial_json(json!({"password": "wrong"})));
    wrong.respond_with(ResponseTemplate::new(401)).mount(&service).await;
    service
}

fn asking(url: String, faults: &[&str]) -> Server {
    Server::start(Options {
        login_url: Some(url),
        upstream_timeout: Duration::from_millis(200),
        faults: faults.iter().map(|id| faults::find(id).unwrap()).collect(),
        ..options()
    })
}

async fn login(server: &Server, username: &str, password: &str) -> (StatusCode, Value) {
    server.post("/api/auth/login", json!({"username": username, "password": password}).to_string()).await
}

#[tokio::test]
async fn whom_the_service_knows_is_let_in_with_what_it_knows() {
    let service = service().await;
    let server = asking(service.uri(), &[]);
    let (status, answer) = login(&server, "vivek", "right").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["agentNumber"], "15550100177");
    assert_eq!((&answer["adminid"], &answer["name"]), (&json!("executive-7"), &json!("Vivek")));
    assert!(Page::connect(&server, "", &json!({"token": answer["accessToken"]})).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn a_no_is_told_apart_from_silence_and_failure() {
    let service = service().await;
    let server = asking(service.uri(), &[]);
    for (username, password, status, message) in [
        ("vivek", "wrong", StatusCode::UNAUTHORIZED, "wrong username or password"),
        ("failing", "right", StatusCode::BAD_GATEWAY, "the login service answered 503 Service Unavailable"),
        ("silent", "right", StatusCode::BAD_GATEWAY, "the login service did not answer within 200ms"),
    ] {
        let (answered, answer) = login(&server, username, password).await;
        assert_eq!(answered, status, "{username}");
        assert!(answer["message"].as_str().unwrap().ends_with(message), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_service_that_is_away_lets_nobody_in() {
    let free = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let server = asking(url, &[]);
    let (status, answer) = login(&server, "agent", "agent-password").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer["message"], "cannot log in: the login service could not be reached");
    server.stop().await;
}

#[tokio::test]
async fn failures_are_mistaken_for_something_else() {
    let service = service().await;
    for (fault, wrong, failing) in [
        ("login-service-away-is-401", 401, 401),
        ("login-service-away-lets-in", 401, 200),
        ("wrong-password-is-502", 502, 502),
    ] {
        let server = asking(service.uri(), &[fault]);
        let statuses = [login(&server, "vivek", "wrong").await.0, login(&server, "failing", "right").await.0];
        assert_eq!(statuses.map(|status| status.as_u16()), [wrong, failing], "{fault}");
        server.stop().await;
    }
}
