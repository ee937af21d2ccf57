//! Random scenarios, and scenario files that are performed again.

use crate::support::{Folder, configuration, conformance, mock, mock_with};
use mock_server::{Options, faults};

const SCENARIO: &str = "\
name: one member
steps:
  - open: {actor: a}
  - join: {actor: a, room: PartnerApp}
  - send:
      messages:
        - {label: m1, type: Partner, from: customer 1, text: hello}
  - heard: {actors: [a], messages: [m1]}
  - settle: {}
";

/// A mock whose members hear everything twice.
fn doubling() -> String {
    mock_with(Options { faults: vec![faults::find("broadcast-twice").unwrap()], ..Options::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn random_scenarios_that_a_backend_passes_end_with_how_many_judgements_were_made() {
    let ended = conformance(["property", "--cases", "5", "--seed", "7"]).end().await;
    let report = ended.report(0);
    assert!(report.starts_with("5 scenarios in "), "{report}");
    assert!(report.contains("\n  must hear ") && report.contains("\n  must not hear ") && report.contains("\n  may "));
    assert!(report.ends_with("\nconforms, as far as seed 7 goes\n"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_kept_as_a_file_and_comes_first_the_next_time() {
    let folder = Folder::new();
    let config = folder.write("conformance.toml", &configuration(&doubling(), ""));
    let arguments = ["property", "--config", &config, "--seed", "7", "--regressions", "kept"];
    let ended = conformance(arguments).within(folder.path()).end().await;
    let report = ended.report(1);
    assert!(report.contains("\nviolated: broadcast.exactly-once: case "), "{report}");
    assert!(report.contains("\nwhat happened\n") && report.contains("✗  m1 again: broadcast.exactly-once"), "{report}");
    let line = report.lines().last().unwrap();
    let (kept, again) = line.split_once("; try it again: ").unwrap();
    let file = kept.strip_prefix("kept as ").unwrap();
    assert!(folder.read(file).starts_with("# broadcast.exactly-once: case "), "{}", folder.read(file));
    let words = again.strip_prefix("conformance ").unwrap().split(' ');
    let replayed = conformance(words).within(folder.path()).end().await;
    assert!(replayed.report(1).ends_with("violated 1 of 1 times\n"), "{replayed:?}");
    let next = conformance(arguments).within(folder.path()).end().await;
    assert!(next.report(1).starts_with("1 scenario in "), "{next:?}");
    assert!(next.report(1).contains("violated: broadcast.exactly-once: regression "), "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_file_is_performed_and_drawn() {
    let folder = Folder::new();
    let (file, config) = (folder.write("one.yaml", SCENARIO), folder.write("c.toml", &configuration(&mock(), "")));
    let ended = conformance(["replay", &file, "--config", &config, "--times", "3"]).end().await;
    let report = ended.report(0);
    assert!(report.starts_with("what happened\n       provider  backend     a\n"), "{report}");
    assert!(report.contains("│─────▶│  room_update of m1, unread 1\n"), "{report}");
    assert!(report.contains("\n3 scenarios in ") && report.ends_with("\nconforms\n"), "{report}");
}

/// One of the files that the mock plays, by its path.
fn built_in(name: &str) -> String {
    format!("{}/../fixtures/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_of_the_mocks_is_put_to_any_backend_without_what_only_the_mock_performs() {
    let report = conformance(["replay", &built_in("busy-morning")]).end().await.report(0).to_owned();
    assert!(report.starts_with("left out, since only `mock-server --scenario` performs it: waiting ("), "{report}");
    assert!(report.contains(": 500 messages, 500 judgements\n  must hear          500\n"), "{report}");
    let faults = vec![faults::find("missing-branch").unwrap()];
    let folder = Folder::new();
    let config = folder.write("c.toml", &configuration(&mock_with(Options { faults, ..Options::default() }), ""));
    let ended = conformance(["replay", &built_in("missing-branch"), "--config", &config]).end().await;
    let report = ended.report(1);
    assert!(report.contains("performs it: `switch-off`, `switch-on`, waiting (50 s)\n"), "{report}");
    assert!(report.contains("expected  `room_update` of silent at desk"), "{report}");
    assert!(!report.contains("expected  `room_update_customer`"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_that_cannot_be_performed_is_neither_passed_nor_failed() {
    let folder = Folder::new();
    let webhook = "[trigger]\nkind = \"whatsapp\"\npath = \"/nowhere/{channel}\"";
    let config = folder.write("c.toml", &configuration(&mock(), webhook));
    let file = folder.write("one.yaml", SCENARIO);
    let ended = conformance(["replay", &file, "--config", &config]).end().await;
    assert!(ended.report(3).contains("\ncould not be tested:\n  a message was not accepted: "), "{ended:?}");
    // Nor is one that nobody is there to hear.
    let file = folder.write(
        "nobody.yaml",
        "name: nobody\nsteps:\n  - send: {messages: [{label: a, type: Partner, from: someone, kind: text, text: hello}]}\n",
    );
    let ended = conformance(["replay", &file]).end().await;
    assert!(ended.report(3).contains("\ncould not be tested: nobody was there to hear"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_where_no_message_is_accepted() {
    let folder = Folder::new();
    let webhook = "[trigger]\nkind = \"whatsapp\"\npath = \"/nowhere/{channel}\"";
    let config = folder.write("c.toml", &configuration(&mock(), webhook));
    let ended = conformance(["property", "--config", &config]).end().await;
    let report = ended.report(3);
    assert!(report.starts_with("5 scenarios in ") && report.contains("\ncould not be tested (seed "), "{report}");
}

#[tokio::test]
async fn a_scenario_file_that_is_wrong_is_refused_by_its_line() {
    let folder = Folder::new();
    folder.write("wrong.yaml", &SCENARIO.replace("type: Partner", "type: Patrner"));
    let said = conformance(["replay", "wrong.yaml"]).within(folder.path()).refusal(2).await;
    let expected =
        "wrong.yaml:5:5: the contract has no customer type `Patrner`; expected one of Partner, Customer, Vendor, SRDP";
    assert_eq!(said, expected);
    let said = conformance(["property", "--regressions", "."]).within(folder.path()).refusal(2).await;
    assert_eq!(said, format!("./{expected}"));
    let said = conformance(["replay", "missing.yaml"]).within(folder.path()).refusal(2).await;
    assert!(said.starts_with("cannot read the scenario missing.yaml: No such file"), "{said}");
}
