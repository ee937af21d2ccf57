//! Faults, seen from outside: what each of them breaks works without it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use fixtures::webhooks;
use hmac::{Hmac, KeyInit, Mac};
use mock_server::{Options, faults};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::timeout;

use crate::support::{DEADLINE, PARTNER, Page, Server, inbound, options};

/// An empty mock with this fault, and one without any.
fn faulty_and_correct(fault: &str) -> [(bool, Server); 2] {
    [(true, with(fault, options())), (false, Server::start(options()))]
}

fn with(fault: &str, options: Options) -> Server {
    Server::start(Options { faults: vec![faults::find(fault).unwrap()], ..options })
}

/// What a member of the first room hears of a message that is written now.
async fn hears(server: &Server, member: &mut Page<'_>) -> usize {
    server.write(PARTNER, "15550100001", "Hello").await;
    member.all_heard().await.len()
}

#[tokio::test]
async fn what_must_be_refused_is_not() {
    for (fault, path) in [
        ("refused-with-200", "/ws/?EIO=4&transport=polling&sid=unknown"),
        ("any-version-accepted", "/ws/?EIO=3&transport=polling"),
        ("unknown-transport-is-polling", "/ws/?EIO=4&transport=pigeon"),
    ] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let expected = if is_faulty { StatusCode::OK } else { StatusCode::BAD_REQUEST };
            assert_eq!(server.get(path).await, expected, "{fault}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_refusal_is_held_back() {
    let server = with("refused-late", options());
    let refused = timeout(Duration::from_millis(200), server.get("/ws/?EIO=3&transport=polling"));
    assert!(refused.await.is_err(), "it was refused at once");
    server.stop().await;
}

/// Polls until there were three pings, answering them or not; `false` where the session ends before.
async fn pinged_three_times(server: &Server, page: &Page<'_>, answers: bool) -> bool {
    if answers {
        // The first ping may have come along with the answer to CONNECT.
        page.send("3").await;
    }
    let mut pings = 0;
    while pings < 3 {
        let (status, body) = server.request(Method::GET, &page.session, &[], "").await;
        if status != StatusCode::OK || !body.starts_with(b"2") {
            return false;
        }
        pings += 1;
        if answers {
            page.send("3").await;
        }
    }
    true
}

#[tokio::test]
async fn a_client_is_pinged_no_more_or_is_kept_although_it_answers_no_ping() {
    let short = Duration::from_millis(50);
    for (fault, ping_timeout, answers, expected) in
        [("pings-too-rare", DEADLINE, true, true), ("silent-clients-kept", short, false, false)]
    {
        let quick = Options { ping_interval: short, ping_timeout, ..options() };
        for (is_faulty, server) in [(true, with(fault, quick.clone())), (false, Server::start(quick))] {
            let (_, open) = server.request(Method::GET, "/ws/?EIO=4&transport=polling", &[], "").await;
            let open: Value = serde_json::from_slice(&open[1..]).unwrap();
            assert_eq!(
                (&open["pingInterval"], &open["pingTimeout"]),
                (&50.into(), &(ping_timeout.as_millis() as u64).into())
            );
            let page = server.page().await;
            let patience = if is_faulty { 10 * short } else { DEADLINE };
            let pinged = timeout(patience, pinged_three_times(&server, &page, answers)).await;
            // With the fault nothing comes any more, and nothing ends.
            assert_eq!(pinged.ok(), (!is_faulty).then_some(expected), "{fault}");
            drop(page);
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_packet_that_nobody_should_send_costs_more_than_its_own_session() {
    let oversized = format!(r#"42["join_room",{{"room":"{}"}}]"#, "x".repeat(1_000_000));
    for (fault, packet) in [("malformed-packet-empties-rooms", "x"), ("oversized-message-empties-rooms", &oversized)] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let mut member = server.page().await;
            member.join("PartnerApp").await;
            let other = server.page().await;
            server.request(Method::POST, &other.session, &[], packet.to_owned()).await;
            // Once the session is over, what else comes of the packet is on its way to the worker, before what follows.
            while server.get(&other.session).await == StatusCode::OK {}
            assert_eq!(hears(&server, &mut member).await, usize::from(!is_faulty), "{fault}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_shut_out() {
    let preflight = [
        ("origin", "https://page.example.com"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    for (fault, path, header, wrong) in [
        ("cors-without-authorization", "/api/dashboard/stats", "access-control-allow-headers", Some("*")),
        (
            "cors-for-one-origin",
            "/api/dashboard/stats",
            "access-control-allow-origin",
            Some("https://dashboard.example.com"),
        ),
        ("cors-for-rest-only", "/ws/?EIO=4&transport=polling", "access-control-allow-origin", None),
        ("preflight-needs-token", "/api/dashboard/stats", "access-control-allow-origin", None),
    ] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let headers = server.headers(Method::OPTIONS, path, &preflight).await;
            let found = headers.get(header).map(|value| value.to_str().unwrap());
            let right = if header.ends_with("origin") { preflight[0].1 } else { "authorization" };
            assert_eq!(found, if is_faulty { wrong } else { Some(right) }, "{fault}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn the_subscription_handshake_says_too_much_or_too_little() {
    let path =
        |token: &str| format!("/api/webhook/verify?hub.mode=subscribe&hub.challenge=r4nd&hub.verify_token={token}");
    for (fault, token, expected) in [
        ("verify-any-token", "wrong", "r4nd"),
        ("verify-refused-with-200", "wrong", r#"{"status":0"#),
        ("challenge-as-json", "verify-me", r#""r4nd""#),
    ] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let (status, body) = server.request(Method::GET, &path(token), &[], "").await;
            let is_wrong = status == StatusCode::OK && body.starts_with(expected.as_bytes());
            assert_eq!(is_wrong, is_faulty, "{fault}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_webhook_body_is_believed_that_should_not_be_or_the_other_way_round() {
    let body = format!(" {}", webhooks::messages(PARTNER, &[inbound("15550100001", "Hello")]));
    let right = Hmac::<Sha256>::new_from_slice(b"secret").unwrap().chain_update(&body).finalize();
    let right = format!("sha256={}", hex::encode(right.into_bytes()));
    let wrong = format!("sha256={}", "0".repeat(64));
    for (fault, signature, is_right) in [
        ("webhook-signature-unchecked", Some(&wrong), false),
        ("missing-signature-accepted", None, false),
        ("signature-of-a-retold-body", Some(&right), true),
    ] {
        for faults in [vec![faults::find(fault).unwrap()], Vec::new()] {
            let is_faulty = !faults.is_empty();
            let server = Server::start(Options { webhook_secret: Some("secret".to_owned()), faults, ..options() });
            let headers: Vec<_> = signature.iter().map(|it| ("x-hub-signature-256", it.as_str())).collect();
            let path = format!("/api/chats/whatsapp_chat/{PARTNER}");
            let (status, _) = server.request(Method::POST, &path, &headers, body.clone()).await;
            assert_eq!(status == StatusCode::OK, is_right != is_faulty, "{fault}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn nonsense_is_answered_as_if_it_were_none() {
    let good = webhooks::messages(PARTNER, &[inbound("15550100001", "Hello")]).to_string();
    for (fault, channel, body, wrong) in [
        ("malformed-body-answered-200", PARTNER, "{", StatusCode::OK),
        ("malformed-body-answered-500", PARTNER, "{", StatusCode::INTERNAL_SERVER_ERROR),
        ("wrong-shapes-accepted", PARTNER, "{}", StatusCode::OK),
        ("unknown-channel-answered-200", "15550100000", &good, StatusCode::OK),
    ] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let status = server.deliver(channel, body.to_owned()).await;
            assert_eq!(status == wrong, is_faulty, "{fault}: {status}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn members_are_lost_where_there_are_many() {
    for fault in ["large-room-cut-short", "memberships-in-256-places"] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let (token, _) = server.log_in().await;
            let mut pages = Vec::new();
            for _ in 0..260 {
                let mut page = Page::connect(&server, "", &json!({"token": token})).await.unwrap();
                page.join("PartnerApp").await;
                pages.push(page);
            }
            server.write(PARTNER, "15550100001", "Hello").await;
            let mut heard = 0;
            for page in &mut pages {
                heard += page.all_heard().await.len();
            }
            assert_eq!(heard, if is_faulty { 256 } else { 260 }, "{fault}");
            drop(pages);
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_token_does_not_outlive_the_server_that_made_it() {
    let before = Server::start(options());
    let (token, _) = before.log_in().await;
    before.stop().await;
    for (is_faulty, after) in faulty_and_correct("tokens-end-with-the-server") {
        let reconnected = Page::connect(&after, "", &json!({"token": token})).await;
        assert_eq!(reconnected.is_err(), is_faulty);
        drop(reconnected);
        assert!(Page::connect(&after, "", &json!({"token": after.log_in().await.0})).await.is_ok());
        after.stop().await;
    }
}

#[tokio::test]
async fn a_room_is_heard_without_a_join() {
    for (fault, request, payload) in [
        ("list-subscribes", "fetch_all_chats", json!({"customer_type": "Partner"})),
        ("chat-requests-enter-any-room", "join_chat", json!({"chat_id": "PartnerApp"})),
    ] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let mut page = server.page().await;
            page.ask(request, &payload).await;
            assert_eq!(hears(&server, &mut page).await, usize::from(is_faulty), "{fault}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn a_page_speaks_in_the_servers_name() {
    for (is_faulty, server) in faulty_and_correct("client-events-relayed") {
        let mut member = server.page().await;
        member.join("PartnerApp").await;
        let forger = server.page().await;
        forger.emit("room_update", &json!({"chat_id": "forged"})).await;
        let heard = member.all_heard().await;
        let forged = ("room_update".to_owned(), json!({"chat_id": "forged"}));
        assert_eq!(heard, if is_faulty { vec![forged] } else { Vec::new() });
        server.stop().await;
    }
}

#[tokio::test]
async fn hostile_text_does_something() {
    for (fault, name, text, expected) in [
        ("templates-evaluated", "Vivek", "{{7*7}}", Some("49")),
        ("text-ends-at-nul", "Vivek", "before\0after", Some("before")),
        ("quote-in-name-loses-message", "O'Vivek", "Hello", None),
    ] {
        for (is_faulty, server) in faulty_and_correct(fault) {
            let mut member = server.page().await;
            member.join("PartnerApp").await;
            let mut message = inbound("15550100001", text);
            message.name = name.to_owned();
            server.deliver(PARTNER, webhooks::messages(PARTNER, &[message]).to_string()).await;
            let heard = member.all_heard().await;
            let told = heard.first().and_then(|(_, summary)| summary["last_message"].as_str());
            assert_eq!(told, if is_faulty { expected } else { Some(text) }, "{fault}");
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn faults_of_different_places_go_together() {
    let faults = ["text-truncated", "broadcast-twice"].map(|id| faults::find(id).unwrap()).to_vec();
    let server = Server::start(Options { faults, ..options() });
    let mut member = server.page().await;
    member.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", &"x".repeat(200)).await;
    let heard = member.all_heard().await;
    let texts: Vec<_> = heard.iter().map(|(_, summary)| summary["last_message"].as_str().unwrap().len()).collect();
    assert_eq!(texts, [100, 100]);
    server.stop().await;
}
