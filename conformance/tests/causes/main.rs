//! Each cause is named on a backend that really has the fault, alone, and on none that only resembles it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod proxy;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use conformance::config::Config;
use conformance::run::{Report, RunOptions, select};
use conformance::verdict::Outcome;
use fixtures::Contract;
use futures_util::StreamExt;
use mock_server::Options;
use proxy::{Passage, Sticky, proxy};
use support::{Backend, all_checks, config, run};

/// A fault of the mock's, the causes that are named, and the red checks that no cause is said to explain.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Much does not come that is waited for: little is waited for it.
const SILENT: &[Row] = &[
    ("no-join-handler", &["no-join-handler"], &[]),
    ("join-of-one-type-refused", &["room-refused"], &[]),
    ("join-without-entering", &["join-without-entering"], &[]),
    ("missing-branch", &["missing-branch"], &[]),
    ("suffixed-event", &["other-name"], &[]),
    ("wrong-room", &["wrong-room"], &[]),
    // What resembles one of them and is another matter.
    ("one-member-missed", &[], &["*"]),
    ("room-holds-one-member", &[], &["*"]),
    ("polling-members-forgotten", &[], &["*"]),
    ("leave-leaves-all", &[], &["*"]),
];

const AUDIBLE: &[Row] = &[
    ("broadcast-to-everybody", &["broadcast-to-all"], &[]),
    ("broadcast-twice", &["double-broadcast"], &[]),
    ("second-join-doubles", &["second-join-doubles"], &[]),
    ("leave-without-leaving", &["leave-without-leaving"], &[]),
    ("receipts-told", &["receipt-broadcast"], &[]),
    ("key-renamed-for-one-type", &["payload-differs"], &[]),
    ("list-oldest-first", &["list-unsorted"], &[]),
    ("list-sorted-by-name", &["list-unsorted"], &[]),
    ("text-truncated", &["text-changed"], &[]),
    ("unread-is-a-flag", &["unread-miscounted"], &[]),
    ("unread-as-text", &["unread-miscounted"], &["payload.schema"]),
    ("unread-counts-twice", &["unread-miscounted"], &[]),
    ("unread-never-cleared", &["unread-miscounted"], &[]),
    ("time-local", &["times-without-offset"], &[]),
    ("any-token-accepted", &["token-not-checked"], &[]),
    ("token-signature-unchecked", &["signature-not-verified"], &[]),
    ("alg-none-accepted", &["alg-none-accepted"], &[]),
    ("expired-token-accepted", &["expiry-not-checked"], &[]),
    ("missing-token-accepted", &["token-not-required"], &[]),
    ("websocket-refused", &["websocket-not-passed-on"], &[]),
    // What resembles one of them and is another matter.
    ("lost-when-types-meet", &[], &["*"]),
    ("chat-per-message", &[], &["*"]),
    ("time-going-back", &[], &["*"]),
    ("polling-refused", &[], &["*"]),
    ("rest-answers-403", &[], &["*"]),
    ("templates-evaluated", &[], &["*"]),
    ("crossed-when-types-meet", &[], &["*"]),
    ("rooms-kept-for-the-agent", &[], &["*"]),
];

/// What is done to a text, of which `text-truncated` above stands for all as far as everything else is concerned.
const OF_TEXTS: &[Row] = &[
    ("text-in-a-short-column", &["text-changed"], &[]),
    ("html-escaped", &["text-changed"], &[]),
    ("tags-stripped", &["text-changed"], &[]),
    ("whitespace-collapsed", &["text-changed"], &[]),
    ("newlines-normalised", &["text-changed"], &[]),
    ("mojibake", &["text-changed"], &[]),
    ("emoji-dropped", &["text-changed"], &[]),
    ("direction-marks-dropped", &["text-changed"], &[]),
    ("backslashes-eaten", &["text-changed"], &[]),
];

fn with_faults(faults: &[&str]) -> Options {
    Options {
        webhook_secret: Some("test-webhook-secret".to_owned()),
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_secs(1),
        faults: faults.iter().map(|id| mock_server::faults::find(id).unwrap()).collect(),
        ..Options::default()
    }
}

fn mock(options: Options) -> String {
    let listener = mock_server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

/// As [`config`], for backends at which much will not come that is waited for.
fn impatient(url: &str) -> Config {
    let mut config = config(url);
    config.deadlines.answer = Duration::from_secs(3);
    config.deadlines.delivery = Duration::from_millis(1500);
    config
}

/// As [`config`], for backends at which all that is waited for comes, however busy the machine is.
fn patient(url: &str) -> Config {
    let mut config = config(url);
    config.deadlines.answer = Duration::from_secs(20);
    config.deadlines.delivery = Duration::from_secs(20);
    config
}

fn checks(patterns: &[&str]) -> RunOptions {
    let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    RunOptions { checks: select(&patterns, &[]).unwrap(), jobs: 8, ..all_checks() }
}

async fn judged(config: &Config, patterns: &[&str]) -> Report {
    run(config, &Contract::room_updates(), &checks(patterns)).await.0
}

fn causes(report: &Report) -> Vec<&str> {
    report.diagnoses.iter().map(|diagnosis| diagnosis.id).collect()
}

/// The names of the red verdicts that no cause explains.
fn unexplained(report: &Report) -> BTreeSet<String> {
    let explained: BTreeSet<&String> = report.diagnoses.iter().flat_map(|diagnosis| &diagnosis.explains).collect();
    let red = report.verdicts.iter().filter(|verdict| verdict.outcome.is_red()).map(|verdict| verdict.name());
    red.filter(|name| !explained.contains(name)).collect()
}

/// Where a report names other causes, or leaves other verdicts without one, than it should.
fn differences(report: &Report, (fault, named, open): &Row) -> Option<String> {
    let open_too = |name: &String| open.iter().any(|id| *id == "*" || name.split(' ').next() == Some(id));
    let unexplained: Vec<String> = unexplained(report).into_iter().filter(|name| !open_too(name)).collect();
    let red = support::red(report);
    let say = |name: &String| format!("{name}: {}", red[name].lines().next().unwrap_or_default());
    let left_open: Vec<String> = unexplained.iter().map(say).collect();
    (causes(report) != *named || !unexplained.is_empty())
        .then(|| format!("{fault}: {:#?}\nunexplained: {left_open:#?}", report.diagnoses))
}

/// Judges mocks with each of these faults by these checks, all if none are named, without those that take longest and have
/// no cause of their own.
async fn assert_causes(rows: &'static [Row], config: fn(&str) -> Config, checks: &[&str]) {
    let skip = ["broadcast.slow-member", "resilience.*", "transport.heartbeat", "transport.reject"].map(str::to_owned);
    let checks: Vec<String> = checks.iter().map(|pattern| (*pattern).to_owned()).collect();
    let options = RunOptions { checks: select(&checks, &skip).unwrap(), ..all_checks() };
    let outcomes = futures_util::stream::iter(rows).map(|row| {
        let options = &options;
        async move {
            let report = run(&config(&mock(with_faults(&[row.0]))), &Contract::room_updates(), options).await.0;
            differences(&report, row)
        }
    });
    let wrong: Vec<String> = outcomes.buffer_unordered(3).filter_map(std::future::ready).collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_that_silences_has_one_cause_and_what_resembles_it_another() {
    assert_causes(SILENT, impatient, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_audible_fault_has_one_cause_and_what_resembles_it_another() {
    assert_causes(AUDIBLE, patient, &[]).await;
    assert_causes(OF_TEXTS, patient, &["broadcast.*", "payload.*", "security.input"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_without_a_shared_adapter_are_told_from_members_that_are_forgotten() {
    let (one, other) = (Backend::start("node", "").await, Backend::start("node", "").await);
    let url = proxy(&[&one.url, &other.url], Sticky::BySession, Passage::Prompt).await;
    let report = judged(&impatient(&url), &[]).await;
    // Chats stay with the node that made them, too: the list of the other one is empty.
    let open: &[&str] = &["list.shape", "list.sorted"];
    assert_eq!(differences(&report, &("two nodes", &["no-shared-adapter"], open)), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_that_keeps_to_sessions_is_no_cause() {
    let node = Backend::start("node", "").await;
    let url = proxy(&[&node.url, &node.url], Sticky::BySession, Passage::Prompt).await;
    let report = judged(&impatient(&url), &["transport.*", "broadcast.*"]).await;
    assert_eq!(support::red(&report), Default::default());
    assert_eq!(causes(&report), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_that_loses_polling_sessions_is_named() {
    for backend in ["fastapi", "node"] {
        let (one, other) = (Backend::start(backend, "").await, Backend::start(backend, "").await);
        let url = proxy(&[&one.url, &other.url], Sticky::No, Passage::Prompt).await;
        let report = judged(&impatient(&url), &["transport.*", "join.acknowledged"]).await;
        assert_eq!(differences(&report, &("unsticky", &["unsticky-polling"], &[])), None, "{backend}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_number_of_another_type_is_told_from_a_wrong_room() {
    let node = Backend::start("node", "").await;
    let mut swapped = impatient(&node.url);
    let types = "[types.Partner]\nchannel = \"15550100103\"\n[types.Vendor]\nchannel = \"15550100101\"\n";
    swapped.types = Config::parse("test.toml", types).unwrap().types;
    let report = judged(&swapped, &["broadcast.delivered", "join.effective", "payload.type"]).await;
    assert_eq!(differences(&report, &("swapped", &["channel-of-another-type"], &[])), None);
    assert!(support::red(&report).contains_key("broadcast.delivered [Partner]"), "{:#?}", support::red(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_from_times_of_another_zone() {
    let ahead = || jiff::Timestamp::now() + jiff::SignedDuration::from_secs(7 * 60 + 13);
    let url = mock(Options { clock: ahead, ..with_faults(&[]) });
    let report = judged(&patient(&url), &["broadcast.delivered", "payload.*", "list.*"]).await;
    assert_eq!(differences(&report, &("clock ahead", &["clock-skew"], &[])), None);
    assert!(report.diagnoses[0].cause.contains("7 min 13 s ahead"), "{}", report.diagnoses[0].cause);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_holds_frames_back_is_told_from_a_slow_backend() {
    let node = Backend::start("node", "").await;
    let patterns = ["broadcast.delivered", "broadcast.independent", "join.effective", "transport.polling-equal"];
    let mut hasty = config("http://127.0.0.1:1");
    hasty.deadlines.delivery = Duration::from_millis(250);
    for (passage, named) in [
        (Passage::Buffered(Duration::from_millis(600)), &["held-back-frames"][..]),
        (Passage::Slow(Duration::from_millis(600)), &[]),
    ] {
        let url = proxy(&[&node.url], Sticky::BySession, passage).await;
        let config = Config { target: Some(url.parse().unwrap()), ..hasty.clone() };
        let report = judged(&config, &patterns).await;
        assert!(support::red(&report).keys().any(|name| name.starts_with("broadcast.delivered")));
        assert_eq!(causes(&report), named, "{:#?}", support::red(&report));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_whose_fences_come_back_one_by_one_is_waited_for_to_the_last() {
    let node = Backend::start("node", "").await;
    // The last fence is back long after the time that one answer has, three times over.
    let url = proxy(&[&node.url], Sticky::BySession, Passage::FencesInTurn(Duration::from_millis(400))).await;
    let mut config = Config { members: Some(20), ..config(&url) };
    config.deadlines.answer = Duration::from_secs(2);
    let report = judged(&config, &["resilience.large-room"]).await;
    let tested = |outcome: &Outcome| matches!(outcome, Outcome::Passed { .. });
    assert!(report.verdicts.iter().all(|verdict| tested(&verdict.outcome)), "{:#?}", support::red(&report));
}
