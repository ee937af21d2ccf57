//! What the services that a target calls are made to answer.

use serde::{Deserialize, Serialize};

/// What the provider's stand-in answers to an agent's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderAnswer {
    /// 200: it takes the message.
    Takes,
    /// 400: it refuses the message for good.
    Refuses,
    /// 503: it cannot take it now.
    Fails,
    /// Nothing, for longer than the target waits.
    Silent,
}

/// A login that is tried while the login service's stand-in answers in a known way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginCase {
    /// The run's own credentials, which the service knows.
    Right,
    /// The run's own name with a password that the service refuses.
    WrongPassword,
    /// The service answers 503.
    Failing,
    /// The service answers nothing, for longer than the target waits.
    Silent,
}

impl LoginCase {
    /// Every case.
    pub const ALL: [Self; 4] = [Self::Right, Self::WrongPassword, Self::Failing, Self::Silent];
}
