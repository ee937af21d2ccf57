//! A session on WebSocket.

use std::{collections::VecDeque, future::poll_fn, task::Poll};

use super::{
    super::{
        CloseReason, Direction, EnginePacket, Frame, SendError, ServerClose, Transport, UpgradeError,
        websocket::{Incoming, Socket},
    },
    core::{Command, Core, GOODBYE, Outgoing, Reaction, Reply},
};

/// Carries the session to its end; `outbox` is what waited for the WebSocket while the session was upgraded.
pub(super) async fn drive(core: &mut Core, socket: Socket, outbox: VecDeque<Outgoing>) -> CloseReason {
    // The upgrade packet may still be in the socket.
    let mut driver = Driver { core, socket, unflushed: true, waiting: Vec::new() };
    for outgoing in outbox {
        let queued = match outgoing {
            Outgoing::Frame(frame, reply) => driver.queue(frame, reply),
            Outgoing::Raw(_, reply) => {
                let _ = reply.send(Err(SendError::NotPolling));
                Ok(())
            }
        };
        if let Err(error) = queued {
            return CloseReason::Lost { error };
        }
    }
    loop {
        let ended = match driver.next().await {
            Event::Flushed(Ok(())) => driver.flushed(),
            Event::Flushed(Err(error)) => Some(driver.last_words(error).await),
            Event::Command(command) => driver.obey(command).await,
            Event::Incoming(incoming) => driver.take(incoming).await,
        };
        if let Some(reason) = ended {
            return reason;
        }
    }
}

struct Driver<'a> {
    core: &'a mut Core,
    socket: Socket,
    /// Whether something is queued that may not be written yet.
    unflushed: bool,
    /// Whom to tell once it is.
    waiting: Vec<Reply<(), SendError>>,
}

enum Event {
    Flushed(Result<(), String>),
    /// None when nobody holds the session any more.
    Command(Option<Command>),
    Incoming(Incoming),
}

impl Driver<'_> {
    /// Whatever happens first. Writing, listening to the handle and reading go on side by side.
    async fn next(&mut self) -> Event {
        poll_fn(|cx| {
            if self.unflushed
                && let Poll::Ready(result) = self.socket.poll_flush(cx)
            {
                return Poll::Ready(Event::Flushed(result));
            }
            if let Poll::Ready(command) = self.core.commands.poll_recv(cx) {
                return Poll::Ready(Event::Command(command));
            }
            if !self.core.reading {
                return Poll::Pending;
            }
            self.socket.poll_receive(cx).map(Event::Incoming)
        })
        .await
    }

    fn flushed(&mut self) -> Option<CloseReason> {
        self.unflushed = false;
        for reply in self.waiting.drain(..) {
            let _ = reply.send(Ok(()));
        }
        None
    }

    fn queue(&mut self, frame: Frame, reply: Option<Reply<(), SendError>>) -> Result<(), String> {
        self.core.witness.frame(Direction::Out, Transport::WebSocket, self.socket.local_port(), frame.clone());
        self.socket.queue(frame)?;
        self.unflushed = true;
        self.waiting.extend(reply);
        Ok(())
    }

    async fn obey(&mut self, command: Option<Command>) -> Option<CloseReason> {
        match command {
            Some(Command::Send(frame, reply)) => {
                if let Err(error) = self.queue(frame, Some(reply)) {
                    return Some(self.last_words(error).await);
                }
            }
            Some(Command::PostRaw(_, reply)) => drop(reply.send(Err(SendError::NotPolling))),
            Some(Command::Upgrade(reply, _)) => drop(reply.send(Err(UpgradeError::NotPolling))),
            Some(Command::Read(reading)) => self.core.reading = reading,
            Some(Command::Close) => {
                // However far it gets in that time, the session is over, and it is our doing.
                let _ = tokio::time::timeout(GOODBYE, self.say_goodbye()).await;
                return Some(CloseReason::ByUs);
            }
            Some(Command::Abort) | None => return Some(CloseReason::ByUs),
        }
        None
    }

    async fn take(&mut self, incoming: Incoming) -> Option<CloseReason> {
        let detail = match incoming {
            Incoming::Frame(frame) => match self.core.receive(Transport::WebSocket, self.socket.local_port(), frame) {
                Reaction::Nothing => return None,
                Reaction::Answer(answer) => {
                    return match self.queue(answer, None) {
                        Ok(()) => None,
                        Err(error) => Some(self.last_words(error).await),
                    };
                }
                Reaction::Close => {
                    let _ = self.socket.queue_close();
                    ServerClose::EnginePacket
                }
            },
            Incoming::Closed(detail) => detail,
            Incoming::Lost(error) => return Some(CloseReason::Lost { error }),
        };
        let _ = tokio::time::timeout(GOODBYE, self.socket.flush()).await;
        Some(CloseReason::ByServer { detail })
    }

    /// Engine.IO's close packet, then WebSocket's close frame; then whatever still comes, up to the server's answer,
    /// unless we were told not to read.
    async fn say_goodbye(&mut self) -> Result<(), String> {
        self.queue(EnginePacket::Close.encode(), None)?;
        self.socket.queue_close()?;
        self.socket.flush().await?;
        self.flushed();
        while self.core.reading
            && let Incoming::Frame(frame) = self.socket.receive().await
        {
            self.core.receive(Transport::WebSocket, self.socket.local_port(), frame);
        }
        Ok(())
    }

    /// Writing failed. What the server sent before it went away often says why, so it is read to the end.
    async fn last_words(&mut self, error: String) -> CloseReason {
        let reading = async {
            while self.core.reading {
                match self.socket.receive().await {
                    Incoming::Frame(frame) => {
                        match self.core.receive(Transport::WebSocket, self.socket.local_port(), frame) {
                            Reaction::Close => return Some(ServerClose::EnginePacket),
                            Reaction::Answer(_) | Reaction::Nothing => {}
                        }
                    }
                    Incoming::Closed(detail) => return Some(detail),
                    Incoming::Lost(_) => return None,
                }
            }
            None
        };
        match tokio::time::timeout(GOODBYE, reading).await {
            Ok(Some(detail)) => CloseReason::ByServer { detail },
            Ok(None) | Err(_) => CloseReason::Lost { error },
        }
    }
}
