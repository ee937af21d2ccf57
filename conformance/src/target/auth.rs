//! Gets tokens from a target, gives them back, and tries them on its REST API. Makes no bad ones; see
//! [`bad_tokens`](super::bad_tokens).

use std::time::Duration;

use http::{StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::notices::Notices;
use super::patience::{self, Patient};
use super::redact::Redactor;
use super::tokens::{Token, Tokens};
use crate::config::{AuthConfig, AuthMode, ConfigError, Secret};
use crate::net::{Answer, HttpClient, HttpError, Request};
use crate::recording::TokenPlace;

/// How long a login may take: it may ask another service, and hashing passwords is slow on purpose.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long the suite waits in all where logins are rate-limited.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a body is quoted in an error, in characters.
const QUOTED: usize = 200;

/// A target's authentication.
pub struct Auth {
    config: AuthConfig,
    source: Source,
    http: HttpClient,
    redactor: Redactor,
    notices: Notices,
    shared: OnceCell<Tokens>,
}

/// Where tokens come from.
enum Source {
    Nowhere,
    Given(Token),
    Login { username: String, password: Secret },
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Nothing answered.
    #[error("cannot log in: {0}")]
    Unreachable(#[from] HttpError),
    /// The credentials were refused.
    #[error("login refused: {request} answered {status}: {body}; check [auth] username, password and login_from")]
    Refused {
        /// Method and URL.
        request: String,
        /// The status.
        status: StatusCode,
        /// The start of the body.
        body: String,
    },
    /// There is no login at that address.
    #[error("no login there: {request} answered {status}: {body}; check the target's URL and [auth] login_path")]
    WrongPath {
        /// Method and URL.
        request: String,
        /// The status.
        status: StatusCode,
        /// The start of the body, or where it was redirected to.
        body: String,
    },
    /// The backend failed over it.
    #[error("login failed: {request} answered {status}: {body}; see what the backend's log says")]
    Failed {
        /// Method and URL.
        request: String,
        /// The status.
        status: StatusCode,
        /// The start of the body.
        body: String,
    },
    /// The answer is a page, or other text that is no JSON object.
    #[error(
        "{request} answered {status} with {found} where a JSON object was expected: {body}; \
         check the target's URL and [auth] login_path"
    )]
    NotJson {
        /// Method and URL.
        request: String,
        /// The status.
        status: StatusCode,
        /// Its content type.
        found: String,
        /// The start of the body.
        body: String,
    },
    /// The answer has no token where it should be.
    #[error("{request} answered without `{field}`, but with: {keys}; set [auth] token_field to the key of the token")]
    NoToken {
        /// Method and URL.
        request: String,
        /// Where the token was looked for.
        field: String,
        /// The keys that are there.
        keys: String,
    },
    /// Logins are limited, and the wait would be too long.
    #[error(
        "logins are rate-limited: {request} answered 429 and asks for a wait of {asked:.0?}, after {waited:.0?}; \
         try again later, raise the limit, or give a token ([auth] token)"
    )]
    Throttled {
        /// Method and URL.
        request: String,
        /// How long was waited already.
        waited: Duration,
        /// The further wait, which is longer than a run should take.
        asked: Duration,
    },
    /// Without credentials there is no token to be had.
    #[error("no credentials are configured; set [auth] username and password, or token")]
    NoCredentials,
}

impl Auth {
    pub(super) fn resolve(
        config: &AuthConfig,
        http: HttpClient,
        redactor: Redactor,
        notices: Notices,
    ) -> Result<Self, ConfigError> {
        let place = config.place.as_ref();
        let incomplete = |problem: &str, help: &str| ConfigError::new(place, problem, help);
        let source = match (config.effective_mode(), &config.token, &config.username, &config.password) {
            (AuthMode::None, ..) => Source::Nowhere,
            (AuthMode::Token, Some(token), ..) => Source::Given(Token::from(token.clone())),
            (AuthMode::Token, None, ..) => {
                return Err(incomplete("[auth] mode is token, but no token is given", "set `token = \"${TOKEN}\"`"));
            }
            (AuthMode::Login, _, Some(username), Some(password)) => {
                Source::Login { username: username.clone(), password: password.clone() }
            }
            (AuthMode::Login, _, None, _) => {
                return Err(incomplete("[auth] would log in, but no user is given", "set `username = \"...\"`"));
            }
            (AuthMode::Login, _, _, None) => {
                let help = "set `password = \"${LOGIN_PASSWORD}\"`";
                return Err(incomplete("[auth] would log in, but no password is given", help));
            }
        };
        Ok(Self { config: config.clone(), source, http, redactor, notices, shared: OnceCell::new() })
    }

    /// Whether tokens are used at all.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !matches!(self.source, Source::Nowhere)
    }

    /// Whether a further token can be had, so that one may be logged out.
    #[must_use]
    pub fn can_log_in(&self) -> bool {
        matches!(self.source, Source::Login { .. })
    }

    /// The user name and password that the suite logs in with, if it does.
    #[must_use]
    pub fn credentials(&self) -> Option<(&str, &Secret)> {
        match &self.source {
            Source::Login { username, password } => Some((username, password)),
            _ => None,
        }
    }

    /// Where ordinary connections show the token.
    pub fn place(&self) -> TokenPlace {
        self.config.send
    }

    /// The REST route that needs the token.
    #[must_use]
    pub fn protected_path(&self) -> &str {
        &self.config.protected_path
    }

    /// The key that the target signs its tokens with, where it is known.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        self.config.secret.as_ref()
    }

    /// The run's good token, got once and shared: logins are limited. None where tokens are not used.
    ///
    /// # Errors
    /// [`LoginError`]; the next call tries again.
    pub async fn shared_token(&self) -> Result<Option<Token>, LoginError> {
        if !self.is_used() {
            return Ok(None);
        }
        let tokens = self.shared.get_or_try_init(|| self.login()).await?;
        Ok(Some(tokens.access.clone()))
    }

    /// The refresh token that came with [`Auth::shared_token`], where one did.
    #[must_use]
    pub fn shared_refresh_token(&self) -> Option<Token> {
        self.shared.get().and_then(|tokens| tokens.refresh.clone())
    }

    /// Logs in and gives the new tokens, or the token that was given. The redactor learns them.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn login(&self) -> Result<Tokens, LoginError> {
        let (username, password) = match &self.source {
            Source::Nowhere => return Err(LoginError::NoCredentials),
            Source::Given(token) => return Ok(Tokens { access: token.clone(), refresh: None }),
            Source::Login { username, password } => (username, password),
        };
        let (request, answer) = self.ask(self.login_request(username, password.expose())).await?;
        let tokens = self.tokens_in(request, &answer)?;
        for token in [Some(&tokens.access), tokens.refresh.as_ref()].into_iter().flatten() {
            self.redactor.add(token.secret());
        }
        Ok(tokens)
    }

    /// Tries to log in, with another name or password where one is given, and gives the status of the answer.
    ///
    /// # Errors
    /// [`LoginError::NoCredentials`], or [`LoginError::Unreachable`] when nothing answered within the deadline.
    pub async fn try_login(
        &self,
        username: Option<&str>,
        password: Option<&str>,
        deadline: Duration,
    ) -> Result<u16, LoginError> {
        let (own_name, own_password) = self.credentials().ok_or(LoginError::NoCredentials)?;
        let request = self.login_request(username.unwrap_or(own_name), password.unwrap_or(own_password.expose()));
        let patient = patience::send(&self.http, request, deadline, PATIENCE, &self.notices).await?;
        Ok(patient.answer.status.as_u16())
    }

    fn login_request(&self, username: &str, password: &str) -> Request {
        let mut body = json!({"username": username, "password": password});
        if let Some(login_from) = &self.config.login_from {
            body["login_from"] = json!(login_from);
        }
        Request::post(self.config.login_path.as_str(), body.to_string()).header("content-type", "application/json")
    }

    /// Logs a token out.
    ///
    /// # Errors
    /// [`LoginError`]; [`LoginError::Refused`] where the backend does not accept it.
    pub async fn logout(&self, token: &Token) -> Result<(), LoginError> {
        let body = json!({"token": token.expose()}).to_string();
        let request = Request::post(self.config.logout_path.as_str(), body)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", token.expose()));
        let (request, answer) = self.ask(request).await?;
        self.accepted(request, &answer).map(drop)
    }

    /// Calls the protected REST route with a token, or without; the answer is the caller's to judge.
    ///
    /// # Errors
    /// [`HttpError`] when nothing answered.
    pub async fn get_protected(&self, token: Option<&Token>) -> Result<Answer, HttpError> {
        let mut request = Request::get(self.config.protected_path.as_str());
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        Ok(patience::send(&self.http, request, DEADLINE, PATIENCE, &self.notices).await?.answer)
    }

    /// Sends a request and gives it in words, with its answer.
    async fn ask(&self, request: Request) -> Result<(String, Answer), LoginError> {
        let shown = request.shown(self.http.endpoint());
        let Patient { answer, throttled: waited, asked } =
            patience::send(&self.http, request, DEADLINE, PATIENCE, &self.notices).await?;
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => Err(LoginError::Throttled { request: shown, waited, asked }),
            _ => Ok((shown, answer)),
        }
    }

    /// Gives the request back where it was accepted, and tells apart why it was not.
    fn accepted(&self, request: String, answer: &Answer) -> Result<String, LoginError> {
        let status = answer.status;
        if status.is_success() {
            return Ok(request);
        }
        let body = match answer.header(header::LOCATION.as_str()) {
            Some(location) if status.is_redirection() => format!("a redirect to {}", self.redactor.redact(location)),
            _ => self.quote(answer),
        };
        Err(match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => LoginError::WrongPath { request, status, body },
            _ if status.is_redirection() => LoginError::WrongPath { request, status, body },
            _ if status.is_client_error() => LoginError::Refused { request, status, body },
            _ => LoginError::Failed { request, status, body },
        })
    }

    fn tokens_in(&self, request: String, answer: &Answer) -> Result<Tokens, LoginError> {
        let request = self.accepted(request, answer)?;
        let Ok(Value::Object(body)) = serde_json::from_slice(&answer.body) else {
            let found = answer.header("content-type").unwrap_or("no content-type").to_owned();
            return Err(LoginError::NotJson { request, status: answer.status, found, body: self.quote(answer) });
        };
        let field = &self.config.token_field;
        let (holder, key) = match field.rsplit_once('.') {
            None => (Some(&body), field.as_str()),
            Some((path, key)) => (path.split('.').try_fold(&body, |object, step| object.get(step)?.as_object()), key),
        };
        let token = |holder: &Map<String, Value>, key: &str| match holder.get(key) {
            Some(Value::String(token)) if !token.is_empty() => Some(Token::new(token.as_str())),
            _ => None,
        };
        let access = holder.and_then(|holder| token(holder, key)).ok_or_else(|| LoginError::NoToken {
            request,
            field: field.clone(),
            keys: holder.unwrap_or(&body).keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })?;
        let refresh =
            holder.and_then(|holder| token(holder, "refreshToken").or_else(|| token(holder, "refresh_token")));
        Ok(Tokens { access, refresh })
    }

    fn quote(&self, answer: &Answer) -> String {
        match self.redactor.redact(&answer.body_start(QUOTED)) {
            body if body.is_empty() => "no body".to_owned(),
            body => body.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
