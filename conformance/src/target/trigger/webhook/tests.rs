//! The provider's webhook against a server that answers as real ones do.

use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::target::trigger::tests::{answering, batch, received, target};

#[tokio::test]
async fn a_batch_is_one_signed_body_to_the_types_channel() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({"status": 1}))).await;
    let target = target(&server.uri(), "[trigger]\nsecret = \"app-secret\"");
    let accepted = target.trigger.send(&batch(&["one", "two"])).await.unwrap();
    assert_eq!(accepted.request, "POST /api/chats/whatsapp_chat/15550100101");
    assert_eq!((accepted.status, accepted.detail.as_str()), (Some(200), "200 OK {\"status\":1}"));
    assert!(accepted.local_port.is_some() && accepted.throttled.is_zero());

    let requests = received(&server).await;
    assert_eq!(requests.len(), 1);
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    let messages = &body["entry"][0]["changes"][0]["value"]["messages"];
    assert_eq!((&messages[0]["text"]["body"], &messages[1]["text"]["body"]), (&json!("one"), &json!("two")));
    let signature = hmac_sha256(b"app-secret", &requests[0].body);
    let expected = format!("sha256={}", hex::encode(signature));
    assert_eq!(requests[0].headers["x-hub-signature-256"].to_str().unwrap(), expected);
}

#[tokio::test]
async fn signatures_can_be_wrong_or_missing() {
    let server = answering(ResponseTemplate::new(401)).await;
    let target = target(&server.uri(), "[trigger]\nsecret = \"app-secret\"");
    let webhook = target.trigger.webhook().unwrap();
    for signature in [Signature::Right, Signature::Wrong, Signature::Missing] {
        let answer = webhook.post_raw("1", Bytes::from_static(b"{\"a\": 1}"), signature).await.unwrap();
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let requests = received(&server).await;
    let shown: Vec<_> = requests.iter().map(|request| request.headers.get("x-hub-signature-256")).collect();
    assert!(shown[0].is_some() && shown[1].is_some() && shown[0] != shown[1] && shown[2].is_none());
    assert!(requests.iter().all(|request| request.body == b"{\"a\": 1}"));
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let server = answering(ResponseTemplate::new(200)).await;
    let target = target(&server.uri(), "");
    target.trigger.send(&batch(&["one"])).await.unwrap();
    assert!(!target.trigger.webhook().unwrap().is_signed());
    assert!(!received(&server).await[0].headers.contains_key("x-hub-signature-256"));
}

#[tokio::test]
async fn a_body_in_chunks_is_signed_like_any_other_and_tells_no_length() {
    let server = answering(ResponseTemplate::new(200)).await;
    let webhook_target = target(&server.uri(), "[trigger]\nsecret = \"app-secret\"");
    let webhook = webhook_target.trigger.webhook().unwrap();
    webhook.post_chunked("15550100101", "{}".into(), Signature::Right).await.unwrap();
    let request = received(&server).await.remove(0);
    assert_eq!(request.body, b"{}");
    assert_eq!(request.headers["x-hub-signature-256"], signature_of(b"app-secret", b"{}"));
    assert!(!request.headers.contains_key("content-length"), "{:?}", request.headers);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_counted() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(429).insert_header("retry-after", "0"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let accepted = target(&server.uri(), "").trigger.send(&batch(&["one"])).await.unwrap();
    assert_eq!((accepted.status, accepted.throttled), (Some(200), Duration::from_millis(50)));
}

#[tokio::test]
async fn a_rate_limit_that_asks_for_too_much_is_an_error() {
    let server = answering(ResponseTemplate::new(429).insert_header("retry-after", "71")).await;
    let error = target(&server.uri(), "").trigger.send(&batch(&["one"])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the trigger is rate-limited: POST /api/chats/whatsapp_chat/15550100101 answered 429 and asks for a wait of 71s, after 0ns; \
         raise the limit for the run, or run fewer checks (--run)"
    );
}

#[tokio::test]
async fn a_refusal_is_quoted_with_its_next_step() {
    for (status, next_step) in [
        (500, "500 Internal Server Error: oops; see what the backend's log says"),
        (403, "403 Forbidden: oops; check [trigger] secret"),
        (404, "404 Not Found: oops; check [trigger] path or url, and `channel` of the customer type"),
    ] {
        let server = answering(ResponseTemplate::new(status).set_body_string("oops")).await;
        let error = target(&server.uri(), "").trigger.send(&batch(&["one"])).await.unwrap_err();
        let expected =
            format!("the trigger was refused: POST /api/chats/whatsapp_chat/15550100101 answered {next_step}");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_time_out() {
    let server = answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(30))).await;
    let target = target(&server.uri(), "[trigger]\ntimeout = \"50ms\"");
    let error = target.trigger.send(&batch(&["one"])).await.unwrap_err();
    assert!(matches!(error, TriggerError::Unreachable(HttpError::TimedOut { .. })), "{error}");
}

#[test]
fn the_signature_is_the_hex_hmac_of_the_raw_body() {
    // The published HMAC-SHA256 example of a key and a sentence.
    assert_eq!(
        signature_of(b"key", b"The quick brown fox jumps over the lazy dog"),
        "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    );
}
