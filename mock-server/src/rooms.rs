//! Who is in which room. What is sent there is not for this to know.
//!
//! Rooms are kept here and not by socketioxide, whose broadcast does not tell whose buffer was full.

use std::collections::{HashMap, HashSet, VecDeque};

use socketioxide::socket::{DisconnectReason, Sid};

use crate::client::Client;

/// Where broadcasts go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Room {
    /// A row of the routing table, by the room's name there.
    Route(String),
    /// One open chat, by its id.
    Chat(String),
    /// Everybody who is connected.
    Dashboard,
}

impl Room {
    /// The id of the chat whose room it is.
    pub(crate) fn chat_id(&self) -> Option<String> {
        match self {
            Self::Chat(id) => Some(id.clone()),
            Self::Route(_) | Self::Dashboard => None,
        }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Route(name) => name,
            Self::Chat(id) => id,
            Self::Dashboard => "dashboard",
        }
    }
}

/// Something that changes who is in which room.
#[derive(Debug)]
pub(crate) enum Change {
    /// A client was admitted.
    Connect,
    /// It is gone.
    Disconnect(DisconnectReason),
    /// It enters a room.
    Enter(Room),
    /// It leaves one.
    Leave(Room),
}

/// One client in one room.
struct Member {
    client: Client,
    /// How often it hears each broadcast. Once; anything else is a fault's doing.
    copies: usize,
}

/// The rooms that somebody is in.
#[derive(Default)]
pub(crate) struct Rooms {
    members: HashMap<Room, HashMap<Sid, Member>>,
    /// What a fault has kept for connections that are still to come.
    kept: HashSet<Room>,
    /// Who has entered which room, oldest first, where a fault wants to know.
    places: VecDeque<(Client, Room)>,
}

impl Rooms {
    /// Does what the change says.
    pub(crate) fn apply(&mut self, client: &Client, change: Change) {
        match change {
            Change::Connect => self.enter(client, Room::Dashboard),
            Change::Disconnect(_) => self.forget(client.id()),
            Change::Enter(room) => self.enter(client, room),
            Change::Leave(room) => self.leave(client, &room),
        }
    }

    /// From now on the client hears what is broadcast to the room. Entering twice is entering once.
    fn enter(&mut self, client: &Client, room: Room) {
        // One that has disconnected already would never be removed again.
        if client.is_connected() {
            let members = self.members.entry(room).or_default();
            members.entry(client.id()).or_insert_with(|| Member { client: client.clone(), copies: 1 });
        }
    }

    /// From now on it does not. Harmless where it never did.
    fn leave(&mut self, client: &Client, room: &Room) {
        if let Some(members) = self.members.get_mut(room) {
            members.remove(&client.id());
            if members.is_empty() {
                self.members.remove(room);
            }
        }
    }

    /// The client hears nothing more.
    pub(crate) fn forget(&mut self, client: Sid) {
        self.members.retain(|_, members| {
            members.remove(&client);
            !members.is_empty()
        });
    }

    /// The rooms that a client is in, in no order.
    pub(crate) fn of(&self, client: &Client) -> impl Iterator<Item = &Room> {
        let id = client.id();
        self.members.iter().filter(move |(_, members)| members.contains_key(&id)).map(|(room, _)| room)
    }

    /// Whether this is what opens a session of somebody who is connected.
    pub(crate) fn has_sid(&self, text: &str) -> bool {
        let everybody = self.members.get(&Room::Dashboard);
        text.parse().is_ok_and(|sid: Sid| everybody.is_some_and(|members| members.contains_key(&sid)))
    }

    /// The members of a room, in no order, each with how often it hears what is broadcast there.
    pub(crate) fn members(&self, room: &Room) -> impl Iterator<Item = (&Client, usize)> {
        self.members.get(room).into_iter().flat_map(HashMap::values).map(|member| (&member.client, member.copies))
    }
}

/// What only faults do.
impl Rooms {
    /// What tells whether a fault has changed something.
    pub(crate) fn trace(&self) -> impl PartialEq + use<> {
        let members = self.members.iter().flat_map(|(room, members)| {
            members.iter().map(|(client, member)| ((room.clone(), *client), member.copies))
        });
        (members.collect::<HashMap<_, _>>(), self.kept.clone(), self.places.len())
    }

    /// How often a client hears what is broadcast to a room; `None` where it is no member.
    pub(crate) fn copies(&self, client: &Client, room: &Room) -> Option<usize> {
        Some(self.members.get(room)?.get(&client.id())?.copies)
    }

    /// Lets a member hear each broadcast so many times.
    pub(crate) fn set_copies(&mut self, client: &Client, room: &Room, copies: usize) {
        if let Some(member) = self.members.get_mut(room).and_then(|members| members.get_mut(&client.id())) {
            member.copies = copies;
        }
    }

    /// Whether the client is in any room of the routing table.
    pub(crate) fn is_in_a_route(&self, client: &Client) -> bool {
        self.members.iter().any(|(room, members)| matches!(room, Room::Route(_)) && members.contains_key(&client.id()))
    }

    /// Takes a client out of all rooms of the routing table.
    pub(crate) fn leave_routes(&mut self, client: &Client) {
        for (room, members) in &mut self.members {
            if matches!(room, Room::Route(_)) {
                members.remove(&client.id());
            }
        }
    }

    /// Takes everybody out of a room.
    pub(crate) fn empty(&mut self, room: &Room) {
        self.members.remove(room);
    }

    /// Takes everybody out of every room of the routing table.
    pub(crate) fn empty_routes(&mut self) {
        self.members.retain(|room, _| !matches!(room, Room::Route(_)));
    }

    /// Gives a membership one of so many places; where there is none left, the oldest membership ends.
    pub(crate) fn take_one_of(&mut self, places: usize, client: &Client, room: &Room) {
        self.places.push_back((client.clone(), room.clone()));
        if self.places.len() > places
            && let Some((oldest, room)) = self.places.pop_front()
        {
            self.leave(&oldest, &room);
        }
    }

    /// Keeps a client's rooms for whoever comes next.
    pub(crate) fn keep(&mut self, client: &Client) {
        let own = self.members.iter().filter(|(_, members)| members.contains_key(&client.id()));
        self.kept.extend(own.map(|(room, _)| room.clone()));
    }

    /// Lets a client into all the rooms that were kept.
    pub(crate) fn inherit(&mut self, client: &Client) {
        for room in self.kept.clone() {
            self.enter(client, room);
        }
    }
}
