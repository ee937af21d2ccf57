//! The login service: `POST … {username, password}` is answered 200 with what is known of the agent, or 401.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{MockServer, Request, Respond, ResponseTemplate};

use super::{SILENCE, lock, serve};
use crate::config::{ConfigError, Secret, StandInConfig};
use crate::recording::LoginCase;

/// The stand-in, while it serves.
pub(in crate::stage) struct LoginService {
    _server: MockServer,
    tries: Tries,
    /// How long the target waits for an answer.
    pub(in crate::stage) timeout: Duration,
}

/// Odd logins of this run, by the word that tells them: the name, or the wrong password. Whether they were asked about.
type Tries = Arc<Mutex<HashMap<String, (LoginCase, bool)>>>;

/// Who may log in.
#[derive(Clone)]
pub(in crate::stage) struct Credentials {
    pub(in crate::stage) username: String,
    pub(in crate::stage) password: Secret,
}

impl LoginService {
    /// Answers from now on; these are the right credentials.
    ///
    /// # Errors
    /// [`ConfigError`] where the address cannot be had.
    pub(in crate::stage) async fn start(config: &StandInConfig, right: Credentials) -> Result<Self, ConfigError> {
        let tries = Tries::default();
        let directory = Directory { right, tries: Arc::clone(&tries) };
        Ok(Self { _server: serve(config, directory).await?, tries, timeout: config.timeout })
    }

    /// A login of this kind is about to be tried; `word` is its name, or its wrong password.
    pub(in crate::stage) fn expect(&self, word: &str, case: LoginCase) {
        lock(&self.tries).insert(word.to_owned(), (case, false));
    }

    /// Whether the service was asked about it.
    pub(in crate::stage) fn was_asked(&self, word: &str) -> bool {
        lock(&self.tries).get(word).is_some_and(|(_, asked)| *asked)
    }
}

struct Directory {
    right: Credentials,
    tries: Tries,
}

impl Respond for Directory {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        let (username, password) = (text("username"), text("password"));
        let mut case = match username == self.right.username && password == self.right.password.expose() {
            true => LoginCase::Right,
            false => LoginCase::WrongPassword,
        };
        let mut tries = lock(&self.tries);
        for word in [username, password] {
            if let Some((announced, asked)) = tries.get_mut(word) {
                case = *announced;
                *asked = true;
            }
        }
        match case {
            LoginCase::Right => ResponseTemplate::new(200).set_body_json(json!({"name": username})),
            LoginCase::WrongPassword => ResponseTemplate::new(401).set_body_json(json!({"message": "wrong password"})),
            LoginCase::Failing => ResponseTemplate::new(503),
            LoginCase::Silent => ResponseTemplate::new(200).set_delay(SILENCE),
        }
    }
}
