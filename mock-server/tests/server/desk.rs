//! What agents and in-app customers do besides writing, and what everybody is told of it: by socket.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use mock_server::Options;
use serde_json::{Value, json};

use crate::support::{PARTNER, Page, Server, options, schema};

/// Asks, and holds the answer to the contract.
async fn ask(page: &mut Page<'_>, event: &str, payload: Value) -> Value {
    let answer = page.ask(event, &payload).await;
    schema::check(&format!("{event}_response"), &answer);
    answer
}

/// What a page has heard of this event so far; all of it is held to the contract.
async fn heard(page: &mut Page<'_>, event: &str) -> Vec<Value> {
    let all = page.all_heard().await;
    all.iter().for_each(|(event, payload)| schema::check(event, payload));
    all.into_iter().filter(|(name, _)| name == event).map(|(_, payload)| payload).collect()
}

/// The id of the chat of a customer of type Partner who has just written.
async fn chat_of(server: &Server, page: &mut Page<'_>, number: &str) -> String {
    server.write(PARTNER, number, "Hello").await;
    let answer = ask(page, "search_chat", json!({"customer": number, "customer_type": "Partner"})).await;
    answer["chat"]["chat_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_request_of_the_contract_is_answered_by_its_event() {
    let server = Server::start(options());
    let mut page = server.page().await;
    for (request, answer) in schema::requests() {
        let Some(answer) = answer else { continue };
        page.emit(&request, &json!({})).await;
        let payload = page.answer(&answer).await;
        schema::check(&answer, &payload);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_label_sticks_until_it_is_taken_away_and_everybody_is_told() {
    let server = Server::start(options());
    let (mut agent, mut other) = (server.page().await, server.page().await);
    let chat_id = chat_of(&server, &mut agent, "15550100001").await;
    for (action, tags) in [("add", json!(["vip"])), ("add", json!(["vip"])), ("remove", json!([]))] {
        let request = json!({"chat_id": chat_id, "tag": "vip", "action": action});
        assert_eq!(ask(&mut agent, "apply_tag", request).await, json!({"status": 1}));
        let told = heard(&mut other, "tag_updated").await;
        assert_eq!(told, [json!({"chat_id": chat_id, "tag": "vip", "action": action, "tags": tags})]);
        let list = ask(&mut agent, "fetch_all_chats", json!({"tag": "vip"})).await;
        assert_eq!(list["pagination"]["total"], tags.as_array().unwrap().len());
    }
    let (token, _) = server.log_in().await;
    let history = server.get_as("/api/chats/15550100001/context-history", &token).await.1;
    let types: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
    assert_eq!(types, ["tag_removed", "tag_added"], "each once, the newest first");
    for (key, wrong) in [("chat_id", "none"), ("tag", ""), ("action", "toggle")] {
        let mut request = json!({"chat_id": chat_id, "tag": "vip", "action": "add"});
        request[key] = wrong.into();
        assert_eq!(ask(&mut agent, "apply_tag", request).await["status"], 0, "{key}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_reassigned_chat_is_in_the_other_agents_list() {
    let server = Server::start(options());
    let (mut agent, mut other) = (server.page().await, server.page().await);
    let chat_id = chat_of(&server, &mut agent, "15550100001").await;
    for (from, to, name) in [(Value::Null, "EXE-02", "Agent 2"), ("EXE-02".into(), "EXE-03", "Agent 3")] {
        ask(&mut agent, "reassign_chat", json!({"chat_id": chat_id, "executive_id": to})).await;
        let told = heard(&mut other, "chat_reassigned").await;
        let expected = json!({"chat_id": chat_id, "from_executive_id": from, "to_executive_id": to, "assigned_executive_name": name});
        assert_eq!(told, [expected]);
        let list = ask(&mut agent, "fetch_all_chats", json!({"assigned_executive_id": to})).await;
        assert_eq!(list["chats"][0]["assigned_executive_name"], name);
    }
    let refused = ask(&mut agent, "reassign_chat", json!({"chat_id": chat_id, "executive_id": "EXE-99"})).await;
    assert!(refused["message"].as_str().unwrap().contains("EXE-01"), "{refused}");
    server.stop().await;
}

#[tokio::test]
async fn the_chats_of_an_agent_who_goes_are_shared_out_among_those_who_are_there() {
    let server = Server::start(Options::default());
    let (mut agent, mut other) = (server.page().await, server.page().await);
    let own = json!({"assigned_executive_id": "EXE-03", "status": "active", "page_size": 100});
    let before = ask(&mut agent, "fetch_all_chats", own.clone()).await["pagination"]["total"].as_u64().unwrap();
    assert!(before > 1);
    // As the deployed page spells it.
    let request = json!({"executive_id": "EXE-03", "status": "OFFLINE", "customer_type": "Partner"});
    let answer = ask(&mut agent, "set_executive_status", request).await;
    assert_eq!(answer, json!({"status": 1, "executive_id": "EXE-03", "new_status": "OFFLINE"}));
    let all = other.all_heard().await;
    all.iter().for_each(|(event, payload)| schema::check(event, payload));
    assert_eq!((all[0].0.as_str(), &all[0].1["status"]), ("executive_status", &"offline".into()));
    let to: Vec<&str> = all[1..].iter().map(|(_, told)| told["to_executive_id"].as_str().unwrap()).collect();
    assert_eq!(to.len() as u64, before);
    assert!(to.contains(&"EXE-01") && to.contains(&"EXE-02") && !to.contains(&"EXE-04"), "{to:?}");
    assert_eq!(ask(&mut agent, "fetch_all_chats", own).await["pagination"]["total"], 0);
    let offline = ask(&mut agent, "fetch_all_chats", json!({"user_status": "offline"})).await;
    assert!(offline["chats"].as_array().unwrap().iter().all(|chat| chat["status"] == "resolved"), "{offline}");
    let refused = ask(&mut agent, "set_executive_status", json!({"executive_id": "EXE-03", "status": "away"})).await;
    assert_eq!(refused["status"], 0);
    server.stop().await;
}

#[tokio::test]
async fn an_agent_without_anybody_to_take_over_keeps_the_chats() {
    let server = Server::start(options());
    let mut agent = server.page().await;
    let chat_id = chat_of(&server, &mut agent, "15550100001").await;
    for id in ["EXE-02", "EXE-03"] {
        ask(&mut agent, "set_executive_status", json!({"executive_id": id, "status": "offline"})).await;
    }
    ask(&mut agent, "reassign_chat", json!({"chat_id": chat_id, "executive_id": "EXE-01"})).await;
    agent.all_heard().await;
    // Without an id it is whoever can log in.
    let answer = ask(&mut agent, "set_executive_status", json!({"status": "offline"})).await;
    assert_eq!(answer["executive_id"], "EXE-01");
    assert_eq!(heard(&mut agent, "chat_reassigned").await, [Value::Null; 0]);
    let chat = ask(&mut agent, "search_chat", json!({"customer": "15550100001"})).await["chat"].clone();
    assert_eq!(chat["assigned_executive_id"], "EXE-01");
    server.stop().await;
}

#[tokio::test]
async fn a_note_is_told_and_listed_whichever_way_it_came() {
    let server = Server::start(options());
    let (mut agent, mut other) = (server.page().await, server.page().await);
    let chat_id = chat_of(&server, &mut agent, "15550100001").await;
    ask(&mut agent, "add_note", json!({"chat_id": chat_id, "text": "call <b>back</b>", "author": "EXE-02"})).await;
    let (token, _) = server.log_in().await;
    let path = format!("/api/chats/{chat_id}/notes");
    let (status, _) = server.post_as(&path, &token, &json!({"content": "called", "author_name": "Agent 1"})).await;
    assert_eq!(status, 200);
    let told = heard(&mut other, "note_added").await;
    assert_eq!(told[0]["content"], "call <b>back</b>");
    assert_eq!((&told[0]["author_id"], &told[0]["author_name"]), (&"EXE-02".into(), &"Agent 2".into()));
    assert_eq!(server.get_as(&path, &token).await.1, json!({"status": 1, "notes": told}));
    assert_eq!(ask(&mut agent, "add_note", json!({"chat_id": chat_id})).await["status"], 0);
    server.stop().await;
}

#[tokio::test]
async fn an_in_app_customers_chat_is_made_once_and_given_to_whoever_has_the_least_to_do() {
    let server = Server::start(options());
    let (mut customer, mut other) = (server.page().await, server.page().await);
    let request = json!({"sender": "15550100001", "customer_type": "Vendor"});
    let opened = ask(&mut customer, "new_chat", request.clone()).await;
    assert_eq!((&opened["is_new"], &opened["assigned_to"]), (&true.into(), &"EXE-01".into()));
    let again = ask(&mut customer, "new_chat", request).await;
    assert_eq!((&again["is_new"], &again["chat_id"]), (&false.into(), &opened["chat_id"]));
    let second = ask(&mut customer, "new_chat", json!({"sender": "15550100002", "chat_type": "Vendor"})).await;
    assert_eq!(second["assigned_to"], "EXE-02");
    let told = heard(&mut other, "chat_assigned").await;
    let to: Vec<_> = told.iter().map(|told| &told["assigned_executive_id"]).collect();
    assert_eq!(to, ["EXE-01", "EXE-02"]);
    for wrong in [json!({"sender": "15550100001"}), json!({"sender": "Vivek", "customer_type": "Vendor"})] {
        assert_eq!(ask(&mut customer, "new_chat", wrong).await["status"], 0);
    }
    server.stop().await;
}

#[tokio::test]
async fn an_in_app_customer_and_an_agent_write_to_each_other() {
    let server = Server::start(options());
    let (mut customer, mut agent) = (server.page().await, server.page().await);
    agent.join("VendorApp").await;
    let opened =
        ask(&mut customer, "new_chat", json!({"sender": "15550100001", "customer_type": "Vendor"})).await["chat_id"]
            .clone();
    ask(&mut customer, "join_chat_customer", json!({"chat_id": opened, "type": "Customer"})).await;
    let before = ask(&mut customer, "config", json!({"chat_id": opened, "sender": "15550100001"})).await;
    assert_eq!((&before["isFreshChat"], &before["isChatInitiated"]), (&true.into(), &false.into()));
    let mut message =
        json!({"chat_id": opened, "sender": "15550100001", "type": "Customer", "message": "Hi", "chat_type": "Vendor"});
    ask(&mut customer, "send_message", message.clone()).await;
    assert_eq!(heard(&mut agent, "room_update_vendor").await[0]["unread_count"], 1);
    message["type"] = "Agent".into();
    ask(&mut agent, "send_message", message).await;
    let heard = heard(&mut customer, "new_message").await;
    let channels: Vec<_> = heard.iter().map(|message| (&message["sender_type"], &message["channel"])).collect();
    assert_eq!(channels, [(&"Customer".into(), &"inapp".into()), (&"Executive".into(), &"inapp".into())]);
    let after = ask(&mut customer, "config", json!({"sender": "15550100001", "customer_type": "Vendor"})).await;
    assert_eq!((&after["isFreshChat"], &after["isChatInitiated"]), (&false.into(), &true.into()));
    assert_eq!(after["isWhatsappChatOpen"], false, "the customer has never written by WhatsApp");
    server.stop().await;
}

#[tokio::test]
async fn the_others_in_a_chat_see_who_types_and_who_leaves() {
    let server = Server::start(options());
    let (mut one, mut two, mut outside) = (server.page().await, server.page().await, server.page().await);
    let chat_id = chat_of(&server, &mut one, "15550100001").await;
    for page in [&mut one, &mut two] {
        ask(page, "join_chat", json!({"chat_id": chat_id, "type": "Partner"})).await;
    }
    let typing = json!({"chat_id": chat_id, "sender": "15550100199", "is_typing": true});
    one.emit("typing", &typing).await;
    one.emit("typing", &json!({"chat_id": chat_id})).await;
    assert_eq!(one.all_heard().await, [], "neither an answer nor one's own typing");
    assert_eq!(heard(&mut two, "user_typing").await, [typing]);
    ask(&mut one, "leave_chat", json!({"chat_id": chat_id})).await;
    ask(&mut one, "leave_chat", json!({"chat_id": chat_id})).await;
    let left = heard(&mut two, "user_left").await;
    assert_eq!(left.len(), 1, "once: who is not there cannot leave");
    let sid = one.session.rsplit('=').next().unwrap();
    assert!(!left[0].to_string().contains(sid), "the sid opens the session to whoever knows it");
    ask(&mut one, "join_chat", json!({"chat_id": chat_id})).await;
    // Its connection ends.
    one.send("1").await;
    let (event, again) = two.event().await;
    assert_eq!((event.as_str(), &again["connection_id"]), ("user_left", &left[0]["connection_id"]));
    assert_eq!(outside.all_heard().await, []);
    server.stop().await;
}

#[tokio::test]
async fn a_page_learns_what_is_known_of_a_customer() {
    let server = Server::start(Options::default());
    let mut page = server.page().await;
    let known = ask(&mut page, "config", json!({"sender": "15550101100", "customer_type": "Partner"})).await;
    assert_eq!((&known["isWhatsappChatOpen"], &known["config"]["name"]), (&true.into(), &"Ravi".into()));
    assert_eq!(known["config"]["city"], "Riverside");
    let unknown = ask(&mut page, "config", json!({"sender": "15550100001"})).await;
    assert_eq!((&unknown["chat_id"], &unknown["isFreshChat"]), (&Value::Null, &true.into()));
    assert_eq!(ask(&mut page, "config", json!({"sender": "1", "chat_id": "none"})).await["status"], 0);
    server.stop().await;
}

#[tokio::test]
async fn time_alone_gives_alerts_and_closes_the_window() {
    static NOW: AtomicI64 = AtomicI64::new(1_771_929_000);
    let clock = || Timestamp::from_second(NOW.load(Ordering::SeqCst)).unwrap();
    let forward = |minutes: i64| NOW.fetch_add(minutes * 60, Ordering::SeqCst);
    let lifetime = std::time::Duration::from_hours(100);
    let server = Server::start(Options { clock, access_token_lifetime: lifetime, ..options() });
    let mut page = server.page().await;
    let chat_id = chat_of(&server, &mut page, "15550100001").await;
    for (minutes, alert_type, elapsed) in [(4, "3min", 4), (7, "10min", 11)] {
        forward(minutes);
        let alert = page.answer("sla_alert").await;
        schema::check("sla_alert", &alert);
        assert_eq!((&alert["alert_type"], &alert["elapsed_minutes"]), (&alert_type.into(), &elapsed.into()));
        assert_eq!((&alert["chat_id"], &alert["customer_name"]), (&chat_id.clone().into(), &"Vivek".into()));
    }
    forward(24 * 60);
    let config = ask(&mut page, "config", json!({"sender": "15550100001"})).await;
    assert_eq!(config["isWhatsappChatOpen"], false);
    let reply = json!({"chat_id": chat_id, "sender": "15550100199", "type": "Agent", "message": "Hi", "customer_type": "Partner"});
    let refused = ask(&mut page, "send_message", reply.clone()).await;
    assert!(refused["message"].as_str().unwrap().contains("24 hours"), "{refused}");
    let (token, _) = server.log_in().await;
    let closed = server.get_as("/api/service-window/closed?customer_type=Partner", &token).await.1;
    assert_eq!((&closed["count"], &closed["customers"][0]["customer"]), (&1.into(), &"15550100001".into()));
    server.write(PARTNER, "15550100001", "still here").await;
    assert_eq!(ask(&mut page, "send_message", reply).await["status"], 1);
    assert_eq!(server.get_as("/api/service-window/closed", &token).await.1["count"], 0);
    server.stop().await;
}
