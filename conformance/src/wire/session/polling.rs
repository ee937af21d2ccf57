//! A session on HTTP long-polling: one `GET` outstanding, and one `POST` at a time beside it, so that order holds.
//!
//! Whether the session lives is for the polls to show. A `POST` that fails is its sender's affair.

use std::{collections::VecDeque, future::pending};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use http::StatusCode;
use tokio::sync::oneshot;

use super::{
    super::{
        CloseReason, EnginePacket, Frame, SendError, ServerClose, Transport, UpgradeError,
        error::BODY_SHOWN,
        packet::{join, joined_len, split},
        websocket::Socket,
    },
    core::{Command, Core, GOODBYE, Outgoing, Reaction, Reply},
    requests::{PostReply, Posted, poll, post},
    upgrade::{self, Upgrade},
};
use crate::net::{Answer, HttpClient, HttpError, Request};

/// The most packets in one payload. python-engineio takes no more: it drops the whole payload, and answers 200.
const MAX_PACKETS: usize = 16;

/// How polling ended.
pub(super) enum End {
    Closed(CloseReason),
    /// By WebSocket it goes on, first with what waited for it.
    Upgraded {
        socket: Socket,
        outbox: VecDeque<Outgoing>,
    },
}

/// Carries the session until it ends or is upgraded; `early` is what came with the open packet.
pub(super) async fn drive(core: &mut Core, http: HttpClient, local_port: u16, early: Vec<Frame>) -> End {
    let target = core.options.path_and_query(Transport::Polling, Some(&core.handshake.sid));
    let mut driver = Driver { core, http, target, outbox: VecDeque::new(), poll: None, post: None, upgrade: None };
    let mut ended = driver.take_frames(early, local_port);
    loop {
        if let Some(reason) = ended {
            return End::Closed(reason);
        }
        match driver.switch() {
            Some(Ok(socket)) => return End::Upgraded { socket, outbox: driver.outbox },
            Some(Err(error)) => return End::Closed(CloseReason::Lost { error: error.to_string() }),
            None => driver.start_requests(),
        }
        ended = match driver.next().await {
            Event::Command(command) => driver.obey(command).await,
            Event::Polled(result) => driver.take_poll(result),
            Event::Posted(posted) => {
                posted.settle();
                None
            }
            Event::Probed(result) => {
                driver.probed(result);
                None
            }
            Event::Released => None,
            Event::PauseTimedOut => {
                driver.give_up_upgrade();
                None
            }
        };
    }
}

struct Driver<'a> {
    core: &'a mut Core,
    http: HttpClient,
    target: String,
    outbox: VecDeque<Outgoing>,
    poll: Option<BoxFuture<'static, Result<Answer, HttpError>>>,
    post: Option<BoxFuture<'static, Posted>>,
    upgrade: Option<Upgrade>,
}

enum Event {
    /// None when nobody holds the session any more.
    Command(Option<Command>),
    Polled(Result<Answer, HttpError>),
    Posted(Posted),
    Probed(Result<Socket, UpgradeError>),
    Released,
    PauseTimedOut,
}

impl Driver<'_> {
    /// Whatever happens first.
    async fn next(&mut self) -> Event {
        let reading = self.core.reading;
        let outstanding = self.poll.is_some() || self.post.is_some();
        let upgrading = async {
            match &mut self.upgrade {
                None => pending().await,
                Some(Upgrade::Probing { probe, .. }) => Event::Probed(probe.await),
                Some(Upgrade::Pausing { held, .. }) if !outstanding => {
                    released(held).await;
                    Event::Released
                }
                Some(Upgrade::Pausing { held, budget, .. }) => tokio::select! {
                    () = released(held) => Event::Released,
                    _ = budget.bound(pending::<()>()) => Event::PauseTimedOut,
                },
            }
        };
        tokio::select! {
            biased;
            command = self.core.commands.recv() => Event::Command(command),
            answer = finished(&mut self.poll), if reading => Event::Polled(answer),
            posted = finished(&mut self.post) => Event::Posted(posted),
            event = upgrading => event,
        }
    }

    fn pausing(&self) -> bool {
        matches!(self.upgrade, Some(Upgrade::Pausing { .. }))
    }

    fn start_requests(&mut self) {
        if self.pausing() {
            return;
        }
        if self.poll.is_none() && self.core.reading {
            let request = self.core.options.with_headers(Request::get(&self.target));
            let connecting = self.core.options.deadline;
            self.poll = Some(poll(self.http.clone(), request, connecting).boxed());
        }
        if self.post.is_none() {
            self.start_post();
        }
    }

    fn start_post(&mut self) {
        let Some(outgoing) = self.outbox.pop_front() else { return };
        let (body, frames, reply) = match outgoing {
            Outgoing::Raw(body, reply) => (body.clone(), vec![whole(body)], PostReply::Raw(reply)),
            Outgoing::Frame(frame, reply) => {
                let (frames, replies) = self.pack(frame, reply);
                (join(&frames).into(), frames, PostReply::Frames(replies))
            }
        };
        let request = Request::post(&self.target, body).header("content-type", "text/plain;charset=UTF-8");
        let request = self.core.options.with_headers(request);
        let (http, witness, deadline) = (self.http.clone(), self.core.witness.clone(), self.core.options.deadline);
        self.post =
            Some(async move { Posted { result: post(http, witness, request, frames, deadline).await, reply } }.boxed());
    }

    /// `first` and as many of the frames that wait behind it as the server takes in one payload.
    fn pack(&mut self, first: Frame, reply: Option<Reply<(), SendError>>) -> (Vec<Frame>, Vec<Reply<(), SendError>>) {
        let limit = self.core.handshake.max_payload.map_or(usize::MAX, |limit| limit.try_into().unwrap_or(usize::MAX));
        let mut length = joined_len(&first);
        let (mut frames, mut replies) = (vec![first], Vec::from_iter(reply));
        while let Some(Outgoing::Frame(next, _)) = self.outbox.front() {
            length = length.saturating_add(1 + joined_len(next));
            if length > limit || frames.len() == MAX_PACKETS {
                break;
            }
            if let Some(Outgoing::Frame(frame, reply)) = self.outbox.pop_front() {
                frames.push(frame);
                replies.extend(reply);
            }
        }
        (frames, replies)
    }

    async fn obey(&mut self, command: Option<Command>) -> Option<CloseReason> {
        match command {
            Some(Command::Send(frame, reply)) => self.outbox.push_back(Outgoing::Frame(frame, Some(reply))),
            Some(Command::PostRaw(body, reply)) => self.outbox.push_back(Outgoing::Raw(body, reply)),
            Some(Command::Upgrade(reply, _)) if self.upgrade.is_some() => {
                let _ = reply.send(Err(UpgradeError::InProgress));
            }
            Some(Command::Upgrade(reply, hold)) => self.upgrade = Some(Upgrade::start(self.core, reply, hold)),
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

    /// Sends what waits, and the close packet behind it. The outstanding poll is dropped.
    async fn say_goodbye(&mut self) {
        self.outbox.push_back(Outgoing::Frame(EnginePacket::Close.encode(), None));
        while self.post.is_some() || !self.outbox.is_empty() {
            if self.post.is_none() {
                self.start_post();
            }
            finished(&mut self.post).await.settle();
        }
    }

    fn take_poll(&mut self, result: Result<Answer, HttpError>) -> Option<CloseReason> {
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => return Some(CloseReason::Lost { error: error.to_string() }),
        };
        if answer.status != StatusCode::OK {
            let detail = ServerClose::Http { status: answer.status.as_u16(), body: answer.body_start(BODY_SHOWN) };
            return Some(CloseReason::ByServer { detail });
        }
        let lost = |what: &str| Some(CloseReason::Lost { error: format!("a poll was answered with {what}") });
        match str::from_utf8(&answer.body) {
            // Not even a noop. To poll again at once would be an endless loop.
            Ok("") => lost("an empty body, expected at least one packet"),
            Ok(payload) => self.take_frames(split(payload), answer.local_port),
            Err(error) => lost(&format!("bytes that are not UTF-8 ({error})")),
        }
    }

    fn take_frames(&mut self, frames: impl IntoIterator<Item = Frame>, local_port: u16) -> Option<CloseReason> {
        let mut ended = None;
        for frame in frames {
            match self.core.receive(Transport::Polling, local_port, frame) {
                Reaction::Nothing => {}
                Reaction::Answer(answer) => self.outbox.push_back(Outgoing::Frame(answer, None)),
                Reaction::Close => ended = Some(CloseReason::ByServer { detail: ServerClose::EnginePacket }),
            }
        }
        ended
    }

    fn probed(&mut self, result: Result<Socket, UpgradeError>) {
        if let Some(Upgrade::Probing { reply, hold, budget, .. }) = self.upgrade.take() {
            match result {
                Ok(socket) => {
                    let _nobody_may_be_holding = hold.begun.send(());
                    self.upgrade = Some(Upgrade::Pausing { socket, reply, held: Some(hold.over), budget });
                }
                Err(error) => drop(reply.send(Err(error))),
            }
        }
    }

    fn give_up_upgrade(&mut self) {
        if let Some(Upgrade::Pausing { reply, budget, .. }) = self.upgrade.take() {
            let _ = reply.send(Err(upgrade::pause_timed_out(self.core, budget)));
        }
    }

    /// The last step of an upgrade, as soon as nothing is outstanding.
    fn switch(&mut self) -> Option<Result<Socket, UpgradeError>> {
        let is_held = matches!(self.upgrade, Some(Upgrade::Pausing { held: Some(_), .. }));
        if self.poll.is_some() || self.post.is_some() || !self.pausing() || is_held {
            return None;
        }
        let Some(Upgrade::Pausing { mut socket, reply, .. }) = self.upgrade.take() else { return None };
        let switched = upgrade::switch(self.core, &mut socket);
        let _ = reply.send(switched.clone());
        Some(switched.map(|()| socket))
    }
}

/// The result of what is under way; waits for ever where nothing is. Can be dropped and called again.
async fn finished<T>(under_way: &mut Option<BoxFuture<'static, T>>) -> T {
    let Some(future) = under_way else { return pending().await };
    let result = future.await;
    *under_way = None;
    result
}

/// Waits until nobody holds up the last step; for ever where nobody does. Can be dropped and called again.
async fn released(held: &mut Option<oneshot::Receiver<()>>) {
    let Some(over) = held else { return pending().await };
    let _either_way_it_is_over = over.await;
    *held = None;
}

/// A raw body as one frame.
fn whole(body: Bytes) -> Frame {
    String::from_utf8(body.into()).map_or_else(|error| Frame::Binary(error.into_bytes().into()), Frame::Text)
}
