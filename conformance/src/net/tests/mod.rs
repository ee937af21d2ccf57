//! The client against servers that misbehave.

mod tls;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::{
    DialError, HttpClient, HttpError, Progress, Request,
    fake::{self, answering, http, read_request, say},
};

const DEADLINE: Duration = Duration::from_secs(5);
/// For what is meant to take too long.
const SHORT: Duration = Duration::from_millis(300);

async fn get(endpoint: &super::Endpoint) -> Result<super::Answer, HttpError> {
    HttpClient::new(endpoint.clone()).send(Request::get("/path"), DEADLINE).await
}

#[tokio::test]
async fn an_answer_is_read_whole_and_names_our_port() {
    let ports = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ports);
    let endpoint = fake::serve(move |_, mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            let request = read_request(&mut stream).await.unwrap();
            assert!(request.head.starts_with("POST /path?q=1 HTTP/1.1\r\n"), "{}", request.head);
            assert!(request.head.contains("accept-encoding: identity\r\n"), "{}", request.head);
            assert!(request.head.contains("x-twice: a\r\nx-twice: b\r\n"), "{}", request.head);
            seen.lock().unwrap().push(stream.peer_addr().unwrap().port());
            say(&mut stream, &http("418 I'm a teapot", "text/plain", &request.body)).await;
        }
    })
    .await;
    let request = Request::post("/path?q=1", "body").header("x-twice", "a").header("x-twice", "b");
    let answer = HttpClient::new(endpoint).send(request, DEADLINE).await.unwrap();
    assert_eq!(answer.status, 418);
    assert_eq!(answer.text(), "body");
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(*ports.lock().unwrap(), [answer.local_port]);
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = get(&fake::endpoint(&format!("http://{at}"))).await.unwrap_err();
    assert_eq!(error, HttpError::Dial(DialError::Refused { at }));
}

#[tokio::test]
async fn a_name_without_an_address_is_not_resolved() {
    let error = get(&fake::endpoint("http://no-such-host.invalid")).await.unwrap_err();
    assert!(matches!(error, HttpError::Dial(DialError::NotResolved { .. })), "{error}");
    assert!(
        error.to_string().starts_with("no-such-host.invalid:80: the name `no-such-host.invalid` cannot"),
        "{error}"
    );
}

#[tokio::test]
async fn what_does_not_speak_http_is_told_apart() {
    let error = get(&answering("SSH-2.0-OpenSSH_9.2\r\n").await).await.unwrap_err();
    assert!(matches!(error, HttpError::NotHttp { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_that_never_comes_times_out() {
    let endpoint = fake::serve(|_, mut stream| async move { while read_request(&mut stream).await.is_some() {} }).await;
    let error = HttpClient::new(endpoint).send(Request::get("/path"), SHORT).await.unwrap_err();
    assert!(matches!(error, HttpError::TimedOut { after: SHORT, .. }), "{error}");
}

#[tokio::test]
async fn a_connection_that_is_cut_says_how_far_the_answer_had_come() {
    let closed = async |answer| match get(&answering(answer).await).await.unwrap_err() {
        HttpError::Closed { progress, .. } => progress,
        other => panic!("{other}"),
    };
    assert_eq!(closed("").await, Progress::Sent);
    assert_eq!(closed("HTTP/1.1 200 OK\r\ncontent-le").await, Progress::Sent);
    assert_eq!(closed("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await, Progress::MidAnswer);
}

#[tokio::test]
async fn an_endless_body_is_not_read_to_its_end() {
    let endpoint = fake::serve(|_, mut stream| async move {
        read_request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        let chunk = vec![b'x'; 1 << 20];
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    let error = get(&endpoint).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_our_mistake() {
    let endpoint = answering(http("200 OK", "text/plain", "")).await;
    let request = Request::get("/path").header("authorization", "Bearer a\nb");
    let error = HttpClient::new(endpoint).send(request, DEADLINE).await.unwrap_err();
    assert!(matches!(&error, HttpError::Invalid { reason, .. } if reason.contains("authorization")), "{error}");
}

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let endpoint = fake::serve(|number, mut stream| async move {
        while read_request(&mut stream).await.is_some() {
            say(&mut stream, &http("200 OK", "text/plain", &number.to_string())).await;
        }
    })
    .await;
    let client = HttpClient::new(endpoint);
    for _ in 0..3 {
        assert_eq!(client.send(Request::post("/path", "x"), DEADLINE).await.unwrap().text(), "0");
    }
}

/// Answers one request on its first connection, and hangs up at the second one without a word; counts what arrives.
async fn tired_of_its_first_connection() -> (HttpClient, Arc<AtomicUsize>) {
    let arrived = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&arrived);
    let endpoint = fake::serve(move |number, mut stream| {
        let count = Arc::clone(&count);
        async move {
            let mut answers = if number == 0 { 1 } else { usize::MAX };
            while read_request(&mut stream).await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
                if answers == 0 {
                    return;
                }
                answers -= 1;
                say(&mut stream, &http("200 OK", "text/plain", "ok")).await;
            }
        }
    })
    .await;
    (HttpClient::new(endpoint), arrived)
}

#[tokio::test]
async fn a_get_on_a_kept_connection_that_was_closed_is_sent_again() {
    let (client, arrived) = tired_of_its_first_connection().await;
    client.send(Request::get("/path"), DEADLINE).await.unwrap();
    assert_eq!(client.send(Request::get("/path"), DEADLINE).await.unwrap().text(), "ok");
    assert_eq!(arrived.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_post_that_may_have_arrived_is_never_sent_again() {
    let (client, arrived) = tired_of_its_first_connection().await;
    client.send(Request::post("/path", "1"), DEADLINE).await.unwrap();
    let error = client.send(Request::post("/path", "2"), DEADLINE).await.unwrap_err();
    assert!(matches!(error, HttpError::Closed { progress: Progress::Sent, .. }), "{error}");
    assert_eq!(arrived.load(Ordering::SeqCst), 2);
}
