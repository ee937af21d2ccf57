//! How a page is logged in: by what is put into its storage, or by its own form.

use std::time::Instant;

use conformance::recording::{Entry, What};
use conformance::stage::{Ground, Scene, UP_WITHIN};
use fixtures::pages::Form;
use serde_json::{Value, json};

use super::{BrowserStage, in_words, is_of};
use crate::browser::Window;

/// Resolves when an element is there and seen: true; or when it is told that nobody waits any more.
const SEEN: &str = include_str!("../seen.js");

impl BrowserStage {
    /// Puts a session into local storage.
    pub(super) async fn seed(&self, ground: &Ground, window: &Window) -> Result<(), String> {
        let auth = &ground.target.auth;
        let access = auth.shared_token().await.map_err(|error| error.to_string())?;
        let refresh = auth.shared_refresh_token();
        let words = [
            ("{username}", auth.credentials().map_or_else(|| ground.agent().to_owned(), |(name, _)| name.to_owned())),
            ("{access_token}", access.map(|token| token.expose().to_owned()).unwrap_or_default()),
            ("{refresh_token}", refresh.map(|token| token.expose().to_owned()).unwrap_or_default()),
            ("{agent}", ground.agent().to_owned()),
            ("{now}", jiff::Timestamp::now().to_string()),
        ];
        let fill = |text: &str| words.iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word));
        let entries: Vec<(String, String)> =
            self.profile.login.storage.iter().map(|(key, value)| (fill(key), fill(value))).collect();
        self.browser.go(window, self.base.as_str()).await.map_err(in_words)?;
        let store = "(entries) => { for (const [key, value] of entries) localStorage.setItem(key, value); }";
        self.browser.call(window, store, json!([entries])).await.map_err(in_words)?;
        // The address may differ by its fragment alone, which loads nothing.
        self.browser.go(window, "about:blank").await.map_err(in_words)
    }

    /// Fills the form in where the page shows it before it connects.
    pub(super) async fn log_in(
        &self,
        scene: Scene<'_>,
        window: &Window,
        form: &Form,
        position: usize,
    ) -> Result<(), String> {
        let deadline = Instant::now() + UP_WITHIN;
        let is_up = |entry: &Entry| {
            (is_of(entry, scene.page) && matches!(entry.what, What::Connected | What::ConnectError { .. }))
                .then_some(())
        };
        let asked = tokio::select! {
            asked = self.browser.call(window, SEEN, json!([form.username, UP_WITHIN.as_millis()])) => asked.map_err(in_words)?,
            _ = scene.log.wait(position, deadline, is_up) => Value::Bool(false),
        };
        if asked != Value::Bool(true) {
            return Ok(());
        }
        let Some((username, password)) = scene.ground.target.auth.credentials() else {
            return Err("the page asks for a login, and [auth] gives no username and password".to_owned());
        };
        let fields = [(form.username.as_str(), username), (form.password.as_str(), password.expose())];
        self.browser.fill(window, &fields, &form.submit).await.map_err(in_words)?;
        scene.log.wait(position, deadline, is_up).await;
        Ok(())
    }
}
