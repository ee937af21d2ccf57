//! How a session is to be opened.

use std::time::Duration;

use url::form_urlencoded;

use super::Transport;
use crate::net::{Endpoint, Request};

/// How a session is to be opened.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The server.
    pub endpoint: Endpoint,
    /// Where Engine.IO answers, under the endpoint's base URL: `/ws`.
    pub path: String,
    /// Ask for `/ws/` rather than `/ws`, as the official client does.
    pub trailing_slash: bool,
    /// The transport to open with.
    pub transport: Transport,
    /// Query parameters before the protocol's own, such as `token`. They are percent-encoded here.
    pub query: Vec<(String, String)>,
    /// Headers of every request, such as `Origin`.
    pub headers: Vec<(String, String)>,
    /// Answer the server's pings. A client that does not is dropped in the end.
    pub answer_pings: bool,
    /// How long opening may take, from resolving the name to the open packet; likewise an upgrade, and a `POST`.
    pub deadline: Duration,
}

impl SessionOptions {
    /// A well-behaved client at `path`, with 5 s to open.
    pub fn new(endpoint: Endpoint, path: impl Into<String>, transport: Transport) -> Self {
        Self {
            endpoint,
            path: path.into(),
            trailing_slash: true,
            transport,
            query: Vec::new(),
            headers: Vec::new(),
            answer_pings: true,
            deadline: Duration::from_secs(5),
        }
    }

    /// Path and query for a transport; with the session's id once there is one.
    pub(super) fn path_and_query(&self, transport: Transport, sid: Option<&str>) -> String {
        let path = self.path.trim_matches('/');
        let slash = if self.trailing_slash && !path.is_empty() { "/" } else { "" };
        let own = [("EIO", "4"), ("transport", transport.name())];
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.query)
            .extend_pairs(own)
            .extend_pairs(sid.map(|sid| ("sid", sid)))
            .finish();
        format!("/{path}{slash}?{query}")
    }

    pub(super) fn with_headers(&self, mut request: Request) -> Request {
        request.headers.extend_from_slice(&self.headers);
        request
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::net::TlsOptions;

    fn options(path: &str) -> SessionOptions {
        let endpoint = Endpoint::new(Url::parse("http://127.0.0.1:1").unwrap(), TlsOptions::default()).unwrap();
        SessionOptions::new(endpoint, path, Transport::WebSocket)
    }

    #[test]
    fn the_token_stands_before_the_protocols_own_parameters_and_is_encoded() {
        let mut options = options("/ws");
        options.query = vec![("token".to_owned(), "a b&c".to_owned())];
        let target = options.path_and_query(Transport::Polling, Some("x"));
        assert_eq!(target, "/ws/?token=a+b%26c&EIO=4&transport=polling&sid=x");
    }

    #[test]
    fn the_trailing_slash_is_there_once_or_not_at_all() {
        for path in ["/ws", "/ws/", "ws"] {
            let mut options = options(path);
            assert!(options.path_and_query(Transport::WebSocket, None).starts_with("/ws/?EIO=4"), "{path}");
            options.trailing_slash = false;
            assert!(options.path_and_query(Transport::WebSocket, None).starts_with("/ws?EIO=4"), "{path}");
        }
    }
}
