//! An open session: the handle, and the task behind it.
//!
//! One task owns the transport and is the only one that reports, so that the order of what it reports needs no
//! argument. It never waits for one thing alone: a server that does not read cannot keep us from reading.

mod core;
mod polling;
mod requests;
mod upgrade;
mod websocket;

use std::{
    fmt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use self::core::{Command, Core, Reply};
use self::upgrade::Hold;
use super::{
    CloseReason, Closed, Frame, Handshake, Observer, OpenError, SendError, SessionOptions, UpgradeError,
    open::{Opened, open},
    signal::Witness,
};

/// The longest that the last step of an upgrade is held up. Servers wait for it ten seconds, as far as is known.
const LAST_STEP: Duration = Duration::from_secs(2);

/// A handle to an open session. Clones are handles to the same session; when the last one is dropped, the session is
/// aborted.
#[derive(Clone)]
pub struct Session {
    handshake: Arc<Handshake>,
    commands: mpsc::UnboundedSender<Command>,
    answer_pings: Arc<AtomicBool>,
    ended: watch::Receiver<Option<CloseReason>>,
}

impl Session {
    /// Opens a session. From then on `observer` is told all that happens in it, whether or not anybody waits.
    ///
    /// # Errors
    /// Says what came instead of a session, and what to do about it.
    pub async fn open(options: SessionOptions, observer: Observer) -> Result<Self, OpenError> {
        let witness = Witness(observer);
        let Opened { handshake, live } = open(&options, &witness).await?;
        let (commands, received) = mpsc::unbounded_channel();
        let (ended, reason) = watch::channel(None);
        let answer_pings = Arc::new(AtomicBool::new(options.answer_pings));
        let core = Core {
            options: Arc::new(options),
            handshake: Arc::clone(&handshake),
            witness,
            commands: received,
            answer_pings: Arc::clone(&answer_pings),
            reading: true,
        };
        tokio::spawn(core.run(live, ended));
        Ok(Self { handshake, commands, answer_pings, ended: reason })
    }

    /// What the server said when the session opened.
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// Sends a frame, well-formed or not, and waits until it is with the transport: written to the WebSocket, or in a
    /// `POST` that was answered. Frames go out in the order in which the calls were first polled.
    ///
    /// # Errors
    /// When the session is over, or the `POST` that carried the frame failed.
    pub async fn send(&self, frame: impl Into<Frame>) -> Result<(), SendError> {
        let frame = frame.into();
        self.ask(|reply| Command::Send(frame, reply)).await
    }

    /// Sends a `POST` body of its own, such as no client would send, in order with the frames. It is reported as one
    /// outgoing frame. Answers the HTTP status, whatever it is.
    ///
    /// # Errors
    /// When the session is over or on WebSocket, or the `POST` has no answer.
    pub async fn post_raw(&self, body: impl Into<Bytes>) -> Result<u16, SendError> {
        let body = body.into();
        self.ask(|reply| Command::PostRaw(body, reply)).await
    }

    /// Goes over from polling to WebSocket, by probe. Frames keep coming meanwhile, and those that are sent during the
    /// last step wait for the WebSocket.
    ///
    /// # Errors
    /// Says which step failed. Unless the session is over, it goes on by polling.
    pub async fn upgrade(&self) -> Result<(), UpgradeError> {
        self.upgrade_around(async {}).await
    }

    /// As [`Session::upgrade`], with something done between the answer to the probe and the last step, as where a client's line
    /// is slow. The last step waits for it no longer than servers wait for the last step; it is done in any case.
    ///
    /// # Errors
    /// As [`Session::upgrade`].
    pub async fn upgrade_around(&self, meanwhile: impl Future<Output = ()>) -> Result<(), UpgradeError> {
        let (begun, has_begun) = oneshot::channel();
        let (done, over) = oneshot::channel();
        // Nobody polls by now, so that no ping comes through either.
        let patience = (self.handshake.ping_timeout / 2).min(LAST_STEP);
        let between = async {
            let _never_where_the_probe_fails = has_begun.await;
            let mut meanwhile = pin!(meanwhile);
            let in_time = timeout(patience, &mut meanwhile).await;
            drop(done);
            if in_time.is_err() {
                meanwhile.await;
            }
        };
        tokio::join!(self.ask(|reply| Command::Upgrade(reply, Hold { begun, over })), between).0
    }

    /// Whether pings that come from now on are answered.
    pub fn answer_pings(&self, answer: bool) {
        self.answer_pings.store(answer, Ordering::Relaxed);
    }

    /// Stops reading: nothing more is taken from the connection, no further poll is sent, and pings go unanswered.
    /// Sending goes on.
    pub fn pause_reading(&self) {
        self.command(Command::Read(false));
    }

    /// Reads again, first of all what has piled up.
    pub fn resume_reading(&self) {
        self.command(Command::Read(true));
    }

    /// Says goodbye as a good client does, and waits, for a second at most, until the server has taken note.
    pub async fn close(&self) {
        self.command(Command::Close);
        self.closed().await;
    }

    /// Drops the connection without a word.
    pub async fn abort(&self) {
        self.command(Command::Abort);
        self.closed().await;
    }

    /// Waits for the end of the session, which the observer has then been told.
    pub async fn closed(&self) -> CloseReason {
        let mut ended = self.ended.clone();
        let reason = ended.wait_for(Option::is_some).await.map(|reason| reason.clone());
        // Without a reason the task is gone for one that it could not name: an observer that panicked.
        reason.ok().flatten().unwrap_or_else(|| CloseReason::Lost { error: "the session's task ended".to_owned() })
    }

    /// Why the session ended, if it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.ended.borrow().clone()
    }

    /// A session that is over takes no commands: then the command, and the reply in it, is simply dropped.
    fn command(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    async fn ask<T, E: From<Closed>>(&self, command: impl FnOnce(Reply<T, E>) -> Command) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        self.command(command(reply));
        match answer.await {
            Ok(result) => result,
            Err(_) => Err(Closed(self.closed().await).into()),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("ended", &*self.ended.borrow()).finish_non_exhaustive()
    }
}
