//! The Engine.IO door.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use mock_server::Options;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{DEADLINE, PARTNER, Page, Server, options};

#[tokio::test]
async fn the_open_packet_says_what_the_protocol_wants() {
    let server = Server::start(options());
    for path in ["/ws", "/ws/"] {
        let (status, body) = server.request(Method::GET, &format!("{path}?EIO=4&transport=polling"), &[], "").await;
        assert_eq!((status, body[0]), (StatusCode::OK, b'0'));
        let open: Value = serde_json::from_slice(&body[1..]).unwrap();
        assert_eq!(open["upgrades"], json!(["websocket"]));
        assert_eq!((&open["pingInterval"], &open["pingTimeout"]), (&25_000.into(), &20_000.into()));
        assert_eq!(open["maxPayload"], 1_000_000);
        assert!(!open["sid"].as_str().unwrap().is_empty());
    }
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_version_transport_sid_or_method_is_refused_at_once() {
    let server = Server::start(options());
    for query in [
        "",
        "?EIO=4",
        "?transport=polling",
        "?EIO=3&transport=polling",
        "?EIO=4&transport=carrier-pigeon",
        "?EIO=4&transport=polling&sid=nobody",
        "?EIO=4&transport=websocket",
    ] {
        assert_eq!(server.get(&format!("/ws/{query}")).await, StatusCode::BAD_REQUEST, "{query}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let (status, _) = server.request(method.clone(), "/ws/?EIO=4&transport=polling", &[], "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{method}");
    }
    assert_eq!(server.get("/ws/elsewhere?EIO=4&transport=polling").await, StatusCode::NOT_FOUND);
    server.stop().await;
}

#[tokio::test]
async fn an_upgrade_of_an_unknown_session_is_refused_before_it_is_one() {
    let server = Server::start(options());
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let path = "/ws/?EIO=4&transport=websocket&sid=nobody";
    assert_eq!(server.request(Method::GET, path, &headers, "").await.0, StatusCode::BAD_REQUEST);
    server.stop().await;
}

#[tokio::test]
async fn a_malformed_or_oversized_packet_costs_its_own_session_only() {
    let server = Server::start(options());
    let mut witness = server.page().await;
    witness.join("PartnerApp").await;
    let oversized = format!("4{}", "x".repeat(1_000_001));
    for packet in ["4", "9", "42[", "42{}", "4x", "not a packet", oversized.as_str()] {
        let page = server.page().await;
        server.request(Method::POST, &page.session, &[], packet.to_owned()).await;
        server.write(PARTNER, "15550100001", packet.get(..8).unwrap_or(packet)).await;
        assert_eq!(witness.event().await.0, "room_update");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_any_origin_may_call() {
    let server = Server::start(options());
    for path in ["/ws/?EIO=4&transport=polling", "/api/dashboard/stats"] {
        let (status, _) = server
            .request(
                Method::OPTIONS,
                path,
                &[
                    ("origin", "https://dashboard.example"),
                    ("access-control-request-method", "GET"),
                    ("access-control-request-headers", "authorization"),
                ],
                "",
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_and_one_that_does_not_gets_dropped() {
    let beat = Duration::from_millis(400);
    let server = Server::start(Options { ping_interval: beat, ping_timeout: beat, ..options() });
    let silent = server.page().await;
    let mut answering = server.page().await;
    // Polls and answers no ping, until its session is unknown.
    let gets_dropped = async { while server.get(&silent.session).await == StatusCode::OK {} };
    let stays = async {
        loop {
            assert_eq!(answering.all_heard().await, []);
        }
    };
    tokio::select! {
        dropped = timeout(DEADLINE, gets_dropped) => dropped.expect("it is dropped"),
        () = stays => {}
    }
    assert_eq!(answering.all_heard().await, []);
    server.stop().await;
}

#[tokio::test]
async fn an_acknowledgement_is_given_where_it_is_asked_for() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.send(r#"427["join_room",{"room":"PartnerApp"}]"#).await;
    let mut packets = [page.packet().await, page.packet().await];
    packets.sort();
    assert_eq!(packets[0], r#"42["join_room_response",{"status":1,"room":"PartnerApp"}]"#);
    assert_eq!(packets[1], r#"437[{"status":1,"room":"PartnerApp"}]"#);
    server.stop().await;
}

#[tokio::test]
async fn the_path_of_a_contract_may_be_any_even_one_of_the_http_apis() {
    let mut options = options();
    options.contract.path = "/api/health".to_owned();
    let server = Server::start(options);
    let (token, _) = server.log_in().await;
    let page = Page::connect_at(&server, "/api/health", "", &json!({"token": token})).await;
    page.expect("a good token").join("PartnerApp").await;
    server.stop().await;
}
