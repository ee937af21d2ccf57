//! Socket.IO: namespaces, events, acknowledgements, attachments.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server;
use super::socket::Socket;
use crate::support::{Server, options};

const ENDPOINT: &str = "/socket.io/";

/// Connected to the main namespace.
async fn connected(server: &Server) -> Socket {
    let mut socket = Socket::begin(server, ENDPOINT).await;
    socket.send("40").await;
    assert!(socket.packet().await.starts_with("40{"));
    assert_eq!(socket.packet().await, r#"42["auth",{}]"#);
    socket
}

#[tokio::test]
async fn whoever_connects_hears_what_they_connected_by() {
    let server = server();
    for (connect, answer, auth) in [
        ("40", "40", r#"42["auth",{}]"#),
        (r#"40{"token":"123"}"#, "40", r#"42["auth",{"token":"123"}]"#),
        ("40/custom,", "40/custom,", r#"42/custom,["auth",{}]"#),
        (r#"40/custom,{"token":"abc"}"#, "40/custom,", r#"42/custom,["auth",{"token":"abc"}]"#),
    ] {
        let mut socket = Socket::begin(&server, ENDPOINT).await;
        socket.send(connect).await;
        let packet = socket.packet().await;
        let handshake: Value = serde_json::from_str(packet.strip_prefix(answer).unwrap()).unwrap();
        assert_eq!(handshake.as_object().unwrap().keys().collect::<Vec<_>>(), ["sid"]);
        assert_eq!(socket.packet().await, auth);
    }
    server.stop().await;
}

/// The suites' client does not hear the second of two messages that it reads at once.
#[tokio::test]
async fn what_they_connected_by_comes_apart_from_the_answer() {
    let server = server();
    let mut socket = Socket::begin(&server, ENDPOINT).await;
    let sent = Instant::now();
    socket.send("40").await;
    assert!(socket.packet().await.starts_with("40{"));
    assert_eq!(socket.packet().await, r#"42["auth",{}]"#);
    assert!(sent.elapsed() >= Duration::from_millis(50), "{:?}", sent.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_namespace_is_refused_and_what_is_no_packet_ends_the_connection() {
    let server = server();
    let mut socket = Socket::begin(&server, ENDPOINT).await;
    socket.send("40/random").await;
    assert_eq!(socket.packet().await, r#"44/random,{"message":"Invalid namespace"}"#);
    socket.send("4abc").await;
    socket.closed().await;
    server.stop().await;
}

#[tokio::test]
async fn leaving_one_namespace_leaves_the_connection_and_the_other() {
    let server = server();
    let mut socket = connected(&server).await;
    socket.send("40/custom").await;
    assert!(socket.packet().await.starts_with("40/custom,"));
    assert_eq!(socket.packet().await, r#"42/custom,["auth",{}]"#);
    socket.send("41/custom").await;
    socket.send(r#"42["message","message to main namespace"]"#).await;
    assert_eq!(socket.packet().await, r#"42["message-back","message to main namespace"]"#);
    socket.send("41").await;
    assert_eq!(socket.text().await, "2", "the connection is still kept");
    server.stop().await;
}

#[tokio::test]
async fn events_and_acknowledgements_come_back_with_their_attachments() {
    let server = server();
    let mut socket = connected(&server).await;
    let places = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    for (sent, expected) in [
        (r#"42["message",1,"2",{"3":[true]}]"#.to_owned(), r#"42["message-back",1,"2",{"3":[true]}]"#.to_owned()),
        (r#"42456["message-with-ack",1,"2",{"3":[false]}]"#.to_owned(), r#"43456[1,"2",{"3":[false]}]"#.to_owned()),
    ] {
        socket.send(&sent).await;
        assert_eq!(socket.packet().await, expected);
    }
    for (sent, expected) in [
        (format!(r#"452-["message",{places}]"#), format!(r#"452-["message-back",{places}]"#)),
        (format!(r#"452-789["message-with-ack",{places}]"#), format!("462-789[{places}]")),
    ] {
        socket.send(&sent).await;
        socket.send_binary(&[1, 2, 3]).await;
        socket.send_binary(&[4, 5, 6]).await;
        assert_eq!(socket.packet().await, expected);
        assert_eq!((socket.binary().await, socket.binary().await), (vec![1, 2, 3], vec![4, 5, 6]));
    }
    server.stop().await;
}

#[tokio::test]
async fn an_escape_in_a_key_is_as_good_as_the_character() {
    let server = Server::start(options());
    let mut page = server.page().await;
    page.send(r#"42["join_room",{"r\u006fom":"PartnerApp"}]"#).await;
    assert_eq!(page.answer("join_room_response").await, json!({"status": 1, "room": "PartnerApp"}));
    server.stop().await;
}
