//! What the scenarios of one run share: the target, the contract, the tokens, and the count of triggers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fixtures::Contract;
use serde_json::Value;

use super::pages::Pages;
use super::preflight::PreflightError;
use super::stand_in::{Credentials, LoginService, Provider};
use crate::net::HttpError;
use crate::recording::TokenUse;
use crate::target::{LoginError, Target, Token, bad_tokens};

/// The ground that a run's scenarios stand on.
pub struct Ground {
    /// The backend.
    pub target: Target,
    /// What it is to conform to.
    pub contract: Contract,
    /// The browser, where scenarios are about pages.
    pub pages: Option<Arc<dyn Pages>>,
    tokens: HashMap<TokenUse, Option<Token>>,
    logged_out: Mutex<Option<Token>>,
    agent: String,
    pub(super) provider: Option<Provider>,
    pub(super) login_service: Option<LoginService>,
    triggers: AtomicU32,
}

impl Ground {
    /// Starts the stand-ins, logs in where the target wants it, and makes the bad tokens.
    ///
    /// # Errors
    /// [`PreflightError`] when a stand-in cannot listen, there is no good token to be had, or the bad ones cannot be made
    /// of it.
    pub async fn prepare(target: Target, contract: Contract) -> Result<Self, PreflightError> {
        let provider = match &target.provider {
            Some(config) => Some(Provider::start(config).await?),
            None => None,
        };
        let login_service = match (&target.login_service, target.auth.credentials()) {
            (Some(config), Some((username, password))) => {
                let right = Credentials { username: username.to_owned(), password: password.clone() };
                Some(LoginService::start(config, right).await?)
            }
            _ => None,
        };
        let good = target.auth.shared_token().await?;
        let mut tokens = HashMap::from([(TokenUse::Missing, None), (TokenUse::Good, good.clone())]);
        if let Some(good) = &good {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let bad = bad_tokens(good, target.auth.secret(), i64::try_from(now).unwrap_or(i64::MAX))?;
            tokens.extend(bad.into_iter().map(|bad| (bad.defect, bad.token)));
        }
        if let Some(refresh) = target.auth.shared_refresh_token() {
            tokens.insert(TokenUse::Refresh, Some(refresh));
        }
        let agent = good.as_ref().and_then(agent_of).unwrap_or_else(|| "conformance".to_owned());
        Ok(Self {
            target,
            contract,
            pages: None,
            tokens,
            logged_out: Mutex::default(),
            agent,
            provider,
            login_service,
            triggers: AtomicU32::new(0),
        })
    }

    /// The text of a token; none where none is to be shown.
    ///
    /// # Errors
    /// Why there is no such token.
    pub fn token(&self, token: TokenUse) -> Result<Option<Token>, String> {
        if token == TokenUse::LoggedOut {
            return lock(&self.logged_out).clone().map(Some).ok_or_else(|| "no token was logged out".to_owned());
        }
        match self.tokens.get(&token) {
            Some(token) => Ok(token.clone()),
            None => {
                Err(format!("without the server's `secret` in [auth] no token of this kind could be made ({token:?})"))
            }
        }
    }

    /// The agent's number as the token tells it, for requests that name their sender.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// A number for one more trigger.
    pub fn next_trigger(&self) -> u32 {
        self.triggers.fetch_add(1, Ordering::Relaxed)
    }

    /// Logs in once more and that token out; from then on it is [`TokenUse::LoggedOut`].
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn log_out_another(&self) -> Result<(), LoginError> {
        let token = self.target.auth.login().await?.access;
        self.target.auth.logout(&token).await?;
        *lock(&self.logged_out) = Some(token);
        Ok(())
    }

    /// The status of the protected REST route with this token.
    ///
    /// # Errors
    /// [`HttpError`] when it did not answer.
    pub async fn protected(&self, token: Option<&Token>) -> Result<u16, HttpError> {
        let answer = self.target.auth.get_protected(token).await?;
        Ok(answer.status.as_u16())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `agent_number`, or else `sub`, of a JWT's claims.
fn agent_of(token: &Token) -> Option<String> {
    let payload = token.expose().split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    ["agent_number", "sub"].iter().find_map(|key| claims.get(key)?.as_str()).map(str::to_owned)
}
