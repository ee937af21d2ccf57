//! What is asked and what is answered.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{self, InvalidHeaderName, InvalidHeaderValue},
};
use http_body_util::Full;

use super::{Endpoint, HttpError};

/// An HTTP request to an endpoint.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query under the endpoint's base URL, percent-encoded, starting with `/`.
    pub path_and_query: String,
    /// Headers in order; a name may come more than once. They take the place of the client's own of the same name.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Bytes,
}

impl Request {
    /// A `GET`.
    pub fn get(path_and_query: impl Into<String>) -> Self {
        Self::new(Method::GET, path_and_query, Bytes::new())
    }

    /// A `POST`.
    pub fn post(path_and_query: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, path_and_query, body)
    }

    /// Any method.
    pub fn new(method: Method, path_and_query: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method, path_and_query: path_and_query.into(), headers: Vec::new(), body: body.into() }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The request in words, for messages: `GET http://host/path?token=***`.
    pub fn shown(&self, endpoint: &Endpoint) -> String {
        format!("{} {}", self.method, endpoint.shown_url(&self.path_and_query))
    }

    pub(super) fn to_http(&self, endpoint: &Endpoint) -> Result<http::Request<Full<Bytes>>, HttpError> {
        let invalid = |reason: String| HttpError::Invalid { request: self.shown(endpoint), reason };
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(endpoint.request_target(&self.path_and_query))
            .body(Full::new(self.body.clone()))
            .map_err(|error| invalid(error.to_string()))?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            let bad_name = |error: InvalidHeaderName| invalid(format!("header name `{name}`: {error}"));
            let bad_value = |error: InvalidHeaderValue| invalid(format!("value of header `{name}`: {error}"));
            headers.append(
                HeaderName::try_from(name).map_err(bad_name)?,
                HeaderValue::try_from(value).map_err(bad_value)?,
            );
        }
        let host = HeaderValue::try_from(endpoint.host_header());
        headers.entry(header::HOST).or_insert(host.map_err(|error| invalid(format!("the host: {error}")))?);
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        Ok(request)
    }
}

/// Names the suite in the server's log.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// An HTTP answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The port from which we asked.
    pub local_port: u16,
    /// From handing the request to an open connection to the last byte of the answer. Connecting is not in it.
    pub took: Duration,
}

impl Answer {
    /// The first value of a header, where it is readable text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; bytes that are not UTF-8 become replacement characters.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The first `limit` characters of the body on one line, for messages.
    pub fn body_start(&self, limit: usize) -> String {
        let text = self.text();
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((cut, _)) = words.char_indices().nth(limit) {
            words.truncate(cut);
            words.push('…');
        }
        words
    }
}
