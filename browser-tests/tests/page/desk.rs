//! A mock of the test's own, and a browser that has its page open.

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

/// The first row's number in the sample data's list of Partner, and the last active one whose customer may not be written to
/// any more, since a day has passed.
pub const RAVI: &str = "15550101100";
pub const KOFI: &str = "15550101118";

/// Serves a mock; gives its address.
pub fn mock(options: Options) -> String {
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

/// A mock and a browser.
pub struct Desk {
    pub mock: String,
    pub browser: Browser,
    _driver: Driver,
}

impl Desk {
    /// With the sample data, and nobody signed in.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let driver = Driver::start().await.unwrap();
        let browser = driver.session().await.unwrap();
        Self { mock: mock(options), browser, _driver: driver }
    }

    /// On a telephone of this width, in CSS pixels.
    pub async fn on_telephone(width: u32) -> Self {
        let driver = Driver::start().await.unwrap();
        let browser = driver.telephone(width, 740).await.unwrap();
        Self { mock: mock(Options::default()), browser, _driver: driver }
    }

    /// Opens an address of the page's.
    pub async fn goto(&self, path: &str) {
        self.browser.goto(&format!("{}{path}", self.mock)).await.unwrap();
    }

    /// Opens the page at this address, and signs in there.
    pub async fn sign_in(&self, path: &str) {
        self.goto(path).await;
        self.give_credentials("agent-password").await;
        self.until("document.querySelector('#connection').dataset.state === 'live'").await;
        self.until("document.querySelector('[data-chat-id]')").await;
    }

    pub async fn give_credentials(&self, password: &str) {
        self.until("document.querySelector('form#login').checkVisibility()").await;
        self.enter("input[name=username]", "agent").await;
        self.enter("input[name=password]", password).await;
        self.click("form#login button[type=submit]").await;
    }

    pub async fn click(&self, selector: &str) {
        self.browser.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }

    /// Types where the text is what is there before.
    pub async fn enter(&self, selector: &str, text: &str) {
        let field = self.browser.find(Locator::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: &str) {
        self.browser.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// What a script gives.
    pub async fn look(&self, script: &str) -> Value {
        self.browser.execute(&format!("return {script}"), vec![]).await.unwrap()
    }

    /// Waits until a script gives something that is not false.
    pub async fn until(&self, what: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; const look = () => {{ const found = ({what}); \
             if (found) done(found); else setTimeout(look, 20); }}; look();"
        );
        match tokio::time::timeout(DEADLINE, self.browser.execute_async(&script, vec![])).await {
            Ok(Ok(found)) => found,
            other => {
                panic!("never: {what}: {other:?}; the page shows {:?}", self.look("document.body.innerText").await)
            }
        }
    }

    /// Waits until the first row shows this text, and this many unread messages.
    pub async fn first_row(&self, text: &str, unread: &str) {
        self.until(&format!(
            "(([row]) => row?.querySelector('.chat-preview').textContent === {} && \
             row.querySelector('.unseen-count-badge').textContent === {})(document.querySelectorAll('#chats [data-chat-id]'))",
            json!(text),
            json!(unread)
        ))
        .await;
    }

    /// Opens the chat of the row that has this text.
    pub async fn open_chat(&self, text: &str) {
        let row = format!("//a[contains(@class, 'chat-item')][contains(., '{text}')]");
        self.browser.find(Locator::XPath(&row)).await.unwrap().click().await.unwrap();
        self.until("document.querySelectorAll('#messages article').length > 0").await;
    }

    /// A call to the control API.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/__mock/api/{path}", self.mock);
        let body = Full::<axum::body::Bytes>::from(body.to_string());
        let request = http::Request::builder().method(method).uri(&url).body(body).unwrap();
        let answer = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{url}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }

    /// A customer writes.
    pub async fn write(&self, customer_type: &str, number: &str, text: &str) {
        self.control("POST", &format!("phones/{customer_type}/{number}/messages"), json!({"text": text})).await;
    }

    /// How often something was emitted by pages.
    pub async fn emitted(&self, event: &str) -> usize {
        let entries = self.control("GET", &format!("emitted?event={event}"), Value::Null).await;
        entries["entries"].as_array().unwrap().len()
    }

    pub async fn close(self) {
        self.browser.close().await.unwrap();
    }
}

/// What is typed to send something.
pub fn and_enter(text: &str) -> String {
    format!("{text}{}", Key::Enter)
}
