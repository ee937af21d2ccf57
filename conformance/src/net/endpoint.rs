//! Where the target is: its base URL, taken apart once, and the TLS settings that go with it.

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::ClientConfig;
use thiserror::Error;
use url::{Host, Url};

use super::tls;

/// How far a server's certificate is trusted. Of no effect on `http://` targets.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Accept any certificate. The connection is encrypted, yet nobody knows with whom.
    pub insecure: bool,
    /// A PEM file of certificate authorities to trust besides the machine's own.
    pub ca_file: Option<PathBuf>,
}

/// A server that can be dialled: scheme, host, port, and the path prefix under which all requests go.
///
/// Cheap to clone; the clones share one TLS configuration.
#[derive(Clone)]
pub struct Endpoint {
    parts: Arc<Parts>,
    receive_buffer: Option<u32>,
}

struct Parts {
    base: Url,
    host: Host,
    port: u16,
    prefix: String,
    host_header: String,
    tls: Option<Arc<ClientConfig>>,
}

/// Why a URL or its TLS settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Neither `http` nor `https`.
    #[error("{url}: the scheme is `{scheme}`, expected `http` or `https` (the WebSocket URL is derived from it)")]
    Scheme {
        /// The URL as given.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// A part that a base URL cannot have.
    #[error("{url}: a target has no {part}; {next_step}")]
    Unwanted {
        /// The URL, without that part.
        url: String,
        /// Which part.
        part: &'static str,
        /// Where it belongs.
        next_step: &'static str,
    },
    /// The file of certificate authorities is unreadable or holds none.
    #[error("{path}: {reason}; expected a PEM file with at least one certificate", path = path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The machine trusts nobody.
    #[error(
        "{url}: this machine has no trusted certificate authorities ({reason}); \
         install its `ca-certificates`, name a CA file, or use `--insecure`"
    )]
    NoAuthorities {
        /// The URL as given.
        url: String,
        /// What looking for them gave.
        reason: String,
    },
    /// The TLS library refused the settings.
    #[error("{url}: TLS cannot be set up: {reason}")]
    Tls {
        /// The URL as given.
        url: String,
        /// The library's words.
        reason: String,
    },
}

impl Endpoint {
    /// Takes `base` apart. A path in it is kept as a prefix of every request; the certificate authorities are read
    /// here, once, and only for `https`.
    ///
    /// # Errors
    /// When the URL is not a plain `http(s)` one, or the certificate authorities cannot be read.
    pub fn new(base: Url, tls: TlsOptions) -> Result<Self, EndpointError> {
        refuse_unwanted_parts(&base)?;
        let unusable = || EndpointError::Scheme { url: base.to_string(), scheme: base.scheme().to_owned() };
        let config = match base.scheme() {
            "http" => None,
            "https" => Some(tls::client_config(&base, &tls)?),
            _ => return Err(unusable()),
        };
        // Both are always there in an http(s) URL: the parser sees to it.
        let host = base.host().ok_or_else(unusable)?.to_owned();
        let port = base.port_or_known_default().ok_or_else(unusable)?;
        let prefix = base.path().trim_end_matches('/').to_owned();
        let host_header = match base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let parts = Parts { base, host, port, prefix, host_header, tls: config };
        Ok(Self { parts: Arc::new(parts), receive_buffer: None })
    }

    /// The same server, dialled with a receive buffer of so many bytes: a client that stops reading is then felt soon.
    #[must_use]
    pub fn with_receive_buffer(&self, bytes: u32) -> Self {
        Self { parts: Arc::clone(&self.parts), receive_buffer: Some(bytes) }
    }

    pub(super) fn receive_buffer(&self) -> Option<u32> {
        self.receive_buffer
    }

    /// The base URL as given.
    pub fn base(&self) -> &Url {
        &self.parts.base
    }

    /// `host:port` as it is dialled, for messages.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.parts.host, self.parts.port)
    }

    /// The request target of `path_and_query` (which starts with `/`): the base URL's prefix stands before it.
    pub fn request_target(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.parts.prefix)
    }

    /// The whole URL of `path_and_query`, for messages: values of secret query parameters are hidden.
    pub fn shown_url(&self, path_and_query: &str) -> String {
        let origin = self.parts.base.origin().ascii_serialization();
        let target = self.request_target(path_and_query);
        match target.split_once('?') {
            Some((path, query)) => format!("{origin}{path}?{}", hide_secrets(query)),
            None => format!("{origin}{target}"),
        }
    }

    /// What the `Host` header says: the port only where it is not the scheme's own.
    pub(crate) fn host_header(&self) -> &str {
        &self.parts.host_header
    }

    pub(super) fn host(&self) -> &Host {
        &self.parts.host
    }

    pub(super) fn port(&self) -> u16 {
        self.parts.port
    }

    pub(super) fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.parts.tls.as_ref()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.parts.base.as_str()).finish()
    }
}

fn refuse_unwanted_parts(base: &Url) -> Result<(), EndpointError> {
    let (part, next_step) = if !base.username().is_empty() || base.password().is_some() {
        ("user name or password", "give them as the target's login")
    } else if base.query().is_some() {
        ("query", "leave it out")
    } else if base.fragment().is_some() {
        ("fragment", "leave it out: it is a page's own")
    } else {
        return Ok(());
    };
    let mut url = base.clone();
    // They fail on URLs without a host only, and those have nothing to hide.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    Err(EndpointError::Unwanted { url: url.to_string(), part, next_step })
}

/// `token=abc&EIO=4` becomes `token=***&EIO=4`.
fn hide_secrets(query: &str) -> String {
    const SECRET: [&str; 7] = ["token", "jwt", "secret", "password", "auth", "key", "sid"];
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SECRET.iter().any(|secret| name.to_ascii_lowercase().contains(secret)) => {
            format!("{name}=***")
        }
        _ => pair.to_owned(),
    };
    query.split('&').map(hide).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::new(Url::parse(url).unwrap(), TlsOptions::default())
    }

    #[test]
    fn a_path_in_the_base_url_is_a_prefix_of_every_request() {
        for base in ["http://example.com/prefix", "http://example.com/prefix/"] {
            assert_eq!(endpoint(base).unwrap().request_target("/ws/?EIO=4"), "/prefix/ws/?EIO=4");
        }
        assert_eq!(endpoint("http://example.com").unwrap().request_target("/ws/"), "/ws/");
    }

    #[test]
    fn the_host_header_names_the_port_only_where_it_is_not_the_default() {
        assert_eq!(endpoint("http://example.com:8000").unwrap().host_header(), "example.com:8000");
        assert_eq!(endpoint("http://example.com:80").unwrap().host_header(), "example.com");
        assert_eq!(endpoint("http://[::1]:8000").unwrap().host_header(), "[::1]:8000");
        assert_eq!(endpoint("http://[::1]").unwrap().authority(), "[::1]:80");
    }

    #[test]
    fn shown_urls_hide_tokens_and_session_ids() {
        let shown =
            endpoint("http://example.com/p").unwrap().shown_url("/ws/?token=abc.def&EIO=4&access_token=x&sid=y");
        assert_eq!(shown, "http://example.com/p/ws/?token=***&EIO=4&access_token=***&sid=***");
    }

    #[test]
    fn a_websocket_url_is_refused_with_the_scheme_to_use() {
        let error = endpoint("wss://example.com/ws").unwrap_err();
        assert!(error.to_string().contains("`wss`, expected `http` or `https`"), "{error}");
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        let error = endpoint("http://agent:hidden@example.com/").unwrap_err().to_string();
        assert!(error.contains("user name or password") && !error.contains("hidden"), "{error}");
    }

    #[test]
    fn a_ca_file_that_cannot_be_read_is_named() {
        let options = TlsOptions { ca_file: Some("no/such/ca.pem".into()), ..TlsOptions::default() };
        let error = Endpoint::new(Url::parse("https://example.com").unwrap(), options).unwrap_err();
        assert!(error.to_string().starts_with("no/such/ca.pem: "), "{error}");
    }
}
