//! Tokens: made at login, checked at every door, refused after logout. JWT, HS256.
//!
//! Where a token is found (header, query, CONNECT payload) is for the doors to know.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::faults::{Door, FaultSet, Presented};
use crate::options::{Login, Options};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenType {
    /// Opens doors.
    Access,
    /// Gets new tokens, and opens nothing.
    Refresh,
}

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The user's name.
    pub sub: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    agent_number: String,
    #[serde(default)]
    admin_id: String,
    #[serde(default)]
    login_from: Option<String>,
    /// Access or refresh.
    pub token_type: TokenType,
    #[serde(default)]
    iat: i64,
    /// Until when it is good: Unix seconds.
    exp: i64,
    /// Makes tokens differ that were made in the same second.
    #[serde(default)]
    jti: String,
}

impl Claims {
    /// The agent that the token was made for, otherwise as `known`.
    pub(crate) fn agent(self, known: &Login) -> Login {
        let Self { sub: username, agent_number, admin_id, .. } = self;
        Login { username, agent_number, admin_id, ..known.clone() }
    }
}

/// Why a token was refused. The texts are what clients are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// There is none.
    #[error("missing token: log in, then send the access token")]
    Missing,
    /// It is no JWT, or was signed by somebody else, or changed since.
    #[error("invalid token: log in again")]
    Invalid,
    /// Its time is over.
    #[error("expired token: refresh it or log in again")]
    Expired,
    /// A refresh token where an access token is needed, or the other way round.
    #[error("wrong kind of token: a refresh token opens nothing, an access token refreshes nothing")]
    WrongType,
    /// It was logged out.
    #[error("logged-out token: log in again")]
    LoggedOut,
}

/// Makes and checks tokens.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    access_lifetime: Duration,
    refresh_lifetime: Duration,
    clock: fn() -> Timestamp,
    /// Tells this process's tokens from those of one before it.
    origin: String,
    made: AtomicU64,
    faults: FaultSet,
    /// Digests of logged-out tokens, each until its token would have expired anyway.
    logged_out: Mutex<HashMap<[u8; 32], i64>>,
}

impl Tokens {
    /// As the options say.
    pub(crate) fn new(options: &Options, faults: FaultSet) -> Self {
        let secret = options.jwt_secret.as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        // Expiry is checked by our own clock, and to the second.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            access_lifetime: options.access_token_lifetime,
            refresh_lifetime: options.refresh_token_lifetime,
            clock: options.clock,
            origin: format!("{:016x}", RandomState::new().hash_one("token")),
            made: AtomicU64::new(0),
            faults,
            logged_out: Mutex::new(HashMap::new()),
        }
    }

    /// A new access token and a new refresh token for the agent.
    ///
    /// # Errors
    /// Only if the signing itself fails.
    pub(crate) fn issue(
        &self,
        login: &Login,
        login_from: Option<&str>,
    ) -> Result<(String, String), jsonwebtoken::errors::Error> {
        let sign = |token_type, lifetime: Duration| {
            let now = (self.clock)().as_second();
            let claims = Claims {
                sub: login.username.clone(),
                role: "agent".to_owned(),
                agent_number: login.agent_number.clone(),
                admin_id: login.admin_id.clone(),
                login_from: login_from.map(ToOwned::to_owned),
                token_type,
                iat: now,
                exp: now.saturating_add_unsigned(lifetime.as_secs()),
                jti: format!("{}-{}", self.origin, self.made.fetch_add(1, Ordering::Relaxed)),
            };
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
        };
        Ok((sign(TokenType::Access, self.access_lifetime)?, sign(TokenType::Refresh, self.refresh_lifetime)?))
    }

    /// What a good token says.
    ///
    /// # Errors
    /// Why the token is not good.
    pub(crate) fn check(&self, token: &str, wanted: TokenType) -> Result<Claims, TokenError> {
        let claims = self.check_any(token)?;
        if claims.token_type == wanted { Ok(claims) } else { Err(TokenError::WrongType) }
    }

    /// Whether a door opens to this access token; gives whose it is, if it says so.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) fn admit(&self, door: Door, token: Option<&str>) -> Result<Option<String>, TokenError> {
        let claims = token.ok_or(TokenError::Missing).and_then(|token| self.check(token, TokenType::Access));
        let is_own = claims.as_ref().is_ok_and(|claims| claims.jti.starts_with(&self.origin));
        let agent = claims.as_ref().ok().map(|claims| claims.sub.clone());
        self.faults.token(Presented { door, token, verdict: claims.map(drop), is_own })?;
        Ok(agent)
    }

    /// Refuses the token from now on.
    ///
    /// # Errors
    /// Why the token was not good in the first place.
    pub(crate) fn log_out(&self, token: &str) -> Result<(), TokenError> {
        let claims = self.check_any(token)?;
        let now = (self.clock)().as_second();
        let mut logged_out = self.logged_out.lock().unwrap_or_else(PoisonError::into_inner);
        logged_out.retain(|_, expiry| *expiry > now);
        logged_out.insert(digest(token), claims.exp);
        Ok(())
    }

    fn check_any(&self, token: &str) -> Result<Claims, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Missing);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        if claims.exp <= (self.clock)().as_second() {
            return Err(TokenError::Expired);
        }
        if self.logged_out.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&digest(token)) {
            return Err(TokenError::LoggedOut);
        }
        Ok(claims)
    }
}

impl Login {
    /// Whether these are the agent's credentials; takes the same time however much of them is right.
    pub(crate) fn admits(&self, username: &str, password: &str) -> bool {
        bool::from(same(username, &self.username) & same(password, &self.password))
    }
}

/// Compares secrets without telling by the time it takes how much of them agrees, nor how long they are.
pub(crate) fn same(given: &str, expected: &str) -> subtle::Choice {
    digest(given).ct_eq(&digest(expected))
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { clock: || Timestamp::UNIX_EPOCH, sample_chats: Vec::new(), ..Options::default() }
    }

    fn tokens_of(options: &Options) -> Tokens {
        Tokens::new(options, FaultSet::default())
    }

    fn issued(options: &Options) -> (String, String) {
        tokens_of(options).issue(&options.login, Some("customercare")).unwrap()
    }

    #[test]
    fn a_token_of_the_login_is_good() {
        let options = options();
        let claims = tokens_of(&options).check(&issued(&options).0, TokenType::Access).unwrap();
        assert_eq!((claims.sub.as_str(), claims.exp), ("agent", 24 * 60 * 60));
    }

    #[test]
    fn a_refresh_token_is_no_access_token_and_an_access_token_refreshes_nothing() {
        let options = options();
        let (access, refresh) = issued(&options);
        let tokens = tokens_of(&options);
        assert_eq!(tokens.check(&refresh, TokenType::Access).unwrap_err(), TokenError::WrongType);
        assert_eq!(tokens.check(&access, TokenType::Refresh).unwrap_err(), TokenError::WrongType);
        assert!(tokens.check(&refresh, TokenType::Refresh).is_ok());
    }

    #[test]
    fn a_token_expires_to_the_second() {
        let mut options = options();
        let (access, _) = issued(&options);
        options.clock = || Timestamp::from_second(24 * 60 * 60 - 1).unwrap();
        assert!(tokens_of(&options).check(&access, TokenType::Access).is_ok());
        options.clock = || Timestamp::from_second(24 * 60 * 60).unwrap();
        assert_eq!(tokens_of(&options).check(&access, TokenType::Access).unwrap_err(), TokenError::Expired);
    }

    #[test]
    fn garbage_changed_unsigned_and_foreign_tokens_are_invalid() {
        let options = options();
        let tokens = tokens_of(&options);
        let (access, _) = issued(&options);
        let (head, signature) = access.rsplit_once('.').unwrap();
        let (header, claims) = head.split_once('.').unwrap();
        let flip = |text: &str| {
            let flipped = if text.starts_with('A') { 'B' } else { 'A' };
            format!("{flipped}{}", &text[1..])
        };
        let foreign = issued(&Options { jwt_secret: "another".to_owned(), ..options.clone() }).0;
        for token in [
            "garbage".to_owned(),
            "a.b.c".to_owned(),
            format!("{header}.{}.{signature}", flip(claims)),
            format!("{head}.{}", flip(signature)),
            format!("{head}."),
            // {"alg":"none","typ":"JWT"}
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."),
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.{signature}"),
            foreign,
        ] {
            assert_eq!(tokens.check(&token, TokenType::Access).unwrap_err(), TokenError::Invalid, "{token}");
        }
        assert_eq!(tokens.check("", TokenType::Access).unwrap_err(), TokenError::Missing);
    }

    #[test]
    fn a_logged_out_token_is_refused_and_others_of_the_same_second_are_not() {
        let options = options();
        let tokens = tokens_of(&options);
        let (one, _) = tokens.issue(&options.login, None).unwrap();
        let (other, _) = tokens.issue(&options.login, None).unwrap();
        tokens.log_out(&one).unwrap();
        assert_eq!(tokens.check(&one, TokenType::Access).unwrap_err(), TokenError::LoggedOut);
        assert!(tokens.check(&other, TokenType::Access).is_ok());
        assert_eq!(tokens.log_out("garbage").unwrap_err(), TokenError::Invalid);
    }

    #[test]
    fn only_the_right_name_with_the_right_password_logs_in() {
        let login = Login::default();
        assert!(login.admits("agent", "agent-password"));
        for (name, password) in
            [("agent", ""), ("", "agent-password"), ("agent", "agent-passwor"), ("Agent", "agent-password")]
        {
            assert!(!login.admits(name, password));
        }
    }
}
