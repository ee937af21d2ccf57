//! `open`: a deployed page in a real browser talks to the mock without knowing it.

mod site;

use std::io::{BufRead, BufReader, Lines, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use self::site::Site;

/// A browser's start and a page's first calls; only a failing test waits so long.
const DEADLINE: Duration = Duration::from_secs(30);

/// Without a window, and as any user. What the browser takes for the page's address is one of the internet's, as a
/// deployed page's is: calls from there to this machine are what browsers ask their users about.
fn in_a_browser(site: &Site) -> [String; 4] {
    let public = format!("--ip-address-space-overrides={}=public", site.address);
    ["--".to_owned(), "--headless=new".to_owned(), "--no-sandbox".to_owned(), public]
}

/// `mock-server open`, with a folder of its own for profiles.
struct Opened {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    profiles: TempDir,
}

impl Opened {
    fn new(arguments: &[String]) -> Self {
        let profiles = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_mock-server"))
            .args(["open", "--port", "0", "--no-sample-chats"])
            .args(arguments)
            .env("EXIT_WITH_PARENT", "1")
            .env("TMPDIR", profiles.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines, profiles }
    }

    /// What follows this in a line that it says.
    fn said(&mut self, start: &str) -> String {
        let found = self.lines.by_ref().map(Result::unwrap).find_map(|line| Some(line.strip_prefix(start)?.to_owned()));
        found.unwrap_or_else(|| panic!("it must say {start:?}"))
    }

    /// Waits for its end; gives its exit code and what it said on standard error.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = self.process.wait().unwrap().code();
        assert_eq!(std::fs::read_dir(self.profiles.path()).unwrap().count(), 0, "no profile is left behind: {said}");
        (code, said)
    }
}

/// Calls the control API.
async fn control(url: &str, path: &str, body: &Value) -> Value {
    let request =
        Request::post(format!("{url}/__mock/api/{path}")).body(Full::<Bytes>::from(body.to_string())).unwrap();
    let answer = Client::builder(TokioExecutor::new()).build_http().request(request);
    let answer = timeout(DEADLINE, answer).await.expect("an answer").unwrap();
    let status = answer.status();
    let answer = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answer));
    serde_json::from_slice(&answer).unwrap_or_default()
}

/// Opens the site's page and has a customer write; the page must hear it by both transports, and say so.
async fn the_page_hears(site: &Site, arguments: &[String]) {
    let own = ["--map".to_owned(), "api.example.com".to_owned(), site.url.clone()];
    let mut opened = Opened::new(&[&own, arguments, &in_a_browser(site)].concat());
    let mock = opened.said("listening on http://");
    let mock = format!("http://{mock}");
    assert!(opened.said("opened ").starts_with(&site.url));
    let within_ms = u64::try_from(DEADLINE.as_millis()).unwrap();
    // Once by each transport.
    let joined = json!({"event": "join_room_response", "within_ms": within_ms});
    let first = control(&mock, "wait", &joined).await["entry"]["number"].clone();
    control(&mock, "wait", &json!({"event": "join_room_response", "within_ms": within_ms, "after": first})).await;
    control(&mock, "phones/Partner/15550100001/messages", &json!({"text": "Where are you?"})).await;
    for transport in ["websocket", "polling"] {
        let heard = json!({"customer": format!("Where are you? by {transport}")});
        let heard = json!({"event": "search_chat", "direction": "emitted", "payload": heard, "within_ms": within_ms});
        control(&mock, "wait", &heard).await;
    }
    drop(opened.process.stdin.take());
    assert_eq!(opened.ended(), (Some(0), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_https_talks_to_the_mock_by_a_given_certificate() {
    let (site, files) = Site::encrypted("open_https").await;
    the_page_hears(&site, &files).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_talks_to_the_mock_by_a_certificate_made_on_the_spot() {
    let site = Site::plain().await;
    the_page_hears(&site, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_ends_with_its_browser() {
    let site = Site::plain().await;
    let arguments = ["--map".to_owned(), "api.example.com".to_owned(), site.url.clone()];
    // A browser that prints the page and is done.
    let dumps = ["--dump-dom".to_owned()];
    let opened = Opened::new(&[&arguments[..], &in_a_browser(&site), &dumps].concat());
    assert_eq!(opened.ended(), (Some(0), String::new()));
}

#[test]
fn a_browser_that_is_not_there_or_fails_is_named_with_the_way_out() {
    let of =
        |browser: &str| ["http://localhost", "--map", "a.example.com", "--browser", browser].map(ToOwned::to_owned);
    for (browser, code, expected) in [
        ("/no/such/browser", 1, ["/no/such/browser", "--browser FILE"]),
        ("false", 1, ["false failed (exit status: 1)", "-- --no-sandbox"]),
    ] {
        let (found, said) = Opened::new(&of(browser)).ended();
        assert_eq!(found, Some(code), "{said}");
        assert!(expected.iter().all(|part| said.contains(part)), "{said}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_mock-server"))
        .args(["open", "http://localhost", "--map", "api.example.com", "--port", "0"])
        .env("PATH", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let has_one = cfg!(target_os = "macos");
    assert!(has_one || (output.status.code() == Some(2) && said.contains("apt-get install chromium")), "{said}");
}
