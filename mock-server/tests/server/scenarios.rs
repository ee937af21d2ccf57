//! Scenarios, played to pages that are connected.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use fixtures::Contract;
use fixtures::scenario::Timeline;
use mock_server::{Options, Scenario};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::api::Api;
use crate::support::{DEADLINE, Server, options};

const TYPES: [(&str, &str, &str); 4] = [
    ("Partner", "PartnerApp", "room_update"),
    ("Customer", "CustomerApp", "room_update_customer"),
    ("Vendor", "VendorApp", "room_update_vendor"),
    ("SRDP", "SRDPApp", "room_update_srdp"),
];

/// Options with a scenario of the test's own.
fn playing(steps: &str) -> Options {
    let text = format!("name: own\nsteps:\n{steps}");
    let timeline = Timeline::parse("own.yaml", &text).unwrap();
    let scenario = Scenario::of(&timeline, "own.yaml", &Contract::room_updates()).unwrap();
    Options { scenario: Some(scenario), ..options() }
}

fn send(label: &str) -> String {
    format!("  - send: {{messages: [{{label: {label}, type: Partner, from: Vivek, text: {label}}}]}}\n")
}

/// The player, once something is so.
async fn player(api: &Api<'_>, wanted: impl Fn(&Value) -> bool) -> Value {
    let look = async {
        loop {
            let state = api.get("player").await;
            if wanted(&state) {
                return state;
            }
        }
    };
    timeout(DEADLINE * 3, look).await.expect("the player comes that far")
}

async fn faults_on(api: &Api<'_>) -> Vec<Value> {
    let faults = api.get("faults").await;
    faults.as_array().unwrap().iter().filter(|it| it["on"] == true).map(|it| it["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_busy_morning_every_message_is_told_once_to_the_right_room() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let mut pages = Vec::new();
    for (_, room, _) in TYPES {
        let mut page = server.page().await;
        page.join(room).await;
        pages.push(page);
    }
    let listed = api.get("scenarios").await;
    let busy = listed.as_array().unwrap().iter().find(|it| it["name"] == "busy-morning").unwrap();
    assert_eq!(busy["messages"], 500);
    assert!(busy["left_out"].as_array().unwrap().iter().any(|it| it["step"] == "heard" && it["count"] == 500));
    api.put("player", &json!({"scenario": "busy-morning", "speed": 1000})).await;
    let ended = player(&api, |state| state["playing"] == false).await;
    assert_eq!((&ended["done"], &ended["steps"], &ended["trouble"]), (&500.into(), &500.into(), &Value::Null));

    let mut numbers = BTreeMap::new();
    let mut told = 0;
    for (page, (customer_type, _, event)) in pages.iter_mut().zip(TYPES) {
        let heard = page.all_heard().await;
        told += heard.len();
        for (name, chat) in heard {
            assert_eq!((&*name, &chat["customer_type"]), (event, &customer_type.into()));
            // Media without words have none of the scenario's.
            let text = chat["last_message"].as_str().unwrap();
            if let Some((_, number)) = text.rsplit_once('(') {
                *numbers.entry(number.to_owned()).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(told, 500);
    assert!(numbers.len() > 300 && numbers.values().all(|count| *count == 1), "{numbers:?}");
    server.stop().await;
}

#[tokio::test]
async fn its_speed_can_be_changed_and_what_it_made_go_wrong_goes_right_when_it_is_stopped() {
    let steps = format!(
        "  - switch-on: {{fault: broadcast-twice}}\n  - flow: {{delay_ms: 5}}\n  - wait: 10h\n{}  - wait: 1000h\n",
        send("late")
    );
    let server = Server::start(playing(&steps));
    let api = Api::of(&server).await;
    let state = player(&api, |state| state["done"] == 2).await;
    assert_eq!((&state["scenario"], &state["playing"], &state["speed"]), (&"own".into(), &true.into(), &1.0.into()));
    assert_eq!(
        (faults_on(&api).await, &api.get("flow").await["delay_ms"]),
        (vec!["broadcast-twice".into()], &5.into())
    );
    api.ok(Method::PATCH, "player", &json!({"speed": 100_000})).await;
    let state = player(&api, |state| state["done"] == 3).await;
    assert!(state["at_ms"].as_u64() >= Some(36_000_000) && state["playing"] == true, "{state}");
    assert_eq!(api.get("phones").await[0]["last_message"], "late");
    assert_eq!(api.ok(Method::DELETE, "player", &Value::Null).await["playing"], false);
    let undone = async { while !faults_on(&api).await.is_empty() || api.get("flow").await["delay_ms"] != 0 {} };
    timeout(DEADLINE, undone).await.expect("what it changed is as it was");
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_told_by_its_line_and_the_scenario_goes_on() {
    let server = Server::start(Options {
        webhook_limit: Some(1),
        ..playing(&(send("a") + &send("b") + "  - drop-pages: {}\n"))
    });
    let api = Api::of(&server).await;
    let state = player(&api, |state| state["done"] == 3).await;
    let trouble = state["trouble"].as_str().unwrap();
    assert!(trouble.starts_with("own.yaml:4: the webhook answered 429"), "{trouble}");
    let log = api.get("log?kind=control&search=own.yaml").await;
    assert_eq!(log["entries"].as_array().unwrap().len(), 1, "{log}");
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_is_delivered_again_is_the_same_message_and_pages_are_dropped() {
    let steps = format!(
        "  - wait: 1h\n{}  - redeliver: {{label: a, again: b}}\n  - receipt: {{label: a, status: read}}\n{}  - drop-pages: {{}}\n",
        send("a"),
        send("c")
    );
    let server = Server::start(playing(&steps));
    let api = Api::of(&server).await;
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    api.ok(Method::PATCH, "player", &json!({"speed": 100_000})).await;
    player(&api, |state| state["playing"] == false).await;
    let told = api.get("log?kind=broadcast&event=room_update").await;
    let texts = told["entries"].as_array().unwrap().iter().map(|entry| entry["payload"]["last_message"].clone());
    assert_eq!(texts.collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(api.get("connections").await, json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_scenario_that_is_not_there_and_a_speed_that_makes_no_sense_are_refused() {
    let server = Server::start(options());
    let api = Api::of(&server).await;
    let (status, refusal) = api.call(Method::PUT, "player", &json!({"scenario": "busy-mornin"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(refusal["message"].as_str().unwrap().contains("expected one of quiet-hour, busy-morning"), "{refusal}");
    for speed in [0.0, -1.0, 1e9] {
        let (status, _) = api.call(Method::PUT, "player", &json!({"scenario": "quiet-hour", "speed": speed})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{speed}");
    }
    let state = api.get("player").await;
    assert_eq!((&state["playing"], &state["scenario"]), (&false.into(), &Value::Null));
    server.stop().await;
}
