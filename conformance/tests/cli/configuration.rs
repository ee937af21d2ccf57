//! Files that are wrong, and places that cannot be written: refused before anything is sent, with file and line.

use crate::support::{Folder, conformance};

/// What is said of this configuration, its file's name shortened to `conformance.toml`.
async fn refusal(configuration: &str) -> String {
    let folder = Folder::new();
    folder.write("conformance.toml", configuration);
    conformance(["run", "--config", "conformance.toml"]).within(folder.path()).refusal(2).await
}

/// A file of these arguments' folder, which does not exist.
const NOWHERE: &str = "no-such-folder/file.json";

#[tokio::test]
async fn a_key_with_a_typo_is_told_with_the_key_that_was_meant() {
    assert_eq!(
        refusal("target = \"http://127.0.0.1:1\"\n[auth]\nusrname = \"agent\"").await,
        "conformance.toml:3:1: unknown key `usrname`; did you mean `username`?"
    );
}

#[tokio::test]
async fn a_variable_that_is_not_set_is_told_with_how_to_set_it() {
    assert_eq!(
        refusal("[auth]\nusername = \"agent\"\npassword = \"${NO_SUCH_PASSWORD}\"").await,
        "conformance.toml:3:13: `password` needs the environment variable NO_SUCH_PASSWORD, which is not set; \
         export NO_SUCH_PASSWORD=... before the run; a literal `${` is written `$${`"
    );
}

#[tokio::test]
async fn a_value_of_another_type_is_told_with_what_was_expected() {
    assert_eq!(
        refusal("target = 8000").await,
        "conformance.toml:1:10: `target` is the number 8000; expected a base URL such as \"http://127.0.0.1:8000\""
    );
    assert_eq!(
        refusal("[deadlines]\ndelivery = \"2\"").await,
        "conformance.toml:2:12: `delivery`: `2` is not a duration such as 300ms, 2s or 1m; \
         expected a duration such as \"300ms\", \"2s\" or \"1m\""
    );
}

#[tokio::test]
async fn text_that_is_no_toml_is_told_where_it_ends_being_so() {
    let said = refusal("target = http://127.0.0.1:8000").await;
    assert!(said.starts_with("conformance.toml:1:10: this is not TOML: "), "{said}");
    assert!(said.ends_with("; mend the line, or quote the text"), "{said}");
}

#[tokio::test]
async fn a_customer_type_that_the_contract_has_not_is_told_with_the_ones_it_has() {
    assert_eq!(
        refusal("target = \"http://127.0.0.1:1\"\n[types.Patner]\nchannel = \"1\"").await,
        "conformance.toml:2:8: the contract `Customer-care room updates` has no customer type `Patner`; did you mean `Partner`?"
    );
}

#[tokio::test]
async fn a_configuration_that_is_not_there_is_told_with_how_to_make_one() {
    let said = conformance(["run", "--config", NOWHERE]).refusal(2).await;
    assert!(said.starts_with("cannot read the configuration no-such-folder/file.json: No such file"), "{said}");
    assert!(said.ends_with("; `conformance init` writes one to start from"), "{said}");
}

#[tokio::test]
async fn a_contract_that_is_not_there_is_told() {
    let said = conformance(["--contract", NOWHERE]).refusal(2).await;
    assert!(said.starts_with("cannot read the contract no-such-folder/file.json: No such file"), "{said}");
}

#[tokio::test]
async fn a_contract_that_is_wrong_is_told_with_file_and_line() {
    let good = include_str!("../../../fixtures/contract/order-board.asyncapi.yaml");
    let line_of = |text: &str| good.lines().position(|line| line.starts_with(text)).unwrap() + 1;
    let folder = Folder::new();
    for (wrong, place, said) in [
        (
            good.replacen("asyncapi: 3.0.0", "asyncapi: 2.6.0", 1),
            line_of("asyncapi:"),
            "this is AsyncAPI 2.6.0, expected 3.0.0",
        ),
        (good.replacen("\nchannels:", "\nchanels:", 1), line_of("asyncapi:"), "the contract has no `channels`"),
        (good.replacen("kind: room", "kind: rooom", 1), line_of("      kind: room"), "did you mean `room`?"),
        ("- a list".to_owned(), 1, "this is no AsyncAPI file"),
        ("asyncapi: [".to_owned(), 1, "this cannot be read as YAML"),
    ] {
        assert_ne!(wrong, good);
        folder.write("contract.yaml", &wrong);
        let refusal = conformance(["--contract", "contract.yaml"]).within(folder.path()).refusal(2).await;
        assert!(refusal.starts_with(&format!("contract.yaml:{place}:")) && refusal.contains(said), "{refusal}");
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_written_costs_no_run() {
    let said = conformance(["--report", "json:no-such-folder/report.json"]).refusal(2).await;
    assert!(said.starts_with("cannot create the report no-such-folder/report.json: No such file"), "{said}");
    assert!(said.ends_with("the directory no-such-folder is missing; create it first"), "{said}");
}

#[tokio::test]
async fn a_recording_that_cannot_be_written_costs_no_run() {
    let said = conformance(["--save-recording", "no-such-folder/run.jsonl"]).refusal(2).await;
    assert!(said.starts_with("cannot write the recording no-such-folder/run.jsonl: No such file"), "{said}");
    assert!(said.ends_with("; choose another path with --save-recording"), "{said}");
}

#[tokio::test]
async fn known_failures_are_refused_by_file_and_line() {
    let folder = Folder::new();
    for (text, said) in [
        (
            "# none yet\njoin.several",
            "known.txt:2: expected `CHECK: REASON` or `CHECK [TYPE]: REASON`, found `join.several`",
        ),
        (
            "join.sevral: soon",
            "known.txt:1: there is no check `join.sevral` (did you mean `join.several`?); `conformance list` shows them all",
        ),
        ("join.several: a\n\njoin.several: b", "known.txt:3: `join.several` stands here twice"),
    ] {
        folder.write("known.txt", text);
        let call = conformance(["--known-failures", "known.txt"]).within(folder.path());
        assert_eq!(call.refusal(2).await, said);
    }
    let said = conformance(["--known-failures", NOWHERE]).refusal(2).await;
    assert!(said.starts_with("cannot read the known failures no-such-folder/file.json: No such file"), "{said}");
}

#[tokio::test]
async fn a_target_that_is_no_base_url_is_told_with_what_was_meant() {
    for (target, said) in [
        ("localhost:8000", "--target: `localhost:8000` has no scheme; did you mean `http://localhost:8000`?"),
        (
            "wss://example.test",
            "--target: `wss://example.test` names a WebSocket; did you mean `https://example.test`?",
        ),
        (
            "ftp://example.test",
            "--target: `ftp://example.test` is not an http or https URL; expected one such as http://127.0.0.1:8000",
        ),
        (
            "http://agent:hunter2@example.test",
            "--target: a user name or password stands in the URL; credentials belong to [auth]",
        ),
    ] {
        assert_eq!(conformance(["--target", target]).refusal(2).await, said);
    }
}
