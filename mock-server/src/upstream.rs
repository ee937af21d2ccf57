//! Services that the server itself calls: the provider's send API and the login service. One attempt, with a deadline.
//!
//! No TLS: it is for stand-ins on the same machine or network.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::server::ServeError;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 65_536;

/// Why a service gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// The connection failed, or ended before the answer did.
    #[error("could not be reached")]
    Unreachable,
    /// The time is over.
    #[error("did not answer within {0:?}")]
    Late(Duration),
}

/// One address of a service, and the connections to it. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    address: Uri,
    http: HttpClient<HttpConnector, Full<Bytes>>,
    deadline: Duration,
}

impl Upstream {
    /// The address `path` below the URL that the option of this name gives.
    ///
    /// # Errors
    /// [`ServeError::Option`] if that is no plain HTTP URL.
    pub(crate) fn new(option: &'static str, url: &str, path: &str, deadline: Duration) -> Result<Self, ServeError> {
        let address = format!("{}{path}", url.trim_end_matches('/')).parse().ok();
        let address = address.filter(|uri: &Uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        let address = address.ok_or_else(|| ServeError::Option {
            option,
            expected: "a URL such as http://127.0.0.1:9000",
            found: url.to_owned(),
        })?;
        Ok(Self { address, http: HttpClient::builder(TokioExecutor::new()).build_http(), deadline })
    }

    /// Posts JSON, and gives what was answered.
    ///
    /// # Errors
    /// [`UpstreamError`] if that is nothing. An error status is an answer.
    pub(crate) async fn post(&self, body: &Value) -> Result<(StatusCode, Bytes), UpstreamError> {
        let mut request = Request::new(Full::new(Bytes::from(body.to_string())));
        *request.method_mut() = axum::http::Method::POST;
        *request.uri_mut() = self.address.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        let exchange = async {
            let answer = self.http.request(request).await.map_err(|_| UpstreamError::Unreachable)?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST).collect().await;
            Ok((status, body.map_err(|_| UpstreamError::Unreachable)?.to_bytes()))
        };
        tokio::time::timeout(self.deadline, exchange).await.unwrap_or(Err(UpstreamError::Late(self.deadline)))
    }
}
