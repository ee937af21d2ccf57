//! Opening a connection: resolve, connect, TLS, under one deadline, each failure told apart.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;
use url::Host;

use super::{Budget, Endpoint, TlsFault};

/// What can be read from and written to: TCP, or TLS over it.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection. Dropping it closes it at once, without any goodbye.
pub type Stream = Box<dyn Duplex>;

/// A connection that was just opened.
pub struct Dialled {
    /// What to read from and write to.
    pub stream: Stream,
    /// Our port: the one by which the server's log knows this client.
    pub local_port: u16,
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DialError {
    /// The host's name has no address.
    #[error("{at}: the name `{host}` cannot be resolved ({reason}); check its spelling and the DNS")]
    NotResolved {
        /// Host and port.
        at: String,
        /// The host.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// Nobody listens there.
    #[error("{at}: connection refused; is the backend running, and is this its port?")]
    Refused {
        /// Host and port.
        at: String,
    },
    /// Nothing came back in time.
    #[error("{at}: {step} took longer than {after:?}; is the host reachable from here, or is a firewall in between?")]
    TimedOut {
        /// Host and port.
        at: String,
        /// What was being done.
        step: &'static str,
        /// The deadline that passed.
        after: Duration,
    },
    /// The host or its network cannot be reached, or the system refused.
    #[error("{at}: cannot connect ({reason}); check the network, and that the host is right")]
    Unreachable {
        /// Host and port.
        at: String,
        /// The system's words.
        reason: String,
    },
    /// TCP works, TLS does not.
    #[error("{at}: TLS failed: {fault}")]
    Tls {
        /// Host and port.
        at: String,
        /// What is wrong.
        fault: TlsFault,
    },
}

impl Endpoint {
    /// Opens a connection within `deadline`, trying each address of the host in turn. `TCP_NODELAY` is set: small
    /// frames must not wait for one another.
    ///
    /// # Errors
    /// Says which step failed, and what to do about it.
    pub async fn dial(&self, deadline: Duration) -> Result<Dialled, DialError> {
        self.dial_within(Budget::new(deadline)).await
    }

    pub(super) async fn dial_within(&self, budget: Budget) -> Result<Dialled, DialError> {
        let tcp = self.connect(&self.addresses(budget).await?, budget).await?;
        let unreachable = |error: io::Error| self.unreachable(&error);
        tcp.set_nodelay(true).map_err(unreachable)?;
        let local_port = tcp.local_addr().map_err(unreachable)?.port();
        let stream: Stream = match self.tls() {
            None => Box::new(tcp),
            Some(config) => {
                let connecting = TlsConnector::from(Arc::clone(config)).connect(self.server_name()?, tcp);
                let connected = budget.bound(connecting).await.map_err(|_| self.timed_out("the TLS handshake", budget));
                Box::new(connected?.map_err(|error| self.tls_failed(TlsFault::from_io(&error)))?)
            }
        };
        Ok(Dialled { stream, local_port })
    }

    async fn addresses(&self, budget: Budget) -> Result<Vec<SocketAddr>, DialError> {
        let host = match self.host() {
            Host::Ipv4(ip) => return Ok(vec![(*ip, self.port()).into()]),
            Host::Ipv6(ip) => return Ok(vec![(*ip, self.port()).into()]),
            Host::Domain(name) => name,
        };
        let not_resolved =
            |reason: String| DialError::NotResolved { at: self.authority(), host: host.to_owned(), reason };
        let found = budget.bound(lookup_host((host.as_str(), self.port()))).await;
        let found = found.map_err(|_| self.timed_out("resolving the name", budget))?;
        let addresses: Vec<_> = found.map_err(|error| not_resolved(error.to_string()))?.collect();
        if addresses.is_empty() { Err(not_resolved("no address".to_owned())) } else { Ok(addresses) }
    }

    /// Each address gets an equal share of the time that is left, so that a dead one (often IPv6) does not use it up.
    async fn connect(&self, addresses: &[SocketAddr], budget: Budget) -> Result<TcpStream, DialError> {
        let mut failure = self.unreachable(&io::ErrorKind::AddrNotAvailable.into());
        let mut rank = 0;
        for (tried, address) in addresses.iter().enumerate() {
            let share = budget.remaining() / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            // Of several failures the most telling one is reported.
            let (error, telling) = match tokio::time::timeout(share, self.connect_to(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    (DialError::Refused { at: self.authority() }, 3)
                }
                Err(_) => (self.timed_out("connecting", budget), 2),
                Ok(Err(error)) => (self.unreachable(&error), 1),
            };
            if telling > rank {
                (failure, rank) = (error, telling);
            }
        }
        Err(failure)
    }

    async fn connect_to(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(bytes) = self.receive_buffer() {
            socket.set_recv_buffer_size(bytes)?; // before connecting: the window's scale is agreed on then
        }
        socket.connect(address).await
    }

    fn server_name(&self) -> Result<ServerName<'static>, DialError> {
        match self.host() {
            Host::Ipv4(ip) => Ok(ServerName::from(IpAddr::from(*ip))),
            Host::Ipv6(ip) => Ok(ServerName::from(IpAddr::from(*ip))),
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| {
                self.tls_failed(TlsFault::Other(format!("`{name}` is no name that a certificate can have")))
            }),
        }
    }

    fn timed_out(&self, step: &'static str, budget: Budget) -> DialError {
        DialError::TimedOut { at: self.authority(), step, after: budget.limit() }
    }

    fn unreachable(&self, error: &io::Error) -> DialError {
        DialError::Unreachable { at: self.authority(), reason: error.to_string() }
    }

    fn tls_failed(&self, fault: TlsFault) -> DialError {
        DialError::Tls { at: self.authority(), fault }
    }
}
