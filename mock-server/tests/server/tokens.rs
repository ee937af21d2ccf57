//! Who is let in.

use axum::http::StatusCode;
use mock_server::{Auth, Options};
use serde_json::{Value, json};

use crate::support::{Page, Server, options};

async fn refusal(server: &Server, query: &str, auth: &Value) -> Option<String> {
    Page::connect(server, query, auth).await.err()
}

#[tokio::test]
async fn a_token_opens_by_the_connect_payload_and_by_the_query_and_the_payload_wins() {
    let server = Server::start(options());
    let (token, _) = server.log_in().await;
    let query = format!("&token={token}");
    assert_eq!(refusal(&server, "", &json!({"token": token})).await, None);
    assert_eq!(refusal(&server, &query, &json!({})).await, None);
    assert_eq!(refusal(&server, "&token=garbage", &json!({"token": token})).await, None);
    for wrong in [json!("garbage"), json!(""), json!(42)] {
        assert!(refusal(&server, &query, &json!({"token": wrong})).await.is_some(), "{wrong}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_says_why() {
    let server = Server::start(options());
    let (token, refresh) = server.log_in().await;
    let reason = async |token: Value| refusal(&server, "", &json!({"token": token})).await.unwrap();
    assert!(reason(Value::Null).await.contains("missing token"));
    assert!(reason("garbage".into()).await.contains("invalid token"));
    assert!(reason(refresh.into()).await.contains("wrong kind of token"));
    let (status, _) = server.post("/api/auth/logout", json!({"token": token}).to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(reason(token.into()).await.contains("logged-out token"));
    server.stop().await;
}

#[tokio::test]
async fn protected_calls_need_a_good_access_token() {
    let server = Server::start(options());
    let (token, refresh) = server.log_in().await;
    for path in ["/api/dashboard/stats", "/api/chats/tags?customer_type=Partner"] {
        assert_eq!(server.get_as(path, &token).await.1["status"], 1, "{path}");
        assert_eq!(server.get(path).await, StatusCode::UNAUTHORIZED, "{path}");
        for wrong in ["garbage", "", &refresh, &token[..token.len() - 2]] {
            assert_eq!(server.get_as(path, wrong).await.0, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    assert_eq!(server.get("/api/health").await, StatusCode::OK);
    assert_eq!(server.get("/api/health/ready").await, StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let server = Server::start(Options { access_token_lifetime: std::time::Duration::ZERO, ..options() });
    let (token, _) = server.log_in().await;
    assert!(refusal(&server, "", &json!({"token": token})).await.unwrap().contains("expired token"));
    assert_eq!(server.get_as("/api/dashboard/stats", &token).await.0, StatusCode::UNAUTHORIZED);
    server.stop().await;
}

#[tokio::test]
async fn logging_in_refreshing_and_logging_out_answer_by_code() {
    let server = Server::start(options());
    let (token, refresh) = server.log_in().await;
    for (path, body, expected) in [
        ("/api/auth/login", json!({}), 400),
        ("/api/auth/login", json!({"username": "agent"}), 400),
        ("/api/auth/login", json!({"username": "agent", "password": 42}), 400),
        ("/api/auth/login", json!({"username": "agent", "password": "wrong"}), 401),
        ("/api/auth/login", json!({"username": "agent", "password": "agent-password"}), 200),
        ("/api/auth/refresh", json!({}), 400),
        ("/api/auth/refresh", json!({"refreshToken": "garbage"}), 401),
        ("/api/auth/refresh", json!({"refreshToken": token}), 401),
        ("/api/auth/refresh", json!({"refreshToken": refresh}), 200),
        ("/api/auth/logout", json!({}), 400),
        ("/api/auth/logout", json!({"token": "garbage"}), 401),
        ("/api/auth/logout", json!({"token": refresh}), 200),
        ("/api/auth/refresh", json!({"refreshToken": refresh}), 401),
    ] {
        let (status, answer) = server.post(path, body.to_string()).await;
        assert_eq!(status.as_u16(), expected, "{path}: {answer}");
        assert_eq!(answer["status"], i32::from(expected == 200), "{path}");
    }
    assert_eq!(server.post("/api/auth/login", "{").await.0, StatusCode::BAD_REQUEST);
    server.stop().await;
}

#[tokio::test]
async fn without_auth_nobody_needs_a_token() {
    let server = Server::start(Options { auth: Auth::None, ..options() });
    assert_eq!(refusal(&server, "", &json!({})).await, None);
    assert_eq!(server.get("/api/dashboard/stats").await, StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn too_many_logins_are_told_to_come_back_later() {
    let server = Server::start(Options { login_limit: Some(1), ..options() });
    server.log_in().await;
    let (status, answer) = server.post("/api/auth/login", "{}").await;
    assert_eq!((status, &answer["status"]), (StatusCode::TOO_MANY_REQUESTS, &0.into()));
    server.stop().await;
}
