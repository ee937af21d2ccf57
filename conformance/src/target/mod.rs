//! The backend that is checked, as the suite sees it: its address, its tokens, its trigger, its numbers, what it lacks.
//!
//! [`Target::resolve`] makes one of a configuration and a contract, without opening a connection. Judges nothing.

mod auth;
mod notices;
mod numbers;
mod patience;
mod redact;
mod restart;
mod tokens;
mod trigger;

use std::collections::BTreeMap;
use std::sync::Arc;

use fixtures::Contract;
use tokio::sync::Notify;

pub use crate::config::Capability;
use crate::config::suggest::instead_of;
use crate::config::{
    Config, ConfigError, Deadlines, MEMBERS, NumberPattern, Secret, StandInConfig, TriggerKind, TypeConfig,
};
use crate::net::{Endpoint, HttpClient};
use crate::recording::TokenPlace;

pub use auth::{Auth, LoginError};
pub use notices::Notices;
pub use numbers::{Numbers, NumbersError};
pub use redact::Redactor;
pub use restart::Restart;
pub use tokens::{BadToken, Token, TokenError, Tokens, bad_tokens};
pub use trigger::{Accepted, Batch, Signature, Trigger, TriggerError, Webhook};

use trigger::{Parts, Recipient};

/// A page's origin that is surely another than the target's.
const ORIGIN: &str = "https://page.example";

/// A backend to check.
pub struct Target {
    /// Where it is.
    pub endpoint: Endpoint,
    /// For HTTP calls to it.
    pub http: HttpClient,
    /// The Socket.IO path, without a trailing slash.
    pub socket_path: String,
    /// The Socket.IO namespace.
    pub namespace: String,
    /// Its tokens.
    pub auth: Arc<Auth>,
    /// How an inbound message is caused.
    pub trigger: Trigger,
    /// Customers' numbers for the run.
    pub numbers: Numbers,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// Hides every secret of the target's; learns the tokens as they come.
    pub redactor: Redactor,
    /// What a person should know of the run.
    pub notices: Notices,
    /// The origin of the page that browsers load.
    pub origin: String,
    /// How many sockets the largest room is filled with.
    pub members: u32,
    /// The provider that it was told of, where the suite stands in for it.
    pub provider: Option<StandInConfig>,
    /// The login service that it was told of, where the suite stands in for it.
    pub login_service: Option<StandInConfig>,
    /// How it is restarted, where the suite may.
    pub restart: Option<Restart>,
    lacks: BTreeMap<Capability, String>,
}

impl Target {
    /// Makes a target of a configuration, by a contract.
    ///
    /// # Errors
    /// [`ConfigError`] when a setting is missing, or does not fit the contract or another setting.
    pub fn resolve(config: &Config, contract: &Contract) -> Result<Self, ConfigError> {
        let url = config.target.clone().ok_or_else(|| {
            ConfigError::new(
                None,
                "no target is given",
                "name its base URL: --target URL, or `target` in the configuration",
            )
        })?;
        let endpoint = Endpoint::new(url, config.tls.clone())
            .map_err(|error| ConfigError::new(None, error.to_string(), "mend the target, or [tls]"))?;
        refuse_contradictions(config)?;
        let http = HttpClient::new(endpoint.clone());
        let redactor = Redactor::new(secrets_of(config));
        let notices = Notices::default();
        let auth = Arc::new(Auth::resolve(&config.auth, http.clone(), redactor.clone(), notices.clone())?);
        let types = settings_by_type(config, contract)?;
        let recipients = recipients(contract, &types);
        let socket_path = config.socket_path.as_deref().unwrap_or(&contract.path).trim_end_matches('/').to_owned();
        refuse_shared_channels(&recipients, &types)?;
        let channels = recipients.values().filter_map(|recipient| recipient.channel.clone()).collect::<Vec<_>>();
        let trigger = Trigger::resolve(Parts {
            config,
            webhook_path: contract.webhook.as_deref(),
            namespace: &contract.namespace,
            socket_path: &socket_path,
            recipients,
            http: &http,
            auth: &auth,
            redactor: &redactor,
            notices: &notices,
        })?;
        let patterns = types.iter().map(|(name, settings)| ((*name).to_owned(), numbers_of(*settings))).collect();
        Ok(Self {
            lacks: lacks(config, contract, &auth),
            numbers: Numbers::new(patterns, channels),
            namespace: contract.namespace.clone(),
            deadlines: config.deadlines,
            endpoint,
            http,
            socket_path,
            auth,
            trigger,
            origin: config.origin.clone().unwrap_or_else(|| ORIGIN.to_owned()),
            members: config.members.unwrap_or(MEMBERS),
            provider: config.provider.clone(),
            login_service: config.login.clone(),
            restart: config.restart.clone().map(|restart| Restart::by_command(restart, redactor.clone())),
            redactor,
            notices,
        })
    }

    /// Lets the suite restart the target by a notice to whoever runs it, which is for a program that runs it itself.
    pub fn restarts_on(&mut self, notice: Arc<Notify>) {
        self.restart = Some(Restart::by_notice(notice));
        self.lacks.remove(&Capability::Restart);
    }

    /// Why the target lacks a capability; none where it is taken to have it.
    #[must_use]
    pub fn lacks(&self, capability: Capability) -> Option<&str> {
        self.lacks.get(&capability).map(String::as_str)
    }

    /// What the target lacks, and why.
    #[must_use]
    pub fn lacking(&self) -> &BTreeMap<Capability, String> {
        &self.lacks
    }
}

/// Refuses settings by which no ordinary connection could be made.
fn refuse_contradictions(config: &Config) -> Result<(), ConfigError> {
    let lacks = |capability| config.lacks.contains(&capability);
    if lacks(Capability::Websocket) && lacks(Capability::Polling) {
        let problem = "`lacks` lists both websocket and polling, which leaves no transport";
        return Err(ConfigError::new(None, problem, "remove the one that the target speaks"));
    }
    if lacks(Capability::QueryToken) && config.auth.send == TokenPlace::Query {
        let problem = "[auth] send is query, but `lacks` lists query-token";
        return Err(ConfigError::new(config.auth.place.as_ref(), problem, "remove one of the two"));
    }
    Ok(())
}

/// The settings of each of the contract's customer types. A type that the contract has not is refused.
fn settings_by_type<'a>(
    config: &'a Config,
    contract: &'a Contract,
) -> Result<BTreeMap<&'a str, Option<&'a TypeConfig>>, ConfigError> {
    let mut types: BTreeMap<&str, Option<&TypeConfig>> =
        contract.routes.iter().map(|route| (route.customer_type.as_str(), None)).collect();
    for settings in &config.types {
        let Some(slot) = types.get_mut(settings.name.as_str()) else {
            let known = contract.routes.iter().map(|route| route.customer_type.as_str());
            let problem = format!("the contract `{}` has no customer type `{}`", contract.title, settings.name);
            return Err(ConfigError::new(settings.place.as_ref(), problem, instead_of(&settings.name, known)));
        };
        *slot = Some(settings);
    }
    Ok(types)
}

fn recipients(contract: &Contract, types: &BTreeMap<&str, Option<&TypeConfig>>) -> BTreeMap<String, Recipient> {
    let recipient = |route: &fixtures::Route| {
        let settings = types.get(route.customer_type.as_str()).copied().flatten();
        let channel = settings.and_then(|settings| settings.channel.clone()).or_else(|| route.channel.clone());
        (route.customer_type.clone(), Recipient { channel, room: route.room.clone(), event: route.event.clone() })
    };
    contract.routes.iter().map(recipient).collect()
}

/// Two types with one business number: the backend could only take the messages of one for the other's.
fn refuse_shared_channels(
    recipients: &BTreeMap<String, Recipient>,
    types: &BTreeMap<&str, Option<&TypeConfig>>,
) -> Result<(), ConfigError> {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (customer_type, recipient) in recipients {
        let Some(channel) = recipient.channel.as_deref() else { continue };
        if let Some(other) = owners.insert(channel, customer_type) {
            let settings = [customer_type.as_str(), other].iter().find_map(|name| types.get(name).copied().flatten());
            return Err(ConfigError::new(
                settings.and_then(|settings| settings.place.as_ref()),
                format!("{other} and {customer_type} have the same business number {channel}"),
                "the number tells the backend the type: give each type its own `channel`",
            ));
        }
    }
    Ok(())
}

fn numbers_of(settings: Option<&TypeConfig>) -> NumberPattern {
    settings.map(|settings| settings.numbers.clone()).unwrap_or_default()
}

/// What the configuration says is lacking, and what follows from the contract and from how the target logs in.
fn lacks(config: &Config, contract: &Contract, auth: &Auth) -> BTreeMap<Capability, String> {
    let mut lacks = BTreeMap::new();
    let mut lack = |capability, missing: bool, why: &str| {
        if missing {
            lacks.insert(capability, why.to_owned());
        }
    };
    for (capability, exchange, operation) in [
        (Capability::Leave, &contract.leave, "leaveRoom"),
        (Capability::List, &contract.list, "fetchAllChats"),
        (Capability::Search, &contract.search, "searchChat"),
        (Capability::History, &contract.history, "fetchChatsByUser"),
        (Capability::Send, &contract.send, "sendMessage"),
        (Capability::UpdateStatus, &contract.update_status, "updateChatStatus"),
    ] {
        lack(capability, exchange.is_none(), &format!("the contract has no operation {operation}"));
    }
    for capability in [Capability::Auth, Capability::QueryToken, Capability::Rest, Capability::Logout] {
        lack(capability, !auth.is_used(), "[auth] gives no credentials");
    }
    let webhook = matches!(config.trigger.kind, TriggerKind::Whatsapp(_));
    lack(Capability::Webhook, !webhook, "[trigger] calls no provider's webhook: its kind is not whatsapp");
    let (can_verify, is_signed) = match &config.trigger.kind {
        TriggerKind::Whatsapp(whatsapp) => (whatsapp.verify_token.is_some(), whatsapp.secret.is_some()),
        _ => (false, false),
    };
    lack(Capability::Verify, !can_verify, "[trigger] gives no verify_token");
    lack(Capability::Signature, !is_signed, "[trigger] gives no secret");
    lack(Capability::Restart, config.restart.is_none(), "[restart] gives no command");
    let no_service = "gives no address where the suite stands in for it";
    lack(Capability::Provider, config.provider.is_none(), &format!("[provider] {no_service}"));
    lack(Capability::LoginService, config.login.is_none(), &format!("[login] {no_service}"));
    lack(Capability::LoginService, !auth.can_log_in(), "[auth] gives no user name and password");
    let given = auth.is_used() && !auth.can_log_in();
    lack(Capability::Logout, given, "the token is given ([auth] token), so none may be logged out");
    let one_transport = [Capability::Websocket, Capability::Polling].iter().any(|one| config.lacks.contains(one));
    lack(Capability::Upgrade, one_transport, "an upgrade needs both polling and WebSocket");
    let listed = match &config.lacks_place {
        Some(place) => format!("`lacks` lists it ({place})"),
        None => "the configuration lists it under `lacks`".to_owned(),
    };
    for capability in &config.lacks {
        lack(*capability, true, &listed);
    }
    lacks
}

fn secrets_of(config: &Config) -> Vec<Secret> {
    let auth = &config.auth;
    let mut secrets: Vec<Option<Secret>> = vec![auth.token.clone(), auth.password.clone(), auth.secret.clone()];
    if let TriggerKind::Whatsapp(whatsapp) = &config.trigger.kind {
        secrets.extend([whatsapp.secret.clone(), whatsapp.verify_token.clone()]);
    }
    secrets.into_iter().flatten().chain(config.secrets.iter().cloned()).collect()
}

#[cfg(test)]
mod tests;
