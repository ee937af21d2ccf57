//! A backend that is restarted under the suite's feet.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::path::{Path, PathBuf};

use conformance::config::Config;
use conformance::run::{RunOptions, select};
use conformance::verdict::Outcome;
use fixtures::Contract;
use support::{Backend, all_checks, red, run};

/// The check, on a target with this command.
async fn restarted_by(url: &str, command: &str, timeout: &str, folder: &Path) -> Vec<Outcome> {
    let text = format!(
        r#"
        target = "{url}"
        [auth]
        username = "agent"
        password = "agent-password"
        [trigger]
        secret = "test-webhook-secret"
        [restart]
        command = "{command}"
        timeout = "{timeout}"
        "#
    );
    let file = folder.join("conformance.toml").display().to_string();
    let config = Config::parse(&file, &text).unwrap();
    let checks = select(&["resilience.restart".to_owned()], &[]).unwrap();
    let (report, _) = run(&config, &Contract::room_updates(), &RunOptions { checks, ..all_checks() }).await;
    eprintln!("{:?} {:?}", report.took, red(&report));
    report.verdicts.into_iter().map(|verdict| verdict.outcome).collect()
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_back_after_a_restart() {
    let folder = folder("restart");
    let first = Backend::start("node", "").await;
    let (url, port) = (first.url.clone(), first.port());
    let pid = folder.join("pid");
    std::fs::write(&pid, first.id().to_string()).unwrap();
    // As a service manager would: whatever ends is started again, on the same port.
    let manager = tokio::spawn(async move {
        let mut running = first;
        loop {
            running.ended().await;
            drop(running);
            running = Backend::start_on("node", "", port).await;
        }
    });
    let outcomes = restarted_by(&url, "kill $(cat pid)", "20s", &folder).await;
    assert_eq!(outcomes.len(), 4);
    for outcome in outcomes {
        assert_eq!(outcome, Outcome::Passed { observations: 1 });
    }
    manager.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_that_fails_is_told_and_not_held_against_the_backend() {
    let backend = Backend::start("node", "").await;
    for outcome in restarted_by(&backend.url, "echo no such service >&2; exit 3", "20s", &folder("no-restart")).await {
        let Outcome::NotTested { reason, .. } = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("exit code 3") && reason.contains("no such service"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_something_else_is_noticed() {
    let backend = Backend::start("node", "").await;
    for outcome in restarted_by(&backend.url, "true", "500ms", &folder("other-restart")).await {
        let Outcome::NotTested { reason, .. } = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("no connection ended"), "{reason}");
    }
}
