//! Runs that are ended early, and targets that come up late.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpSocket;

use crate::support::{Folder, Front, Reply, Request, answer, configuration, conformance, mock};

/// A mock whose webhook never answers, so that a run which needs it is stuck in its midst.
async fn stuck() -> Front {
    let reply = |request: &Request| match request.line.starts_with("POST /api/chats/whatsapp_chat/") {
        true => Reply::Never,
        false => Reply::Pass,
    };
    Front::new(mock(), reply).await
}

/// The arguments of a run that first judges what needs no message, then is stuck, and keeps its recording.
const STUCK: [&str; 10] = [
    "run",
    "--config",
    "conformance.toml",
    "--jobs",
    "1",
    "--run",
    "auth.rest",
    "--run",
    "broadcast.order",
    "--save-recording=run.jsonl",
];

/// Ends a stuck run by this signal, and judges again what it recorded.
async fn ended_by(signal: &str, said: &str) {
    let mut front = stuck().await;
    let folder = Folder::new();
    folder.write("conformance.toml", &configuration(&front.http_url(), "[trigger]\ntimeout = \"1h\""));
    let running = conformance(STUCK).within(folder.path()).start();
    for _ in ["the trial", "the run"] {
        front.hears("POST /api/chats/whatsapp_chat/").await;
    }
    running.signal(signal).await;
    let ended = running.end().await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(
        ended.stderr,
        format!("{said}: what was not judged by then is not tested (1 of 2 checks were judged)\n")
    );
    let report = &ended.stdout;
    assert!(report.contains("the scenario `conversation` was interrupted"), "{report}");
    assert!(report.contains("✓ auth         1 check     1 verdict"), "{report}");
    assert!(report.contains("was not judged to the end: interrupted after 5 verdicts (exit code 3)"), "{report}");

    let judge = async |arguments: &[&str]| {
        conformance(["judge", "run.jsonl"].iter().chain(arguments).copied()).within(folder.path()).end().await
    };
    let again = judge(&[]).await;
    assert!(again.report(3).contains("the scenario `conversation` was interrupted"), "{again:?}");
    let whole = judge(&["--run", "auth.rest"]).await;
    assert!(whole.report(0).contains("run.jsonl conforms: 1 requirement, 1 verdict"), "{whole:?}");
}

#[tokio::test]
async fn ctrl_c_ends_a_run_with_its_report_and_keeps_what_was_recorded() {
    ended_by("INT", "interrupted").await;
}

#[tokio::test]
async fn a_job_that_is_cancelled_ends_as_by_ctrl_c() {
    ended_by("TERM", "asked to end").await;
}

#[tokio::test]
async fn ctrl_c_is_heard_while_the_target_is_still_being_reached() {
    let mut front = Front::new(mock(), |_| Reply::Never).await;
    let folder = Folder::new();
    let file = folder.write("conformance.toml", &configuration(&front.http_url(), "[deadlines]\nconnect = \"1h\""));
    let running = conformance(["run", "--config", &file]).start();
    front.hears("GET /ws").await;
    running.signal("INT").await;
    let said = running.end().await.refusal(3);
    assert_eq!(said, format!("interrupted: {} was not ready by then, and nothing was tested", front.http_url()));
}

#[tokio::test]
async fn a_run_stops_when_its_time_is_over() {
    let front = stuck().await;
    let folder = Folder::new();
    folder.write("conformance.toml", &configuration(&front.http_url(), "[trigger]\ntimeout = \"1h\""));
    let ended = conformance(STUCK.into_iter().chain(["--timeout", "3s"])).within(folder.path()).end().await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(
        ended.stderr,
        "--timeout 3s is over: what was not judged by then is not tested (1 of 2 checks were judged)\n"
    );
    assert!(ended.stdout.contains("the scenario `conversation` was interrupted"), "{}", ended.stdout);
    assert!(folder.read("run.jsonl").lines().count() > 1);
}

#[tokio::test]
async fn the_time_counts_from_the_start() {
    let front = Front::new(mock(), |_| Reply::Never).await;
    let folder = Folder::new();
    let file = folder.write("conformance.toml", &configuration(&front.http_url(), "[deadlines]\nconnect = \"1h\""));
    let said = conformance(["run", "--config", &file, "--timeout", "200ms"]).refusal(3).await;
    assert_eq!(
        said,
        format!("--timeout 200ms is over: {} was not ready by then, and nothing was tested", front.http_url())
    );
}

#[tokio::test]
async fn a_target_that_comes_up_late_is_waited_for() {
    let count = AtomicUsize::new(0);
    let front = Front::new(mock(), move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => answer("503 Service Unavailable", "text/plain", "starting"),
        2 => Reply::Say(String::new()),
        _ => Reply::Pass,
    });
    let folder = Folder::new();
    let file = folder.write("conformance.toml", &configuration(&front.await.http_url(), ""));
    let ended = conformance(["run", "--config", &file, "--run", "auth.rest", "--wait-for", "1h"]).end().await;
    assert!(ended.report(0).contains("conforms: 1 requirement"), "{ended:?}");
}

#[tokio::test]
async fn a_target_that_never_comes_up_is_given_up() {
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let at = bound.local_addr().unwrap();
    let said = conformance(["--target", &format!("http://{at}"), "--wait-for", "300ms"]).refusal(3).await;
    assert!(said.starts_with(&format!("not up within 300ms (--wait-for): {at}: connection refused; ")), "{said}");
}
