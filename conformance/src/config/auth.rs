//! `[auth]`: how the suite gets a token, where it shows it, and what it knows about the backend's tokens.

use super::error::{ConfigError, Place};
use super::reader::Section;
use super::secret::Secret;
use super::values::parse_path;
use crate::recording::TokenPlace;

/// Where the suite's token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// The target checks no tokens.
    None,
    /// A token is given.
    Token,
    /// By logging in.
    Login,
}

/// The settings of `[auth]`. Whether they fit together is seen when the target is resolved, as flags may still change them.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// Where the section begins.
    pub place: Option<Place>,
    /// Where the token comes from; left out, it follows from what is given: a user name or password, else a token, else none.
    pub mode: Option<AuthMode>,
    /// The token, for [`AuthMode::Token`].
    pub token: Option<Secret>,
    /// The user, for [`AuthMode::Login`].
    pub username: Option<String>,
    /// The password, for [`AuthMode::Login`].
    pub password: Option<Secret>,
    /// Sent along with the login; left out of it where this is `None` (an empty text in the file).
    pub login_from: Option<String>,
    /// Where to log in.
    pub login_path: String,
    /// Where to log out.
    pub logout_path: String,
    /// Which key of the login's answer holds the token; `data.token` is the key `token` within `data`.
    pub token_field: String,
    /// A REST route that needs the token.
    pub protected_path: String,
    /// The key that the backend signs its tokens with (HS256), where it is known.
    pub secret: Option<Secret>,
    /// Where ordinary connections show the token.
    pub send: TokenPlace,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            place: None,
            mode: None,
            token: None,
            username: None,
            password: None,
            login_from: Some("customercare".to_owned()),
            login_path: "/api/auth/login".to_owned(),
            logout_path: "/api/auth/logout".to_owned(),
            token_field: "accessToken".to_owned(),
            protected_path: "/api/dashboard/stats".to_owned(),
            secret: None,
            send: TokenPlace::Auth,
        }
    }
}

impl AuthConfig {
    const KEYS: [&str; 11] = [
        "mode",
        "token",
        "username",
        "password",
        "login_from",
        "login_path",
        "logout_path",
        "token_field",
        "protected_path",
        "secret",
        "send",
    ];

    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        section.only(&Self::KEYS)?;
        let default = Self::default();
        let path = |key, default| {
            Ok(section.parsed(key, "a path on the target, such as \"/api\"", parse_path)?.unwrap_or(default))
        };
        let login_from = section.text("login_from", "text, empty to leave it out of the login")?;
        Ok(Self {
            place: Some(section.place.clone()),
            mode: section
                .one_of("mode", &[("none", AuthMode::None), ("token", AuthMode::Token), ("login", AuthMode::Login)])?,
            token: section.secret("token")?,
            username: section.text("username", "the user's name")?.map(|text| text.value),
            password: section.secret("password")?,
            login_from: match login_from {
                Some(text) => Some(text.value).filter(|value| !value.is_empty()),
                None => default.login_from,
            },
            login_path: path("login_path", default.login_path)?,
            logout_path: path("logout_path", default.logout_path)?,
            token_field: section
                .text("token_field", "the key of the login's answer that holds the token")?
                .map_or(default.token_field, |text| text.value),
            protected_path: path("protected_path", default.protected_path)?,
            secret: section.secret("secret")?,
            send: section
                .one_of("send", &[("auth", TokenPlace::Auth), ("query", TokenPlace::Query)])?
                .unwrap_or(default.send),
        })
    }

    /// The mode that is set, or the one that follows from what is given.
    #[must_use]
    pub fn effective_mode(&self) -> AuthMode {
        match self.mode {
            Some(mode) => mode,
            None if self.username.is_some() || self.password.is_some() => AuthMode::Login,
            None if self.token.is_some() => AuthMode::Token,
            None => AuthMode::None,
        }
    }
}
