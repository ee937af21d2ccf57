//! Random scenarios find what they must find, and nothing where there is nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

#[path = "support/faulty.rs"]
mod faulty;
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::config::Config;
use conformance::model::perform::Performer;
use conformance::model::search::{Failure, SearchOptions, Searched, search};
use conformance::recording::Transport;
use conformance::stage::preflight;
use conformance::target::Target;
use faulty::Defect;
use fixtures::Contract;
use mock_server::Options;
use support::Backend;

async fn searched(config: &Config, contract: Contract, cases: u32) -> Searched {
    let target = Target::resolve(config, &contract).unwrap();
    let ground = preflight(target, contract, Duration::ZERO).await.unwrap();
    let performer = Performer::new(Arc::new(ground), Transport::Websocket, false);
    let options = SearchOptions { cases, seed: 1, jobs: 4, shrink_for: Duration::from_secs(20) };
    let began = Instant::now();
    let searched = search(&performer, &options, Vec::new(), &mut |_| {}).await.unwrap();
    eprintln!("{} cases in {:.1?}: {:?} {:?}", searched.cases, began.elapsed(), searched.counts, searched.untested);
    searched
}

/// What is found in a backend with this defect, from a cold start.
async fn found(defect: Defect) -> Failure {
    let began = Instant::now();
    let searched = searched(&faulty::start(defect).await, Contract::room_updates(), 200).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let failure = searched.failure.unwrap_or_else(|| panic!("{defect:?} was not found in {} cases", searched.cases));
    eprintln!(
        "{} in {:?}, {} steps made {} in {} runs, fails {:?}\n{}",
        failure.requirement,
        failure.origin,
        failure.steps_at_first,
        failure.scenario.count(),
        failure.runs,
        failure.failed,
        failure.scenario.steps.iter().map(|step| serde_json::to_string(step).unwrap() + "\n").collect::<String>()
    );
    for violation in &failure.performed.judged.violations {
        eprintln!("{} {}", violation.requirement, violation.brief);
    }
    failure
}

fn nothing(searched: &Searched) {
    if let Some(failure) = &searched.failure {
        eprintln!(
            "{}",
            conformance::model::diagram::draw(
                &failure.performed.conversation(),
                &failure.performed.judged.violations,
                true
            )
        );
    }
    assert!(
        searched.failure.is_none(),
        "{:#?}",
        searched.failure.as_ref().map(|failure| (&failure.scenario, &failure.performed.judged))
    );
    assert_eq!(searched.untested, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_is_acknowledged_and_not_entered_is_found() {
    let failure = found(Defect::JoinWithoutEntering).await;
    assert_eq!(failure.requirement, "broadcast.delivered");
    assert!(failure.scenario.count() <= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn double_delivery_after_a_second_join_is_found() {
    let failure = found(Defect::TwiceAfterASecondJoin).await;
    assert_eq!(failure.requirement, "broadcast.exactly-once");
    assert!(failure.scenario.count() <= 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_that_survives_a_reconnect_is_found() {
    let failure = found(Defect::MembershipSurvives).await;
    assert!(["join.not-inherited", "broadcast.only-room", "leave.effective"].contains(&failure.requirement));
    assert!(failure.scenario.count() <= 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_lost_only_when_two_types_arrive_at_once_is_found() {
    let failure = found(Defect::OneSlotForAllTypes).await;
    assert_eq!(failure.requirement, "broadcast.delivered");
    assert!(failure.scenario.count() <= 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_cut_is_found_and_made_short() {
    let failure = found(Defect::TextIsCut).await;
    assert_eq!(failure.requirement, "payload.text");
    assert!(failure.scenario.count() <= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_backend_without_a_defect_nothing_is_found() {
    nothing(&searched(&faulty::start(Defect::None).await, Contract::room_updates(), 100).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_fails_none_of_200_cases() {
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options { webhook_secret: Some("test-webhook-secret".to_owned()), ..Options::default() };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    let searched = searched(&support::config(&url), Contract::room_updates(), 200).await;
    nothing(&searched);
    let share = searched.counts.doubtful() as f64 / searched.counts.total() as f64;
    assert!(share < 0.12, "{share} of the judgements are in doubt: {:?}", searched.counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn fastapi_fails_none_of_200_cases() {
    let backend = Backend::start("fastapi", "").await;
    nothing(&searched(&support::config(&backend.url), Contract::room_updates(), 200).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_fails_none_of_200_cases() {
    let backend = Backend::start("node", "").await;
    nothing(&searched(&support::config(&backend.url), Contract::room_updates(), 200).await);
}
