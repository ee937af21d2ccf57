//! The command line: what is refused, and what is told without a target.

use serde_json::Value;

use crate::support::{Folder, conformance};

/// What a call prints that needs no target.
async fn printed<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    conformance(arguments).end().await.report(0).to_owned()
}

#[tokio::test]
async fn a_pattern_that_matches_nothing_is_refused_with_the_nearest_name() {
    for (arguments, said) in [
        (
            ["--run", "brodcast.*"],
            "`brodcast.*` matches no check (did you mean `broadcast.*`?); `conformance list` shows them all",
        ),
        (
            ["--skip", "join.sevral"],
            "`join.sevral` matches no check (did you mean `join.several`?); `conformance list` shows them all",
        ),
        (
            ["--run", "cluster.partition"],
            "`cluster.partition` is a requirement without a check; `conformance explain cluster.partition` says why",
        ),
        (["matrix", "--fault=missing-brunch"], "unknown fault \"missing-brunch\": did you mean missing-branch?"),
        (["matrix", "--fault=x*"], "`x*` matches no fault; `mock-server --list-faults` lists them"),
        (["list", "colours"], "`colours` matches no requirement; `conformance list` shows them all"),
        (
            ["explain", "join.sevral"],
            "`join.sevral` matches no requirement (did you mean `join.several`?); `conformance list` shows them all",
        ),
    ] {
        assert_eq!(conformance(arguments).refusal(2).await, said);
    }
}

#[tokio::test]
async fn patterns_that_leave_no_check_are_refused() {
    assert_eq!(
        conformance(["--run", "join.*", "--skip", "j*"]).refusal(2).await,
        "--run and --skip leave no check; take away a pattern of --skip, or add one of --run"
    );
}

#[tokio::test]
async fn values_and_options_that_make_no_sense_are_refused_with_what_was_expected() {
    for (arguments, expected) in [
        (["--timeout", "2"], "`2` is not a duration such as 300ms, 2s or 1m"),
        (["--wait-for", "never"], "`never` is not a duration such as 300ms, 2s or 1m"),
        (["--transport", "carrier-pigeon"], "expected websocket, polling or upgrade"),
        (["--socket-path", "ws"], "`ws` does not begin with /"),
        (["--report", "jnuit:results"], "junit: .xml"),
        (["--jobs", "0"], "0 is not in 1..=65535"),
        (["--traget", "http://127.0.0.1:1"], "a similar argument exists: '--target'"),
        (["judge", "--run"], "a value is required for '--run <GLOB>'"),
    ] {
        let ended = conformance(arguments).end().await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(expected), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn the_list_has_a_line_for_each_requirement() {
    let list = printed(["list"]).await;
    assert_eq!(list.lines().count(), fixtures::requirements::all().len());
    let line = list.lines().find(|line| line.starts_with("broadcast.delivered ")).unwrap();
    assert!(line.contains(" MUST ") && line.ends_with(" one-message-per-type"), "{line}");
    let some = printed(["list", "join.*", "leave.rejoin"]).await;
    assert!(some.lines().all(|line| line.starts_with("join.") || line.starts_with("leave.rejoin")), "{some}");
}

#[tokio::test]
async fn the_list_as_json_has_the_requirements_whole() {
    let list: Value = serde_json::from_str(&printed(["list", "--json"]).await).unwrap();
    let rows = list.as_array().unwrap();
    assert_eq!(rows.len(), fixtures::requirements::all().len());
    for (row, requirement) in rows.iter().zip(fixtures::requirements::all()) {
        assert_eq!(row["id"], requirement.id.as_str());
        assert_eq!(row["text"], requirement.text.as_str());
    }
}

#[tokio::test]
async fn a_requirement_is_explained_with_its_conversation_and_how_to_try_it() {
    let told = printed(["explain", "broadcast.delivered"]).await;
    assert!(told.starts_with("broadcast.delivered (MUST, from "), "{told}");
    assert!(told.contains("Scenario `one-message-per-type`: "), "{told}");
    assert!(told.ends_with("Try it: conformance run --run broadcast.delivered --target URL\n"), "{told}");
}

#[tokio::test]
async fn every_requirement_can_be_explained() {
    for row in fixtures::requirements::all() {
        let told = printed(["explain", &row.id]).await;
        assert!(told.contains(&row.text) && (told.contains("Try it: ") || told.contains("No check: ")), "{told}");
    }
}

#[tokio::test]
async fn a_dry_run_names_what_would_run_and_touches_nothing() {
    let arguments = ["--dry-run", "--target", "http://127.0.0.1:1", "--run", "join.*", "--skip", "join.several"];
    let told = printed(arguments).await;
    assert!(told.contains("\n  join.acknowledged\n") && !told.contains("join.several"), "{told}");
    // Without credentials there is nothing to log out.
    let told = printed(["--dry-run", "--target", "http://127.0.0.1:1", "--run", "auth.logout"]).await;
    assert!(told.contains("(not applicable: the target lacks what it needs)"), "{told}");
}

#[tokio::test]
async fn a_configuration_is_written_and_leads_to_its_target() {
    let folder = Folder::new();
    let wrote = conformance(["init"]).within(folder.path()).end().await;
    let told = "wrote conformance.toml; edit it, its `target` first, then: conformance run --config conformance.toml\n";
    assert_eq!(wrote.report(0), told);
    let told = conformance(["run", "--config", "conformance.toml", "--dry-run"]).within(folder.path()).end().await;
    assert!(told.report(0).contains("broadcast.delivered"), "{told:?}");
    assert_eq!(printed(["init", "-"]).await, folder.read("conformance.toml"));
}

#[tokio::test]
async fn an_existing_file_is_not_written_over() {
    let folder = Folder::new();
    folder.write("conformance.toml", "# mine");
    let said = conformance(["init"]).within(folder.path()).refusal(2).await;
    assert_eq!(said, "conformance.toml exists already; remove it, or name another file");
    assert_eq!(folder.read("conformance.toml"), "# mine");
    let said = conformance(["init", "no-such-folder/conformance.toml"]).refusal(2).await;
    assert!(said.starts_with("cannot write no-such-folder/conformance.toml: No such file"), "{said}");
}

#[tokio::test]
async fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(["completions", shell]).await;
        assert!(script.contains("save-recording") && script.contains("judge"), "{shell}: {script}");
    }
}

#[tokio::test]
async fn help_names_the_exit_codes() {
    let help = printed(["--help"]).await;
    for line in ["0  conforms", "1  violates", "2  the command line", "3  could not reach"] {
        assert!(help.contains(line), "{help}");
    }
}
