//! How logins end, against a server that answers as real ones do.

use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::Config;
use crate::net::{Endpoint, TlsOptions};

fn auth(server: &str, settings: &str) -> Auth {
    let text = format!("[auth]\nusername = \"agent\"\npassword = \"login-password\"\n{settings}");
    let config = Config::parse_with("conformance.toml", &text, &|_| None).unwrap();
    let http = HttpClient::new(Endpoint::new(server.parse().unwrap(), TlsOptions::default()).unwrap());
    let redactor = Redactor::new([Secret::new("login-password")]);
    Auth::resolve(&config.auth, http, redactor, Notices::default()).unwrap()
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/api/auth/login")).respond_with(answer).mount(&server).await;
    server
}

/// The error of a login that is answered like this; `{}` stands for the server's address.
async fn refused(answer: ResponseTemplate) -> String {
    let server = answering(answer).await;
    let error = auth(&server.uri(), "").login().await.unwrap_err();
    error.to_string().replace(&server.uri(), "{}")
}

#[tokio::test]
async fn a_login_gives_both_tokens_and_hides_them() {
    let server = MockServer::start().await;
    let body = json!({"username": "agent", "password": "login-password", "login_from": "customercare"});
    let answer = json!({"accessToken": "opaque-access", "refreshToken": "opaque-refresh", "name": "Agent"});
    Mock::given(path("/api/auth/login"))
        .and(header("content-type", "application/json"))
        .and(body_json(body))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let auth = auth(&server.uri(), "");
    let tokens = auth.login().await.unwrap();
    assert_eq!(tokens.access.expose(), "opaque-access");
    assert_eq!(tokens.refresh.unwrap().expose(), "opaque-refresh");
    assert_eq!(auth.redactor.redact("opaque-access opaque-refresh"), "*** ***");
}

#[tokio::test]
async fn the_token_may_lie_deeper_in_the_answer() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({"data": {"jwt": "deep-token"}}))).await;
    let tokens = auth(&server.uri(), "token_field = \"data.jwt\"").login().await.unwrap();
    assert_eq!(tokens.access.expose(), "deep-token");
}

#[tokio::test]
async fn the_shared_token_costs_one_login() {
    let server = MockServer::start().await;
    Mock::given(path("/api/auth/login"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"accessToken": "opaque-access"})))
        .expect(1)
        .mount(&server)
        .await;
    let auth = auth(&server.uri(), "");
    let (first, second) = tokio::join!(auth.shared_token(), auth.shared_token());
    assert_eq!(first.unwrap().unwrap(), second.unwrap().unwrap());
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_told() {
    let server = MockServer::start().await;
    Mock::given(path("/api/auth/login"))
        .respond_with(ResponseTemplate::new(429).insert_header("retry-after", "0"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(path("/api/auth/login"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"accessToken": "opaque-access"})))
        .mount(&server)
        .await;
    let auth = auth(&server.uri(), "");
    auth.login().await.unwrap();
    let said = format!("POST {}/api/auth/login is rate-limited (429): the run waits as it is asked to", server.uri());
    assert_eq!(auth.notices.all(), [said]);
}

#[tokio::test]
async fn a_rate_limit_that_asks_for_too_much_is_an_error() {
    assert_eq!(
        refused(ResponseTemplate::new(429).insert_header("retry-after", "3600")).await,
        "logins are rate-limited: POST {}/api/auth/login answered 429 and asks for a wait of 3600s, after 0ns; \
         try again later, raise the limit, or give a token ([auth] token)"
    );
}

#[tokio::test]
async fn wrong_credentials_are_told_from_a_wrong_path() {
    assert_eq!(
        refused(ResponseTemplate::new(401).set_body_string(r#"{"message":"login-password is wrong"}"#)).await,
        "login refused: POST {}/api/auth/login answered 401 Unauthorized: {\"message\":\"*** is wrong\"}; \
         check [auth] username, password and login_from"
    );
    assert_eq!(
        refused(ResponseTemplate::new(404)).await,
        "no login there: POST {}/api/auth/login answered 404 Not Found: no body; \
         check the target's URL and [auth] login_path"
    );
    assert_eq!(
        refused(ResponseTemplate::new(308).insert_header("location", "https://example.test/login")).await,
        "no login there: POST {}/api/auth/login answered 308 Permanent Redirect: \
         a redirect to https://example.test/login; check the target's URL and [auth] login_path"
    );
    assert_eq!(
        refused(ResponseTemplate::new(502).set_body_string("auth service away")).await,
        "login failed: POST {}/api/auth/login answered 502 Bad Gateway: auth service away; \
         see what the backend's log says"
    );
}

#[tokio::test]
async fn a_page_where_json_was_expected_is_told() {
    let page = ResponseTemplate::new(200).set_body_raw("<!doctype html>\n<title>Dashboard</title>", "text/html");
    assert_eq!(
        refused(page).await,
        "POST {}/api/auth/login answered 200 OK with text/html where a JSON object was expected: \
         <!doctype html> <title>Dashboard</title>; check the target's URL and [auth] login_path"
    );
}

#[tokio::test]
async fn an_answer_without_the_token_names_the_keys_that_are_there() {
    assert_eq!(
        refused(ResponseTemplate::new(200).set_body_json(json!({"access_token": "x", "name": "y"}))).await,
        "POST {}/api/auth/login answered without `accessToken`, but with: access_token, name; \
         set [auth] token_field to the key of the token"
    );
}

#[tokio::test]
async fn a_target_that_is_not_there_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = auth(&url, "").login().await.unwrap_err();
    assert!(matches!(error, LoginError::Unreachable(HttpError::Dial(_))), "{error}");
}

#[tokio::test]
async fn a_logout_shows_the_token_in_both_places() {
    let server = MockServer::start().await;
    Mock::given(path("/api/auth/logout"))
        .and(header("authorization", "Bearer opaque"))
        .and(body_json(json!({"token": "opaque"})))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    auth(&server.uri(), "").logout(&Token::new("opaque")).await.unwrap();
}

#[tokio::test]
async fn the_protected_route_is_called_with_the_token_or_without() {
    let server = MockServer::start().await;
    Mock::given(path("/api/dashboard/stats"))
        .and(header("authorization", "Bearer opaque"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    Mock::given(path("/api/dashboard/stats")).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let auth = auth(&server.uri(), "");
    assert_eq!(auth.get_protected(Some(&Token::new("opaque"))).await.unwrap().status, StatusCode::OK);
    assert_eq!(auth.get_protected(None).await.unwrap().status, StatusCode::UNAUTHORIZED);
}
