//! The mock's console in a real browser: what people see of it, and do with it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::time::Duration;

use browser_tests::Driver;
use fantoccini::key::Key;
use fantoccini::{Client as Browser, Locator};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use mock_server::Options;
use serde_json::{Value, json};

/// How long anything may take; only a failing test waits for it.
const DEADLINE: Duration = Duration::from_secs(20);

const HOSTILE: &str = "<img src=x onerror=\"document.title='gone'\"> & </pre><script>document.title='gone'</script>";

/// The same for the name of an event and of a key: the library that the mock is made with takes no quotation marks there.
const HOSTILE_NAME: &str = "<img src=x onerror=document.title=1>";

fn mock() -> String {
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options { sample_chats: Vec::new(), ..Options::default() };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

async fn request(method: &str, url: &str, body: String) -> String {
    let request = http::Request::builder().method(method).uri(url).body(Full::<axum::body::Bytes>::from(body)).unwrap();
    let answer = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// A dashboard's connection, by polling.
struct Page {
    session: String,
}

impl Page {
    async fn open(mock: &str) -> Self {
        let credentials = json!({"username": "agent", "password": "agent-password"}).to_string();
        let login: Value =
            serde_json::from_str(&request("POST", &format!("{mock}/api/auth/login"), credentials).await).unwrap();
        let open = format!("{mock}/ws/?EIO=4&transport=polling");
        let handshake = request("GET", &open, String::new()).await;
        let handshake: Value = serde_json::from_str(&handshake[1..]).unwrap();
        let page = Self { session: format!("{open}&sid={}", handshake["sid"].as_str().unwrap()) };
        page.send(format!("40{}", json!({"token": login["accessToken"]}))).await;
        // Whoever emits before that is answered is hung up on.
        let answer = request("GET", &page.session, String::new()).await;
        assert!(answer.starts_with("40{"), "{answer}");
        page
    }

    async fn send(&self, packet: String) {
        request("POST", &self.session, packet).await;
    }

    async fn emit(&self, event: &str, payload: Value) {
        self.send(format!("42{}", json!([event, payload]))).await;
    }
}

/// Waits until a script gives something that is not false.
async fn until(browser: &Browser, what: &str) -> Value {
    let script = format!(
        "const done = arguments[0]; const look = () => {{ const found = ({what}); \
         if (found) done(found); else setTimeout(look, 20); }}; look();"
    );
    match tokio::time::timeout(DEADLINE, browser.execute_async(&script, vec![])).await {
        Ok(Ok(found)) => found,
        other => {
            let text = browser.execute("return document.body.innerText", vec![]).await;
            panic!("never: {what}: {other:?}; the console shows {text:?}")
        }
    }
}

/// Opens the console, and waits until it is live.
async fn console(browser: &Browser, mock: &str) {
    browser.goto(&format!("{mock}/__mock/")).await.unwrap();
    until(browser, "document.querySelector('#live.on') && document.querySelector('#kind').length === 10").await;
}

async fn click(browser: &Browser, selector: &str) {
    browser.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
}

async fn type_into(browser: &Browser, selector: &str, text: &str) {
    browser.find(Locator::Css(selector)).await.unwrap().send_keys(text).await.unwrap();
}

fn logged(text: &str) -> String {
    format!("[...document.querySelectorAll('#entries .entry')].some((it) => it.textContent.includes({}))", json!(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_writes_is_logged_and_what_an_agent_answers_is_read() {
    let mock = mock();
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    console(&browser, &mock).await;
    let page = Page::open(&mock).await;
    page.emit("join_room", json!({"room": "PartnerApp"})).await;
    until(&browser, "document.querySelector('#connections .room')?.textContent === 'PartnerApp'").await;
    assert_eq!(
        browser.execute("return document.querySelector('#connections .transport').textContent", vec![]).await.unwrap(),
        "polling"
    );
    type_into(&browser, "#text", &format!("Where is my driver?{}", Key::Enter)).await;
    until(&browser, &logged("Partner 0001: Where is my driver?")).await;
    until(&browser, &logged("PartnerApp · 1 page")).await;
    // Its payload is there for whoever opens it.
    browser.execute("[...document.querySelectorAll('.broadcast details')].at(-1).open = true", vec![]).await.unwrap();
    let payload = until(&browser, "document.querySelector('.broadcast pre')?.textContent").await;
    let chat: Value = serde_json::from_str(payload.as_str().unwrap()).unwrap();
    assert_eq!(chat["last_message"], "Where is my driver?");
    let reply =
        json!({"chat_id": chat["chat_id"], "sender": "15550100199", "type": "Agent", "message": "Four minutes away."});
    page.emit("send_message", reply).await;
    until(&browser, "document.querySelector('#messages .agents .tick.read')").await;
    until(&browser, &logged("15550100001 read")).await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_text_wherever_it_is_shown() {
    let mock = mock();
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    console(&browser, &mock).await;
    let title = browser.title().await.unwrap();
    let message = json!({"text": HOSTILE, "name": HOSTILE});
    request("POST", &format!("{mock}/__mock/api/phones/Partner/15550100001/messages"), message.to_string()).await;
    let page = Page::open(&mock).await;
    page.emit(HOSTILE_NAME, json!({ HOSTILE_NAME: HOSTILE })).await;
    type_into(&browser, "#fault-search", HOSTILE).await;
    browser
        .execute("for (const it of document.querySelectorAll('#entries details')) it.open = true", vec![])
        .await
        .unwrap();
    for (place, text) in [("#messages .words", HOSTILE), ("#caller", HOSTILE), (".emitted .event", HOSTILE_NAME)] {
        until(&browser, &format!("document.querySelector({})?.textContent === {}", json!(place), json!(text))).await;
    }
    until(&browser, "document.querySelector('.emitted .preview')?.textContent.includes('onerror')").await;
    let made =
        browser.execute("return document.querySelectorAll('img, script:not([src])').length", vec![]).await.unwrap();
    assert_eq!((made, browser.title().await.unwrap()), (0.into(), title));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_makes_something_go_wrong_twice_and_then_no_more() {
    let mock = mock();
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    console(&browser, &mock).await;
    let page = Page::open(&mock).await;
    page.emit("join_room", json!({"room": "PartnerApp"})).await;
    type_into(&browser, "#fault-times", "2").await;
    type_into(&browser, "#fault-search", "broadcast-twice").await;
    until(&browser, "document.querySelectorAll('.fault').length === 1").await;
    click(&browser, ".fault").await;
    let left = "document.querySelector('.fault b')?.textContent";
    until(&browser, &format!("{left} === '2 left'")).await;
    for (expected, broadcasts) in [("'1 left'", 2), ("undefined", 4), ("undefined", 5)] {
        type_into(&browser, "#text", &format!("Hello{}", Key::Enter)).await;
        until(&browser, &format!("document.querySelectorAll('.entry.broadcast').length === {broadcasts}")).await;
        until(&browser, &format!("{left} === {expected}")).await;
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_dropped_the_flow_is_paused_and_everything_is_reset() {
    let mock = mock();
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    console(&browser, &mock).await;
    let page = Page::open(&mock).await;
    page.emit("join_room", json!({"room": "PartnerApp"})).await;
    until(&browser, "document.querySelector('#connections .room')").await;
    click(&browser, "#pause").await;
    until(&browser, "document.querySelector('#pause').textContent === 'Resume'").await;
    type_into(&browser, "#text", &format!("held back{}", Key::Enter)).await;
    until(&browser, "document.querySelector('#held').textContent === '1 held'").await;
    click(&browser, "#pause").await;
    until(&browser, &logged("Partner 0001: held back")).await;
    until(&browser, "document.querySelector('#held').hidden").await;
    type_into(&browser, "#log-search", "nothing has this").await;
    until(&browser, "[...document.querySelectorAll('.entry')].every((it) => it.hidden)").await;
    click(&browser, ".connections .drop").await;
    until(&browser, "document.querySelector('#connections .empty')").await;
    click(&browser, "#reset").await;
    until(&browser, "document.querySelectorAll('.entry').length === 1 && document.querySelector('.entry.control')")
        .await;
    until(&browser, "document.querySelectorAll('#messages li').length === 0").await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_played_faster_and_stopped() {
    let mock = mock();
    let driver = Driver::start().await.unwrap();
    let browser = driver.session().await.unwrap();
    console(&browser, &mock).await;
    until(&browser, "document.querySelectorAll('#scenario option').length === 5").await;
    browser.find(Locator::Css("#scenario")).await.unwrap().select_by_value("busy-morning").await.unwrap();
    click(&browser, "#play").await;
    until(&browser, "document.querySelector('#play').textContent === 'Stop'").await;
    until(&browser, &logged("busy-morning begins, at 1 times its speed")).await;
    until(&browser, "document.querySelector('#played').textContent.endsWith(' of 500 steps')").await;
    type_into(&browser, "#speed", &format!("{}a{}100{}", Key::Control, Key::Null, Key::Enter)).await;
    until(&browser, "document.querySelectorAll('.entry.http').length > 10").await;
    click(&browser, "#play").await;
    until(&browser, &logged("busy-morning was stopped")).await;
    until(&browser, "document.querySelector('#progress').hidden").await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_a_telephone_and_asks_nobody_else_for_anything() {
    let mock = mock();
    let driver = Driver::start().await.unwrap();
    let browser = driver.telephone(390, 844).await.unwrap();
    console(&browser, &mock).await;
    let page = Page::open(&mock).await;
    page.emit("join_room", json!({"room": "PartnerApp"})).await;
    let message = json!({"text": "a_word_that_is_much_too_long_for_a_line_".repeat(20)});
    request("POST", &format!("{mock}/__mock/api/phones/Partner/15550100001/messages"), message.to_string()).await;
    until(&browser, "document.querySelector('.entry.broadcast')").await;
    for (view, part) in [("log", "#entries"), ("phone", "#text"), ("pages", "#drop-all"), ("faults", "#fault-search")] {
        click(&browser, &format!("[data-show={view}]")).await;
        until(&browser, &format!("document.querySelector('{part}').checkVisibility()")).await;
        let width = browser.execute("return document.documentElement.scrollWidth", vec![]).await.unwrap();
        assert_eq!(width, 390, "{view} is wider than the screen");
    }
    let asked = browser
        .execute("return performance.getEntriesByType('resource').map((it) => new URL(it.name).origin)", vec![])
        .await
        .unwrap();
    let asked: Vec<&str> = asked.as_array().unwrap().iter().map(|origin| origin.as_str().unwrap()).collect();
    assert!(asked.len() > 5 && asked.iter().all(|origin| *origin == mock), "{asked:?}");
    browser.close().await.unwrap();
}
