//! Random scenarios find what they must find from a cold start, make it small, and find nothing where there is nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::config::Config;
use conformance::model::file;
use conformance::model::perform::Performer;
use conformance::model::search::{Failure, SearchOptions, Searched, search};
use conformance::model::tell;
use conformance::recording::Transport;
use conformance::scenario::Step;
use conformance::stage::preflight;
use conformance::target::Target;
use fixtures::Contract;
use mock_server::Options;
use support::Backend;

/// A mock with one fault, or without where it is empty, for as long as the test runs.
fn mock(fault: &str, contract: &Contract) -> Config {
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        contract: contract.clone(),
        webhook_secret: Some("test-webhook-secret".to_owned()),
        faults: Some(fault)
            .filter(|id| !id.is_empty())
            .map(|id| mock_server::faults::find(id).unwrap())
            .into_iter()
            .collect(),
        ..Options::default()
    };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    support::config(&url)
}

/// One search at a time: what fails only at a certain moment is made small only where nobody else takes its time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn performer(config: &Config, contract: Contract) -> Performer {
    let target = Target::resolve(config, &contract).unwrap();
    let ground = preflight(target, contract, Duration::ZERO).await.unwrap();
    Performer::new(Arc::new(ground), Transport::Websocket, false)
}

async fn searched(config: &Config, contract: Contract, cases: u32) -> (Searched, Duration) {
    let _alone = ALONE.lock().await;
    let performer = performer(config, contract).await;
    let options = SearchOptions { cases, seed: 1, jobs: 4, shrink_for: Duration::from_secs(20) };
    let began = Instant::now();
    let searched = search(&performer, &options, Vec::new(), &mut |_| {}).await.unwrap();
    let took = began.elapsed();
    eprint!("{}", tell::headline(searched.cases, &searched.counts, took));
    eprint!("{}", tell::counts(&searched.counts));
    (searched, took)
}

/// What is found in a mock with this fault, from a cold start and within a minute.
async fn found(fault: &str) -> Failure {
    let contract = Contract::room_updates();
    let (searched, took) = searched(&mock(fault, &contract), contract, 200).await;
    let failure = searched.failure.unwrap_or_else(|| panic!("{fault} was not found in {} cases", searched.cases));
    eprintln!("{fault} in {took:.1?}\n{}", tell::failure(&failure, 1, true));
    assert!(took < Duration::from_secs(60), "{fault} took {took:?}");
    failure
}

#[track_caller]
fn nothing(searched: &Searched, cases: u32) {
    if let Some(failure) = &searched.failure {
        panic!("{}", tell::failure(failure, 1, true));
    }
    assert_eq!((searched.cases, searched.untested.as_slice()), (cases, &[][..]));
    let share = searched.counts.doubtful() as f64 / searched.counts.total() as f64;
    assert!(share < 0.12, "{share} of the judgements are in doubt: {:?}", searched.counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_is_acknowledged_and_not_entered_is_found() {
    let failure = found("join-without-entering").await;
    assert_eq!(failure.requirement, "broadcast.delivered");
    assert!(failure.scenario.count() <= 5, "{:?}", failure.scenario);
}

#[tokio::test(flavor = "multi_thread")]
async fn double_delivery_after_a_second_join_is_found() {
    let failure = found("second-join-doubles").await;
    assert_eq!(failure.requirement, "broadcast.exactly-once");
    assert!(failure.scenario.count() <= 6, "{:?}", failure.scenario);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_that_survives_a_reconnect_is_found() {
    let failure = found("rooms-kept-for-the-agent").await;
    assert!(["join.not-inherited", "broadcast.only-room", "leave.effective"].contains(&failure.requirement));
    assert!(failure.scenario.count() <= 12, "{:?}", failure.scenario);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_lost_only_when_two_types_arrive_at_once_is_found() {
    let failure = found("lost-between-types").await;
    assert_eq!(failure.requirement, "broadcast.delivered");
    assert!(failure.scenario.count() <= 12, "{} steps", failure.scenario.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_cut_is_found_and_made_short() {
    let failure = found("text-in-a-short-column").await;
    assert_eq!(failure.requirement, "payload.text");
    let texts = failure.scenario.steps.iter().filter_map(|step| match step {
        Step::Send { messages } => messages[0].text.as_ref(),
        _ => None,
    });
    let texts: Vec<&String> = texts.collect();
    assert_eq!(texts.len(), 1);
    assert!(texts[0].chars().all(|c| c == 'a'), "{texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_fails_none_of_200_cases() {
    let contract = Contract::room_updates();
    nothing(&searched(&mock("", &contract), contract, 200).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_of_other_types_rooms_and_events_fails_none() {
    let contract = Contract::order_board();
    nothing(&searched(&mock("", &contract), contract, 50).await.0, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn fastapi_fails_none_of_200_cases() {
    let backend = Backend::start("fastapi", "").await;
    nothing(&searched(&support::config(&backend.url), Contract::room_updates(), 200).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_fails_none_of_200_cases() {
    let backend = Backend::start("node", "").await;
    nothing(&searched(&support::config(&backend.url), Contract::room_updates(), 200).await.0, 200);
}

/// One thread for everything, which somebody else takes for longer than a broadcast may be late.
#[tokio::test]
async fn nothing_is_held_against_a_backend_that_is_watched_from_a_starved_machine() {
    let _alone = ALONE.lock().await;
    let contract = Contract::room_updates();
    let performer = performer(&mock("join-without-entering", &contract), contract.clone()).await;
    let text = "
name: one member
steps:
  - open: {actor: a}
  - join: {actor: a, room: PartnerApp}
  - send: {messages: [{label: m1, type: Partner, from: customer 1}]}
  - heard: {actors: [a], messages: [m1]}
  - settle: {}
";
    let scenario = file::parse("one.yaml", text, &contract).unwrap().scenario;
    let judged = performer.perform(&scenario).await.judged;
    assert_eq!(judged.violations[0].requirement, "broadcast.delivered");
    let busy = tokio::spawn(async {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let judged = performer.perform(&scenario).await.judged;
    busy.abort();
    assert!(judged.violations.is_empty(), "{judged:?}");
    assert!(judged.untested[0].starts_with("this machine was too busy to tell: its timers came"), "{judged:?}");
}
