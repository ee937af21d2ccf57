//! The way of a browser to its hosts, where the browser itself maps none: a SOCKS proxy (RFC 1928; no authentication,
//! CONNECT alone), which leads some of them elsewhere and all others to where they are. It understands nothing of what it
//! carries.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// SOCKS 5.
const VERSION: u8 = 5;

/// The answer to a request, before the address that the proxy connects from, which nobody needs.
const GRANTED: [u8; 10] = [VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const UNREACHABLE: [u8; 10] = [VERSION, 4, 0, 1, 0, 0, 0, 0, 0, 0];

/// A proxy; it ends with this value.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A proxy that leads these hosts elsewhere: `(api.example.com:443, 127.0.0.1:40123)`.
    ///
    /// # Errors
    /// Where there is no port for it.
    pub async fn open(hosts: &[(String, String)]) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let hosts: Arc<HashMap<String, String>> = Arc::new(hosts.iter().cloned().collect());
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((browser, _)) = listener.accept().await {
                connections.spawn(carry(browser, Arc::clone(&hosts)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { port, task })
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

async fn carry(mut browser: TcpStream, hosts: Arc<HashMap<String, String>>) -> io::Result<()> {
    browser.set_nodelay(true)?;
    let wanted = wanted(&mut browser).await?;
    match TcpStream::connect(hosts.get(&wanted).unwrap_or(&wanted)).await {
        Ok(mut host) => {
            host.set_nodelay(true)?;
            browser.write_all(&GRANTED).await?;
            copy_bidirectional(&mut browser, &mut host).await.map(drop)
        }
        Err(error) => {
            browser.write_all(&UNREACHABLE).await?;
            Err(error)
        }
    }
}

/// The host that a browser asks for: `api.example.com:443`.
async fn wanted(browser: &mut TcpStream) -> io::Result<String> {
    let not_socks = || io::Error::from(ErrorKind::InvalidData);
    let (version, methods) = (browser.read_u8().await?, browser.read_u8().await?);
    if version != VERSION {
        return Err(not_socks());
    }
    browser.read_exact(&mut vec![0; methods.into()]).await?;
    browser.write_all(&[VERSION, 0]).await?;
    let mut request = [0; 4]; // version, command, reserved, type of address
    browser.read_exact(&mut request).await?;
    let host = match request {
        [VERSION, 1, _, 1] => Ipv4Addr::from_bits(browser.read_u32().await?).to_string(),
        [VERSION, 1, _, 3] => {
            let mut name = vec![0; browser.read_u8().await?.into()];
            browser.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(|_| not_socks())?
        }
        [VERSION, 1, _, 4] => format!("[{}]", Ipv6Addr::from_bits(browser.read_u128().await?)),
        _ => return Err(not_socks()),
    };
    Ok(format!("{host}:{}", browser.read_u16().await?))
}
