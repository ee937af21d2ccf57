//! Before the run: does the profile fit the page? One message is sent, and one page is opened that should list it. A wrong
//! selector is the profile's fault, told with what was found instead; it never becomes a verdict.

use std::sync::Arc;
use std::time::Instant;

use conformance::conversation::mentions;
use conformance::recording::{Act, Entry, Row, What};
use conformance::stage::{Ground, Pages, Recorder, ScenarioLog, Scene, UP_WITHIN, greeting};
use serde::Deserialize;
use serde_json::json;

use crate::browser::BrowserError;
use crate::stage::BrowserStage;

/// Looks where a text stands in the page, and what the selectors match.
const EXPLORE: &str = include_str!("explore.js");

/// Which of these selectors matches nothing, and which fields and buttons there are instead.
const EXPLORE_LOGIN: &str = include_str!("explore-login.js");

/// So many errors of a console are quoted.
const MOST_ERRORS: usize = 3;

/// Why the profile cannot be used for this page.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The browser failed.
    #[error("{0}")]
    Browser(String),
    /// The login did not go through.
    #[error(
        "{page}: the login did not go through: the page never connected to its backend; it shows: {shows}{console}; check login in {profile}, and [auth]"
    )]
    NotLoggedIn {
        /// The page's address.
        page: String,
        /// The profile.
        profile: String,
        /// What the page shows.
        shows: String,
        /// The errors on its console, where there are any.
        console: String,
    },
    /// A selector matches nothing, or the wrong thing.
    #[error("{profile}: `{key}: {selector}` {problem} at {page}; {found}")]
    Selector {
        /// The profile.
        profile: String,
        /// The key in it.
        key: &'static str,
        /// What it says.
        selector: String,
        /// What is wrong with it.
        problem: String,
        /// The page's address.
        page: String,
        /// What was found instead.
        found: String,
    },
}

/// What is found in the page.
#[derive(Debug, Deserialize)]
struct Found {
    /// How many elements `row` matches.
    rows: usize,
    /// The selector that is none, by key, and why.
    invalid: Option<(String, String)>,
    /// Where the message's text stands: the elements down to it.
    path: Option<String>,
    /// What the selectors match within the row that holds the text: name, preview, badge.
    parts: Option<Parts>,
    /// The classes and texts within that row.
    within: Vec<String>,
    /// The beginning of what the page shows.
    shows: String,
}

/// What is found of a login's form.
#[derive(Debug, Deserialize)]
struct Login {
    /// The page's address.
    page: String,
    /// The first selector that matches nothing, or is none.
    unmatched: Option<usize>,
    /// The page's fields and buttons.
    found: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Parts {
    name: Option<String>,
    preview: Option<String>,
    badge: Option<String>,
}

/// The first errors on the page's console, as the end of a sentence; nothing where there are none.
fn errors(log: &ScenarioLog) -> String {
    let mut lines: Vec<String> = Vec::new();
    for entry in log.entries() {
        if let What::Console { level, text } = &entry.what
            && level == "error"
            && !lines.contains(text)
        {
            lines.push(text.clone());
        }
    }
    lines.truncate(MOST_ERRORS);
    if lines.is_empty() { String::new() } else { format!("; its console says: {}", lines.join(" | ")) }
}

impl BrowserStage {
    /// Opens the first type's page and holds the profile, which is called so, against it.
    ///
    /// # Errors
    /// [`RehearsalError`] that names the key and what was found instead.
    pub async fn rehearse(&self, ground: &Ground, profile: &str) -> Result<(), RehearsalError> {
        let Some(route) = ground.contract.routes.first() else { return Ok(()) };
        // Where no message can be caused, that is for the run to tell.
        let Some(nonce) = greeting(ground, route).await else { return Ok(()) };
        let log = Recorder::start().scenario(Arc::from("rehearsal"));
        let page: Arc<str> = Arc::from("page/rehearsal");
        let scene = Scene { ground, log: &log, page: &page };
        let opened = self.act(scene, &Act::Open { customer_type: route.customer_type.clone() }).await;
        let outcome = match opened {
            Ok(()) => self.hold_against(scene, profile, &nonce).await,
            Err(error) => {
                let error = || RehearsalError::Browser(format!("{error}{}", errors(&log)));
                Err(self.login_problem(scene, profile).await.unwrap_or_else(error))
            }
        };
        self.close_all(&log).await;
        outcome
    }

    async fn hold_against(&self, scene: Scene<'_>, profile: &str, nonce: &str) -> Result<(), RehearsalError> {
        let is_good = |row: &Row| row.preview.contains(nonce) && !row.name.is_empty() && row.badge.is_some();
        let shows = |entry: &Entry| match &entry.what {
            What::Shows { rows } => rows.iter().any(is_good).then_some(()),
            _ => None,
        };
        let patience = scene.ground.target.deadlines.answer.min(UP_WITHIN);
        if scene.log.wait(0, Instant::now() + patience, shows).await.is_some() {
            return Ok(());
        }
        let browser = |error: BrowserError| RehearsalError::Browser(error.to_string());
        let Some(window) = self.window(scene) else { return Ok(()) };
        let list = &self.profile().list;
        let selectors = json!({"row": list.row, "name": list.name, "preview": list.preview, "badge": list.badge});
        let found = self.browser().call(&window, EXPLORE, json!([selectors, nonce])).await.map_err(browser)?;
        let Ok(found) = serde_json::from_value::<Found>(found) else { return Ok(()) };
        let place = self.browser().call(&window, "() => location.href", json!([])).await.map_err(browser)?;
        let page = place.as_str().unwrap_or_default().to_owned();
        let profile = profile.to_owned();
        let is_connected = scene.log.find(|entry| matches!(entry.what, What::Connected).then_some(())).is_some();
        if !is_connected {
            return Err(RehearsalError::NotLoggedIn { page, profile, shows: found.shows, console: errors(scene.log) });
        }
        let was_told = scene.log.find(|entry| match &entry.what {
            What::Event { args, .. } => args.iter().any(|arg| mentions(arg, nonce)).then_some(()),
            _ => None,
        });
        match self.problem(&found, was_told.is_some(), nonce) {
            None => Ok(()),
            Some((key, selector, problem, found)) => {
                Err(RehearsalError::Selector { profile, key, selector, problem, page, found })
            }
        }
    }

    /// The selector of the login's form that matches nothing in the page.
    async fn login_problem(&self, scene: Scene<'_>, profile: &str) -> Option<RehearsalError> {
        let (form, window) = (self.profile().login.form.as_ref()?, self.window(scene)?);
        let keys = [
            ("login.form.username", &form.username),
            ("login.form.password", &form.password),
            ("login.form.submit", &form.submit),
        ];
        let selectors: Vec<&String> = keys.iter().map(|(_, selector)| *selector).collect();
        let explored = self.browser().call(&window, EXPLORE_LOGIN, json!([selectors])).await.ok()?;
        let Login { page, unmatched, found } = serde_json::from_value(explored).ok()?;
        let (key, selector) = *keys.get(unmatched?)?;
        Some(RehearsalError::Selector {
            profile: profile.to_owned(),
            key,
            selector: selector.clone(),
            problem: "matches nothing".to_owned(),
            page,
            found: format!(
                "the page has {}",
                if found.is_empty() { "no fields and no buttons".to_owned() } else { found.join(", ") }
            ),
        })
    }

    /// The key that is wrong, what it says, what is wrong with it, and what was found instead. None where the selectors fit,
    /// or the page was not told of the message: then the verdicts tell what is wrong.
    fn problem(&self, found: &Found, was_told: bool, nonce: &str) -> Option<(&'static str, String, String, String)> {
        let list = &self.profile().list;
        if let Some((key, reason)) = &found.invalid {
            let (key, selector) = match key.as_str() {
                "row" => ("list.row", &list.row),
                "name" => ("list.name", &list.name),
                "preview" => ("list.preview", &list.preview),
                _ => ("list.badge", &list.badge),
            };
            return Some((key, selector.clone(), "is no CSS selector".to_owned(), reason.clone()));
        }
        let stands = || match &found.path {
            Some(path) => format!("the message that was sent stands in {path}"),
            None => format!("the page shows: {}", found.shows),
        };
        if found.rows == 0 && (was_told || found.path.is_some()) {
            return Some(("list.row", list.row.clone(), "matches nothing".to_owned(), stands()));
        }
        found.path.as_ref()?;
        let Some(parts) = &found.parts else {
            let problem = format!("matches {} elements, and none of them holds the message that was sent", found.rows);
            return Some(("list.row", list.row.clone(), problem, stands()));
        };
        let within = || format!("within the row there is {}", found.within.join(", "));
        let shown = |text: &Option<String>| match text {
            None => "matches nothing".to_owned(),
            Some(text) => format!("finds {text:?}"),
        };
        if parts.name.as_deref().is_none_or(str::is_empty) {
            return Some(("list.name", list.name.clone(), shown(&parts.name), within()));
        }
        if parts.preview.as_deref().is_none_or(|preview| !preview.contains(nonce)) {
            return Some(("list.preview", list.preview.clone(), shown(&parts.preview), within()));
        }
        let has_digit = |badge: &str| badge.chars().any(|c| c.is_ascii_digit());
        if !parts.badge.as_deref().is_some_and(has_digit) {
            let problem = format!("{}, and the chat has an unread message", shown(&parts.badge));
            return Some(("list.badge", list.badge.clone(), problem, within()));
        }
        None
    }
}
