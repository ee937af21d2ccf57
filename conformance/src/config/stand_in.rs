//! `[provider]` and `[login]`: services that the target calls, and that the suite stands in for.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use super::error::{ConfigError, Place};
use super::reader::Section;

/// How long a target waits for a service, unless configured.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A service that the target calls, played by the suite.
#[derive(Debug, Clone)]
pub struct StandInConfig {
    /// Where it listens: the target was started with this address.
    pub listen: Listen,
    /// How long the target waits for its answer before it gives up.
    pub timeout: Duration,
    /// Where `listen` stands in the file.
    pub place: Option<Place>,
}

/// Where a stand-in listens.
#[derive(Debug, Clone)]
pub enum Listen {
    /// At an address that is free by the time of the run.
    At(SocketAddr),
    /// At one that is taken already, for a target that has to be told before the run.
    Bound(Arc<TcpListener>),
}

impl StandInConfig {
    /// On a free port of the loopback interface, taken from now on.
    ///
    /// # Errors
    /// What the system says.
    pub fn on_a_free_port(timeout: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        Ok(Self { listen: Listen::Bound(Arc::new(listener)), timeout, place: None })
    }

    /// The URL that the target must have been started with.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.listen {
            Listen::At(address) => format!("http://{address}"),
            Listen::Bound(listener) => {
                listener.local_addr().map(|address| format!("http://{address}")).unwrap_or_default()
            }
        }
    }

    /// Reads a section.
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        section.only(&["listen", "timeout"])?;
        let expected = "an address of this machine such as \"127.0.0.1:9000\"";
        let text = section.required("listen", expected)?;
        let address = parse_address(&text.value)
            .map_err(|reason| ConfigError::refused(&text.place, "listen", &reason, format!("expected {expected}")))?;
        Ok(Self {
            listen: Listen::At(address),
            timeout: section.duration("timeout")?.unwrap_or(TIMEOUT),
            place: Some(text.place),
        })
    }

    /// Listens there.
    pub(crate) fn bind(&self) -> Result<TcpListener, ConfigError> {
        let bound = match &self.listen {
            Listen::At(address) => TcpListener::bind(address),
            Listen::Bound(listener) => listener.try_clone(),
        };
        bound.map_err(|error| {
            ConfigError::new(
                self.place.as_ref(),
                format!("cannot listen on {}: {error}", self.url()),
                "end what listens there (another run?), or start the target with another address and name that one",
            )
        })
    }
}

/// A port of 0 is none that a target could have been told.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|_| format!("`{text}` is no address with a port"))?;
    let address = found.next().ok_or_else(|| format!("`{text}` is the name of no machine"))?;
    if address.port() == 0 { Err("port 0 is none that the target can be told".to_owned()) } else { Ok(address) }
}
