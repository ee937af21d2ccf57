//! Sessions by polling.

use super::*;
use crate::wire::{CloseReason, SendError, packet};

async fn end(polls: impl IntoIterator<Item = String>) -> (String, Vec<String>) {
    let (_, endpoint) = PollingServer::start(polls).await;
    let (session, told) = open(options(&endpoint, Transport::Polling)).await;
    let reason = tokio::time::timeout(DEADLINE, session.unwrap().closed()).await.unwrap();
    (reason.to_string(), told.all())
}

#[tokio::test]
async fn frames_come_in_order_from_the_payload_of_the_handshake_on() {
    let first = payload(&format!("{OPEN}\x1e2\x1e4a"));
    let (reason, told) = end([first, payload("4b\x1ebAQI=\x1e6"), payload("1")]).await;
    assert_eq!(reason, "closed by the server: Engine.IO close packet");
    let incoming: Vec<_> = told.iter().filter_map(|told| told.strip_prefix("polling in ")).collect();
    assert_eq!(incoming[1..], ["2", "4a", "4b", r#"b"\x01\x02""#, "6", "1"]);
    assert_eq!(told.last().unwrap(), "closed: closed by the server: Engine.IO close packet");
}

#[tokio::test]
async fn a_refused_poll_is_the_servers_end_of_the_session() {
    let refused = fake::http("400 Bad Request", "application/json", r#"{"code":1,"message":"Session ID unknown"}"#);
    let (reason, _) = end([payload(OPEN), refused]).await;
    let expected =
        r#"closed by the server: a poll was answered with HTTP 400: {"code":1,"message":"Session ID unknown"}"#;
    assert_eq!(reason, expected);
}

#[tokio::test]
async fn a_poll_that_is_cut_or_says_nothing_loses_the_session() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n4h".to_owned();
    let endpoint = fake::serve(move |_, mut stream| {
        let answers = [payload(OPEN), cut.clone()];
        async move {
            for answer in answers {
                fake::read_request(&mut stream).await;
                fake::say(&mut stream, &answer).await;
            }
        }
    })
    .await;
    let (session, _) = open(options(&endpoint, Transport::Polling)).await;
    let reason = session.unwrap().closed().await;
    assert!(reason.to_string().contains("closed in the middle of the answer"), "{reason}");

    let (reason, _) = end([payload(OPEN), payload("")]).await;
    assert!(reason.contains("an empty body, expected at least one packet"), "{reason}");
}

#[tokio::test]
async fn frames_that_wait_share_a_post_within_the_servers_limits() {
    let (server, endpoint) = PollingServer::start([payload(OPEN)]).await;
    server.answering.send_replace(false);
    let (session, _) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    // 40 bytes by the handshake; 18 tiny ones are within that, and beyond what python takes.
    let frames: Vec<_> =
        (0..5).map(|n| format!("4{n}{}", "x".repeat(10))).chain((0..18).map(|_| "4".to_owned())).collect();
    let sending = futures_util::future::join_all(frames.iter().map(|frame| session.send(frame.as_str())));
    let (sent, ()) = tokio::join!(sending, async { server.answering.send_modify(|answering| *answering = true) });
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");

    let posts = server.posts.lock().unwrap();
    let arrived: Vec<_> = posts.iter().flat_map(|post| packet::split(post)).collect();
    assert_eq!(arrived, frames.into_iter().map(Frame::Text).collect::<Vec<_>>());
    assert!(posts.iter().all(|post| post.len() <= 40 && packet::split(post).count() <= 16), "{posts:?}");
    assert!(posts.len() < arrived.len() / 2, "{posts:?}");
}

#[tokio::test]
async fn a_raw_body_goes_out_as_it_is_and_in_its_turn() {
    let (server, endpoint) = PollingServer::start([payload(OPEN)]).await;
    let (session, told) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    let (first, raw, last) = tokio::join!(session.send("4a"), session.post_raw("\x1e\x1enonsense"), session.send("4b"));
    assert_eq!((first, raw, last), (Ok(()), Ok(200), Ok(())));
    assert_eq!(*server.posts.lock().unwrap(), ["4a", "\x1e\x1enonsense", "4b"]);
    assert_eq!(told.all()[2..], ["polling out 4a", "polling out \x1e\x1enonsense", "polling out 4b"]);
}

#[tokio::test]
async fn a_refused_post_is_its_senders_affair() {
    let endpoint = fake::serve(|_, mut stream| async move {
        let mut answers = vec![payload(OPEN)];
        while let Some(request) = fake::read_request(&mut stream).await {
            match (request.head.starts_with("POST"), answers.pop()) {
                (true, _) => fake::say(&mut stream, &fake::http("413 Too Large", "text/plain", "too large")).await,
                (false, Some(answer)) => fake::say(&mut stream, &answer).await,
                (false, None) => std::future::pending().await,
            }
        }
    })
    .await;
    let (session, _) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    let refused = SendError::Refused { status: 413, body: "too large".to_owned() };
    assert_eq!(session.send("4much").await, Err(refused));
    assert_eq!(session.close_reason(), None);
}

#[tokio::test]
async fn closing_sends_what_waits_and_the_close_packet() {
    let (server, endpoint) = PollingServer::start([payload(OPEN)]).await;
    let (session, told) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    let (sent, ()) = tokio::join!(session.send("4last"), session.close());
    assert_eq!(sent, Ok(()));
    assert_eq!(server.posts.lock().unwrap().concat(), "4last1");
    assert_eq!(session.closed().await, CloseReason::ByUs);
    assert_eq!(told.all().last().unwrap(), "closed: closed by us");
}
