//! A WebSocket whose frames are the test's to write and to read.

use axum::body::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{DEADLINE, Server};

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// One that is opened; the HTTP status where it is refused.
    pub async fn open(server: &Server, path: &str) -> Result<Self, u16> {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let url = format!("ws://{}{path}", server.address);
        match timeout(DEADLINE, client_async(url, stream)).await.expect("an answer") {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// One that has begun a session, and read the open packet.
    pub async fn begin(server: &Server, endpoint: &str) -> Self {
        let mut socket = Self::open(server, &format!("{endpoint}?EIO=4&transport=websocket")).await.unwrap();
        assert!(socket.text().await.starts_with('0'));
        socket
    }

    pub async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.0.send(Message::binary(Bytes::from_static(bytes))).await.unwrap();
    }

    /// The next frame, or `None` when it is closed.
    async fn next(&mut self) -> Option<Message> {
        match timeout(DEADLINE, self.0.next()).await.expect("a frame, or the end")? {
            Ok(Message::Close(_)) | Err(_) => None,
            Ok(message) => Some(message),
        }
    }

    /// The next frame, which must be text.
    pub async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("text, not {other:?}"),
        }
    }

    /// The next text that is no ping.
    pub async fn packet(&mut self) -> String {
        let packet = async {
            loop {
                let text = self.text().await;
                if text != "2" {
                    return text;
                }
                self.send("3").await;
            }
        };
        timeout(DEADLINE, packet).await.expect("a packet")
    }

    pub async fn binary(&mut self) -> Vec<u8> {
        match self.next().await {
            Some(Message::Binary(bytes)) => bytes.to_vec(),
            other => panic!("bytes, not {other:?}"),
        }
    }

    /// Reads until it is closed; gives what came before.
    pub async fn closed(mut self) -> Vec<Message> {
        let mut read = Vec::new();
        while let Some(message) = self.next().await {
            read.push(message);
        }
        read
    }
}
