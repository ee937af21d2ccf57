//! A browser under WebDriver and BiDi: windows, scripts, pictures, and what each page tells. It knows no profile's meaning
//! and no backend.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use conformance::recording::{Direction, Peer, Row, What};
use conformance::stage::ScenarioLog;
use conformance::target::{Redactor, Token};
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use fixtures::pages::List;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex as AsyncMutex;

use crate::bidi::{Bidi, BidiError};
use crate::driver::{Driver, DriverError, Setup};
use crate::engine::Engine;
use crate::proxy::Proxy;
use crate::wires::Wires;

const PROBE: &str = include_str!("probe.js");

/// The name under which the probe tells.
const CHANNEL: &str = "probe";

/// How good pictures are, of 1.
const PICTURE_QUALITY: f64 = 0.5;

/// How large a window is, in CSS pixels: a list and a conversation beside each other, and small pictures.
const WINDOW: (u32, u32) = (900, 600);

/// Why the browser could not do something. Never a page's fault.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is no browser.
    #[error("{0}")]
    Driver(#[from] DriverError),
    /// It speaks no BiDi.
    #[error("this browser's driver offers no WebDriver BiDi (`webSocketUrl`); a newer one does")]
    NoBidi,
    /// A command failed.
    #[error("{0}")]
    Bidi(#[from] BidiError),
    /// A command by WebDriver failed.
    #[error("{what}: {reason}")]
    Driven {
        /// What was to be done.
        what: String,
        /// What the driver said.
        reason: String,
    },
}

/// A running browser.
pub struct Browser {
    driver: AsyncMutex<Client>,
    bidi: Bidi,
    watched: Arc<Watched>,
    _proxy: Option<Proxy>,
    _driver: Driver,
}

/// One window or tab.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window(String);

/// The pages whose doings are written down, by their windows.
#[derive(Default)]
struct Watched(Mutex<HashMap<String, Page>>);

/// Where a page's doings are written down.
struct Page {
    log: Arc<ScenarioLog>,
    peer: Peer,
    wires: Wires,
    redactor: Redactor,
    clock: Clock,
}

/// The browser tells times of the wall's clock, the recording keeps a monotonic one.
#[derive(Clone, Copy)]
struct Clock {
    here: Instant,
    wall: f64,
}

impl Clock {
    fn now() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { here: Instant::now(), wall: wall.as_secs_f64() * 1000.0 }
    }

    /// The moment at which the wall's clock showed this many milliseconds.
    fn instant(self, millis: f64) -> Instant {
        let apart = Duration::from_secs_f64(((millis - self.wall) / 1000.0).abs());
        if millis >= self.wall { self.here + apart } else { self.here.checked_sub(apart).unwrap_or(self.here) }
    }
}

/// What the probe tells.
#[derive(Deserialize)]
struct Told {
    at: f64,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Kind {
    Document { url: String },
    Moved { url: String },
    Socket { id: String, url: String },
    Frame { id: String, dir: Direction, text: String },
    Closed { id: String, code: u64, ours: bool },
    Polled { url: String, dir: Direction, text: String },
    List { rows: Vec<Row> },
}

impl Browser {
    /// Starts driver and browser. Lists are read by these selectors.
    ///
    /// # Errors
    /// [`BrowserError`] that says what to install, or what is too old.
    pub async fn start(setup: &Setup, list: &List) -> Result<Self, BrowserError> {
        let driver = Driver::of(setup.engine).await?;
        let proxy = match setup.engine {
            Engine::Chromium => None,
            Engine::Firefox => Some(Proxy::open(&setup.hosts).await.map_err(DriverError::NotPrepared)?),
        };
        let client = driver.browse(setup, proxy.as_ref().map(Proxy::port)).await?;
        let url = client.capabilities().and_then(|all| all.get("webSocketUrl")).and_then(Value::as_str);
        let url = url.ok_or(BrowserError::NoBidi)?.to_owned();
        let watched = Arc::new(Watched::default());
        let sees = Arc::clone(&watched);
        let bidi = Bidi::connect(&url, move |method, params| sees.take(method, params)).await?;
        bidi.command("session.subscribe", json!({"events": ["script.message", "log.entryAdded"]})).await?;
        let settings = json!({
            "row": list.row, "id": list.id, "name": list.name, "preview": list.preview, "badge": list.badge,
        });
        let preload = json!({
            "functionDeclaration": PROBE.replacen("SETTINGS", &settings.to_string(), 1).trim(),
            "arguments": [{"type": "channel", "value": {"channel": CHANNEL}}],
        });
        bidi.command("script.addPreloadScript", preload).await?;
        Ok(Self { driver: AsyncMutex::new(client), bidi, watched, _proxy: proxy, _driver: driver })
    }

    /// Opens an empty window.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn open(&self) -> Result<Window, BrowserError> {
        let created = self.bidi.command("browsingContext.create", json!({"type": "window"})).await?;
        let window = Window(created.get("context").and_then(Value::as_str).unwrap_or_default().to_owned());
        let (width, height) = WINDOW;
        let viewport = json!({"context": window.0, "viewport": {"width": width, "height": height}});
        self.bidi.command("browsingContext.setViewport", viewport).await?;
        Ok(window)
    }

    /// Writes down what the page in this window does, as this page of a scenario.
    pub fn watch(
        &self,
        window: &Window,
        log: &Arc<ScenarioLog>,
        name: &Arc<str>,
        namespace: &str,
        redactor: &Redactor,
    ) {
        let page = Page {
            log: Arc::clone(log),
            peer: Peer { actor: Arc::clone(name), connection: 0 },
            wires: Wires::new(Arc::clone(log), Arc::clone(name), namespace.to_owned(), redactor.clone()),
            redactor: redactor.clone(),
            clock: Clock::now(),
        };
        self.watched.lock().insert(window.0.clone(), page);
    }

    /// The token that the page showed last to its backend.
    #[must_use]
    pub fn token_of(&self, window: &Window) -> Option<Token> {
        self.watched.lock().get(&window.0)?.wires.token()
    }

    /// Goes to an address, and waits until its document is loaded.
    ///
    /// # Errors
    /// [`BrowserError`], also where nothing answers there.
    pub async fn go(&self, window: &Window, url: &str) -> Result<(), BrowserError> {
        let params = json!({"context": window.0, "url": url, "wait": "interactive"});
        let cannot = |reason: &str| BrowserError::Driven {
            what: format!("cannot open {url}"),
            reason: format!("{reason}; is the page served there?"),
        };
        match self.bidi.command("browsingContext.navigate", params).await {
            Ok(_) => {}
            Err(BidiError::Refused { message, .. }) => return Err(cannot(&message)),
            Err(error) => return Err(error.into()),
        }
        // Not every address that a browser does not open is one that it says so of: not a port that it takes for unsafe.
        let shown = self.call(window, "() => document.documentURI", json!([])).await?;
        match shown
            .as_str()
            .is_some_and(|shown| ["chrome-error:", "about:neterror"].iter().any(|it| shown.starts_with(it)))
        {
            true => Err(cannot("the browser shows a page of its own that says why not")),
            false => Ok(()),
        }
    }

    /// Calls a function in the page and gives what it returns, or what its promise comes to, as JSON.
    ///
    /// # Errors
    /// [`BrowserError`], also where the document is left meanwhile.
    pub async fn call(&self, window: &Window, function: &str, args: Value) -> Result<Value, BrowserError> {
        let declaration = format!("async (text) => JSON.stringify((await ({function})(...JSON.parse(text))) ?? null)");
        let params = json!({
            "functionDeclaration": declaration,
            "arguments": [{"type": "string", "value": args.to_string()}],
            "awaitPromise": true,
            "target": {"context": window.0},
        });
        let answer = self.bidi.command("script.callFunction", params).await?;
        if let Some(exception) = answer.get("exceptionDetails") {
            let reason = exception.get("text").and_then(Value::as_str).unwrap_or("an exception").to_owned();
            return Err(BrowserError::Driven { what: "a script in the page".to_owned(), reason });
        }
        let text = answer.pointer("/result/value").and_then(Value::as_str).unwrap_or("null");
        Ok(serde_json::from_str(text).unwrap_or_default())
    }

    /// Types texts into elements and clicks another, as a person does.
    ///
    /// # Errors
    /// [`BrowserError`] where an element is not there or cannot be used.
    pub async fn fill(&self, window: &Window, fields: &[(&str, &str)], click: &str) -> Result<(), BrowserError> {
        let client = self.driver.lock().await;
        let failed = |what: String| {
            move |error: fantoccini::error::CmdError| BrowserError::Driven { what, reason: error.to_string() }
        };
        let handle = WindowHandle::try_from(window.0.clone()).map_err(|error| BrowserError::Driven {
            what: "the window's handle".to_owned(),
            reason: error.to_string(),
        })?;
        client.switch_to_window(handle).await.map_err(failed("going to the window".to_owned()))?;
        for (selector, text) in fields {
            let field = client.find(Locator::Css(selector)).await.map_err(failed(format!("finding `{selector}`")))?;
            field.clear().await.map_err(failed(format!("emptying `{selector}`")))?;
            field.send_keys(text).await.map_err(failed(format!("typing into `{selector}`")))?;
        }
        let button = client.find(Locator::Css(click)).await.map_err(failed(format!("finding `{click}`")))?;
        button.click().await.map_err(failed(format!("clicking `{click}`")))
    }

    /// A picture of what the window shows: a JPEG in base64.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn picture(&self, window: &Window) -> Result<String, BrowserError> {
        let format = json!({"type": "image/jpeg", "quality": PICTURE_QUALITY});
        let params = json!({"context": window.0, "format": format});
        let taken = self.bidi.command("browsingContext.captureScreenshot", params).await?;
        Ok(taken.get("data").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Brings a window's tab in front.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn bring_in_front(&self, window: &Window) -> Result<(), BrowserError> {
        self.bidi.command("browsingContext.activate", json!({"context": window.0})).await?;
        Ok(())
    }

    /// Minimises a window, or makes it what it was: `minimized`, `normal`.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn set_state(&self, window: &Window, state: &str) -> Result<(), BrowserError> {
        let tree = self.bidi.command("browsingContext.getTree", json!({"root": window.0, "maxDepth": 0})).await?;
        let params = json!({"clientWindow": tree.pointer("/contexts/0/clientWindow"), "state": state});
        self.bidi.command("browser.setClientWindowState", params).await?;
        Ok(())
    }

    /// A command of Chromium's own protocol to one window.
    ///
    /// # Errors
    /// [`BrowserError`], also where the browser is another one.
    pub async fn devtools(&self, window: &Window, method: &str, params: Value) -> Result<Value, BrowserError> {
        let session = self.bidi.command("goog:cdp.getSession", json!({"context": window.0})).await?;
        let session = session.get("session").cloned().unwrap_or_default();
        let command = json!({"method": method, "params": params, "session": session});
        Ok(self.bidi.command("goog:cdp.sendCommand", command).await?)
    }

    /// Closes a window, and watches it no longer.
    pub async fn close(&self, window: &Window) {
        let _closed_already = self.bidi.command("browsingContext.close", json!({"context": window.0})).await;
        if let Some(mut page) = self.watched.lock().remove(&window.0) {
            page.wires.left(Instant::now());
        }
    }

    /// Ends the browser.
    pub async fn end(self) {
        let _gone_already = self.driver.into_inner().close().await;
    }
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, method: &str, params: &Value) {
        let Some(context) = params.pointer("/source/context").and_then(Value::as_str) else { return };
        let mut pages = self.lock();
        let Some(page) = pages.get_mut(context) else { return };
        match method {
            "script.message" => {
                let text = params.pointer("/data/value").and_then(Value::as_str).unwrap_or_default();
                if let Ok(told) = serde_json::from_str::<Told>(text) {
                    page.take(told);
                }
            }
            "log.entryAdded" => page.console(params),
            _ => {}
        }
    }
}

impl Page {
    fn take(&mut self, Told { at, kind }: Told) {
        let is_empty = |url: &str| url.starts_with("about:");
        let when = self.clock.instant(at);
        let what = match kind {
            Kind::Document { url } => {
                self.wires.left(when);
                if is_empty(&url) {
                    return;
                }
                What::Navigated { to: shown(&url) }
            }
            Kind::Moved { url } if is_empty(&url) => return,
            Kind::Moved { url } => What::Navigated { to: shown(&url) },
            Kind::Socket { id, url } => return self.wires.socket(&id, &url),
            Kind::Frame { id, dir, text } => return self.wires.frame(when, &id, dir, &text),
            Kind::Closed { id, code, ours } => return self.wires.closed(when, &id, ours, code),
            Kind::Polled { url, dir, text } => return self.wires.polled(when, &url, dir, &text),
            Kind::List { rows } => What::Shows { rows },
        };
        self.log.write_at(when, Some(&self.peer), None, what);
    }

    fn console(&self, params: &Value) {
        let text = |key: &str| params.get(key).and_then(Value::as_str).unwrap_or_default();
        let when = params.get("timestamp").and_then(Value::as_f64).map(|millis| self.clock.instant(millis));
        let line = self.redactor.redact(text("text")).into_owned();
        let what = What::Console { level: text("level").to_owned(), text: line };
        self.log.write_at(when.unwrap_or_else(Instant::now), Some(&self.peer), None, what);
    }
}

/// The path, query and fragment of an address, without what may be secret in it.
fn shown(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else { return String::new() };
    let query = url.query().filter(|query| !query.contains("token")).map(|query| format!("?{query}"));
    let fragment = url.fragment().map(|fragment| format!("#{fragment}"));
    format!("{}{}{}", url.path(), query.unwrap_or_default(), fragment.unwrap_or_default())
}
