//! Engine.IO sessions as far as the library under them does not show them: whether one is known, and how to cut it off.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::connection::Connection;

/// How many events of one client may wait. Nobody who waits for answers comes near it.
const MOST_WAITING: usize = 1_024;

/// One Engine.IO session. It lives as long as the library keeps the request that opened the session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// What logs call it: the sid would let a reader of the log take the session over.
    pub number: u64,
    /// Set where it was opened by polling, since only such a session can be asked for by its sid.
    sid: OnceLock<String>,
    sessions: Weak<Sessions>,
    websocket: Mutex<Weak<Connection>>,
    cut_off: AtomicBool,
    ended: Notify,
    asked_to_upgrade: OnceLock<Instant>,
    /// When its client was last heard of by polling.
    heard: Mutex<Option<Instant>>,
    /// Whether a poll of it waits.
    polls: AtomicBool,
    began_to_poll: Notify,
    waiting: AtomicUsize,
    /// Whose token opened it, where it told.
    agent: OnceLock<Box<str>>,
}

impl Session {
    /// Notes whose token opened it.
    pub(crate) fn admitted_as(&self, agent: Option<String>) {
        if let Some(agent) = agent {
            self.agent.get_or_init(|| agent.into());
        }
    }

    /// Whose token opened it, where it told.
    pub(crate) fn agent(&self) -> Option<&str> {
        self.agent.get().map(AsRef::as_ref)
    }

    /// Its sid, where it was opened by polling.
    pub(super) fn sid(&self) -> Option<&str> {
        self.sid.get().map(String::as_str)
    }

    /// Ends it for good: its WebSocket is cut, its polling is refused and what polls just now is answered. The library
    /// notices by itself, by the failing connection or by the heartbeat that is no longer answered.
    pub(crate) fn cut_off(&self, reason: &str) {
        if self.ends() {
            tracing::warn!(client = self.number, reason, "client cut off");
        }
    }

    /// The same where it is the client's doing; whether it had not ended before.
    pub(super) fn ends(&self) -> bool {
        let before = self.cut_off.swap(true, Ordering::SeqCst);
        self.ended.notify_waiters();
        if let Some(connection) = self.websocket().upgrade() {
            connection.cut();
        }
        !before
    }

    /// Returns when it is cut off, at once where it was before.
    pub(crate) async fn ended(&self) {
        let mut ended = pin!(self.ended.notified());
        // Listens before it looks, so that nothing falls in between.
        ended.as_mut().enable();
        if !self.is_cut_off() {
            ended.await;
        }
    }

    /// Whether it was cut off.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.cut_off.load(Ordering::SeqCst)
    }

    /// Says that its WebSocket runs over this connection.
    pub(crate) fn runs_over(&self, connection: &Arc<Connection>) {
        connection.belongs_to(self.number);
        *self.websocket() = Arc::downgrade(connection);
        if self.is_cut_off() {
            connection.cut();
        }
    }

    /// Says that it is to go on by WebSocket.
    pub(crate) fn asks_to_upgrade(&self) {
        self.asked_to_upgrade.get_or_init(Instant::now);
    }

    /// Whether it asked for that less than this long ago.
    pub(crate) fn asked_to_upgrade_within(&self, period: Duration) -> bool {
        self.asked_to_upgrade.get().is_some_and(|asked| asked.elapsed() < period)
    }

    /// Says that its client was heard of by polling.
    pub(super) fn is_heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether its client was heard of by polling, but not for this long.
    pub(super) fn is_silent_for(&self, period: Duration) -> bool {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|heard| heard.elapsed() >= period)
    }

    /// Says whether a poll of it waits.
    pub(super) fn polls(&self, polls: bool) {
        self.polls.store(polls, Ordering::SeqCst);
        if polls {
            self.began_to_poll.notify_waiters();
        }
    }

    /// Returns when a poll of it waits.
    pub(super) async fn polling(&self) {
        let mut began = pin!(self.began_to_poll.notified());
        // Listens before it looks, so that nothing falls in between.
        began.as_mut().enable();
        if !self.polls.load(Ordering::SeqCst) {
            began.await;
        }
    }

    /// Whether its WebSocket's connection takes no more bytes at the moment.
    pub(crate) fn is_stalled(&self) -> bool {
        self.websocket().upgrade().is_some_and(|connection| connection.is_stalled())
    }

    /// Counts an event as waiting until what is given is dropped; `None` where too many wait already.
    pub(crate) fn wait_for_turn(self: &Arc<Self>) -> Option<Waiting> {
        let waiting = Waiting(Arc::clone(self));
        (self.waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING).then_some(waiting)
    }

    fn websocket(&self) -> std::sync::MutexGuard<'_, Weak<Connection>> {
        self.websocket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let (Some(sid), Some(sessions)) = (self.sid.get(), self.sessions.upgrade()) {
            sessions.by_sid().remove(sid);
        }
    }
}

/// One event of a client that waits for its turn.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<Session>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The sessions that were opened by polling.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_sid: Mutex<HashMap<String, Weak<Session>>>,
    opened: AtomicU64,
    ended: AtomicBool,
}

impl Sessions {
    /// A session that is about to be opened.
    pub(crate) fn open(self: &Arc<Self>) -> Arc<Session> {
        let mut session = Session::default();
        session.number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        session.sessions = Arc::downgrade(self);
        Arc::new(session)
    }

    /// Lets no more of them be opened: the server is ending. (The library would tell whoever comes now that there is no such
    /// namespace.)
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Whether no more of them may be opened.
    pub(crate) fn have_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Says which sid a session got.
    pub(crate) fn name(&self, session: &Arc<Session>, sid: &str) {
        if session.sid.set(sid.to_owned()).is_ok() {
            self.by_sid().insert(sid.to_owned(), Arc::downgrade(session));
        }
    }

    /// The session of this sid, if it was opened by polling and is still alive.
    pub(crate) fn find(&self, sid: &str) -> Option<Arc<Session>> {
        self.by_sid().get(sid).and_then(Weak::upgrade)
    }

    fn by_sid(&self) -> std::sync::MutexGuard<'_, HashMap<String, Weak<Session>>> {
        self.by_sid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_as_long_as_it_lives() {
        let sessions = Arc::new(Sessions::default());
        let session = sessions.open();
        assert!(sessions.find("sid").is_none());
        sessions.name(&session, "sid");
        assert_eq!(sessions.find("sid").unwrap().number, session.number);
        drop(session);
        assert!(sessions.find("sid").is_none());
        assert!(sessions.by_sid().is_empty(), "nothing is left of it");
    }

    #[test]
    fn only_so_many_events_of_one_client_may_wait() {
        let session = Arc::new(Sessions::default()).open();
        let mut waiting: Vec<Waiting> = (0..MOST_WAITING).map(|_| session.wait_for_turn().unwrap()).collect();
        assert!(session.wait_for_turn().is_none());
        waiting.pop();
        assert!(session.wait_for_turn().is_some());
    }
}
