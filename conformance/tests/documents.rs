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

/// What stands in a document's blocks of this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let opening = format!("```{language}\n");
    text.split(&opening).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

/// The lines of a document's `sh` blocks, without their comments.
fn shell_lines(document: &str) -> Vec<String> {
    let lines = blocks(document, "sh").concat();
    let commands = lines.lines().map(|line| line.split("   #").next().unwrap_or(line).trim().to_owned());
    commands.filter(|line| !line.is_empty()).collect()
}

/// A mock with these options, and a heartbeat that is worth waiting for.
fn mock(options: Options) -> String {
    let listener = mock_server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (ping_interval, ping_timeout) = (Duration::from_millis(300), Duration::from_secs(1));
    let options = Options { ping_interval, ping_timeout, login_limit: None, ..options };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

/// An empty folder of this name.
fn folder_of(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _first_run_has_none = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A folder of the test's own with the repository's fixtures in it, as documents name them.
fn folder() -> PathBuf {
    let folder = folder_of("documents");
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
    // What `init` writes names no login and no secret; the file of the example backends does.
    let open = mock(Options { auth: Auth::None, ..Options::default() });
    let secret = Some("test-webhook-secret".to_owned());
    let guarded = mock(Options { webhook_secret: secret, ..Options::default() });
    let folder = folder();
    let lines = shell_lines("README.md");
    let mut ran = 0;
    for line in &lines {
        match line.split_whitespace().find(|word| !word.contains('=')).unwrap() {
            "conformance" => {
                let target = if line.contains("fixtures/backends/conformance.toml") { &guarded } else { &open };
                tokio::task::block_in_place(|| run(line, target, &folder));
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
fn the_readmes_configuration_is_one() {
    let shown = blocks("README.md", "toml");
    assert!(!shown.is_empty());
    for (number, text) in shown.iter().enumerate() {
        let file = folder_of("configurations").join(format!("{number}.toml"));
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command.args(["run", "--dry-run", "--config"]).arg(file);
        let output = command.env("LOGIN_PASSWORD", "password").env("WEBHOOK_SECRET", "secret").output().unwrap();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    }
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
