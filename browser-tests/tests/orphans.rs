//! No browser is left behind, however a run ends.

#![cfg(target_os = "linux")] // processes are looked for in /proc
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use browser_tests::Driver;
use tokio::process::Command;
use tokio::sync::oneshot;

/// How long anything may take; only a failing test waits for it.
const DEADLINE: Duration = Duration::from_secs(30);

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The programs that run with this folder for their temporary files, or one within it.
fn programs_of(folder: &Path) -> Vec<String> {
    let mark = format!("TMPDIR={}", folder.display());
    let runs_there = |process: &PathBuf| {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(mark.as_bytes()))
    };
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let name = |process: PathBuf| fs::read_to_string(process.join("comm")).unwrap_or_default().trim().to_owned();
    processes.filter(runs_there).map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_and_its_profile_go_with_a_driver_that_is_dropped_in_a_panic() {
    let (tell, told) = oneshot::channel();
    let failing = tokio::spawn(async {
        let driver = Driver::start().await.unwrap();
        // The session is not ended by its client, who is elsewhere.
        tell.send(driver.session().await.unwrap()).unwrap();
        panic!("as a test that fails");
    });
    let client = told.await.unwrap();
    let profile = client.capabilities().unwrap()["chrome"]["userDataDir"].as_str().unwrap().to_owned();
    let folder = Path::new(&profile).parent().unwrap();
    assert!(failing.await.unwrap_err().is_panic());
    until("all processes are gone", || programs_of(folder).is_empty()).await;
    until("the profile is gone", || !folder.exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_run_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_browser-tests"))
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("the browser runs", || programs_of(folder.path()).iter().any(|name| name == "chromium")).await;
    run.kill().await.unwrap(); // by SIGKILL: it cannot end anything any more
    until("all processes are gone", || programs_of(folder.path()).is_empty()).await;
    until("all files are gone", || fs::read_dir(folder.path()).unwrap().next().is_none()).await;
}
