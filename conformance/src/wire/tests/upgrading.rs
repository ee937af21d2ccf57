//! Upgrades that hang or are refused: the session goes on by polling.

use super::*;
use crate::wire::UpgradeError;

#[tokio::test]
async fn the_outstanding_poll_comes_to_its_end_before_the_last_step() {
    let (server, endpoint) = PollingServer::start([payload(OPEN)]).await;
    *server.after_probe.lock().unwrap() = Some(payload("4by polling"));
    let (session, told) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    session.upgrade().await.unwrap();
    told.wait_for("websocket in 4by websocket").await;
    let expected = [
        "websocket out 2probe",
        "websocket in 3probe",
        "polling in 4by polling",
        "websocket out 5",
        "upgraded",
        "websocket in 4by websocket",
    ];
    assert_eq!(told.all()[2..], expected);
}

#[tokio::test]
async fn what_is_sent_during_the_last_step_waits_for_the_websocket() {
    let (server, endpoint) = PollingServer::start([payload(OPEN)]).await;
    let (session, told) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    let sending = async {
        told.wait_for("websocket in 3probe").await;
        let send = session.send("4meanwhile");
        tokio::join!(send, async { server.polls.send(payload("6")).unwrap() }).0
    };
    let (upgraded, sent) = tokio::join!(session.upgrade(), sending);
    assert_eq!((upgraded, sent), (Ok(()), Ok(())));
    let expected = ["polling in 6", "websocket out 5", "upgraded", "websocket out 4meanwhile"].map(str::to_owned);
    assert_eq!(told.all()[4..8], expected);
    assert!(server.posts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_last_step_waits_for_what_is_done_around_it() {
    let (server, endpoint) = PollingServer::start([payload(OPEN)]).await;
    let (session, told) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    let meanwhile = async {
        told.wait_for("websocket in 3probe").await;
        server.polls.send(payload("4meanwhile")).unwrap();
        told.wait_for("polling in 4meanwhile").await;
        assert!(!told.all().contains(&"websocket out 5".to_owned()), "{:?}", told.all());
    };
    session.upgrade_around(meanwhile).await.unwrap();
    assert_eq!(told.all()[4..], ["polling in 4meanwhile", "websocket out 5", "upgraded"]);
}

#[tokio::test]
async fn a_poll_that_never_ends_makes_the_upgrade_fail_and_the_session_go_on() {
    let (server, endpoint) = PollingServer::start([payload(OPEN)]).await;
    let brief = SessionOptions { deadline: Duration::from_millis(500), ..options(&endpoint, Transport::Polling) };
    let (session, told) = open(brief).await;
    let session = session.unwrap();
    let error = session.upgrade().await.unwrap_err();
    assert!(error.to_string().contains("no answer to the outstanding poll within 500ms"), "{error}");
    session.send("4by post").await.unwrap();
    server.polls.send(payload("4by polling")).unwrap();
    told.wait_for("polling in 4by polling").await;
    assert_eq!(*server.posts.lock().unwrap(), ["4by post"]);
}

#[tokio::test]
async fn a_refused_upgrade_leaves_the_session_on_polling() {
    let endpoint = fake::serve(|_, mut stream| async move {
        let mut answers = vec![payload(OPEN)];
        while let Some(request) = fake::read_request(&mut stream).await {
            match (request.head.starts_with("POST"), request.head.contains("upgrade: websocket"), answers.pop()) {
                (true, ..) => fake::say(&mut stream, &fake::http("200 OK", "text/plain", "ok")).await,
                (_, true, _) => fake::say(&mut stream, &fake::http("400 Bad Request", "text/plain", "no")).await,
                (.., Some(answer)) => fake::say(&mut stream, &answer).await,
                _ => std::future::pending().await,
            }
        }
    })
    .await;
    let (session, _) = open(options(&endpoint, Transport::Polling)).await;
    let session = session.unwrap();
    let error = session.upgrade().await.unwrap_err();
    assert!(matches!(&error, UpgradeError::Open(OpenError::Refused { status: 400, .. })), "{error}");
    session.send("4by polling").await.unwrap();
}
