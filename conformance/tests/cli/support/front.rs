//! A server in front of another one: each request is passed on, answered in its place, or left without an answer.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// What becomes of a request.
pub enum Reply {
    /// The server behind answers it.
    Pass,
    /// This is the whole answer.
    Say(String),
    /// There is none; the connection stays open.
    Never,
}

/// A request as it came.
pub struct Request {
    /// `POST /api/auth/login`: method and target.
    pub line: String,
    /// All of the head.
    pub head: String,
    pub body: String,
}

/// The server in front, for as long as the test's runtime lives.
pub struct Front {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    heard: mpsc::UnboundedReceiver<String>,
}

/// A whole HTTP answer.
pub fn answer(status: &str, content_type: &str, body: &str) -> Reply {
    Reply::Say(format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

impl Front {
    /// Listens with plain HTTP. `behind` is the URL of the server that requests are passed on to.
    pub async fn new(behind: String, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(behind, None, reply).await
    }

    /// Listens with HTTPS, with a certificate for `localhost` that nobody has signed; passes everything on.
    pub async fn https(behind: String) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        Self::listen(behind, Some(TlsAcceptor::from(Arc::new(config))), |_| Reply::Pass).await
    }

    /// Its URL with plain HTTP.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for a request that begins like this.
    pub async fn hears(&mut self, line: &str) {
        while !self.heard.recv().await.expect("the front listens on").starts_with(line) {}
    }

    async fn listen(
        behind: String,
        tls: Option<TlsAcceptor>,
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = mpsc::unbounded_channel();
        let behind = Arc::<str>::from(behind.strip_prefix("http://").unwrap());
        let reply = Arc::new(reply);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, behind, tell, reply) = (tls.clone(), Arc::clone(&behind), tell.clone(), Arc::clone(&reply));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &behind, &tell, &*reply).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &behind, &tell, &*reply).await,
                            Err(_) => None, // the client does not trust it, or speaks no TLS
                        },
                    }
                });
            }
        });
        Self { address, heard }
    }
}

/// Serves one request. None where the client, or the server behind, went away.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    behind: &str,
    tell: &mpsc::UnboundedSender<String>,
    reply: &(impl Fn(&Request) -> Reply + Send + Sync),
) -> Option<()> {
    let request = read(&mut stream).await?;
    let _ = tell.send(request.line.clone()); // not every test listens
    match reply(&request) {
        Reply::Pass => {
            let mut behind = TcpStream::connect(behind).await.ok()?;
            behind.write_all(request.passed_on().as_bytes()).await.ok()?;
            copy_bidirectional(&mut stream, &mut behind).await.ok()?;
        }
        Reply::Say(answer) => {
            stream.write_all(answer.as_bytes()).await.ok()?;
            stream.shutdown().await.ok()?;
        }
        Reply::Never => while stream.read_u8().await.is_ok() {},
    }
    Some(())
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let line = head.rsplit_once(" HTTP/1.1").map_or("", |(line, _)| line).to_owned();
    Some(Request { line, head, body: String::from_utf8(body).ok()? })
}

impl Request {
    /// As the server behind gets it: the only request of its connection, so that each is looked at here.
    fn passed_on(&self) -> String {
        let head = match self.head.contains("upgrade: websocket") {
            true => self.head.clone(),
            false => self.head.replacen("\r\n", "\r\nconnection: close\r\n", 1),
        };
        format!("{head}{}", self.body)
    }
}
