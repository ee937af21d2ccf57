//! Sessions on a WebSocket whose other end is played here.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, frame::coding::CloseCode},
    },
};

use super::*;
use crate::wire::{CloseReason, SendError, ServerClose};

pub(super) type Peer = WebSocketStream<TcpStream>;

/// Accepts the upgrade that `head` asks for, and hands the WebSocket to `play`.
pub(super) async fn accept<F: Future<Output = ()>>(head: &str, mut stream: TcpStream, play: impl FnOnce(Peer) -> F) {
    let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    fake::say(&mut stream, &answer).await;
    play(WebSocketStream::from_raw_socket(stream, Role::Server, None).await).await;
}

pub(super) async fn read(peer: &mut Peer) -> Option<String> {
    match peer.next().await {
        Some(Ok(Message::Text(text))) => Some(text.to_string()),
        _ => None,
    }
}

pub(super) async fn write(peer: &mut Peer, text: &str) {
    let _ = peer.send(Message::text(text)).await;
}

/// A server that sends the open packet and then does what `play` does.
async fn server<F>(play: impl Fn(Peer) -> F + Clone + Send + Sync + 'static) -> Endpoint
where
    F: Future<Output = ()> + Send,
{
    fake::serve(move |_, mut stream| {
        let play = play.clone();
        async move {
            let request = fake::read_request(&mut stream).await.unwrap();
            accept(&request.head, stream, |mut peer| async move {
                write(&mut peer, OPEN).await;
                play(peer).await;
            })
            .await;
        }
    })
    .await
}

async fn opened(endpoint: &Endpoint) -> (Session, Told) {
    let (session, told) = open(options(endpoint, Transport::WebSocket)).await;
    (session.unwrap(), told)
}

/// How a session ends by itself.
async fn end(endpoint: &Endpoint) -> (CloseReason, Vec<String>) {
    let (session, told) = opened(endpoint).await;
    let reason = tokio::time::timeout(DEADLINE, session.closed()).await.unwrap();
    (reason, told.all())
}

#[tokio::test]
async fn frames_are_told_once_and_in_order_and_pings_are_answered() {
    let endpoint = server(|mut peer| async move {
        write(&mut peer, "2").await;
        write(&mut peer, "4hello").await;
        write(&mut peer, "not a packet").await;
        let _ = peer.send(Message::Binary(vec![1, 2].into())).await;
        assert_eq!(read(&mut peer).await.as_deref(), Some("3"));
        write(&mut peer, "1").await;
        while read(&mut peer).await.is_some() {}
    })
    .await;
    let (reason, told) = end(&endpoint).await;
    assert_eq!(reason, CloseReason::ByServer { detail: ServerClose::EnginePacket });
    let open = format!("websocket in {OPEN}");
    let expected = [
        &open,
        "opened",
        "websocket in 2",
        "websocket out 3",
        "websocket in 4hello",
        "websocket in not a packet",
        r#"websocket in b"\x01\x02""#,
        "websocket in 1",
        "closed: closed by the server: Engine.IO close packet",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn pings_go_unanswered_when_told_so() {
    let endpoint = server(|mut peer| async move {
        write(&mut peer, "2").await;
        write(&mut peer, "2").await;
        // Ours comes first, since no pong does.
        assert_eq!(read(&mut peer).await.as_deref(), Some("4hello"));
        write(&mut peer, "1").await;
    })
    .await;
    let silent = SessionOptions { answer_pings: false, ..options(&endpoint, Transport::WebSocket) };
    let (session, told) = open(silent).await;
    let session = session.unwrap();
    session.send("4hello").await.unwrap();
    session.closed().await;
    assert!(!told.all().contains(&"websocket out 3".to_owned()), "{:?}", told.all());
}

#[tokio::test]
async fn a_close_frame_is_kept_with_code_and_reason() {
    let endpoint = server(|mut peer| async move {
        let frame = CloseFrame { code: CloseCode::Policy, reason: "go away".into() };
        let _ = peer.close(Some(frame)).await;
        while read(&mut peer).await.is_some() {}
    })
    .await;
    let detail = ServerClose::WebSocket { code: Some(1008), reason: "go away".to_owned() };
    assert_eq!(end(&endpoint).await.0, CloseReason::ByServer { detail });
}

#[tokio::test]
async fn a_line_that_is_cut_is_lost_and_what_is_sent_then_says_so() {
    let endpoint = server(|peer| async move { drop(peer) }).await;
    let (session, told) = opened(&endpoint).await;
    let reason = session.closed().await;
    assert!(matches!(reason, CloseReason::Lost { .. }), "{reason}");
    let error = session.send("4hello").await.unwrap_err();
    assert!(matches!(&error, SendError::Closed(closed) if closed.0 == reason), "{error}");
    assert_eq!(told.all().iter().filter(|told| told.starts_with("closed")).count(), 1);
}

#[tokio::test]
async fn closing_says_goodbye_twice_and_aborting_not_at_all() {
    let (heard, mut goodbyes) = tokio::sync::mpsc::unbounded_channel();
    let endpoint = server(move |mut peer| {
        let heard = heard.clone();
        async move {
            while let Some(Ok(message)) = peer.next().await {
                heard.send(if message.is_close() { "close frame".to_owned() } else { message.to_string() }).unwrap();
            }
            heard.send("end".to_owned()).unwrap();
        }
    })
    .await;
    let mut next = async || goodbyes.recv().await.unwrap();

    let (session, _) = opened(&endpoint).await;
    session.close().await;
    assert_eq!(session.close_reason(), Some(CloseReason::ByUs));
    assert_eq!([next().await, next().await, next().await], ["1", "close frame", "end"]);

    let (session, told) = opened(&endpoint).await;
    session.abort().await;
    assert_eq!(next().await, "end");
    assert_eq!(told.all().last().unwrap(), "closed: closed by us");
}

#[tokio::test]
async fn dropping_the_last_handle_aborts() {
    let endpoint = server(|mut peer| async move { while read(&mut peer).await.is_some() {} }).await;
    let (session, told) = opened(&endpoint).await;
    let clone = session.clone();
    drop(session);
    clone.send("4still here").await.unwrap();
    drop(clone);
    told.wait_for("closed: closed by us").await;
}

#[tokio::test]
async fn a_server_that_does_not_read_cannot_keep_us_from_reading() {
    let endpoint = server(|mut peer| async move {
        peer.get_ref().readable().await.unwrap();
        for number in 0..100 {
            write(&mut peer, &format!("4{number}")).await;
        }
        std::future::pending().await
    })
    .await;
    let (session, told) = opened(&endpoint).await;
    let stuck = session.send(format!("4{}", "x".repeat(16 << 20)));
    tokio::select! {
        sent = stuck => panic!("16 MiB fit into the line: {sent:?}"),
        () = told.wait_for("websocket in 499") => {}
    }
}

#[tokio::test]
async fn nothing_is_read_while_reading_is_paused() {
    let endpoint = server(|mut peer| async move {
        while let Some(frame) = read(&mut peer).await {
            write(&mut peer, &frame).await;
        }
    })
    .await;
    let (session, told) = opened(&endpoint).await;
    session.pause_reading();
    session.send("4while paused").await.unwrap();
    // The echo may come or not: what counts is that it is told after reading was resumed.
    told.wait_for("websocket out 4while paused").await;
    assert!(!told.all().contains(&"websocket in 4while paused".to_owned()));
    session.resume_reading();
    told.wait_for("websocket in 4while paused").await;
}
