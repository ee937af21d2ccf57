//! Steps that wait for the server's heartbeat, by the numbers of its own handshake.

use std::time::{Duration, Instant};

use super::socket::Socket;
use super::wire::Performance;
use crate::recording::{Direction, Entry, What};
use crate::scenario::Actor;
use crate::wire::Handshake;

/// What a server's timers and a busy machine may add.
const SLACK: Duration = Duration::from_secs(2);

impl Performance<'_> {
    /// Waits for a ping at least half an interval after the connection opened: one right behind the handshake, which some
    /// servers send, tells nothing of the interval.
    pub(super) async fn await_ping(&self, actor: &Actor) {
        let Some(socket) = self.socket(actor) else { return };
        let Some(Handshake { ping_interval: interval, .. }) = self.bearable(&socket) else { return };
        let interval = *interval;
        let position = 0;
        let opened = self.log.find_from(position, |entry| {
            (of(entry, &socket) && matches!(entry.what, What::Opened { .. })).then_some(entry.at)
        });
        let Some(opened) = opened else { return };
        let from = Instant::now();
        self.log
            .wait(position, from + interval * 2 + SLACK, |entry| {
                let telling = entry.at >= opened + interval / 2 && is_ping(entry);
                (of(entry, &socket) && (telling || matches!(entry.what, What::Closed { .. }))).then_some(())
            })
            .await;
        self.stage.pace.waited("heartbeats", from);
    }

    /// Stops answering pings and waits for the connection's end. Servers that look for silent clients in rounds come up to
    /// one time-out late.
    pub(super) async fn fall_silent(&self, actor: &Actor) {
        let Some(socket) = self.socket(actor) else { return };
        let Some(handshake) = self.bearable(&socket) else { return };
        let position = self.log.position();
        socket.fall_silent();
        let from = Instant::now();
        let deadline = from + handshake.ping_interval + handshake.ping_timeout * 2 + SLACK;
        self.log
            .wait(position, deadline, |entry| {
                (of(entry, &socket) && matches!(entry.what, What::Closed { .. })).then_some(())
            })
            .await;
        self.stage.pace.waited("heartbeats", from);
    }

    /// The handshake, where its heartbeat is short enough to be waited for; where it is not, that is written down.
    fn bearable<'s>(&self, socket: &'s Socket) -> Option<&'s Handshake> {
        let handshake = socket.handshake()?;
        let (beat, most) =
            (handshake.ping_interval + handshake.ping_timeout, self.stage.ground.target.deadlines.heartbeat);
        if beat > most {
            let reason = format!(
                "pingInterval and pingTimeout are {beat:?} together, more than the {most:?} that are waited for; raise \
                 `heartbeat` in [deadlines], or shorten the backend's heartbeat for the test"
            );
            self.log.write(Some(&socket.peer), What::Skipped { what: "the heartbeat".to_owned(), reason });
        }
        (beat <= most).then_some(handshake)
    }
}

fn of(entry: &Entry, socket: &Socket) -> bool {
    entry.peer.as_ref() == Some(&socket.peer)
}

fn is_ping(entry: &Entry) -> bool {
    matches!(&entry.what, What::Frame { dir: Direction::In, text } if text == "2")
}
