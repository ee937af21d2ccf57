//! `[trigger]`: how an inbound message is caused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::error::{ConfigError, Place};
use super::reader::{Section, Text};
use super::secret::Secret;
use super::suggest::instead_of;
use super::template::{Gives, Template, Values};
use super::values::{parse_base_url, parse_path};

/// How long a trigger may take to be accepted, unless configured.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of `[trigger]`.
#[derive(Debug, Clone)]
pub struct TriggerConfig {
    /// Where the section begins.
    pub place: Option<Place>,
    /// How long one call may take; a command that takes longer is ended.
    pub timeout: Duration,
    /// What is done.
    pub kind: TriggerKind,
}

/// The four ways.
#[derive(Debug, Clone)]
pub enum TriggerKind {
    /// The provider's webhook is called with a WhatsApp Cloud API body.
    Whatsapp(WhatsappConfig),
    /// An HTTP request is made from a template.
    Http(HttpConfig),
    /// A client of the suite's emits an event.
    Socket(SocketConfig),
    /// A program is run.
    Command(CommandConfig),
}

/// `kind = "whatsapp"`.
#[derive(Debug, Clone)]
pub struct WhatsappConfig {
    /// Where the provider posts, with `{channel}` in it; the contract's where it is left out.
    pub path: Option<String>,
    /// The app secret, which signs `X-Hub-Signature-256`; unsigned without it.
    pub secret: Option<Secret>,
    /// Where the provider verifies a subscription.
    pub verify_path: String,
    /// The verify token, where it is known.
    pub verify_token: Option<Secret>,
}

/// `kind = "http"`.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// The method.
    pub method: http::Method,
    /// Another host than the target.
    pub host: Option<Url>,
    /// Path and query there.
    pub path: Template,
    /// Names and values.
    pub headers: Vec<(http::HeaderName, Template)>,
    /// The body; JSON unless a `content-type` header says otherwise.
    pub body: Option<Template>,
}

/// `kind = "socket"`.
#[derive(Debug, Clone)]
pub struct SocketConfig {
    /// The event to emit.
    pub event: String,
    /// Its argument: JSON.
    pub payload: Template,
}

/// `kind = "command"`.
#[derive(Debug, Clone)]
pub struct CommandConfig {
    /// The program; relative to the configuration file where it has a slash in it, else from `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Further variables of its environment.
    pub env: Vec<(String, String)>,
}

impl Default for TriggerConfig {
    fn default() -> Self {
        Self { place: None, timeout: TIMEOUT, kind: TriggerKind::Whatsapp(WhatsappConfig::default()) }
    }
}

impl Default for WhatsappConfig {
    fn default() -> Self {
        Self { path: None, secret: None, verify_path: "/api/webhook/verify".to_owned(), verify_token: None }
    }
}

/// The kinds with the keys that each has beside `kind` and `timeout`; the first is the default.
const KINDS: [(&str, &[&str]); 4] = [
    ("whatsapp", &["path", "secret", "verify_path", "verify_token"]),
    ("http", &["method", "url", "headers", "body"]),
    ("socket", &["event", "payload"]),
    ("command", &["program", "args", "env"]),
];

impl TriggerConfig {
    /// Reads the section. `base` is the folder of the file; secrets found on the way are added to `secrets`.
    pub(super) fn read(section: &Section<'_>, base: &Path, secrets: &mut Vec<Secret>) -> Result<Self, ConfigError> {
        let kinds = KINDS.map(|(kind, _)| (kind, kind));
        let kind = section.one_of("kind", &kinds)?.unwrap_or(KINDS[0].0);
        only_keys_of(kind, section)?;
        Ok(Self {
            place: Some(section.place.clone()),
            timeout: section.duration("timeout")?.unwrap_or(TIMEOUT),
            kind: match kind {
                "http" => TriggerKind::Http(HttpConfig::read(section, secrets)?),
                "socket" => TriggerKind::Socket(SocketConfig::read(section, secrets)?),
                "command" => TriggerKind::Command(CommandConfig::read(section, base, secrets)?),
                _ => TriggerKind::Whatsapp(WhatsappConfig::read(section)?),
            },
        })
    }
}

/// Refuses keys of another kind by that kind's name, and unknown ones with a suggestion.
fn only_keys_of(kind: &str, section: &Section<'_>) -> Result<(), ConfigError> {
    let own = KINDS.iter().filter(|(name, _)| *name == kind).flat_map(|(_, keys)| keys.iter().copied());
    let known: Vec<&str> = ["kind", "timeout"].into_iter().chain(own).collect();
    for (key, place) in section.keys() {
        if known.contains(&key.as_str()) {
            continue;
        }
        return Err(match KINDS.iter().find(|(_, keys)| keys.contains(&key.as_str())) {
            Some((other, _)) => ConfigError::new(
                Some(&place),
                format!("`{key}` belongs to kind = \"{other}\", and this trigger's kind is \"{kind}\""),
                format!("set kind = \"{other}\", or remove the key"),
            ),
            None => ConfigError::new(Some(&place), format!("unknown key `{key}`"), instead_of(&key, known)),
        });
    }
    Ok(())
}

impl WhatsappConfig {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let default = Self::default();
        Ok(Self {
            path: section.parsed("path", "a path such as \"/api/chats/whatsapp_chat/{channel}\"", parse_path)?,
            secret: section.secret("secret")?,
            verify_path: section
                .parsed("verify_path", "a path such as \"/api/webhook/verify\"", parse_path)?
                .unwrap_or(default.verify_path),
            verify_token: section.secret("verify_token")?,
        })
    }
}

impl HttpConfig {
    /// Whether any of its templates uses this value.
    pub(crate) fn uses(&self, name: &str) -> bool {
        let headers = self.headers.iter().map(|(_, value)| value);
        headers.chain([&self.path]).chain(&self.body).any(|template| template.uses(name))
    }

    fn read(section: &Section<'_>, secrets: &mut Vec<Secret>) -> Result<Self, ConfigError> {
        let mut url = section.required("url", URL)?;
        let host = split_host(&mut url)?;
        let method = section.parsed("method", "an HTTP method such as \"POST\"", |text| {
            http::Method::from_bytes(text.as_bytes()).map_err(|_| format!("`{text}` is not an HTTP method"))
        })?;
        let mut headers = Vec::new();
        let mut gives = Gives::Json;
        if let Some(section) = section.section("headers")? {
            for (key, place) in section.keys() {
                let value = section.required(&key, "the header's value")?;
                let name = http::HeaderName::from_bytes(key.as_bytes()).map_err(|_| {
                    ConfigError::new(Some(&place), format!("`{key}` is not a header's name"), "mend the name")
                })?;
                if name == http::header::CONTENT_TYPE && !value.value.contains("json") {
                    gives = Gives::Text;
                }
                headers.push((name, template(&key, &value, Gives::Text, secrets)?));
            }
        }
        let body = section.text("body", "the request's body, a template")?;
        Ok(Self {
            method: method.unwrap_or(http::Method::POST),
            host,
            path: template("url", &url, Gives::Text, secrets)?,
            headers,
            body: body.map(|text| template("body", &text, gives, secrets)).transpose()?,
        })
    }
}

/// What is expected of `url`.
const URL: &str = "a path on the target such as \"/inbound\", or a whole URL";

/// Takes the host off a whole URL, so that the path is left, which may be a template.
fn split_host(url: &mut Text) -> Result<Option<Url>, ConfigError> {
    if url.value.starts_with('/') {
        return Ok(None);
    }
    let Some(host_at) = url.value.find("://").map(|scheme_end| scheme_end + 3) else {
        let problem = format!("`url`: `{}` is neither a path nor a URL", url.value);
        return Err(ConfigError::new(Some(&url.place), problem, format!("did you mean `/{}`?", url.value)));
    };
    let path_at = url.value[host_at..].find('/').map_or(url.value.len(), |length| host_at + length);
    let path = url.value.split_off(path_at);
    let host = parse_base_url(&url.value)
        .map_err(|reason| ConfigError::refused(&url.place, "url", &reason, format!("expected {URL}")))?;
    url.value = if path.is_empty() { "/".to_owned() } else { path };
    Ok(Some(host))
}

impl SocketConfig {
    fn read(section: &Section<'_>, secrets: &mut Vec<Secret>) -> Result<Self, ConfigError> {
        let payload = section.required("payload", "the event's argument, a template that gives JSON")?;
        Ok(Self {
            event: section.required("event", "the name of the event to emit")?.value,
            payload: template("payload", &payload, Gives::Json, secrets)?,
        })
    }
}

impl CommandConfig {
    fn read(section: &Section<'_>, base: &Path, secrets: &mut Vec<Secret>) -> Result<Self, ConfigError> {
        let mut keep = |text: Text| {
            secrets.extend(text.filled_in.into_iter().map(Secret::new));
            text.value
        };
        let program = section.required("program", "a program such as \"./send-message\"")?.value;
        let args = section.texts("args", "a list of texts")?.into_iter().map(&mut keep).collect();
        let mut env = Vec::new();
        if let Some(section) = section.section("env")? {
            for (name, _) in section.keys() {
                let value = section.required(&name, "the variable's value")?;
                env.push((name, keep(value)));
            }
        }
        // A bare name is looked up in PATH, as a shell would; joining would turn it into a path.
        let program = if program.contains('/') { base.join(program) } else { PathBuf::from(program) };
        Ok(Self { program, args, env })
    }
}

/// Reads a template, and counts what the environment gave it among the secrets.
fn template(key: &str, text: &Text, gives: Gives, secrets: &mut Vec<Secret>) -> Result<Template, ConfigError> {
    secrets.extend(text.filled_in.iter().map(|value| Secret::new(value.as_str())));
    Template::parse(&text.value, gives).map_err(|reason| {
        let help = format!("the values are: {}", Values::names().join(", "));
        ConfigError::refused(&text.place, key, &reason, help)
    })
}
