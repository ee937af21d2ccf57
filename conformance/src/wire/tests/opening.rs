//! What comes instead of a session, in words that lead on.

use super::*;
use crate::net::fake::{answering, http};

async fn refusal(endpoint: &Endpoint, transport: Transport) -> String {
    let (session, told) = open(options(endpoint, transport)).await;
    let message = session.unwrap_err().to_string();
    assert!(!message.contains("secret"), "{message}");
    assert!(!told.all().iter().any(|told| told == "opened" || told.starts_with("closed")), "{:?}", told.all());
    message
}

/// Asserts what an HTTP answer makes of opening, by both transports.
async fn says(answer: &str, parts: &[&str]) {
    for transport in [Transport::WebSocket, Transport::Polling] {
        let message = refusal(&answering(answer).await, transport).await;
        for part in parts {
            assert!(message.contains(part), "{transport}: `{part}` is not in: {message}");
        }
    }
}

#[tokio::test]
async fn a_path_that_nothing_answers_at_leads_to_the_socket_path() {
    let parts = ["/ws/?token=***&EIO=4&transport=", "HTTP 404 (text/html) with `<p>Not here`", "check the socket path"];
    says(&http("404 Not Found", "text/html", "<p>Not\n here"), &parts).await;
}

#[tokio::test]
async fn engine_ios_own_refusal_is_quoted() {
    for body in [r#"{"code":0,"message":"Transport unknown"}"#, r#"{"code":"0","message":"Transport unknown"}"#] {
        let parts = ["HTTP 400", "Engine.IO refused: Transport unknown", "switched off"];
        says(&http("400 Bad Request", "application/json", body), &parts).await;
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_but_shown() {
    let answer =
        "HTTP/1.1 301 Moved\r\nlocation: https://example.com/ws/?token=a.secret.token\r\ncontent-length: 0\r\n\r\n";
    says(answer, &["HTTP 301 with an empty body", "use the URL that it leads to, https://example.com/ws/"]).await;
}

#[tokio::test]
async fn a_page_in_place_of_a_session_leads_to_the_socket_path() {
    says(
        &http("200 OK", "text/html", "<!doctype html>"),
        &["HTTP 200 (text/html) with `<!doctype html>`", "socket path"],
    )
    .await;
}

#[tokio::test]
async fn a_server_that_hangs_up_leads_to_the_socket_path() {
    says("", &["closed without an answer before the Engine.IO open packet", "check the socket path"]).await;
}

#[tokio::test]
async fn the_wrong_field_of_a_handshake_is_named() {
    let answer = http("200 OK", "text/plain", r#"0{"sid":"x","upgrades":[],"pingInterval":25000}"#);
    let message = refusal(&answering(answer).await, Transport::Polling).await;
    assert!(message.contains("the field `pingTimeout` is missing"), "{message}");
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let endpoint =
        fake::serve(|_, mut stream| async move { while fake::read_request(&mut stream).await.is_some() {} }).await;
    for transport in [Transport::WebSocket, Transport::Polling] {
        let (session, _) = open(SessionOptions { deadline: SHORT, ..options(&endpoint, transport) }).await;
        let error = session.unwrap_err();
        assert!(matches!(error, OpenError::TimedOut { after: SHORT, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_switch_that_does_not_fit_our_key_is_not_trusted() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                  sec-websocket-accept: AAAA\r\n\r\n";
    let message = refusal(&answering(answer).await, Transport::WebSocket).await;
    assert!(message.contains("`sec-websocket-accept` does not fit"), "{message}");
}
