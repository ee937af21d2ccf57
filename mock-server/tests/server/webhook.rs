//! What the provider delivers, and what comes of it.

use axum::http::{Method, StatusCode};
use fixtures::webhooks::{self, Inbound, MessageKind, ReceiptStatus};
use hmac::{Hmac, KeyInit, Mac};
use mock_server::Options;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{PARTNER, Server, inbound, options};

#[tokio::test]
async fn every_kind_of_message_is_broadcast_and_a_batch_broadcasts_each() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let kinds = MessageKind::ALL.map(|kind| Inbound { kind, ..inbound("15550100001", "words") });
    assert_eq!(server.deliver(PARTNER, webhooks::messages(PARTNER, &kinds).to_string()).await, StatusCode::OK);
    let heard = page.all_heard().await;
    assert_eq!(heard.len(), kinds.len());
    let unread: Vec<_> = heard.iter().map(|(_, summary)| summary["unread_count"].as_u64().unwrap()).collect();
    assert_eq!(unread, (1..=10).collect::<Vec<_>>());
    assert!(
        heard.windows(2).all(|pair| pair[0].1["last_message_time"].as_str() < pair[1].1["last_message_time"].as_str())
    );
    server.stop().await;
}

#[tokio::test]
async fn receipts_broadcast_nothing_and_a_redelivery_nothing_more() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let body = webhooks::messages(PARTNER, &[inbound("15550100001", "Hello")]).to_string();
    for _ in 0..3 {
        assert_eq!(server.deliver(PARTNER, body.clone()).await, StatusCode::OK);
    }
    for status in ReceiptStatus::ALL {
        let receipt = webhooks::receipt(PARTNER, "wamid.x", status, "15550100001", 1_771_929_000);
        assert_eq!(server.deliver(PARTNER, receipt.to_string()).await, StatusCode::OK);
    }
    let heard = page.all_heard().await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(page.ask("search_chat", &json!({"customer": "15550100001"})).await["chat"]["unread_count"], 1);
    server.stop().await;
}

#[tokio::test]
async fn a_text_comes_through_code_point_for_code_point() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    for text in
        ["👩‍👩‍👧 e\u{301} שלום مرحبا", "\"quotes\" \\ \n\t\u{0}\u{7f}", "<img src=x onerror=alert(1)>", &"ü".repeat(4_096)]
    {
        server.write(PARTNER, "15550100001", text).await;
        assert_eq!(page.event().await.1["last_message"], text);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_webhook_body_is_refused_and_broadcasts_nothing() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    for body in ["", "{", "[]", "{}", r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"value":7}]}]}"#] {
        assert_eq!(server.deliver(PARTNER, body).await, StatusCode::BAD_REQUEST, "{body}");
    }
    let good = webhooks::messages(PARTNER, &[inbound("15550100001", "Hello")]).to_string();
    assert_eq!(server.deliver("15550100000", good.clone()).await, StatusCode::NOT_FOUND);
    let oversized = format!("{good}{}", " ".repeat((1 << 20) + 1 - good.len()));
    assert_eq!(server.deliver(PARTNER, oversized.clone()).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(page.all_heard().await, []);
    assert_eq!(
        server.deliver(PARTNER, oversized[..1 << 20].to_owned()).await,
        StatusCode::OK,
        "1 MiB is not too large"
    );
    assert_eq!(page.all_heard().await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn in_a_partly_bad_batch_the_good_messages_are_broadcast() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let mut body = webhooks::messages(PARTNER, &["one", "two", "three"].map(|text| inbound("15550100001", text)));
    body["entry"][0]["changes"][0]["value"]["messages"][1]["text"] = Value::Null;
    assert_eq!(server.deliver(PARTNER, body.to_string()).await, StatusCode::OK);
    let texts: Vec<_> = page.all_heard().await.iter().map(|(_, summary)| summary["last_message"].clone()).collect();
    assert_eq!(texts, ["one", "three"]);
    server.stop().await;
}

#[tokio::test]
async fn where_a_secret_is_set_only_a_rightly_signed_body_is_taken_over_its_raw_bytes() {
    let server = Server::start(Options { webhook_secret: Some("app-secret".to_owned()), ..options() });
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let spaced = format!(" {} \n", webhooks::messages(PARTNER, &[inbound("15550100001", "Hello")]));
    let sign = |secret: &str| {
        let signature = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&spaced).finalize();
        format!("sha256={}", hex::encode(signature.into_bytes()))
    };
    let path = format!("/api/chats/whatsapp_chat/{PARTNER}");
    let deliver = async |headers: &[(&str, &str)]| server.request(Method::POST, &path, headers, spaced.clone()).await.0;
    assert_eq!(deliver(&[]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(deliver(&[("x-hub-signature-256", &sign("another"))]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(page.all_heard().await, []);
    assert_eq!(deliver(&[("x-hub-signature-256", &sign("app-secret"))]).await, StatusCode::OK);
    assert_eq!(page.all_heard().await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn the_subscription_handshake_echoes_the_challenge_for_the_right_token_only() {
    let server = Server::start(options());
    for (query, expected) in [
        ("hub.mode=subscribe&hub.challenge=r%40ndom&hub.verify_token=verify-me", Ok("r@ndom")),
        ("hub_mode=subscribe&hub_challenge=17&hub_verify_token=verify-me", Ok("17")),
        ("hub.mode=subscribe&hub.challenge=17&hub.verify_token=wrong", Err(StatusCode::FORBIDDEN)),
        ("hub.mode=unsubscribe&hub.challenge=17&hub.verify_token=verify-me", Err(StatusCode::FORBIDDEN)),
        ("hub.mode=subscribe&hub.challenge=17", Err(StatusCode::FORBIDDEN)),
        ("", Err(StatusCode::FORBIDDEN)),
    ] {
        let (status, body) = server.request(Method::GET, &format!("/api/webhook/verify?{query}"), &[], "").await;
        match expected {
            Ok(challenge) => assert_eq!((status, &body[..]), (StatusCode::OK, challenge.as_bytes())),
            Err(refused) => assert_eq!(status, refused, "{query}"),
        }
    }
    server.stop().await;
}
