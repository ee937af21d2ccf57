//! Every fault of the mock trips the checks that it is declared to violate, and no others; and every check is tripped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::process::Stdio;
use std::time::Duration;

use mock_server::faults;
use serde_json::Value;
use tokio::process::Command;

/// Far more than it takes, also where other work keeps the machine busy.
const PATIENCE: Duration = Duration::from_mins(20);

/// What the command says with these arguments, and its exit code.
async fn matrix(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.arg("matrix").args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.env("LC_ALL", "C.UTF-8").output()).await.unwrap().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Asserts that of the matrix with these arguments each of these faults, and the mock without any, is as declared.
async fn assert_as_declared(arguments: &[&str], faults: &[&str]) -> Value {
    let (code, text) = matrix(arguments).await;
    let matrix: Value = serde_json::from_str(&text).unwrap();
    let rows = matrix["rows"].as_array().unwrap();
    eprintln!("{} rows in {} s", rows.len(), matrix["took"]);
    let differences: Vec<String> = rows
        .iter()
        .flat_map(|row| row["differences"].as_array().unwrap().iter().map(|found| format!("{}: {found}", row["fault"])))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!((code, &matrix["as_declared"]), (Some(0), &Value::from(true)));

    // Nothing is left out, and without a fault nothing is red.
    let tried: Vec<Option<&str>> = rows.iter().map(|row| row["fault"].as_str()).collect();
    let all: Vec<Option<&str>> = std::iter::once(None).chain(faults.iter().copied().map(Some)).collect();
    assert_eq!(tried, all);
    assert_eq!((&rows[0]["violated"], &rows[0]["not_tested"]), (&serde_json::json!([]), &serde_json::json!({})));
    matrix
}

#[tokio::test]
#[ignore = "minutes in a debug build; ci/matrix runs it in a release build"]
async fn every_fault_trips_what_it_declares_and_nothing_else() {
    let all: Vec<&str> = faults::all().map(|fault| fault.id).collect();
    let matrix = assert_as_declared(&["--json"], &all).await;
    assert!(matrix["untripped"].as_array().unwrap().iter().all(|row| row["excluded"].is_string()), "{matrix:#}");
}

#[tokio::test]
async fn a_fault_of_each_area_trips_what_it_declares_and_nothing_else() {
    let some: Vec<&str> = faults::AREAS.iter().map(|area| area.faults[0].id).collect();
    let arguments: Vec<&str> = some.iter().flat_map(|id| ["--fault", *id]).chain(["--json", "--jobs", "4"]).collect();
    assert_as_declared(&arguments, &some).await;
}

#[tokio::test]
async fn the_table_tells_what_a_fault_trips_and_what_cannot_be_tested_for_it() {
    let (code, text) = matrix(&["--fault", "missing-branch", "--fault", "broadcast-tw*"]).await;
    assert_eq!(code, Some(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "✓ (no fault)       nothing");
    assert_eq!(lines[1], "✓ missing-branch   broadcast.delivered [Partner], broadcast.independent");
    assert!(lines[2].ends_with(" because of broadcast.delivered") && lines[2].contains("not tested: "), "{text}");
    assert!(lines[3].starts_with("✓ broadcast-twice  broadcast.exactly-once"), "{text}");
    assert!(text.ends_with(" s: each trips what it declares, and nothing else\n"), "{text}");
}
