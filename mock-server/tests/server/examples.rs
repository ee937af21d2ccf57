//! The examples of the control API, run as their readers would.

use std::path::Path;
use std::process::Command;

use crate::support::{Server, options};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

#[tokio::test(flavor = "multi_thread")]
async fn the_curl_example_does_what_it_says() {
    let server = Server::start(options());
    let output = Command::new("bash")
        .arg(format!("{EXAMPLES}/curl.sh"))
        .env("MOCK", format!("http://{}", server.address))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<&str> = said.lines().collect();
    let [_, fault, sent, found, screen, emitted] = answers.as_slice() else { panic!("{said}") };
    for (answer, expected) in [
        (fault, r#""left":1"#),
        (sent, r#""message_id":"wamid."#),
        (found, r#""last_message":"Where is my driver?""#),
        (screen, r#""name":"Noor""#),
        (emitted, r#""entries":[]"#),
    ] {
        assert!(answer.contains(expected), "{answer}");
    }
    server.stop().await;
}

#[test]
fn the_playwright_example_passes() {
    let folder = Path::new(EXAMPLES).join("playwright");
    assert!(folder.join("node_modules").exists(), "{} has no node_modules: run ci/setup first", folder.display());
    let chromium = Command::new("sh").args(["-c", "command -v chromium"]).output().unwrap();
    let output = Command::new("npx")
        .args(["playwright", "test", "--output", &format!("{}/playwright", env!("CARGO_TARGET_TMPDIR"))])
        .current_dir(&folder)
        .env("MOCK_SERVER", env!("CARGO_BIN_EXE_mock-server"))
        .env("CHROMIUM", String::from_utf8(chromium.stdout).unwrap().trim())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("3 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
