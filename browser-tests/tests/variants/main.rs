//! Each defect of the reference page trips its check and nothing else; the good page trips nothing; and what a backend does
//! wrong is held against the backend.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod command;
mod evidence;
mod firefox;
mod profiles;

use std::collections::BTreeSet;

use command::{Judged, judged};
use fixtures::page::{Variant, variants};
use mock_server::{Options, faults};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many browsers are open at a time, in all of these tests together: they wait for much of their time.
static PLACES: Semaphore = Semaphore::const_new(3);

/// The requirements that every variant is tried with, besides those that it violates.
const OF_THE_CONTRACT: [&str; 7] = [
    "page.join-logged",
    "page.update-logged",
    "page.immediate",
    "page.new-chat",
    "page.switch",
    "page.reconnect",
    "page.inert",
];

/// What is not as the variant declares.
fn difference(variant: &Variant, judged: &Judged) -> Option<String> {
    let declared: BTreeSet<&str> = variant.violates.iter().map(String::as_str).collect();
    let beside: BTreeSet<&str> = variant.side_effects.iter().map(String::as_str).collect();
    let violated: BTreeSet<&str> = judged.violated.iter().map(String::as_str).collect();
    let missed: Vec<&&str> = declared.difference(&violated).collect();
    let undeclared: Vec<&&str> = violated.difference(&declared).filter(|id| !beside.contains(**id)).collect();
    let unexplained = &judged.unexplained;
    let is_as_declared = missed.is_empty() && undeclared.is_empty() && unexplained.is_empty();
    (!is_as_declared).then(|| {
        format!(
            "{}: not violated: {missed:?}; not declared: {undeclared:?}; not explained: {unexplained:#?}",
            variant.id
        )
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_variant_trips_its_check_and_nothing_else() {
    let mut trials = JoinSet::new();
    for variant in variants() {
        trials.spawn(async move {
            let _place = PLACES.acquire().await.unwrap();
            let page = format!("/?variant={}", variant.id);
            let mut arguments = vec!["--page", &page];
            for id in OF_THE_CONTRACT.into_iter().chain(variant.violates.iter().map(String::as_str)) {
                arguments.extend(["--run", id]);
            }
            difference(variant, &judged(&variant.id, &arguments).await)
        });
    }
    let differences: Vec<String> = trials.join_all().await.into_iter().flatten().collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_page_on_a_good_backend_conforms_in_all() {
    let _place = PLACES.acquire().await.unwrap();
    let judged = judged("good", &["--strict"]).await;
    assert_eq!((judged.violated, judged.unexplained), (BTreeSet::new(), Vec::new()));
    assert_eq!(judged.exit_code, 0);
}

/// A mock with a fault, or with none, which serves the page, too.
fn faulty_or_good(fault: Option<&str>) -> String {
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let faults = fault.map(|fault| faults::find(fault).unwrap()).into_iter().collect();
    let options = Options { faults, login_limit: None, ..Options::default() };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backend_does_wrong_is_held_against_the_backend() {
    let trials = [
        ("missing-branch", "broadcast.delivered", "page.immediate"),
        ("leave-without-leaving", "leave.effective", "page.switch"),
    ];
    for (fault, violates, on_the_page) in trials {
        let target = faulty_or_good(Some(fault));
        let _place = PLACES.acquire().await.unwrap();
        let judged = judged(fault, &["--target", &target, "--run", violates, "--run", on_the_page]).await;
        assert!(judged.violated.contains(violates), "{fault}: {:?}", judged.violated);
        let pages: Vec<&String> = judged.violated.iter().filter(|id| id.starts_with("page.")).collect();
        assert!(pages.is_empty(), "{fault} is held against the page: {pages:?}");
        assert!(judged.unexplained.is_empty(), "{fault}: {:#?}", judged.unexplained);
        assert_eq!(judged.exit_code, 1, "{fault}");
    }
}
