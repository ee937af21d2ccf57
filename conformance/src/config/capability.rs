//! What a target may lack. A check that needs a lacking capability is not applicable, rather than failed.

use serde::{Deserialize, Serialize};

/// Something that a backend can do and that some backends do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Connections that are WebSockets from the start.
    Websocket,
    /// HTTP long-polling.
    Polling,
    /// Turning a polling connection into a WebSocket.
    Upgrade,
    /// Checking tokens on Socket.IO connections.
    Auth,
    /// A REST route that needs the token.
    Rest,
    /// Leaving a room.
    Leave,
    /// The chat list.
    List,
    /// Searching a chat by the customer's number.
    Search,
    /// A chat's messages; reading them clears its unread counter.
    History,
    /// Sending an agent's message.
    Send,
    /// Resolving and reopening a chat.
    UpdateStatus,
    /// Taking the token from the query string.
    QueryToken,
    /// Making a token useless by logging it out.
    Logout,
    /// Taking messages by the provider's webhook, which alone carries every kind, several at once, and receipts.
    Webhook,
    /// Verifying a webhook subscription, with a token that the suite knows.
    Verify,
    /// Checking the webhook's signature, with a secret that the suite knows.
    Signature,
    /// Sending agents' replies to a provider that the suite stands in for.
    Provider,
    /// Asking a login service that the suite stands in for.
    LoginService,
    /// Being restarted by the suite.
    Restart,
}

impl Capability {
    /// Every capability, in the order of declaration.
    pub const ALL: [Self; 19] = [
        Self::Websocket,
        Self::Polling,
        Self::Upgrade,
        Self::Auth,
        Self::Rest,
        Self::Leave,
        Self::List,
        Self::Search,
        Self::History,
        Self::Send,
        Self::UpdateStatus,
        Self::QueryToken,
        Self::Logout,
        Self::Webhook,
        Self::Verify,
        Self::Signature,
        Self::Provider,
        Self::LoginService,
        Self::Restart,
    ];

    /// Its name in the configuration, in recordings and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Websocket => "websocket",
            Self::Polling => "polling",
            Self::Upgrade => "upgrade",
            Self::Auth => "auth",
            Self::Rest => "rest",
            Self::Leave => "leave",
            Self::List => "list",
            Self::Search => "search",
            Self::History => "history",
            Self::Send => "send",
            Self::UpdateStatus => "update-status",
            Self::QueryToken => "query-token",
            Self::Logout => "logout",
            Self::Webhook => "webhook",
            Self::Verify => "verify",
            Self::Signature => "signature",
            Self::Provider => "provider",
            Self::LoginService => "login-service",
            Self::Restart => "restart",
        }
    }

    /// The capability of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_one_name_everywhere() {
        for capability in Capability::ALL {
            assert_eq!(Capability::from_name(capability.name()), Some(capability));
            assert_eq!(serde_json::to_value(capability).unwrap(), capability.name());
        }
    }
}
