//! What a server can be told: every setting, with what the command does by default.

use std::time::Duration;

use fixtures::{Contract, Desk, SampleChat};
use jiff::Timestamp;

use crate::faults::Fault;
use crate::reload::Watch;
use crate::scenario::Scenario;
use crate::state::State;
use crate::tls::Tls;

/// The settings of one server.
#[derive(Debug, Clone)]
pub struct Options {
    /// The routing table, the names of events and summary keys, the Socket.IO path and the webhook's address.
    pub contract: Contract,
    /// Whether sockets and protected HTTP calls need a token.
    pub auth: Auth,
    /// Signs and checks tokens (HS256). Not empty.
    pub jwt_secret: String,
    /// How long an access token is good.
    pub access_token_lifetime: Duration,
    /// How long a refresh token is good.
    pub refresh_token_lifetime: Duration,
    /// Who may log in.
    pub login: Login,
    /// The app secret that webhook bodies are signed with; without one, signatures are not looked at.
    pub webhook_secret: Option<String>,
    /// What the provider must show to subscribe.
    pub verify_token: String,
    /// Origins whose pages may call; none means any. E.g. `http://localhost:4200`.
    pub cors_origins: Vec<String>,
    /// What HTTPS is spoken by, beside plain HTTP and on the same port. None, by default: plain HTTP only.
    pub tls: Option<Tls>,
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How long it then waits for the answer.
    pub ping_timeout: Duration,
    /// The largest message from a client, in bytes.
    pub max_payload: u32,
    /// How many logins a minute; none means any number.
    pub login_limit: Option<u32>,
    /// How many webhook calls a minute; none means any number.
    pub webhook_limit: Option<u32>,
    /// The chats to start with. Those of types that the contract does not have are left out.
    pub sample_chats: Vec<SampleChat>,
    /// Who works here, and what they work with.
    pub desk: Desk,
    /// Where the state is kept across restarts; what is found there goes before the sample chats.
    pub state: Option<State>,
    /// The files to read again when they change.
    pub watch: Watch,
    /// Where the provider's send API is, e.g. `http://127.0.0.1:9000`: an agent's message is posted to `/messages`
    /// there. Without it, agents' messages go nowhere but into the chat.
    pub provider_url: Option<String>,
    /// Where the login service is, e.g. `http://127.0.0.1:9001`: credentials are posted to `/login` there. Without it,
    /// those of `login` are the right ones.
    pub login_url: Option<String>,
    /// How long the provider and the login service may take to answer.
    pub upstream_timeout: Duration,
    /// The scenario that is played from the start.
    pub scenario: Option<Scenario>,
    /// How many times as fast as its file says: one of [`Scenario::SPEEDS`].
    pub speed: f64,
    /// What goes wrong, for whoever wants to see it noticed. None, by default: then everything is as it should be.
    pub faults: Vec<&'static Fault>,
    /// Whether the console and the control API are served to other machines too, under whatever host name. Whoever
    /// reaches them can read and do everything.
    pub console_anywhere: bool,
    /// Whether there are endpoints for the protocols' official test suites, at `/engine.io` and `/socket.io`.
    pub echo: bool,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

/// Whether tokens are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// An access token of the login is needed.
    Jwt,
    /// Everybody may do everything. The login works all the same.
    None,
}

/// The one agent's credentials, and what the login answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub username: String,
    /// The password.
    pub password: String,
    /// The agent's number: digits.
    pub agent_number: String,
    /// The agent's id.
    pub admin_id: String,
    /// The agent's name.
    pub name: String,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            username: "agent".to_owned(),
            password: "agent-password".to_owned(),
            agent_number: "15550100199".to_owned(),
            admin_id: "EXE-01".to_owned(),
            name: "Agent 1".to_owned(),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            contract: Contract::room_updates(),
            auth: Auth::Jwt,
            jwt_secret: "local-development-secret-not-for-production".to_owned(),
            access_token_lifetime: Duration::from_hours(24),
            refresh_token_lifetime: Duration::from_hours(7 * 24),
            login: Login::default(),
            webhook_secret: None,
            verify_token: "verify-me".to_owned(),
            cors_origins: Vec::new(),
            tls: None,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: 1_000_000,
            login_limit: None,
            webhook_limit: None,
            sample_chats: fixtures::chats::sample().to_vec(),
            desk: Desk::sample().clone(),
            state: None,
            watch: Watch::default(),
            provider_url: None,
            login_url: None,
            upstream_timeout: Duration::from_secs(10),
            scenario: None,
            speed: 1.0,
            faults: Vec::new(),
            console_anywhere: false,
            echo: false,
            clock: Timestamp::now,
        }
    }
}
