//! Firefox comes to the same verdicts as Chromium, save where it cannot do what is asked. Runs where Firefox and its driver
//! are; elsewhere it says that it does not.

use std::collections::BTreeSet;
use std::io::Write as _;

use browser_tests::{Driver, DriverError, Engine};
use fixtures::page::variants;

use super::command::judged;
use super::profiles::{FOREIGN, REFERENCE, copy_for, run};
use super::{OF_THE_CONTRACT, PLACES, difference, faulty_or_good};

/// Whether the driver is there; where it is not, this is told.
async fn is_there() -> bool {
    match Driver::of(Engine::Firefox).await {
        Err(error @ DriverError::NotStarted { .. }) => {
            // Not by `eprintln!`, which the test harness keeps to itself.
            let mut terminal = std::io::stderr();
            writeln!(terminal, "\nskipped: Firefox is not tried: {error}").unwrap();
            false
        }
        found => found.is_ok_and(|_ended_at_once| true),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_a_good_page_on_a_good_backend_conforms() {
    if !is_there().await {
        return;
    }
    let _place = PLACES.acquire().await.unwrap();
    let judged = judged("firefox-good", &["--browser", "firefox"]).await;
    assert_eq!((judged.violated, judged.exit_code), (BTreeSet::new(), 0));
    assert_eq!(judged.unexplained, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_the_defects_of_deployed_pages_trip_their_checks_and_nothing_else() {
    if !is_there().await {
        return;
    }
    for variant in variants().iter().filter(|variant| ["never-rejoins", "never-leaves"].contains(&variant.id.as_str()))
    {
        let _place = PLACES.acquire().await.unwrap();
        let page = format!("/?variant={}", variant.id);
        let mut arguments = vec!["--browser", "firefox", "--page", &page];
        for id in OF_THE_CONTRACT {
            arguments.extend(["--run", id]);
        }
        let judged = judged(&format!("firefox-{}", variant.id), &arguments).await;
        assert_eq!(difference(variant, &judged), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_firefox_a_page_that_was_built_for_another_host_is_led_to_this_backend() {
    if !is_there().await {
        return;
    }
    let (page, target) = (copy_for(FOREIGN).await, faulty_or_good(None));
    let profile = format!("{REFERENCE}hosts: [{FOREIGN}]\n");
    let arguments = ["--browser", "firefox", "--page", &page, "--target", &target];
    let (code, said) = run("firefox-mapped", &profile, &arguments).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("conforms"), "{said}");
}

#[tokio::test]
async fn a_browser_without_its_driver_is_told_with_how_to_install_it() {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_browser-tests"));
    command.args(["run", "--browser", "firefox"]).env("PATH", "").current_dir(env!("CARGO_TARGET_TMPDIR"));
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot start geckodriver") && said.contains("`cargo install geckodriver`"), "{said}");
    assert_eq!(output.status.code(), Some(3), "{said}");
}
