//! How bytes reach a target: one way to open a connection, and a plain HTTP/1.1 client on top of it.
//!
//! Everything that the suite sends goes through [`Endpoint::dial`], so that plain TCP, TLS, webhooks, polling and
//! WebSocket fail in the same words, and every connection's local port is known: it is what finds the client in a
//! server's log.
//!
//! What it does not do, on purpose: no proxies, no redirects, no decompression, no cookies, no HTTP/2. A prober must
//! see what the server said, not what a helpful client made of it.

mod budget;
mod client;
mod connection;
mod dial;
mod endpoint;
mod error;
#[cfg(test)]
pub(crate) mod fake;
mod files;
mod message;
#[cfg(test)]
mod tests;
mod tls;

pub use client::HttpClient;
pub use dial::{DialError, Dialled, Duplex, Stream};
pub use endpoint::{Endpoint, EndpointError, TlsOptions};
pub use error::{HttpError, Progress};
pub use files::open_files_for;
pub use message::{Answer, Request};
pub use tls::TlsFault;

pub(crate) use budget::Budget;
pub(crate) use connection::{Connection, Upgrade, upgrade};
