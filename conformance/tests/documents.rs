//! What the documents tell people to type is typed here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mock_server::{Auth, Options};

/// The target that the documents speak of.
const TARGET: &str = "http://127.0.0.1:8000";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The lines of a document's `sh` blocks, without their comments.
fn shell_lines(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            "" => {}
            line if inside => lines.push(line.split("   #").next().unwrap_or(line).trim().to_owned()),
            _ => {}
        }
    }
    lines
}

/// A mock that asks for no token and no signature, as the configuration that `init` writes expects.
fn mock() -> String {
    let listener = mock_server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        auth: Auth::None,
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_secs(1),
        ..Options::default()
    };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

/// A folder of the test's own with the repository's fixtures in it, as documents name them.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents");
    let _first_run_has_none = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(root().join("fixtures").canonicalize().unwrap(), folder.join("fixtures")).unwrap();
    folder
}

fn run(line: &str, target: &str, folder: &Path) {
    let arguments = line.strip_prefix("conformance ").unwrap().replace(TARGET, target);
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{line}\n{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_commands_work() {
    let (target, folder) = (mock(), folder());
    let lines = shell_lines("README.md");
    let mut ran = 0;
    for line in &lines {
        match line.split_whitespace().find(|word| !word.contains('=')).unwrap() {
            "conformance" => {
                tokio::task::block_in_place(|| run(line, &target, &folder));
                ran += 1;
            }
            "cargo" => {
                let package = line.split_whitespace().last().unwrap();
                assert!(root().join(package).join("Cargo.toml").exists(), "{line}");
            }
            script => assert!(root().join(script).exists(), "{line}: no such file"),
        }
    }
    assert!(ran >= 4, "the README shows the suite's commands: {lines:?}");
    assert!(folder.join("report.xml").exists() && folder.join("run.jsonl").exists());
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut links = 0;
    for document in
        ["README.md", "fixtures/README.md", "conformance/REPORT.md", "conformance/CHECKS.md", "browser-tests/README.md"]
    {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let folder = root().join(document).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("http") && !link.starts_with('#') {
                let file = link.split('#').next().unwrap_or(link);
                assert!(folder.join(file).exists(), "{document} links to {link}");
                links += 1;
            }
        }
    }
    assert!(links > 10);
}

#[test]
fn the_document_of_the_checks_is_what_the_checks_say() {
    let output = Command::new(env!("CARGO_BIN_EXE_conformance")).args(["list", "--markdown"]).output().unwrap();
    let committed = std::fs::read_to_string(root().join("conformance/CHECKS.md")).unwrap();
    let written = String::from_utf8(output.stdout).unwrap();
    assert!(written == committed, "out of date: conformance list --markdown > conformance/CHECKS.md");
}
