//! Page profiles: a wrong one is refused with what was found instead, and one with hosts leads a page to the backend that
//! was built for another.

use std::path::PathBuf;
use std::process::Stdio;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fixtures::Contract;
use fixtures::page::{CONTRACT_PATH, contract, find};
use tokio::process::Command;

use super::{PLACES, faulty_or_good};

pub const REFERENCE: &str = include_str!("../../../fixtures/pages/reference.yaml");

/// The host that the copy of the page is built for.
pub const FOREIGN: &str = "https://api.example.com";

/// Runs one check with this profile; gives the exit code and all that was said.
pub async fn run(name: &str, profile: &str, arguments: &[&str]) -> (i32, String) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("profiles").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page.yaml"), profile).unwrap();
    std::fs::write(folder.join("conformance.toml"), super::command::CONFIGURATION).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_browser-tests"));
    let common =
        ["run", "--config", "conformance.toml", "--profile", "page.yaml", "--run", "page.immediate", "--no-pictures"];
    command.args(common).args(arguments).current_dir(&folder).stdin(Stdio::null()).kill_on_drop(true);
    let _place = PLACES.acquire().await.unwrap();
    let output = tokio::time::timeout(super::command::PATIENCE, command.output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_selector_is_told_with_what_was_found_instead_and_is_no_verdict() {
    let (code, said) = run("row", &REFERENCE.replace("#chats [data-chat-id]", "#chats tr"), &[]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("page.yaml: `list.row: #chats tr` matches nothing"), "{said}");
    assert!(said.contains("the message that was sent stands in") && said.contains("`span.chat-preview`"), "{said}");
    let (code, said) = run("badge", &REFERENCE.replace(".unseen-count-badge", ".count"), &[]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("`list.badge: .count` matches nothing") && said.contains(".unseen-count-badge"), "{said}");
    let (code, said) = run("login", &REFERENCE.replace("input[name=password]", "input[name=passwrd]"), &[]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("`login.form.password: input[name=passwrd]` matches nothing"), "{said}");
    assert!(
        said.contains("input#password[name=password]") || said.contains("[name=password][type=password]"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_breaks_off_is_told_with_what_its_console_says() {
    let (code, said) = run("unknown-variant", REFERENCE, &["--page", "/?variant=never-rejons"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("its console says: ") && said.contains("there is no variant never-rejons"), "{said}");
}

/// A copy of the reference page as it is built for another host: on an address of its own.
pub async fn copy_for(backend: &'static str) -> String {
    let serve = move |path: String| -> Response {
        let known = Contract::room_updates();
        if path == CONTRACT_PATH {
            return ([(header::CONTENT_TYPE, "application/json")], contract(&known).to_string()).into_response();
        }
        let Some(file) = find(&path, &known) else { return StatusCode::NOT_FOUND.into_response() };
        let text = file.text.replace("const BACKEND = \"\";", &format!("const BACKEND = \"{backend}\";"));
        ([(header::CONTENT_TYPE, file.content_type)], text).into_response()
    };
    let app = Router::new()
        .route("/", get(move || async move { serve("/".to_owned()) }))
        .route("/{*path}", get(move |Path(path): Path<String>| async move { serve(format!("/{path}")) }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_built_for_another_host_is_tested_against_this_backend() {
    let (page, target) = (copy_for(FOREIGN).await, faulty_or_good(None));
    let profile = format!("{REFERENCE}hosts: [{FOREIGN}]\n");
    let (code, said) = run("mapped", &profile, &["--page", &page, "--target", &target]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("conforms"), "{said}");
    // Without the mapping the page goes where it was built for, and finds nobody there.
    let (code, said) = run("unmapped", REFERENCE, &["--page", &page, "--target", &target]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the login did not go through"), "{said}");
}
