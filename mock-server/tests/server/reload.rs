//! Edits of files while pages are connected.

use std::fs;
use std::path::PathBuf;

use axum::http::StatusCode;
use fixtures::contract::ROOM_UPDATES;
use fixtures::scenario::Timeline;
use fixtures::{Contract, Data};
use mock_server::{Options, Scenario, Watch};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{DEADLINE, PARTNER, Page, Server, VENDOR, options};

/// A folder of the test's own, that goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("reload-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Writes a chat of each customer, with what they said.
    fn write_chats(&self, chats: &[(&str, &str)]) {
        let chats: Vec<_> = chats
            .iter()
            .map(|(number, text)| {
                json!({"customer": number, "customer_type": "Partner", "messages": [{"from": "Customer", "text": text}]})
            })
            .collect();
        fs::write(self.0.join("chats.json"), json!(chats).to_string()).unwrap();
    }

    fn options(&self) -> Options {
        let Data { chats, desk } = Data::load(&self.0, &Contract::room_updates()).unwrap();
        let watch = Watch { data: Some(self.0.clone()), ..Watch::default() };
        Options { sample_chats: chats, desk, watch, ..Options::default() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The numbers in the list with their last messages, sorted.
async fn list(page: &mut Page<'_>) -> Vec<(String, String)> {
    let list = page.ask("fetch_all_chats", &json!({})).await;
    let text = |chat: &serde_json::Value, key: &str| chat[key].as_str().unwrap().to_owned();
    let chats = list["chats"].as_array().unwrap().iter();
    let mut chats: Vec<_> = chats.map(|chat| (text(chat, "customer"), text(chat, "last_message"))).collect();
    chats.sort();
    chats
}

fn pair(number: &str, text: &str) -> (String, String) {
    (number.to_owned(), text.to_owned())
}

#[tokio::test]
async fn edited_chats_are_told_to_the_pages_and_the_others_stay_as_they_have_become() {
    let folder = Folder::new("data");
    folder.write_chats(&[("15550100001", "one"), ("15550100002", "two"), ("15550100003", "three")]);
    let server = Server::start(folder.options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "written since").await;
    page.event().await;
    folder.write_chats(&[("15550100001", "one"), ("15550100002", "two, edited"), ("15550100004", "four")]);
    let mut told = [page.event().await, page.event().await];
    told.sort_by_key(|(_, chat)| chat["customer"].as_str().map(ToOwned::to_owned));
    assert_eq!((told[0].0.as_str(), &told[0].1["last_message"]), ("room_update", &"two, edited".into()));
    assert_eq!(told[1].1["last_message"], "four");
    assert_eq!(page.event().await.0, "dashboard_stats");
    let expected =
        [pair("15550100001", "written since"), pair("15550100002", "two, edited"), pair("15550100004", "four")];
    assert_eq!(list(&mut page).await, expected);
    server.stop().await;
}

#[tokio::test]
async fn a_bad_edit_changes_nothing_and_the_next_good_one_does() {
    let folder = Folder::new("bad");
    folder.write_chats(&[("15550100001", "one")]);
    let server = Server::start(folder.options());
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    fs::write(folder.0.join("chats.json"), "[{\"customer\": ").unwrap();
    // Whether it has been read by now or not, it must not be told.
    folder.write_chats(&[("15550100001", "mended")]);
    assert_eq!(page.event().await.1["last_message"], "mended");
    server.stop().await;
}

#[tokio::test]
async fn another_contract_ends_the_connections_and_is_in_force_for_those_who_come_back() {
    let folder = Folder::new("contract");
    let file = folder.0.join("contract.yaml");
    fs::write(&file, ROOM_UPDATES).unwrap();
    let contract = Contract::load(&file).unwrap();
    let watch = Watch { contract: Some(file.clone()), ..Watch::default() };
    let server = Server::start(Options { contract, watch, ..options() });
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "Hello").await;
    assert_eq!(page.event().await.0, "room_update");

    let edited = ROOM_UPDATES.replace("room_update_vendor", "vendor_news").replace("15550100103", "15550100109");
    fs::write(&file, edited).unwrap();
    let ended = async { while server.get(&page.session).await == StatusCode::OK {} };
    timeout(DEADLINE, ended).await.expect("its connection ends");

    let mut page = server.page().await;
    page.join("VendorApp").await;
    assert_eq!(server.deliver(VENDOR, "{}").await, StatusCode::NOT_FOUND, "the former channel");
    server.write("15550100109", "15550100001", "again").await;
    assert_eq!(page.event().await.0, "vendor_news");
    assert_eq!(list(&mut page).await.len(), 2, "what was there is still there");
    server.stop().await;
}

#[tokio::test]
async fn an_edited_scenario_begins_anew_and_a_bad_edit_changes_nothing() {
    let folder = Folder::new("scenario");
    let file = folder.0.join("scenario.yaml");
    let write = |text: &str| {
        let send = format!("send: {{messages: [{{label: a, type: Partner, from: Vivek, text: {text}}}]}}");
        fs::write(&file, format!("name: edited\nsteps:\n  - {send}\n  - wait: 1h\n")).unwrap();
    };
    write("first");
    let timeline = Timeline::load(&file).unwrap();
    let scenario = Scenario::of(&timeline, &file.display().to_string(), &Contract::room_updates()).unwrap();
    let watch = Watch { scenario: Some(file.clone()), ..Watch::default() };
    let server = Server::start(Options { scenario: Some(scenario), watch, ..options() });
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    let first = async { while list(&mut page).await.iter().all(|(_, text)| text != "first") {} };
    timeout(DEADLINE, first).await.expect("it is played from the start");
    page.all_heard().await;

    fs::write(&file, "name: edited\nsteps: [sned]\n").unwrap();
    // Whether it has been read by now or not, nothing may come of it.
    write("second");
    assert_eq!(page.event().await.1["last_message"], "second");
    server.stop().await;
}
