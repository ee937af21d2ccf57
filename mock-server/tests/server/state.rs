//! What a restart remembers, and which files are refused.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use axum::http::{Method, StatusCode};
use fixtures::webhooks;
use mock_server::{Options, ServeError, State, StateError, bind, serve};
use serde_json::{Value, json};

use crate::support::{PARTNER, Server, VENDOR, inbound, options};

/// A file of the test's own, that goes with it.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("state-{}-{name}", std::process::id())));
        file.remove();
        file
    }

    fn remove(&self) {
        for end in ["", "-wal", "-shm"] {
            fs::remove_file(format!("{}{end}", self.0.display())).ok();
        }
    }

    fn options(&self, options: Options) -> Options {
        Options { state: Some(State::in_file(&self.0)), ..options }
    }

    /// Why a server does not start with this file.
    async fn refusal(&self) -> StateError {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        match serve(listener, self.options(options()), std::future::pending()).await {
            Err(ServeError::State(error)) => error,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Everything that a page can see of the chats and of one of them.
async fn seen(server: &Server, number: &str) -> [Value; 4] {
    let mut page = server.page().await;
    let list = page.ask("fetch_all_chats", &json!({"page_size": 100})).await;
    let chat = page.ask("search_chat", &json!({"customer": number})).await;
    let id = chat["chat"]["chat_id"].as_str().unwrap().to_owned();
    let token = server.log_in().await.0;
    let notes = server.get_as(&format!("/api/chats/{id}/notes"), &token).await.1;
    let online = server.get_as("/api/executives/online", &token).await.1;
    // Last, since reading clears the unread count.
    let history = page.ask("fetch_chats_by_user", &json!({"chat_id": id, "sender": "15550100199"})).await;
    [list, notes, online, history]
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_run_ended() {
    let file = File::new("restart");
    let server = Server::start(file.options(Options::default()));
    let mut page = server.page().await;
    server.write(PARTNER, "15550100001", "Hello 👋").await;
    server.write(VENDOR, "15550100002", "from another").await;
    let chat = page.ask("search_chat", &json!({"customer": "15550100001"})).await["chat"]["chat_id"].clone();
    for (event, payload) in [
        (
            "send_message",
            json!({"chat_id": chat, "sender": "15550100199", "type": "Agent", "message": "Hi", "customer_type": "Partner"}),
        ),
        ("apply_tag", json!({"chat_id": chat, "tag": "vip", "action": "add"})),
        ("add_note", json!({"chat_id": chat, "content": "call back"})),
        ("reassign_chat", json!({"chat_id": chat, "executive_id": "EXE-02"})),
        ("set_executive_status", json!({"executive_id": "EXE-03", "status": "offline"})),
        (
            "update_chat_status",
            json!({"customer_number": "15550100002", "update_by_number": "15550100199", "status": "resolved"}),
        ),
    ] {
        assert_eq!(page.ask(event, &payload).await["status"], 1, "{event}");
    }
    drop(page);
    let before = seen(&server, "15550100001").await;
    server.stop().await;

    let server = Server::start(file.options(Options::default()));
    let mut after = seen(&server, "15550100001").await;
    // Reading it, before the restart, has cleared this.
    for key in ["unread_count", "unseen_count"] {
        let chats = after[0]["chats"].as_array_mut().unwrap();
        let own = chats.iter_mut().find(|own| own["chat_id"] == chat).unwrap();
        assert_eq!(own[key], 0);
        own[key] = 1.into();
    }
    assert_eq!(after, before);
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_came_before_the_restart_is_known_after_it() {
    let file = File::new("redelivery");
    let body = webhooks::messages(PARTNER, &[inbound("15550100001", "once")]).to_string();
    for _ in 0..2 {
        let server = Server::start(file.options(options()));
        server.deliver(PARTNER, body.clone()).await;
        let mut page = server.page().await;
        let chat = page.ask("search_chat", &json!({"customer": "15550100001"})).await;
        assert_eq!(chat["chat"]["unread_count"], 1);
        server.stop().await;
    }
}

/// Posts a body by a connection of its own.
fn post(address: &str, path: &str, body: &str) {
    let mut connection = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        connection,
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_run_that_is_killed_leaves_a_moment_of_the_past() {
    let file = File::new("killed");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mock-server"))
        .args(["--port", "0", "--no-sample-chats", "--state"])
        .arg(&file.0)
        .env("EXIT_WITH_PARENT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| line.strip_prefix("listening on http://").map(ToOwned::to_owned)).unwrap();
    for number in 1..=200 {
        let body = webhooks::messages(PARTNER, &[inbound("15550100001", &number.to_string())]);
        post(&address, &format!("/api/chats/whatsapp_chat/{PARTNER}"), &body.to_string());
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let server = Server::start(file.options(options()));
    let mut page = server.page().await;
    let chat = page.ask("search_chat", &json!({"customer": "15550100001"})).await["chat"].clone();
    let request = json!({"chat_id": chat["chat_id"], "sender": "15550100199", "page_size": 100});
    let total = page.ask("fetch_chats_by_user", &request).await["pagination"]["total"].as_u64().unwrap();
    assert!(total > 0);
    assert_eq!((chat["last_message"].as_str(), &chat["unread_count"]), (Some(&*total.to_string()), &total.into()));
    drop(page);
    server.stop().await;
}

#[tokio::test]
async fn what_is_reset_by_the_control_api_stays_so_after_a_restart() {
    let file = File::new("control-reset");
    let server = Server::start(file.options(Options::default()));
    let mut page = server.page().await;
    let all = json!({"page_size": 100});
    let numbers = |list: &Value| -> Vec<String> {
        let chats = list["chats"].as_array().unwrap();
        chats.iter().map(|chat| chat["customer"].as_str().unwrap().to_owned()).collect()
    };
    let samples = numbers(&page.ask("fetch_all_chats", &all).await);
    server.write(PARTNER, "15550109999", "Hello").await;
    assert_ne!(numbers(&page.ask("fetch_all_chats", &all).await), samples);
    assert_eq!(server.post("/__mock/api/reset", "").await.0, StatusCode::OK);
    drop(page);
    server.stop().await;
    let server = Server::start(file.options(Options::default()));
    let mut page = server.page().await;
    assert_eq!(numbers(&page.ask("fetch_all_chats", &all).await), samples);
    drop(page);
    server.stop().await;
}

#[tokio::test]
async fn reset_begins_again() {
    let file = File::new("reset");
    let server = Server::start(file.options(options()));
    server.write(PARTNER, "15550100001", "Hello").await;
    server.stop().await;
    for (reset, total) in [(false, 1), (true, 0), (false, 0)] {
        let server = Server::start(Options { state: Some(State { file: file.0.clone(), reset }), ..options() });
        let mut page = server.page().await;
        let list = page.ask("fetch_all_chats", &json!({})).await;
        assert_eq!(list["pagination"]["total"], total);
        drop(page);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let file = File::new("foreign");
    fs::write(&file.0, "a text of somebody's, long enough to be no empty database").unwrap();
    assert!(matches!(file.refusal().await, StateError::Foreign { .. }));
    assert!(fs::read_to_string(&file.0).unwrap().starts_with("a text of somebody's"));
    file.remove();
    let database = rusqlite::Connection::open(&file.0).unwrap();
    database.execute_batch("CREATE TABLE accounts (id INTEGER)").unwrap();
    drop(database);
    assert!(matches!(file.refusal().await, StateError::Foreign { .. }));
}

#[tokio::test]
async fn a_file_of_a_newer_format_is_refused() {
    let file = File::new("newer");
    Server::start(file.options(options())).stop().await;
    let database = rusqlite::Connection::open(&file.0).unwrap();
    database.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(database);
    let error = file.refusal().await;
    assert!(matches!(error, StateError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("use a newer mock-server"), "{error}");
}

#[tokio::test]
async fn a_file_that_another_server_has_open_is_refused() {
    let file = File::new("in-use");
    let server = Server::start(file.options(options()));
    assert_eq!(server.request(Method::GET, "/api/health", &[], "").await.0, 200);
    assert!(matches!(file.refusal().await, StateError::InUse { .. }));
    server.stop().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = File(PathBuf::from("no/such/folder/file")).refusal().await;
    assert!(error.to_string().contains("no/such/folder/file"), "{error}");
}
