//! Another contract, with other types, rooms, events, path and keys, needs no line of code.

use std::path::Path;

use fixtures::webhooks;
use fixtures::{Contract, Role};
use mock_server::Options;
use serde_json::{Value, json};

use crate::support::{PARTNER, Page, Server, inbound, options};

fn order_board() -> Contract {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/contract/order-board.asyncapi.yaml");
    Contract::load(&file).unwrap()
}

#[tokio::test]
async fn each_route_of_another_contract_is_served_under_its_names() {
    let contract = order_board();
    // With the sample chats of the customer-care contract, whose types this one does not have.
    let server = Server::start(Options { contract: contract.clone(), ..Options::default() });
    let (token, _) = server.log_in().await;
    let webhook = contract.webhook.as_deref().unwrap();
    for route in &contract.routes {
        let mut page = Page::connect_at(&server, &contract.path, "", &json!({"token": token})).await.unwrap();
        page.emit(&contract.join.request, &json!({"room": route.room})).await;
        let answer = page.answer(contract.join.answer.as_deref().unwrap()).await;
        assert_eq!(answer, json!({"status": 1, "room": route.room}));
        let channel = route.channel.as_deref().unwrap();
        let body = webhooks::messages(channel, &[inbound("15550100001", "On my way")]);
        assert_eq!(server.post(&webhook.replace("{channel}", channel), body.to_string()).await.0, 200);
        let (event, summary) = page.event().await;
        assert_eq!(event, route.event);
        let value = |role: Role| &summary[contract.key(role).unwrap()];
        assert_eq!((value(Role::Text), value(Role::Unread)), (&Value::from("On my way"), &Value::from(1)));
        assert_eq!(value(Role::Type), route.customer_type.as_str());
        let known = contract.summary_schema["properties"].as_object().unwrap();
        assert!(summary.as_object().unwrap().keys().all(|key| known.contains_key(key)), "{summary}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_a_contract_leaves_out_is_unknown() {
    let mut contract = Contract::room_updates();
    contract.list = None;
    let server = Server::start(Options { contract, ..options() });
    let mut page = server.page().await;
    page.send(r#"421["fetch_all_chats",{}]"#).await;
    assert_eq!(page.packet().await, r#"431[{"status":0,"message":"unknown event"}]"#);
    assert_eq!(page.all_heard().await, []);
    server.stop().await;
}

#[tokio::test]
async fn events_that_a_contract_does_not_have_are_neither_asked_for_nor_told() {
    let mut contract = Contract::room_updates();
    contract.other_events.retain(|event| !["tag_updated", "add_note", "dashboard_stats"].contains(&event.as_str()));
    let server = Server::start(Options { contract, ..options() });
    let mut page = server.page().await;
    server.write(PARTNER, "15550100001", "Hello").await;
    let chat_id = page.ask("search_chat", &json!({"customer": "15550100001"})).await["chat"]["chat_id"].clone();
    page.ask("apply_tag", &json!({"chat_id": chat_id, "tag": "vip", "action": "add"})).await;
    page.emit("add_note", &json!({"chat_id": chat_id, "content": "call back"})).await;
    let resolve = json!({"customer_number": "15550100001", "update_by_number": "15550100199", "status": "resolved"});
    page.ask("update_chat_status", &resolve).await;
    assert_eq!(page.all_heard().await, []);
    server.stop().await;
}
