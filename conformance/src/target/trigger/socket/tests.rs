//! The socket trigger against a server that speaks polling, as its few answers are plain HTTP.

use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::target::trigger::tests::{batch, received, target};
use crate::target::trigger::{Kind, Texts};

const SETTINGS: &str = "lacks = [\"websocket\"]\n[auth]\ntoken = \"opaque-token\"\n[trigger]\nkind = \"socket\"\n\
    event = \"simulate\"\npayload = \"\"\"{\"to\": {{ customer_type | tojson }}, \"text\": {{ text | tojson }}}\"\"\"";
const OPEN: &str = r#"0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

/// Answers polls with these, in this order, and then no more.
async fn polled(answers: &[&str]) -> MockServer {
    let server = MockServer::start().await;
    for answer in answers {
        let answer = ResponseTemplate::new(200).set_body_string(*answer);
        Mock::given(method("GET")).and(path("/ws/")).respond_with(answer).up_to_n_times(1).mount(&server).await;
    }
    let never = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    Mock::given(method("GET")).respond_with(never).mount(&server).await;
    let ok = ResponseTemplate::new(200).set_body_string("ok");
    Mock::given(method("POST")).and(path("/ws/")).respond_with(ok).mount(&server).await;
    server
}

async fn posted(server: &MockServer) -> Vec<String> {
    let posts = received(server).await.into_iter().filter(|request| request.method == "POST");
    posts.map(|request| String::from_utf8(request.body).unwrap()).collect()
}

#[tokio::test]
async fn one_connection_with_a_good_token_carries_every_event() {
    let server = polled(&[OPEN, r#"40{"sid":"y"}"#]).await;
    let target = target(&server.uri(), SETTINGS);
    let accepted = target.trigger.send(&batch(&["\"one\"", "two"])).await.unwrap();
    assert_eq!((accepted.request.as_str(), accepted.status), ("emit simulate", None));
    assert!(accepted.local_port.is_some_and(|port| port > 0));
    let expected = [
        r#"40{"token":"opaque-token"}"#,
        r#"42["simulate",{"to":"Partner","text":"\"one\""}]"#,
        r#"42["simulate",{"to":"Partner","text":"two"}]"#,
    ];
    assert_eq!(posted(&server).await, expected);
}

#[tokio::test]
async fn a_token_that_is_refused_is_told() {
    let server = polled(&[OPEN, r#"44{"message":"opaque-token is bad"}"#]).await;
    let error = target(&server.uri(), SETTINGS).trigger.send(&batch(&["one"])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the trigger's own connection failed: CONNECT to / was refused: {\"message\":\"*** is bad\"}; check [auth]"
    );
}

#[tokio::test]
async fn a_connection_that_the_server_ends_early_is_told() {
    let server = polled(&[OPEN, "1"]).await;
    let error = target(&server.uri(), SETTINGS).trigger.send(&batch(&["one"])).await.unwrap_err();
    let told = error.to_string();
    assert!(told.starts_with("the trigger's own connection failed: "), "{told}");
    assert!(told.ends_with("closed by the server: Engine.IO close packet"), "{told}");
}

#[tokio::test]
async fn a_lost_connection_is_opened_again() {
    let server = polled(&[OPEN, "40{\"sid\":\"y\"}\u{1e}1", OPEN, r#"40{"sid":"z"}"#]).await;
    let target = target(&server.uri(), SETTINGS);
    // The server hangs up right behind its answer, so the first event may or may not find the session open.
    let _ = target.trigger.send(&batch(&["one"])).await;
    let Kind::Texts(Texts::Socket(trigger)) = &target.trigger.kind else { panic!("another trigger") };
    if let Some(connection) = &*trigger.connection.lock().await {
        connection.session.closed().await;
    }
    target.trigger.send(&batch(&["two"])).await.unwrap();
    let opening = |url: &url::Url| url.query().is_some_and(|query| !query.contains("sid="));
    assert_eq!(received(&server).await.iter().filter(|request| opening(&request.url)).count(), 2);
    assert_eq!(posted(&server).await.last().unwrap(), r#"42["simulate",{"to":"Partner","text":"two"}]"#);
}
