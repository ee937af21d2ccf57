//! What a user says about a target, in `conformance.toml` and by flags: where it is, how to log in, how to cause an
//! inbound message, what it lacks.
//!
//! Every setting is optional, texts may hold `${ENV}`, and a mistake is answered with its place, what was expected and
//! the next step. Nothing here opens a connection: [`Target::resolve`](crate::target::Target::resolve) makes a usable
//! target of a configuration.

mod auth;
mod capability;
mod error;
mod expand;
mod init;
mod pattern;
mod reader;
mod restart;
mod secret;
mod stand_in;
pub(crate) mod suggest;
mod template;
mod trigger;
mod types;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use auth::{AuthConfig, AuthMode};
pub use capability::Capability;
pub use error::{ConfigError, Place};
pub use init::init_template;
pub use pattern::NumberPattern;
pub use restart::RestartConfig;
pub use secret::{HIDDEN, Secret};
pub use stand_in::{Listen, StandInConfig};
pub use template::{Template, Values};
pub use trigger::{CommandConfig, HttpConfig, SocketConfig, TriggerConfig, TriggerKind, WhatsappConfig};
pub use types::TypeConfig;
pub use values::{parse_base_url, parse_duration, parse_path};

use crate::net::TlsOptions;
use reader::{Document, Section};

/// The settings. The command's flags are set over those of the file before the target is resolved.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The target's base URL.
    pub target: Option<Url>,
    /// The Socket.IO path; the contract's where it is left out.
    pub socket_path: Option<String>,
    /// The contract's file; the built-in contract where it is left out.
    pub contract: Option<PathBuf>,
    /// What the target lacks.
    pub lacks: BTreeSet<Capability>,
    /// Where that is listed.
    pub lacks_place: Option<Place>,
    /// How to get a token and where to show it.
    pub auth: AuthConfig,
    /// How to cause an inbound message.
    pub trigger: TriggerConfig,
    /// Settings per customer type, in the file's order, each type once.
    pub types: Vec<TypeConfig>,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// How far TLS is trusted.
    pub tls: TlsOptions,
    /// The origin of the page that browsers load; another one than the target's where it is left out.
    pub origin: Option<String>,
    /// How many sockets the largest room is filled with; [`MEMBERS`] where it is left out.
    pub members: Option<u32>,
    /// The provider's send API that the target was told of, where the suite stands in for it.
    pub provider: Option<StandInConfig>,
    /// The login service that the target was told of, where the suite stands in for it.
    pub login: Option<StandInConfig>,
    /// How the target is restarted; never, where it is left out.
    pub restart: Option<RestartConfig>,
    /// What `${ENV}` brought into requests and commands: to be hidden like any other secret.
    pub secrets: Vec<Secret>,
}

/// The members of the largest room, as the contract has it.
pub const MEMBERS: u32 = 1_000;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// A broadcast, from the trigger on.
    pub delivery: Duration,
    /// An answer to a request.
    pub answer: Duration,
    /// Opening a connection.
    pub connect: Duration,
    /// How far the clocks of backend, provider and suite may differ.
    pub skew: Duration,
    /// The longest heartbeat (interval and time-out together) that is waited for.
    pub heartbeat: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            delivery: Duration::from_secs(2),
            answer: Duration::from_secs(2),
            connect: Duration::from_secs(5),
            skew: Duration::from_secs(60),
            heartbeat: Duration::from_secs(60),
        }
    }
}

impl Config {
    const KEYS: [&str; 14] = [
        "target",
        "socket_path",
        "contract",
        "lacks",
        "auth",
        "trigger",
        "types",
        "deadlines",
        "tls",
        "cors",
        "scale",
        "provider",
        "login",
        "restart",
    ];

    /// Reads a configuration file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`ConfigError::Read`] when it cannot be read, [`ConfigError::Invalid`] when something in it is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Read { file: file.clone(), reason: error.to_string() })?;
        Self::parse(&file, &text)
    }

    /// Reads a configuration from text; `file` is the name that errors show and whose folder paths are relative to.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when something in it is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        Self::parse_with(file, text, &|name| std::env::var(name).ok())
    }

    /// As [`Config::parse`], with `${ENV}` looked up by `env`.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when something in it is wrong.
    pub fn parse_with(file: &str, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let doc = Document { file: Arc::from(file), text, env };
        let table = doc.parse()?;
        let base = Path::new(file).parent().unwrap_or(Path::new(""));
        Self::read(&Section::root(&doc, &table), base)
    }

    fn read(root: &Section<'_>, base: &Path) -> Result<Self, ConfigError> {
        root.only(&Self::KEYS)?;
        let mut secrets = Vec::new();
        Ok(Self {
            target: root.parsed("target", "a base URL such as \"http://127.0.0.1:8000\"", parse_base_url)?,
            socket_path: root.parsed("socket_path", "a path such as \"/ws\"", parse_path)?,
            contract: root.text("contract", "a file's path")?.map(|text| base.join(text.value)),
            lacks: read_lacks(root)?,
            lacks_place: root.place_of("lacks"),
            auth: root.section("auth")?.map(|section| AuthConfig::read(&section)).transpose()?.unwrap_or_default(),
            trigger: match root.section("trigger")? {
                Some(section) => TriggerConfig::read(&section, base, &mut secrets)?,
                None => TriggerConfig::default(),
            },
            types: root
                .section("types")?
                .map(|section| TypeConfig::read_all(&section))
                .transpose()?
                .unwrap_or_default(),
            deadlines: root
                .section("deadlines")?
                .map(|section| Deadlines::read(&section))
                .transpose()?
                .unwrap_or_default(),
            tls: root.section("tls")?.map(|section| read_tls(&section, base)).transpose()?.unwrap_or_default(),
            origin: root.section("cors")?.map(|section| read_origin(&section)).transpose()?.flatten(),
            members: root.section("scale")?.map(|section| read_members(&section)).transpose()?.flatten(),
            provider: root.section("provider")?.map(|section| StandInConfig::read(&section)).transpose()?,
            login: root.section("login")?.map(|section| StandInConfig::read(&section)).transpose()?,
            restart: root
                .section("restart")?
                .map(|section| RestartConfig::read(&section, base, &mut secrets))
                .transpose()?,
            secrets,
        })
    }
}

fn read_lacks(root: &Section<'_>) -> Result<BTreeSet<Capability>, ConfigError> {
    let names = root.texts("lacks", "a list of capabilities such as [\"polling\"]")?;
    let known = || Capability::ALL.into_iter().map(Capability::name);
    let capability = |text: reader::Text| {
        Capability::from_name(&text.value).ok_or_else(|| {
            let problem = format!("unknown capability `{}`", text.value);
            ConfigError::new(Some(&text.place), problem, suggest::instead_of(&text.value, known()))
        })
    };
    names.into_iter().map(capability).collect()
}

fn read_tls(section: &Section<'_>, base: &Path) -> Result<TlsOptions, ConfigError> {
    section.only(&["insecure", "ca_file"])?;
    Ok(TlsOptions {
        insecure: section.flag("insecure")?.unwrap_or(false),
        ca_file: section.text("ca_file", "the path of a PEM file")?.map(|text| base.join(text.value)),
    })
}

fn read_origin(section: &Section<'_>) -> Result<Option<String>, ConfigError> {
    section.only(&["origin"])?;
    section.parsed("origin", "an origin such as \"https://page.example\"", |text| {
        let origin = parse_base_url(text)?.origin().ascii_serialization();
        if origin == text {
            Ok(origin)
        } else {
            Err(format!("`{text}` is more than an origin; did you mean `{origin}`?"))
        }
    })
}

fn read_members(section: &Section<'_>) -> Result<Option<u32>, ConfigError> {
    section.only(&["members"])?;
    section.whole("members", 1..=10_000)
}

impl Deadlines {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        section.only(&["delivery", "answer", "connect", "skew", "heartbeat"])?;
        let default = Self::default();
        Ok(Self {
            delivery: section.duration("delivery")?.unwrap_or(default.delivery),
            answer: section.duration("answer")?.unwrap_or(default.answer),
            connect: section.duration("connect")?.unwrap_or(default.connect),
            skew: section.duration("skew")?.unwrap_or(default.skew),
            heartbeat: section.duration("heartbeat")?.unwrap_or(default.heartbeat),
        })
    }
}

#[cfg(test)]
mod tests;
