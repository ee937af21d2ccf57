//! Who may use the console and the control API: they show everything and can do everything, without a password.
//!
//! So only this machine may, and only by a name that means this machine: a page from elsewhere that has its own name
//! lead to 127.0.0.1 (DNS rebinding) is told by the `Host` that its browser sends, one that posts across origins by its
//! `Origin`.

use std::net::IpAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::rest::Problem;
use crate::transport::OnConnection;

/// The rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    /// Whether other machines may, too, by any name.
    pub anywhere: bool,
}

/// Lets a request in, or says why not.
pub(super) async fn admit(
    State(guard): State<Guard>,
    ConnectInfo(OnConnection { peer, .. }): ConnectInfo<OnConnection>,
    request: Request,
    next: Next,
) -> Response {
    match guard.check(peer.ip(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(reason) => Problem::new(StatusCode::FORBIDDEN, reason).into_response(),
    }
}

impl Guard {
    fn check(self, peer: IpAddr, headers: &HeaderMap) -> Result<(), &'static str> {
        if !self.anywhere && !peer.to_canonical().is_loopback() {
            return Err(
                "the console is for this machine only: start the mock with --console-anywhere to open it to others",
            );
        }
        let host = text(headers, header::HOST).ok_or("missing Host header")?;
        if !self.anywhere && !is_this_machine(host) {
            return Err(
                "the console is reached as localhost or 127.0.0.1 only: start the mock with --console-anywhere \
                        to allow other names",
            );
        }
        match text(headers, header::ORIGIN) {
            Some(origin) if origin.split_once("://").is_none_or(|(_, own)| own != host) => {
                Err("pages of other origins may not use the console")
            }
            _ => Ok(()),
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a `Host` names this machine whatever a name server says.
fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    // RFC 6761, section 6.3: names below localhost are loopback too.
    let is_name = || name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    address.map_or_else(|_| is_name(), |address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(anywhere: bool, peer: &str, pairs: &[(HeaderName, &str)]) -> bool {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Guard { anywhere }.check(peer.parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn only_this_machine_may_unless_told_otherwise() {
        for (peer, host) in [
            ("127.0.0.1", "localhost:5000"),
            ("127.0.0.1", "127.0.0.1:5000"),
            ("::1", "[::1]:5000"),
            ("::ffff:127.0.0.1", "mock.localhost"),
        ] {
            assert!(check(false, peer, &[(header::HOST, host)]), "{peer} {host}");
        }
        assert!(!check(false, "192.0.2.7", &[(header::HOST, "localhost:5000")]));
        assert!(check(true, "192.0.2.7", &[(header::HOST, "mock.example.com")]));
    }

    #[test]
    fn a_name_that_was_made_to_lead_here_is_refused() {
        for host in ["rebound.example.com", "rebound.example.com:5000", "localhost.example.com", "192.0.2.7", "", "a b"]
        {
            assert!(!check(false, "127.0.0.1", &[(header::HOST, host)]), "{host}");
        }
        assert!(!check(false, "127.0.0.1", &[]));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let from = |origin| [(header::HOST, "localhost:5000"), (header::ORIGIN, origin)];
        assert!(check(false, "127.0.0.1", &from("http://localhost:5000")));
        for origin in ["http://localhost:4200", "https://example.com", "null", "http://localhost:5000.example.com"] {
            assert!(!check(false, "127.0.0.1", &from(origin)), "{origin}");
            assert!(!check(true, "127.0.0.1", &from(origin)), "{origin}");
        }
    }
}
