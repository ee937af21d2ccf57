//! The command, as a program.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-server"));
    command
        .args(arguments)
        .env("EXIT_WITH_PARENT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn listening(child: &mut Child) -> String {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map(Result::unwrap).find_map(|line| line.strip_prefix("listening on ").map(ToOwned::to_owned)).unwrap()
}

#[test]
fn it_says_where_it_listens_and_ends_with_its_parent() {
    let mut child = command(&["--port", "0"]).spawn().unwrap();
    let url = listening(&mut child);
    let address = url.strip_prefix("http://127.0.0.1:").unwrap();
    assert_ne!(address.parse::<u16>().unwrap(), 0);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_ends_gracefully_when_it_is_terminated() {
    let mut child = command(&["--port", "0", "--no-sample-chats"]).spawn().unwrap();
    listening(&mut child);
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_it_cannot_use_ends_it_with_2_and_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let wrong = std::env::temp_dir().join(format!("wrong-{}.yaml", std::process::id()));
    std::fs::write(&wrong, "name: wrong\nsteps:\n  - sned: {}\n").unwrap();
    let wrong = wrong.to_str().unwrap();
    for (arguments, expected) in [
        (vec!["--port", &port], format!("port {port} on 127.0.0.1 is taken")),
        (vec!["--contract", "no-such-file.yaml"], "no-such-file.yaml".to_owned()),
        (vec!["--data", "no-such-folder"], "no-such-folder is no folder: expected any of chats.json".to_owned()),
        (vec!["--port", "0", "--state", "no-such-folder/state"], "no-such-folder/state".to_owned()),
        (vec!["--reset"], "--state".to_owned()),
        (vec!["--port", "abc"], "expected a whole number from 0 to 65535; 0 is any free port".to_owned()),
        (vec!["--ping-interval", "25"], "expected a duration such as 25s or 300ms".to_owned()),
        (vec!["--port", "0", "--cors-origin", "example.com/page"], "example.com/page".to_owned()),
        (vec!["--port", "0", "--provider-url", "ftp://example.com"], "ftp://example.com".to_owned()),
        (vec!["--fault", "brodcast-twice"], "did you mean broadcast-twice?".to_owned()),
        (vec!["--prot", "0"], "--port".to_owned()),
        (vec!["--scenario", "no-such-scenario"], "there is no scenario no-such-scenario, neither".to_owned()),
        (vec!["--scenario", "busy-mornin"], "did you mean busy-morning?".to_owned()),
        (vec!["--scenario", wrong], format!("{wrong}:3:5: the step `sned` is not known; did you mean `send`?")),
        (vec!["--scenario", "busy-morning", "--speed", "0"], "expected a number from 0.001 to 100000".to_owned()),
        (vec!["--speed", "10"], "give one of them".to_owned()),
        (vec!["record"], "--upstream".to_owned()),
        (vec!["record", "--upstream", "api.example.com"], "expected a backend's URL such as".to_owned()),
        (
            vec!["record", "--port", "0", "--upstream", "http://127.0.0.1:9", "--out", "no-such-folder/r.jsonl"],
            "Choose another file with --out".to_owned(),
        ),
        (vec!["replay", "no-such-file.jsonl"], "cannot replay no-such-file.jsonl".to_owned()),
        (vec!["replay", wrong], "this is not the header of a recording".to_owned()),
    ] {
        let output = command(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(&expected), "{arguments:?}: {said}");
    }
    std::fs::remove_file(wrong).unwrap();
}

#[test]
fn it_says_which_faults_it_has_and_which_there_are() {
    let mut child = command(&["--port", "0", "--fault", "broadcast-twice,text-truncated"]).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = lines
        .take_while(|line| !line.starts_with("Log in"))
        .any(|line| line == "with faults: broadcast-twice, text-truncated");
    assert!(said);
    drop(child.stdin.take());
    child.wait().unwrap();
    let listed = command(&["--list-faults"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let id = |line: &str| line.split_whitespace().next().map(ToOwned::to_owned);
    assert!(listed.lines().filter_map(id).any(|id| id == "broadcast-twice"), "{listed}");
}

#[test]
fn help_and_completions_name_the_flags() {
    for arguments in [["--help", "--host", "::1"].as_slice(), &["--completions", "bash"]] {
        let mut child = command(arguments).spawn().unwrap();
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(["--no-sample-chats", "record", "replay"].iter().all(|own| said.contains(own)), "{said}");
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}
