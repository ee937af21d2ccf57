//! What is certain at a point of a scenario that is being written: who is connected, who is a member, what is on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::branches::Others;
use crate::scenario::Message;

/// What is certain at a point of the scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub(super) sockets: BTreeMap<usize, Socket>,
    pub(super) pending: Vec<Pending>,
    /// Messages with text that somebody has heard, so that their chats' ids are known.
    pub(super) known: Vec<Known>,
}

/// A connected socket.
#[derive(Debug, Clone, Default)]
pub(super) struct Socket {
    /// The routes whose rooms it is certainly in.
    pub(super) rooms: BTreeSet<usize>,
    pub(super) paused: bool,
    /// It has sent what may end its connection.
    pub(super) spoiled: bool,
    /// Something was sent that it has heard or must not hear, and no fence since has shown which.
    pub(super) unfenced: bool,
}

/// A message that was sent and not yet waited for.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) message: Known,
    pub(super) has_text: bool,
    /// Who certainly must hear it.
    pub(super) who: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) label: Arc<str>,
    pub(super) route: usize,
    pub(super) customer: usize,
}

impl View {
    /// A message that was heard, counted from the latest.
    pub(super) fn earlier(&self, count: usize) -> Option<Known> {
        let back = count.checked_rem(self.known.len())?;
        self.known.iter().rev().nth(back).cloned()
    }

    pub(super) fn state(&mut self, socket: usize) -> &mut Socket {
        self.sockets.entry(socket).or_default()
    }

    pub(super) fn usable(&self, socket: usize) -> bool {
        self.sockets.get(&socket).is_some_and(|state| !state.paused && !state.spoiled)
    }

    pub(super) fn sent(&mut self, route: usize, customer: usize, message: &Message, others: &Others) {
        let members = self.sockets.iter().filter(|(socket, state)| {
            state.rooms.contains(&route) && self.usable(**socket) && !others.busy.contains(*socket)
        });
        let who = members.map(|(socket, _)| *socket).collect();
        let has_text = message.text.is_some();
        let message = Known { label: Arc::clone(&message.label), route, customer };
        self.pending.push(Pending { message, has_text, who });
        self.sockets.values_mut().for_each(|state| state.unfenced = true);
    }

    /// A socket need no longer hear what was sent before, in the room of one route or in all.
    pub(super) fn release(&mut self, socket: usize, route: Option<usize>) {
        for pending in
            self.pending.iter_mut().filter(|pending| route.is_none_or(|route| pending.message.route == route))
        {
            pending.who.remove(&socket);
        }
    }

    pub(super) fn gone(&mut self, socket: usize) {
        self.sockets.remove(&socket);
        self.release(socket, None);
    }

    /// Goes on with what a branch has made of its own sockets, sent and heard.
    pub(super) fn take_over(&mut self, own: &BTreeSet<usize>, branch: View, known_before: usize) {
        for socket in own {
            match branch.sockets.get(socket) {
                Some(state) => drop(self.sockets.insert(*socket, state.clone())),
                None => drop(self.sockets.remove(socket)),
            }
        }
        self.pending.extend(branch.pending);
        self.known.extend(branch.known.into_iter().skip(known_before));
    }
}
