//! Causes behind one address: several nodes that do not know of each other's members.

use super::super::facts::Facts;
use super::{Diagnosis, in_words, node, python};
use crate::conversation::{Connection, Conversation, Message};

/// Who of a room's members heard a message and who did not.
struct Split<'f, 'a> {
    told: Vec<&'f Connection<'a>>,
    missed: Vec<&'f Connection<'a>>,
    room: &'a str,
    conversation: &'f str,
}

/// Of the same room's members some hear and some do not, whatever their transport and the order of their joining, and those
/// that do stay together: each is with its node.
pub(super) fn no_shared_adapter(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let splits: Vec<Split<'_, '_>> =
        facts.messages().filter_map(|(conversation, message)| split(conversation, message)).collect();
    let uneven: Vec<_> = splits.iter().filter(|split| !split.told.is_empty() && !split.missed.is_empty()).collect();
    let halves = uneven.len() * 3 >= splits.len() && uneven.len() > 2;
    let largest = uneven.iter().max_by_key(|split| split.told.len() + split.missed.len())?;
    // A node has its share of the members. One that alone is told, or alone is forgotten, is another matter.
    let a_share = |members: usize| members * SHARE >= largest.told.len() + largest.missed.len();
    let shared_out = a_share(largest.told.len()) && a_share(largest.missed.len());
    let told_apart = one_alone(&uneven) || by_transport(&uneven) || by_order(&uneven);
    if !halves || !shared_out || told_apart || !by_group(&splits) {
        return None;
    }
    let line = |split: &&Split<'_, '_>| {
        format!(
            "{}: of {} members of {} {} heard a message and {} did not: {}, {}",
            split.conversation,
            split.told.len() + split.missed.len(),
            split.room,
            split.told.len(),
            split.missed.len(),
            names("heard by", &split.told),
            names("not by", &split.missed)
        )
    };
    let ids = [
        "broadcast.",
        "join.",
        "leave.",
        "transport.",
        "resilience.",
        "list.",
        "payload.",
        "auth.",
        "security.",
        "cluster.",
    ];
    Some(Diagnosis {
        id: "no-shared-adapter",
        cause: "several nodes answer at this address, and a broadcast reaches only the members on the node that took the webhook: \
                they share no adapter"
            .to_owned(),
        evidence: std::iter::once(largest).chain(uneven.iter().take(3)).map(line).collect(),
        remedies: vec![
            python("sio = socketio.AsyncServer(client_manager=socketio.AsyncRedisManager(REDIS_URL), async_mode=\"asgi\")"),
            node("io.adapter(createAdapter(pubClient, subClient));    // @socket.io/redis-adapter, on every node"),
            in_words("chats that are kept in a process's memory must move to a store that all nodes share, too"),
        ],
        explains: facts.red.explained(&ids, None),
    })
}

/// How one message went, where at least two members were in the room for certain and reading all the time.
fn split<'f, 'a>(conversation: &'f Conversation<'a>, message: &Message<'a>) -> Option<Split<'f, 'a>> {
    let route = conversation.contract().route(&message.sent.customer_type)?;
    let steady = |member: &&Connection<'a>| {
        member.stopped_reading.is_none()
            && member.closed.is_none_or(|(at, ..)| at >= message.starts() + conversation.deadline())
            || !conversation.heard_by(member, message).is_empty()
    };
    let at = message.starts();
    let members = conversation.connections.iter().filter(|member| member.member_since(&route.room, at).is_some());
    let (told, missed): (Vec<_>, Vec<_>) =
        members.filter(steady).partition(|member| !conversation.heard_by(member, message).is_empty());
    (told.len() + missed.len() > 1).then_some(Split {
        told,
        missed,
        room: &route.room,
        conversation: conversation.name,
    })
}

/// Whether always one alone is told, or always one alone is forgotten, however many they are: nodes share members out, and
/// each gets messages.
fn one_alone(uneven: &[&Split<'_, '_>]) -> bool {
    let crowds = || uneven.iter().filter(|split| split.told.len() + split.missed.len() > 2);
    crowds().all(|split| split.told.len() == 1) || crowds().all(|split| split.missed.len() == 1)
}

/// Whether transports explain who missed: then sessions of one transport are forgotten.
fn by_transport(uneven: &[&Split<'_, '_>]) -> bool {
    uneven.iter().all(|split| {
        let among = |transport, list: &[&Connection<'_>]| list.iter().any(|member| member.transport == transport);
        !split.missed.iter().any(|member| among(member.transport, &split.told))
    })
}

/// Whether the order of joining explains it: always the first ones miss, or always the last.
fn by_order(uneven: &[&Split<'_, '_>]) -> bool {
    let joined = |member: &Connection<'_>, room: &str| {
        member.memberships.iter().find(|(name, _)| *name == room).and_then(|(_, stay)| stay.from)
    };
    let before = |one: &[&Connection<'_>], other: &[&Connection<'_>], room: &str| {
        let last = one.iter().filter_map(|member| joined(member, room)).max();
        last < other.iter().filter_map(|member| joined(member, room)).min()
    };
    uneven.iter().all(|split| before(&split.missed, &split.told, split.room))
        || uneven.iter().all(|split| before(&split.told, &split.missed, split.room))
}

/// Whether members come in groups: of two in a room together for several messages, either both always hear the same
/// messages, or never both hear one. Losses by chance do not look like that.
fn by_group(splits: &[Split<'_, '_>]) -> bool {
    let hears = |split: &Split<'_, '_>, member: &Connection<'_>| {
        let among = |list: &[&Connection<'_>]| list.iter().any(|other| std::ptr::eq(*other, member));
        if among(&split.told) { Some(true) } else { among(&split.missed).then_some(false) }
    };
    splits.iter().enumerate().all(|(index, split)| {
        let later = || splits[index + 1..].iter().filter(|later| later.conversation == split.conversation);
        let told_and_missed = split.told.iter().flat_map(|told| split.missed.iter().map(move |missed| (told, missed)));
        let parted = told_and_missed.take(PAIRS).all(|(told, missed)| {
            later().all(|later| (hears(later, told), hears(later, missed)) != (Some(true), Some(true)))
        });
        let together = split.told.windows(2).take(PAIRS).all(|pair| {
            later().all(|later| match (hears(later, pair[0]), hears(later, pair[1])) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            })
        });
        parted && together
    })
}

/// A node has at least one in so many members.
const SHARE: usize = 5;

/// As many pairs are looked at for each message; a large room has a million.
const PAIRS: usize = 200;

fn names(lead: &str, members: &[&Connection<'_>]) -> String {
    let (first, rest) = members.split_at(members.len().min(3));
    let told: Vec<String> = first.iter().map(|member| member.describe()).collect();
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    format!("{lead} {}{more}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::conversation::Conversation;
    use crate::diagnosis::diagnose;
    use crate::recording::tape::Tape;
    use crate::scenarios::ONE_MESSAGE_PER_TYPE;

    /// The causes that are named where each type's room has three members, and these hear its message.
    fn causes(told: [(&str, &[&str]); 4]) -> Vec<&'static str> {
        let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
        for (customer_type, told) in told {
            let member = |name: &str| format!("{customer_type}/{name}");
            for name in ["a", "b", "c"] {
                tape.member(&member(name), customer_type);
            }
            tape.sends(customer_type, customer_type);
            for name in told {
                tape.told(&member(name), customer_type);
            }
            tape.wait(2000);
        }
        let recording = tape.ended();
        let conversation = Conversation::new(&recording.header, ONE_MESSAGE_PER_TYPE.name, &recording.entries);
        let verdicts = crate::checks::find("broadcast.delivered").unwrap().judge_recording(&recording);
        diagnose(&[conversation], &verdicts).iter().map(|diagnosis| diagnosis.id).collect()
    }

    #[test]
    fn nodes_share_members_out_and_one_alone_is_another_matter() {
        let nodes = [("Partner", &["a", "c"][..]), ("Customer", &["a"]), ("Vendor", &["b"]), ("SRDP", &["a", "b"])];
        assert_eq!(causes(nodes), ["no-shared-adapter"]);
        let one_forgotten =
            [("Partner", &["a", "c"][..]), ("Customer", &["b", "c"]), ("Vendor", &["a", "b"]), ("SRDP", &["a", "c"])];
        assert_eq!(causes(one_forgotten), [""; 0]);
        let one_told = [("Partner", &["a"][..]), ("Customer", &["c"]), ("Vendor", &["b"]), ("SRDP", &["a"])];
        assert_eq!(causes(one_told), [""; 0]);
    }
}
