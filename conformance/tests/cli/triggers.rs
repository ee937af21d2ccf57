//! Triggers that cause nothing: the run says so, a line for each customer type, with the next step; it neither blames nor
//! acquits the backend.

use std::sync::atomic::{AtomicUsize, Ordering};

use mock_server::Options;

use crate::support::{Folder, Front, Reply, Request, answer, configuration, conformance, mock, mock_with};

/// Runs checks that need messages with a trigger of this configuration: its report, wherever its lines were broken.
async fn report(target: &str, trigger: &str) -> String {
    // Nothing will be delivered, so there is nothing to wait for.
    report_within("200ms", target, trigger).await
}

async fn report_within(delivery: &str, target: &str, trigger: &str) -> String {
    let folder = Folder::new();
    let text = configuration(target, &format!("[deadlines]\ndelivery = \"{delivery}\"\n[trigger]\n{trigger}"));
    let file = folder.write("conformance.toml", &text);
    let ended = conformance(["run", "--config", &file, "--run", "broadcast.delivered", "--run", "join.several"]).end();
    ended.await.report(3).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A mock whose webhook is answered by a front.
async fn with_webhook(reply: impl Fn() -> Reply + Send + Sync + 'static) -> String {
    let reply = move |request: &Request| match request.line.starts_with("POST /api/chats/whatsapp_chat/") {
        true => reply(),
        false => Reply::Pass,
    };
    Front::new(mock(), reply).await.http_url()
}

#[tokio::test]
async fn the_webhook_answers_500() {
    let url = with_webhook(|| answer("500 Internal Server Error", "text/plain", "KeyError: 'phone'")).await;
    let report = report(&url, "").await;
    assert!(
        report.contains(
            "? 2 verdicts: a message was not accepted: the trigger was refused: POST \
             /api/chats/whatsapp_chat/15550100101 answered 500 Internal Server Error: KeyError: 'phone'; see what \
             the backend's log says Partner: join.several, broadcast.delivered"
        ),
        "{report}"
    );
    assert_eq!(report.matches("was not accepted").count(), 4, "{report}");
    assert!(report.contains(&format!("{url} neither conforms nor violates: 8 verdicts could not be had")), "{report}");
}

#[tokio::test]
async fn a_webhook_that_failed_once_is_told_from_one_that_never_works() {
    let count = AtomicUsize::new(0);
    let url = with_webhook(move || match count.fetch_add(1, Ordering::Relaxed) {
        // The message before the run, and one of the run's.
        0..2 => answer("500 Internal Server Error", "text/plain", "once"),
        _ => Reply::Pass,
    });
    let report = report_within("3s", &url.await, "").await;
    assert_eq!(report.matches("answered 500 Internal Server Error: once").count(), 1, "{report}");
    assert!(report.contains("neither conforms nor violates: 1 verdict could not be had"), "{report}");
}

/// What is said of a trigger that is refused for every customer type, once and before the run.
async fn refusal(target: &str, trigger: &str) -> String {
    let folder = Folder::new();
    let file = folder.write("conformance.toml", &configuration(target, &format!("[trigger]\n{trigger}")));
    conformance(["run", "--config", &file, "--run", "broadcast.delivered"]).refusal(2).await
}

#[tokio::test]
async fn there_is_no_webhook() {
    let url = mock();
    let said = refusal(&url, "path = \"/webhook/{channel}\"").await;
    assert!(said.starts_with(&format!("{url}: the trigger was refused: POST /webhook/1555010010")), "{said}");
    assert!(said.contains(" answered 404 Not Found: "), "{said}");
    assert!(said.contains("; check [trigger] path or url, and `channel` of the customer type; "), "{said}");
}

#[tokio::test]
async fn a_webhook_that_knows_some_types_is_for_the_run_to_tell() {
    let reply = |request: &Request| match request.line.starts_with("POST /api/chats/whatsapp_chat/15550100101") {
        true => answer("404 Not Found", "text/plain", "unknown channel"),
        false => Reply::Pass,
    };
    let report = report_within("3s", &Front::new(mock(), reply).await.http_url(), "").await;
    assert!(report.contains("answered 404 Not Found: unknown channel"), "{report}");
    assert!(report.contains("Partner: join.several, broadcast.delivered"), "{report}");
}

#[tokio::test]
async fn checks_without_messages_need_no_trigger() {
    let folder = Folder::new();
    let file = folder.write("conformance.toml", &configuration(&mock(), "[trigger]\npath = \"/webhook/{channel}\""));
    conformance(["run", "--config", &file, "--run", "auth.rest"]).end().await.report(0);
}

#[tokio::test]
async fn the_webhook_hangs() {
    let report = report(&with_webhook(|| Reply::Never).await, "timeout = \"500ms\"").await;
    assert!(report.contains("15550100103: no complete answer within 500ms (local port "), "{report}");
    assert!(report.contains("; see what the backend's log says"), "{report}");
    // The two checks' connections differ in their port only.
    assert_eq!(report.matches("was not accepted").count(), 4, "{report}");
}

#[tokio::test]
async fn the_webhook_wants_a_signature() {
    let url = mock_with(Options { webhook_secret: Some("the-app-secret".to_owned()), ..Options::default() });
    let said = refusal(&url, "").await;
    assert!(said.contains("answered 401 Unauthorized: "), "{said}");
    assert!(said.contains("; check [trigger] secret; "), "{said}");
}

#[tokio::test]
async fn there_is_no_such_program() {
    let report = report(&mock(), "kind = \"command\"\nprogram = \"./no-such-program\"").await;
    assert!(report.contains("no-such-program: No such file or directory"), "{report}");
    assert!(report.contains("; check [trigger] program, and that the file is executable"), "{report}");
}

#[tokio::test]
async fn the_program_fails() {
    let trigger = "kind = \"command\"\nprogram = \"sh\"\nargs = [\"-c\", \"echo no broker >&2; exit 3\"]";
    let report = report(&mock(), trigger).await;
    assert!(report.contains("sh ended with exit code 3: no broker; expected exit code 0"), "{report}");
}
