//! The browser as a stage: performs what scenarios do at pages, by a page profile.

mod login;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use conformance::recording::{Act, ConsoleLines, Direction, Entry, What};
use conformance::stage::{Doing, Ground, Pages, ScenarioLog, Scene, UP_WITHIN};
use fixtures::Route;
use fixtures::pages::Profile;
use serde_json::{Value, json};
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

use crate::browser::{Browser, BrowserError, Window};
use crate::line::Line;

/// Whether the document comes to be hidden within so many milliseconds.
const HIDDEN: &str = "(millis) => new Promise((done) => { const look = () => document.hidden && done(true); look(); \
                      document.addEventListener('visibilitychange', look); setTimeout(() => done(false), millis); })";

/// How long a browser may take to hide a document.
const HIDDEN_WITHIN: Duration = Duration::from_secs(2);

/// Finds the link to an address and clicks it.
const FOLLOW: &str = include_str!("follow.js");

/// A browser, and the pages of a profile in it.
pub struct BrowserStage {
    browser: Browser,
    profile: Profile,
    base: Url,
    /// Between the browser and the backend.
    lines: Vec<Line>,
    /// By scenario and page.
    open: Mutex<HashMap<(usize, Arc<str>), Window>>,
    /// Windows that are hidden, of which no picture can be taken.
    hidden: Mutex<HashSet<Window>>,
    takes_pictures: bool,
    /// One page after the other: the first logs in, and the others find it done.
    opening: AsyncMutex<()>,
}

impl BrowserStage {
    /// Pages at this address, by this profile; `lines` are what stands between them and their backend.
    #[must_use]
    pub fn new(browser: Browser, profile: Profile, base: Url, lines: Vec<Line>) -> Self {
        let (open, hidden, opening) = (Mutex::default(), Mutex::default(), AsyncMutex::default());
        Self { browser, profile, base, lines, open, hidden, takes_pictures: true, opening }
    }

    /// The same, which takes no pictures.
    #[must_use]
    pub fn without_pictures(self) -> Self {
        Self { takes_pictures: false, ..self }
    }

    pub(crate) fn browser(&self) -> &Browser {
        &self.browser
    }

    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Ends the browser.
    pub async fn end(self) {
        self.browser.end().await;
    }

    /// The address of a type's page, with what the page's own address asks for.
    pub(crate) fn address(&self, customer_type: &str) -> Result<Url, String> {
        let route = self.profile.route(customer_type).unwrap_or_default();
        let mut url = self.base.join(&route).map_err(|error| format!("{}{route}: {error}", self.base))?;
        if url.query().is_none() {
            url.set_query(self.base.query());
        }
        Ok(url)
    }

    pub(crate) fn window(&self, scene: Scene<'_>) -> Option<Window> {
        lock(&self.open).get(&key(scene.log, scene.page)).cloned()
    }

    /// Opens a window, logs in where the page asks, and waits until the type's room was joined.
    async fn open(&self, scene: Scene<'_>, customer_type: &str) -> Result<(), String> {
        let one_at_a_time = self.opening.lock().await;
        let window = self.browser.open().await.map_err(in_words)?;
        let Ground { target, contract, .. } = scene.ground;
        self.browser.watch(&window, scene.log, scene.page, &contract.namespace, &target.redactor);
        lock(&self.open).insert(key(scene.log, scene.page), window.clone());
        let address = self.address(customer_type)?;
        let position = scene.log.position();
        if !self.profile.login.storage.is_empty() {
            self.seed(scene.ground, &window).await?;
        }
        self.browser.go(&window, address.as_str()).await.map_err(in_words)?;
        if let Some(form) = &self.profile.login.form {
            self.log_in(scene, &window, form, position).await?;
            let place = self.browser.call(&window, "() => location.href", json!([])).await.map_err(in_words)?;
            let elsewhere = place.as_str().and_then(|place| Url::parse(place).ok());
            if elsewhere.is_some_and(|place| (place.path(), place.fragment()) != (address.path(), address.fragment())) {
                self.browser.go(&window, address.as_str()).await.map_err(in_words)?;
            }
        }
        drop(one_at_a_time);
        self.joined(scene, position, route_of(scene, customer_type)).await;
        Ok(())
    }

    /// Waits until the page was let into a type's room, or should have been long ago.
    async fn joined(&self, scene: Scene<'_>, position: usize, route: Option<&Route>) {
        let contract = &scene.ground.contract;
        let (Some(route), Some(answer)) = (route, contract.join.answer.as_deref()) else { return };
        let is_answer = |entry: &Entry| match &entry.what {
            What::Event { dir: Direction::In, event, args } if is_of(entry, scene.page) && event == answer => {
                let room = args.first().and_then(|arg| arg.get("room")?.as_str());
                room.is_none_or(|room| room == route.room).then_some(())
            }
            _ => None,
        };
        scene.log.wait(position, Instant::now() + scene.ground.target.deadlines.answer, is_answer).await;
    }

    /// Goes to another type's page as an agent would: by the page's own link, or by its fragment.
    async fn switch(&self, scene: Scene<'_>, act: &Act, customer_type: &str) -> Result<(), String> {
        let Some(window) = self.window(scene) else { return Err(format!("{} is not open", scene.page)) };
        let address = self.address(customer_type)?;
        let position = scene.log.position();
        let by = self
            .browser
            .call(&window, FOLLOW, json!([address.as_str(), UP_WITHIN.as_millis()]))
            .await
            .map_err(in_words)?;
        if by.is_null() {
            skip(scene, act, format!("the page has no link to {address}"));
            return Ok(());
        }
        self.joined(scene, position, route_of(scene, customer_type)).await;
        Ok(())
    }

    /// Waits until the page has a connection again that it made after `position`, and its room.
    async fn back(&self, scene: Scene<'_>, position: usize) {
        let is_connected =
            |entry: &Entry| (is_of(entry, scene.page) && matches!(entry.what, What::Connected)).then_some(());
        if scene.log.wait(position, Instant::now() + UP_WITHIN, is_connected).await.is_some() {
            let route = scene.ground.contract.routes.first();
            self.joined(scene, position, route).await;
        }
    }

    async fn emulate(&self, scene: Scene<'_>, act: &Act, conditions: Value) -> Result<bool, String> {
        let Some(window) = self.window(scene) else { return Err(format!("{} is not open", scene.page)) };
        let enabled = self.browser.devtools(&window, "Network.enable", json!({})).await;
        let emulated = match enabled {
            Ok(_) => self.browser.devtools(&window, "Network.emulateNetworkConditions", conditions).await,
            Err(error) => Err(error),
        };
        match emulated {
            Ok(_) => Ok(true),
            Err(error) => {
                skip(scene, act, format!("this browser emulates no network ({error})"));
                Ok(false)
            }
        }
    }

    fn set_lines(&self, scene: Scene<'_>, act: &Act, set: fn(&Line)) {
        if self.lines.is_empty() {
            skip(scene, act, "this browser's connections cannot be led over a line of ours".to_owned());
        }
        self.lines.iter().for_each(set);
    }

    /// Waits until the page's connection has ended, or should have.
    async fn gone(&self, scene: Scene<'_>, position: usize) {
        let is_end =
            |entry: &Entry| (is_of(entry, scene.page) && matches!(entry.what, What::Closed { .. })).then_some(());
        let deadline = Instant::now() + scene.ground.target.deadlines.answer;
        scene.log.wait(position, deadline, is_end).await;
    }

    /// Logs out the token that the page shows, as if its time were over.
    async fn expire(&self, scene: Scene<'_>, act: &Act) -> Result<(), String> {
        let token = self.window(scene).and_then(|window| self.browser.token_of(&window));
        let Some(token) = token else {
            skip(scene, act, "the page showed no token".to_owned());
            return Ok(());
        };
        if let Err(error) = scene.ground.target.auth.logout(&token).await {
            skip(scene, act, format!("it could not be logged out: {error}"));
        }
        Ok(())
    }

    /// Minimises the page's window. (A tab behind another counts as seen in a browser without a screen.)
    async fn hide(&self, scene: Scene<'_>, act: &Act) -> Result<(), String> {
        let Some(window) = self.window(scene) else { return Err(format!("{} is not open", scene.page)) };
        lock(&self.hidden).insert(window.clone());
        let hidden = match self.browser.set_state(&window, "minimized").await {
            Ok(()) => self.browser.call(&window, HIDDEN, json!([HIDDEN_WITHIN.as_millis()])).await,
            Err(error) => Err(error),
        };
        match hidden {
            Ok(Value::Bool(true)) => {}
            Ok(_) => skip(scene, act, "the browser does not take a minimised window for hidden".to_owned()),
            Err(error) => skip(scene, act, format!("this browser minimises no window ({error})")),
        }
        Ok(())
    }

    async fn reveal(&self, scene: Scene<'_>) -> Result<(), String> {
        let Some(window) = self.window(scene) else { return Err(format!("{} is not open", scene.page)) };
        let _never_minimised = self.browser.set_state(&window, "normal").await;
        lock(&self.hidden).remove(&window);
        self.browser.bring_in_front(&window).await.map_err(in_words)
    }

    async fn perform(&self, scene: Scene<'_>, act: &Act) -> Result<(), String> {
        let online = json!({"offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        let offline = json!({"offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0});
        match act {
            Act::Open { customer_type } => self.open(scene, customer_type).await,
            Act::Switch { customer_type } => self.switch(scene, act, customer_type).await,
            Act::Unplug => {
                let position = scene.log.position();
                if self.emulate(scene, act, offline).await? {
                    self.gone(scene, position).await;
                }
                Ok(())
            }
            Act::Plug => {
                let position = scene.log.position();
                let is_connected = self.is_connected(scene);
                if self.emulate(scene, act, online).await? && !is_connected {
                    self.back(scene, position).await;
                }
                Ok(())
            }
            Act::Slow => {
                self.set_lines(scene, act, Line::slow_down);
                Ok(())
            }
            Act::Cut => {
                let position = scene.log.position();
                self.set_lines(scene, act, Line::cut);
                self.gone(scene, position).await;
                Ok(())
            }
            Act::Mend => {
                let position = scene.log.position();
                let is_connected = self.is_connected(scene);
                self.set_lines(scene, act, Line::mend);
                if !is_connected {
                    self.back(scene, position).await;
                }
                Ok(())
            }
            Act::Expire => self.expire(scene, act).await,
            Act::Hide => self.hide(scene, act).await,
            Act::Reveal => self.reveal(scene).await,
            Act::NextSecond => Ok(()), // the suite's own: it knows what was sent
        }
    }

    fn is_connected(&self, scene: Scene<'_>) -> bool {
        let mut connected = false;
        let _ = scene.log.find(|entry| {
            if is_of(entry, scene.page) {
                match entry.what {
                    What::Connected => connected = true,
                    What::Closed { .. } => connected = false,
                    _ => {}
                }
            }
            None::<()>
        });
        connected
    }
}

impl Pages for BrowserStage {
    fn console(&self) -> ConsoleLines {
        let fixtures::pages::Console { joining, joined, updated } = self.profile.console.clone();
        ConsoleLines { joining, joined, updated }
    }

    fn act<'a>(&'a self, scene: Scene<'a>, act: &'a Act) -> Doing<'a, Result<(), String>> {
        Box::pin(async move {
            let outcome = self.perform(scene, act).await;
            outcome.map_err(|error| scene.ground.target.redactor.redact(&error).into_owned())
        })
    }

    fn look<'a>(&'a self, scene: Scene<'a>) -> Doing<'a, ()> {
        Box::pin(async move {
            let may_be_seen = |window: &Window| self.takes_pictures && !lock(&self.hidden).contains(window);
            let Some(window) = self.window(scene).filter(may_be_seen) else { return };
            // A picture that cannot be taken changes no verdict. What is no base64 would break the report that shows it.
            if let Ok(jpeg) = self.browser.picture(&window).await
                && base64::engine::general_purpose::STANDARD.decode(&jpeg).is_ok_and(|bytes| !bytes.is_empty())
            {
                scene.log.write(Some(&scene.peer()), What::Looked { jpeg: jpeg.into() });
            }
        })
    }

    fn close_all<'a>(&'a self, log: &'a Arc<ScenarioLog>) -> Doing<'a, ()> {
        Box::pin(async move {
            let own: Vec<Window> = {
                let mut open = lock(&self.open);
                let keys: Vec<_> = open.keys().filter(|(of, _)| *of == id(log)).cloned().collect();
                keys.iter().filter_map(|key| open.remove(key)).collect()
            };
            self.lines.iter().for_each(Line::mend);
            for window in own {
                lock(&self.hidden).remove(&window);
                self.browser.close(&window).await;
            }
        })
    }
}

/// A scenario, for as long as its log is there.
fn id(log: &Arc<ScenarioLog>) -> usize {
    Arc::as_ptr(log).addr()
}

fn key(log: &Arc<ScenarioLog>, page: &Arc<str>) -> (usize, Arc<str>) {
    (id(log), Arc::clone(page))
}

fn is_of(entry: &Entry, page: &Arc<str>) -> bool {
    entry.peer.as_ref().is_some_and(|peer| peer.actor == *page)
}

fn route_of<'a>(scene: Scene<'a>, customer_type: &str) -> Option<&'a Route> {
    scene.ground.contract.route(customer_type)
}

fn skip(scene: Scene<'_>, act: &Act, reason: String) {
    let reason = scene.ground.target.redactor.redact(&reason).into_owned();
    scene.log.write(Some(&scene.peer()), What::Skipped { what: act.to_string(), reason });
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn in_words(error: BrowserError) -> String {
    error.to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
