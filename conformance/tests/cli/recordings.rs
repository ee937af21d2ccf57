//! Recordings that are judged again, those that cannot be, and violations that are expected.

use mock_server::{Auth, Options};
use serde_json::Value;

use crate::support::{Folder, configuration, conformance, mock, mock_with};

/// A folder with the recording `run.jsonl` of a short run against a mock that conforms, and its report `report.json`.
async fn recorded() -> Folder {
    let folder = Folder::new();
    folder.write("conformance.toml", &configuration(&mock(), ""));
    let arguments = [
        "run",
        "--config",
        "conformance.toml",
        "--run",
        "join.acknowledged",
        "--run",
        "auth.rest",
        "--save-recording",
        "run.jsonl",
        "--report",
        "report.json",
    ];
    conformance(arguments).within(folder.path()).end().await.report(0);
    folder
}

/// What is said of this text as a recording.
async fn refusal(recording: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    std::fs::write(folder.path().join("run.jsonl"), recording).unwrap();
    conformance(["judge", "run.jsonl"]).within(folder.path()).refusal(2).await
}

#[tokio::test]
async fn judging_again_comes_to_the_same_verdicts() {
    let folder = recorded().await;
    let judged =
        conformance(["judge", "run.jsonl", "--run", "join.acknowledged", "--run", "auth.rest", "--report", "json"]);
    let again: Value = serde_json::from_str(judged.within(folder.path()).end().await.report(0)).unwrap();
    let first: Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    assert_eq!(again["verdicts"], first["verdicts"]);
    assert_eq!(again["verdicts"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_recording_that_was_cut_off_is_told_with_the_line_and_how_to_keep_the_rest() {
    let whole = recorded().await.read("run.jsonl");
    let lines = whole.lines().count();
    let cut = &whole[..whole.len() - 5];
    assert_eq!(
        refusal(cut).await,
        format!(
            "run.jsonl: line {lines}: the line ends in the middle of its entry; was the file cut off? \
             `head -n {}` keeps what is whole",
            lines - 1
        )
    );
}

#[tokio::test]
async fn what_is_no_recording_is_told() {
    let not_utf8 = "run.jsonl: cannot read it to its end: stream did not contain valid UTF-8; \
                    is it a file that `--save-recording` or `mock-server record` wrote?";
    assert_eq!(refusal([0xff, 0xfe, 0x00]).await, not_utf8);
    for (text, words) in [("garbage", "expected value at column 1"), ("{}", "missing field `recording` at column 2")] {
        assert_eq!(
            refusal(text).await,
            format!(
                "run.jsonl: line 1: this is not the header of a recording ({words}); \
                 expected a file that `--save-recording` wrote"
            )
        );
    }
    assert_eq!(
        refusal("").await,
        "run.jsonl: line 1: the recording is empty; expected its header, as `--save-recording` writes it"
    );
}

#[tokio::test]
async fn a_line_that_is_no_entry_is_told() {
    let mut text = recorded().await.read("run.jsonl");
    text.push_str("{\"us\": 1, \"scenario\": \"auth-rest\", \"kind\": \"no-such-kind\"}\n");
    let said = refusal(&text).await;
    let place = format!("run.jsonl: line {}: this is not an entry of a recording (", text.lines().count());
    assert!(said.starts_with(&place) && said.contains("no-such-kind"), "{said}");
    assert!(said.ends_with("; take the line out, or record the run again"), "{said}");
}

#[tokio::test]
async fn a_newer_recording_is_told_as_such_whatever_it_looks_like() {
    assert_eq!(
        refusal(r#"{"recording":2,"by":"a suite that is not written yet"}"#).await,
        "run.jsonl: line 1: the recording's format is 2, newer than this suite's (1); judge it with a newer suite"
    );
}

#[tokio::test]
async fn checks_that_a_recording_has_nothing_for_are_refused() {
    let folder = recorded().await;
    let said = conformance(["judge", "run.jsonl", "--run", "payload.text"]).within(folder.path()).refusal(2).await;
    assert!(said.starts_with("run.jsonl: none of the chosen checks' scenarios stands in this recording; "), "{said}");
    let said = conformance(["judge", "no-such-file.jsonl"]).refusal(2).await;
    assert!(said.starts_with("cannot read the recording no-such-file.jsonl: No such file"), "{said}");
    assert!(said.ends_with("; name a file that `--save-recording` or `mock-server record` wrote"), "{said}");
}

#[tokio::test]
async fn a_known_failure_is_excused_and_another_is_not() {
    // Lets everybody in, whatever the token.
    let url = mock_with(Options { auth: Auth::None, ..Options::default() });
    let folder = Folder::new();
    folder.write("conformance.toml", &configuration(&url, ""));
    let run = async |known: &str| {
        folder.write("known.txt", known);
        let arguments = ["run", "--config", "conformance.toml", "--run", "auth.rest", "--known-failures", "known.txt"];
        conformance(arguments).within(folder.path()).end().await
    };
    let unknown = run("# none").await;
    assert!(unknown.report(1).contains("violates 1 requirement: auth.rest (exit code 1)"), "{unknown:?}");
    let known = run("auth.rest: tokens come with the next release").await;
    assert!(known.report(0).contains("auth.rest: tokens come with the next release"), "{known:?}");
}

#[tokio::test]
async fn a_known_failure_that_passes_again_fails_the_run() {
    let folder = recorded().await;
    folder.write("known.txt", "auth.rest: tokens come with the next release");
    let call = conformance(["judge", "run.jsonl", "--run", "auth.rest", "--known-failures", "known.txt"]);
    let ended = call.within(folder.path()).end().await;
    let report = ended.report(1);
    assert!(report.contains("`auth.rest` is a known failure and passes: take it off the list"), "{report}");
    assert!(report.contains("run.jsonl does better than its list of known failures says (exit code 1)"), "{report}");
}
