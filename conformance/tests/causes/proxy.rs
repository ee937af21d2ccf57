//! What stands between clients and a backend: a load balancer, sticky or not, and proxies that are slow or buffer.
//!
//! Only the Socket.IO path is balanced; everything else goes to the first node.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// How requests of one session find their node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sticky {
    /// By the `sid` in the URL.
    BySession,
    /// Not at all: sessions begin at the first node, and each of their further requests goes to the next one.
    No,
}

/// What becomes of bytes on their way from the backend to the client.
#[derive(Clone, Copy)]
pub enum Passage {
    /// They are passed on at once.
    Prompt,
    /// Each answer and each frame is passed on this much later.
    Slow(Duration),
    /// What comes by WebSocket is kept and passed on at these intervals, all of it together.
    Buffered(Duration),
    /// Answers to fences pass one at a time at these intervals, whosever they are; all else passes at once.
    FencesInTurn(Duration),
}

/// A proxy for as long as the test's runtime lives; its URL.
pub async fn proxy(nodes: &[&str], sticky: Sticky, passage: Passage) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let nodes = nodes.iter().map(|url| url.strip_prefix("http://").unwrap().to_owned()).collect();
    let (next, next_fence, sessions) = (AtomicUsize::new(0), Mutex::new(Instant::now()), Mutex::default());
    let balancer = Arc::new(Balancer { nodes, sticky, passage, next, next_fence, sessions });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let balancer = Arc::clone(&balancer);
            tokio::spawn(async move { balancer.serve(stream).await });
        }
    });
    url
}

struct Balancer {
    nodes: Vec<String>,
    sticky: Sticky,
    passage: Passage,
    next: AtomicUsize,
    next_fence: Mutex<Instant>,
    sessions: Mutex<HashMap<String, usize>>,
}

impl Balancer {
    /// Serves one request, the only one of its connection. None where either side went away.
    async fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let (mut from_client, to_client) = stream.into_split();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(from_client.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let node = self.node_of(head.lines().next()?);
        let is_websocket = head.to_lowercase().contains("upgrade: websocket");
        let head = if is_websocket { head } else { head.replacen("\r\n", "\r\nconnection: close\r\n", 1) };
        let behind = TcpStream::connect(&self.nodes[node]).await.ok()?;
        behind.set_nodelay(true).ok()?;
        let (from_node, mut to_node) = behind.into_split();
        to_node.write_all(head.as_bytes()).await.ok()?;
        let upstream = async {
            let _either_may_end = tokio::io::copy(&mut from_client, &mut to_node).await;
        };
        // The answer's end is the end of it: a client that keeps its half open waits for nothing more.
        tokio::select! {
            () = async { upstream.await; std::future::pending::<()>().await } => {}
            passed = self.pass_back(from_node, to_client, node, is_websocket) => return passed,
        }
        Some(())
    }

    fn node_of(&self, request: &str) -> usize {
        if !request.split(' ').nth(1).is_some_and(|target| target.starts_with("/ws")) {
            return 0;
        }
        let sid = request.split(['?', '&', ' ']).find_map(|parameter| parameter.strip_prefix("sid="));
        let known = sid.and_then(|sid| self.sessions.lock().unwrap().get(sid).copied());
        match (self.sticky, known) {
            (Sticky::BySession, Some(node)) => node,
            (Sticky::No, _) if sid.is_none() => 0,
            _ => self.next.fetch_add(1, Ordering::Relaxed) % self.nodes.len(),
        }
    }

    /// When the next answer to a fence may pass.
    fn fence_turn(&self, every: Duration) -> Instant {
        let mut next = self.next_fence.lock().unwrap();
        *next = (*next).max(Instant::now()) + every;
        *next
    }

    /// Learns which node opened which polling session.
    fn learn(&self, answer: &str, node: usize) {
        if let Some((sid, _)) = answer.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split_once('"')) {
            self.sessions.lock().unwrap().insert(sid.to_owned(), node);
        }
    }

    async fn pass_back(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, node: usize, ws: bool) -> Option<()> {
        let mut buffer = vec![0; 64 * 1024];
        let mut start = String::new();
        let mut kept: Vec<u8> = Vec::new();
        let mut due: Option<Instant> = None;
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => Some(read.ok()?),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => None,
            };
            let Some(read) = read else {
                to.write_all(&std::mem::take(&mut kept)).await.ok()?;
                due = None;
                continue;
            };
            if read == 0 {
                if let (Passage::Slow(_), Some(due)) = (self.passage, due) {
                    sleep_until(due).await;
                }
                to.write_all(&kept).await.ok()?;
                return to.shutdown().await.ok();
            }
            let upgraded = !start.is_empty();
            if start.len() < 4096 {
                start.push_str(&String::from_utf8_lossy(&buffer[..read]));
                self.learn(&start, node);
            }
            match self.passage {
                Passage::Buffered(every) if ws && upgraded => {
                    kept.extend_from_slice(&buffer[..read]);
                    due = due.or(Some(Instant::now() + every));
                }
                Passage::Slow(by) => {
                    kept.extend_from_slice(&buffer[..read]);
                    due = due.or(Some(Instant::now() + by));
                }
                Passage::FencesInTurn(every) => {
                    if String::from_utf8_lossy(&buffer[..read]).contains("conformance-fence") {
                        sleep_until(self.fence_turn(every)).await;
                    }
                    to.write_all(&buffer[..read]).await.ok()?;
                }
                _ => to.write_all(&buffer[..read]).await.ok()?,
            }
        }
    }
}
