//! The deployed dashboard's own words, spoken by the real client in a real browser: the mock must not be noticed by them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use browser_tests::Driver;
use fixtures::webhooks::{Inbound, MessageKind, messages};
use mock_server::Options;
use serde_json::{Value, json};
use support::{loopback, serve};

/// The business number that customers of type Partner write to.
const PARTNER: &str = "15550100101";

async fn morning() -> Value {
    let listener = mock_server::bind(loopback()).unwrap();
    let backend = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(mock_server::serve(listener, Options::default(), std::future::pending()));
    let message = Inbound {
        kind: MessageKind::Text,
        from: "15550100001".to_owned(),
        name: "Vivek".to_owned(),
        id: "wamid.1".to_owned(),
        timestamp: 1_771_929_000,
        text: Some("Hello 👋".to_owned()),
    };
    let webhook = json!({"path": format!("/api/chats/whatsapp_chat/{PARTNER}"), "body": messages(PARTNER, &[message])});
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    browser.goto(&serve(include_str!("dialect.html")).await).await.unwrap();
    let script =
        "const [wanted, done] = arguments; morning(wanted).then(done, (error) => done({error: String(error)}));";
    let got = browser.execute_async(script, vec![json!({"url": backend, "webhook": webhook})]).await.unwrap();
    browser.close().await.unwrap();
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_speaks_as_the_deployed_one_finds_all_that_it_needs() {
    let got = morning().await;
    assert_eq!(got["error"], Value::Null);
    for step in [
        "login",
        "stats",
        "online",
        "room",
        "list",
        "olderList",
        "webhook",
        "config",
        "history",
        "joined",
        "sent",
        "found",
        "resolved",
        "offline",
        "logout",
    ] {
        assert_eq!(got[step]["status"], 1, "{step}: {}", got[step]);
    }
    for figure in ["active", "resolved", "pending", "total"] {
        assert!(got["stats"][figure].is_u64(), "{figure}: {}", got["stats"]);
    }
    assert!(got["stats"]["by_type"]["Partner"].is_u64());
    assert_eq!(got["online"]["new_status"], "ONLINE");
    let chats = |list: &str| got[list]["chats"].as_array().unwrap().clone();
    assert_eq!((chats("list").len(), chats("olderList").len()), (10, 20));
    assert!(chats("list").iter().all(|chat| chat["status"] == "active" && chat["customer_type"] == "Partner"));
    assert_eq!((&got["update"]["last_message"], &got["update"]["unseen_count"]), (&"Hello 👋".into(), &1.into()));
    assert_eq!(
        (&got["config"]["isWhatsappChatOpen"], &got["config"]["config"]["name"]),
        (&true.into(), &"Vivek".into())
    );
    assert_eq!(got["history"]["messages"][0]["message"], "Hello 👋");
    assert_eq!(
        (&got["shown"]["message_id"], &got["shown"]["message"]),
        (&got["sent"]["message_id"], &"Good morning ☀️".into())
    );
    assert_eq!(
        (&got["found"]["chat"]["unread_count"], &got["found"]["chat"]["last_message"]),
        (&0.into(), &"Good morning ☀️".into())
    );
    assert_eq!(
        (&got["resolved"]["old_status"], &got["resolved"]["new_status"]),
        (&"active".into(), &"resolved".into())
    );
    let resolved = |figures: &str| got[figures]["resolved"].as_u64().unwrap();
    assert_eq!(resolved("figures"), resolved("stats") + 1);
    assert_eq!((&got["after"]["code"], &got["after"]["status"]), (&401.into(), &0.into()));
}
