//! The evidence of a failed run, opened in a browser as a person would open it.

use std::path::PathBuf;
use std::process::Stdio;

use browser_tests::Driver;
use serde_json::json;
use tokio::process::Command;

use super::PLACES;
use super::command::{CONFIGURATION, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_opens_without_a_network_and_shows_each_violation_with_pictures_and_frames() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("evidence");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("conformance.toml"), CONFIGURATION).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_browser-tests"));
    command.args(["run", "--config", "conformance.toml", "--run", "page.switch", "--page", "/?variant=never-leaves"]);
    command.current_dir(&folder).stdin(Stdio::null()).kill_on_drop(true);
    let _place = PLACES.acquire().await.unwrap();
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the page, not the backend: it never emits `leave_room`"), "{said}");
    let file = folder.join("page-evidence.html").canonicalize().unwrap();
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    browser.goto(&format!("file://{}", file.display())).await.unwrap();
    let look = "return {violated: [...document.querySelectorAll('article h2')].map((it) => it.textContent), \
                pictures: [...document.querySelectorAll('details[open] .strip img')].filter((it) => it.naturalWidth > 0).length, \
                kinds: [...new Set([...document.querySelectorAll('.timeline tr')].map((it) => it.className))].sort(), \
                loaded: performance.getEntriesByType('resource').filter((it) => !it.name.startsWith('data:')).length}";
    let seen = browser.execute(look, vec![]).await.unwrap();
    for customer_type in ["Partner", "Customer", "Vendor", "SRDP"] {
        let name = format!("✗ page.switch [{customer_type}]");
        assert!(seen["violated"].as_array().unwrap().contains(&json!(name)), "{name}: {seen}");
    }
    assert!(seen["pictures"].as_u64().unwrap() > 3, "{seen}");
    for kind in ["act", "console", "frame", "list", "message", "picture"] {
        assert!(seen["kinds"].as_array().unwrap().contains(&json!(kind)), "{kind}: {seen}");
    }
    assert_eq!(seen["loaded"], 0, "nothing is fetched: {seen}");
}
