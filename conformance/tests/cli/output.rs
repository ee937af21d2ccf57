//! Where the output goes: files, pipes that nobody reads, full disks, places without colours.

use std::fs::File;
use std::io::pipe;

use mock_server::{Auth, Options};
use serde_json::Value;

use crate::support::{Folder, configuration, conformance, mock_with};

/// A quick run against the embedded mock.
const QUICK: [&str; 3] = ["run", "--run", "join.acknowledged"];

#[tokio::test]
async fn a_reader_that_has_gone_away_is_no_error() {
    let recording = Folder::new();
    let file = recording.file("run.jsonl");
    conformance(QUICK.into_iter().chain(["--save-recording", &file])).end().await.report(0);
    let calls: [&[&str]; 9] = [
        &["list"],
        &["list", "--json"],
        &["explain", "join.acknowledged"],
        &["init", "-"],
        &["completions", "bash"],
        &["--help"],
        &["--dry-run"],
        &["judge", &file, "--run", "join.acknowledged"],
        &["run", "--run", "join.acknowledged", "--report", "json"],
    ];
    for call in calls {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let ended = conformance(call.iter().copied()).stdout(writer).end().await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{call:?}");
    }
}

#[tokio::test]
async fn only_a_terminal_gets_colours() {
    let refused = ["--run", "no.such-check"];
    for (variables, coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")][..], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")][..], false),
    ] {
        for call in [&QUICK[..], &refused[..]] {
            let mut command = conformance(call.iter().copied());
            for (name, value) in variables {
                command = command.env(name, value);
            }
            let ended = command.end().await;
            let said = ended.stdout + &ended.stderr;
            assert_eq!(said.contains('\u{1b}'), coloured, "{variables:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_terminal_without_unicode_gets_ascii() {
    let ended = conformance(QUICK).env("LC_ALL", "C").end().await;
    assert!(ended.report(0).is_ascii(), "{}", ended.stdout);
}

#[tokio::test]
async fn a_report_on_standard_output_stands_there_alone() {
    let ended = conformance(QUICK.into_iter().chain(["--report", "json"])).end().await;
    let report: Value = serde_json::from_str(ended.report(0)).unwrap();
    assert_eq!(report["conclusion"], "conforms");
}

#[tokio::test]
async fn reports_in_files_stand_beside_the_one_that_is_read() {
    let folder = Folder::new();
    let arguments = QUICK.into_iter().chain(["--report", "junit:results.xml", "--report", "summary.md"]);
    let ended = conformance(arguments).within(folder.path()).end().await;
    assert!(ended.report(0).contains("conforms"), "{ended:?}");
    assert!(folder.read("results.xml").contains("<testsuites"));
    assert!(folder.read("summary.md").contains("conforms"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_and_the_report_stands() {
    for (argument, said) in [
        ("--report=json:/dev/full", "error: cannot write the json report /dev/full: No space left on device"),
        ("--save-recording=/dev/full", "error: cannot write the recording /dev/full: No space left on device"),
    ] {
        let ended = conformance(QUICK.into_iter().chain([argument])).end().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.starts_with(said) && ended.stderr.lines().count() == 1, "{}", ended.stderr);
        assert!(ended.stdout.contains("conforms"), "{}", ended.stdout);
    }
    for call in [&["list"][..], &["completions", "zsh"], &QUICK] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = conformance(call.iter().copied()).stdout(full).end().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("No space left on device"), "{ended:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_does_not_hide_a_violation() {
    let url = mock_with(Options { auth: Auth::None, ..Options::default() });
    let folder = Folder::new();
    let file = folder.write("conformance.toml", &configuration(&url, ""));
    let arguments = ["run", "--config", &file, "--run", "auth.rest", "--save-recording", "/dev/full"];
    let ended = conformance(arguments).end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("cannot write the recording /dev/full"), "{}", ended.stderr);
}
