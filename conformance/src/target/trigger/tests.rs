//! The trigger by a request of the user's own, and what the tests of the other kinds share.

use fixtures::Contract;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::target::Target;

pub(super) fn target(server: &str, settings: &str) -> Target {
    let text = format!("target = \"{server}\"\n{settings}");
    let config = Config::parse_with("conformance.toml", &text, &|_| None).unwrap_or_else(|error| panic!("{error}"));
    Target::resolve(&config, &Contract::room_updates()).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn batch(texts: &[&str]) -> Batch {
    let message = |(index, text): (usize, &&str)| Inbound {
        kind: MessageKind::Text,
        from: format!("1555010100{index}"),
        name: "Vivek".to_owned(),
        id: format!("wamid.{index}"),
        timestamp: 1_771_929_000,
        text: Some((*text).to_owned()),
    };
    Batch { customer_type: "Partner".to_owned(), messages: texts.iter().enumerate().map(message).collect() }
}

pub(super) async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    server
}

pub(super) async fn received(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

#[tokio::test]
async fn a_request_of_the_users_own_is_filled_in_and_sent_once_a_message() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/in/Partner"))
        .and(header("x-key", "of PartnerApp"))
        .and(header("content-type", "application/json"))
        .respond_with(ResponseTemplate::new(202))
        .mount(&server)
        .await;
    let settings = format!(
        "[trigger]\nkind = \"http\"\nmethod = \"PUT\"\nurl = \"{}/in/{{{{ customer_type }}}}\"\n\
         headers = {{ X-Key = \"of {{{{ room }}}}\" }}\nbody = \"[{{{{ text | tojson }}}}, {{{{ timestamp * 1000 }}}}]\"",
        server.uri()
    );
    // Another host than the target's, which nothing listens on.
    let target = target("http://127.0.0.1:1", &settings);
    let accepted = target.trigger.send(&batch(&["\"one\"\n", "two"])).await.unwrap();
    assert_eq!((accepted.status, accepted.request.as_str()), (Some(202), "PUT /in/Partner"));
    let bodies: Vec<Value> =
        received(&server).await.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    assert_eq!(bodies, [json!(["\"one\"\n", 1_771_929_000_000_u64]), json!(["two", 1_771_929_000_000_u64])]);
}
