//! The backend behind the recorder: where it is, and connections to it, plain or by TLS.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::rest::Problem;

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest body that is passed on, in bytes: 64 MiB.
pub(super) const LARGEST_BODY: usize = 64 << 20;

/// A connection to it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A backend, by its URL.
#[derive(Clone)]
pub struct Upstream {
    secure: Option<(TlsConnector, ServerName<'static>)>,
    host: String,
    port: u16,
    authority: HeaderValue,
    /// What stands before every path, without a slash behind it.
    prefix: String,
}

impl FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a backend's URL such as https://api.example.com".to_owned();
        let uri: Uri = text.parse().map_err(|_| expected())?;
        let host = uri.host().ok_or_else(expected)?.trim_matches(['[', ']']).to_owned();
        let authority = uri.authority().map(|it| it.as_str().rsplit('@').next().unwrap_or_default());
        let authority = authority.and_then(|it| HeaderValue::from_str(it).ok()).ok_or_else(expected)?;
        let secure = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => Some((connector()?, ServerName::try_from(host.clone()).map_err(|_| expected())?)),
            _ => return Err(expected()),
        };
        let port = uri.port_u16().unwrap_or(if secure.is_some() { 443 } else { 80 });
        Ok(Self { secure, host, port, authority, prefix: uri.path().trim_end_matches('/').to_owned() })
    }
}

fn connector() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this machine trusts no certificate authority; install ca-certificates".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

impl fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure.is_some() { "https" } else { "http" };
        write!(formatter, "{scheme}://{}{}", String::from_utf8_lossy(self.authority.as_bytes()), self.prefix)
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Upstream({self})")
    }
}

impl Upstream {
    /// Connects.
    pub(super) async fn dial(&self) -> Result<Box<dyn Stream>, Problem> {
        let dialling = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.set_nodelay(true)?;
            Ok(match &self.secure {
                None => Box::new(stream) as Box<dyn Stream>,
                Some((tls, name)) => Box::new(tls.connect(name.clone(), stream).await?),
            })
        };
        let dialled = tokio::time::timeout(PATIENCE, dialling).await;
        let dialled = dialled.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        dialled.map_err(|error: std::io::Error| self.unreachable(&error))
    }

    /// What is answered in its place.
    pub(super) fn unreachable(&self, error: &dyn fmt::Display) -> Problem {
        Problem::new(StatusCode::BAD_GATEWAY, format!("mock-server record: {self} cannot be reached: {error}"))
    }

    /// Where a request for this path is sent, and by which name.
    pub(super) fn address<B>(&self, request: &mut Request<B>) -> Result<(), Problem> {
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let address = format!("{}{path}", self.prefix).parse();
        *request.uri_mut() = address.map_err(|error| self.unreachable(&error))?;
        request.headers_mut().insert(header::HOST, self.authority.clone());
        Ok(())
    }

    /// Passes a request on, and gives the whole answer.
    pub(super) async fn ask(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Problem> {
        self.address(&mut request)?;
        // Bodies are written down, so they must come as they are.
        for name in HOP_BY_HOP.iter().chain([&header::ACCEPT_ENCODING, &header::CONTENT_LENGTH]) {
            request.headers_mut().remove(name);
        }
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(self.dial().await?)).await.map_err(|error| self.unreachable(&error))?;
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|error| self.unreachable(&error))?;
        let (mut head, body) = answer.into_parts();
        for name in HOP_BY_HOP.iter().chain([&header::CONTENT_LENGTH]) {
            head.headers.remove(name);
        }
        let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(|error| self.unreachable(&error))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// What concerns one connection and not the message (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [header::HeaderName; 5] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::TE, header::TRAILER, header::UPGRADE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_named_by_its_url_and_credentials_in_it_are_left_out() {
        let shown = |text: &str| text.parse::<Upstream>().map(|it| it.to_string());
        assert_eq!(shown("http://127.0.0.1:5000").unwrap(), "http://127.0.0.1:5000");
        assert_eq!(shown("http://agent:secret@api.example.com/base/").unwrap(), "http://api.example.com/base");
        assert_eq!(shown("http://[::1]:5000/").unwrap(), "http://[::1]:5000");
        for bad in ["api.example.com", "ftp://api.example.com", "/path", ""] {
            assert!(shown(bad).unwrap_err().starts_with("expected a backend's URL"), "{bad}");
        }
    }
}
