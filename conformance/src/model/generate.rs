//! Random scripts: who connects how, joins, leaves and goes away, and what is said meanwhile.
//!
//! A [`Script`] is looser than a scenario: its moves name sockets, routes and earlier messages by number, and any list
//! of moves is a script. [`lower`](super::lower) turns it into a scenario that makes sense, so that whatever a shrinker
//! takes away leaves a valid one. Nothing here knows what a backend does.

use fixtures::webhooks::{MessageKind, ReceiptStatus};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestRng, TestRunner};

use crate::recording::{NONCE_LENGTH, Transport};
use crate::scenarios::Plan;
use crate::target::Capability;

/// How many sockets a script has at most.
pub const SOCKETS: usize = 12;

/// The longest text, so that it has 4,096 characters with its nonce and a space in front.
pub const LONGEST_TEXT: usize = 4096 - NONCE_LENGTH - 1;

/// How many customers of each type write.
const CUSTOMERS: usize = 3;

/// What happens in a random scenario, before it is known to make sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// How each socket connects; there are as many sockets.
    pub transports: Vec<Transport>,
    /// What happens, in this order.
    pub moves: Vec<Move>,
}

/// One thing that happens. Numbers are taken modulo what there is; a move that makes no sense where it stands is left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// A socket does something.
    Act {
        /// Which.
        socket: usize,
        /// What.
        act: Act,
    },
    /// A customer writes.
    Say(Saying),
    /// Several texts of one type's customers come in one webhook body.
    Batch {
        /// The type, by its route.
        route: usize,
        /// Who writes what.
        texts: Vec<(usize, String)>,
    },
    /// The provider delivers a message that was heard once more.
    Redeliver {
        /// Which, counted from the latest.
        earlier: usize,
    },
    /// The provider tells how far an agent's message has come.
    Receipt {
        /// To whom: the customer of a message that was heard, counted from the latest.
        earlier: usize,
        /// How far.
        status: ReceiptStatus,
    },
    /// Lists of moves happen at the same time.
    AtOnce(Vec<Vec<Move>>),
}

/// What a socket does. Whatever needs a connection opens one first.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Connects, and joins nothing.
    Open,
    /// Joins the room of a route.
    Join(usize),
    /// Leaves the room of a route.
    Leave(usize),
    /// Says goodbye.
    Close,
    /// Is cut off.
    Drop,
    /// Is cut off and connects again.
    Reconnect,
    /// Stops reading until it next does something.
    StopReading,
    /// Asks to join what is no room, in one of several ways.
    BadJoin(usize),
    /// Sends a malformed frame of several.
    BadFrame(usize),
    /// Answers a message that was heard, counted from the latest.
    Reply(usize),
    /// Reads the chat of a message that was heard, counted from the latest.
    Read(usize),
}

/// A customer's message.
#[derive(Debug, Clone, PartialEq)]
pub struct Saying {
    /// The customer type, by its route.
    pub route: usize,
    /// Which of the type's customers.
    pub customer: usize,
    /// What kind of message.
    pub kind: MessageKind,
    /// Its text behind the nonce; none where a caption is left out.
    pub text: Option<String>,
    /// Whether what follows waits until the members have heard it.
    pub awaited: bool,
    /// Whether it goes to this route even where nobody is a member for certain: then nobody's silence tells anything, and
    /// only who hears it all the same. Otherwise the next route that has a member is taken.
    pub to_nobody: bool,
}

/// The script of one case: the same for the same seed, case and plan.
///
/// # Errors
/// Why the strategy gave none; it filters nothing, so this does not happen.
pub fn script(plan: &Plan<'_>, seed: u64, case: u32) -> Result<Script, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&case.to_le_bytes());
    let rng = TestRng::from_seed(Config::default().rng_algorithm, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let tree = scripts(plan).new_tree(&mut runner).map_err(|reason| reason.to_string())?;
    Ok(tree.current())
}

/// All scripts that suit what the target can do: a cast that joins, and then whatever comes.
fn scripts(plan: &Plan<'_>) -> BoxedStrategy<Script> {
    let routes = plan.contract.routes.len();
    let webhook = plan.can(Capability::Webhook);
    let join = (0..SOCKETS, 0..routes).prop_map(|(socket, route)| Move::Act { socket, act: Act::Join(route) });
    let act = (0..SOCKETS, acts(plan)).prop_map(|(socket, act)| Move::Act { socket, act });
    let say = sayings(routes, webhook).prop_map(Move::Say);
    let mut simple = vec![(6, act.boxed()), (5, say.clone().boxed())];
    if webhook {
        let batch = (0..routes, vec((0..CUSTOMERS, texts()), 2..=4));
        simple.push((1, batch.prop_map(|(route, texts)| Move::Batch { route, texts }).boxed()));
        simple.push((1, (0..4_usize).prop_map(|earlier| Move::Redeliver { earlier }).boxed()));
        let receipt = (0..4_usize, select(&ReceiptStatus::ALL[..]));
        simple.push((1, receipt.prop_map(|(earlier, status)| Move::Receipt { earlier, status }).boxed()));
    }
    let simple = Union::new_weighted(simple);
    let said_at_once = vec(say.prop_map(|say| vec![say]), 2..=6);
    let at_once = prop_oneof![vec(vec(simple.clone(), 1..=3), 2..=4), said_at_once].prop_map(Move::AtOnce);
    let moves = vec(prop_oneof![5 => simple, 1 => at_once], 3..=16);
    (vec(select(plan.transports()), 1..=SOCKETS), vec(join, 1..=6), moves)
        .prop_map(|(transports, cast, rest)| Script { transports, moves: [cast, rest].concat() })
        .boxed()
}

fn acts(plan: &Plan<'_>) -> Union<BoxedStrategy<Act>> {
    let routes = plan.contract.routes.len();
    let mut acts = vec![
        (5, (0..routes).prop_map(Act::Join).boxed()),
        (1, Just(Act::Open).boxed()),
        (1, Just(Act::Close).boxed()),
        (1, Just(Act::Drop).boxed()),
        (2, Just(Act::Reconnect).boxed()),
        (1, Just(Act::StopReading).boxed()),
        (1, any::<usize>().prop_map(Act::BadJoin).boxed()),
        (1, any::<usize>().prop_map(Act::BadFrame).boxed()),
    ];
    if plan.can(Capability::Leave) {
        acts.push((3, (0..routes).prop_map(Act::Leave).boxed()));
    }
    if plan.can(Capability::Send) {
        acts.push((1, (0..4_usize).prop_map(Act::Reply).boxed()));
    }
    if plan.can(Capability::History) {
        acts.push((1, (0..4_usize).prop_map(Act::Read).boxed()));
    }
    Union::new_weighted(acts)
}

fn sayings(routes: usize, webhook: bool) -> BoxedStrategy<Saying> {
    let kinds = if webhook { &MessageKind::ALL[..] } else { &[MessageKind::Text] };
    let kind = prop_oneof![2 => Just(MessageKind::Text), 1 => select(kinds)];
    let text = prop_oneof![9 => texts().prop_map(Some), 1 => Just(None)];
    (0..routes, 0..CUSTOMERS, kind, text, prop::bool::weighted(0.7), prop::bool::weighted(0.2))
        .prop_map(|(route, customer, kind, text, awaited, to_nobody)| Saying {
            route,
            customer,
            kind,
            text,
            awaited,
            to_nobody,
        })
        .boxed()
}

/// Any Unicode text, short ones more often. U+0000 is left out: the provider carries none, and many databases take none.
fn texts() -> BoxedStrategy<String> {
    let any_char = any::<char>().prop_map(|c| if c == '\0' { ' ' } else { c });
    let of = |most: usize| vec(any_char.clone(), 0..=most).prop_map(|chars| chars.into_iter().collect());
    prop_oneof![6 => "[a-z]{0,8}( [a-z]{1,8}){0,3}", 3 => of(40), 1 => of(LONGEST_TEXT)].boxed()
}

#[cfg(test)]
mod tests {
    use fixtures::Contract;

    use super::*;

    fn scripts(lacks: &[Capability], cases: u32) -> Vec<Script> {
        let contract = Contract::room_updates();
        (0..cases).map(|case| script(&Plan { contract: &contract, lacks }, 7, case).unwrap()).collect()
    }

    fn flat(moves: &[Move]) -> Vec<&Move> {
        let mut all = Vec::new();
        for one in moves {
            match one {
                Move::AtOnce(branches) => all.extend(branches.iter().flat_map(|branch| flat(branch))),
                one => all.push(one),
            }
        }
        all
    }

    #[test]
    fn the_same_seed_gives_the_same_scripts_and_each_case_is_another() {
        let scripts = scripts(&[], 20);
        assert_eq!(scripts, self::scripts(&[], 20));
        assert!(scripts.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn in_a_hundred_scripts_everything_happens_that_may_happen() {
        let scripts = scripts(&[], 100);
        let moves: Vec<&Move> = scripts.iter().flat_map(|script| flat(&script.moves)).collect();
        for kind in MessageKind::ALL {
            assert!(moves.iter().any(|one| matches!(one, Move::Say(say) if say.kind == kind)), "{kind:?}");
        }
        for act in ["Open", "Join", "Leave", "Close", "Drop", "Reconnect", "Stop", "BadJ", "BadF", "Reply", "Read"] {
            let acted = |one: &&&Move| matches!(one, Move::Act { act: did, .. } if format!("{did:?}").starts_with(act));
            assert!(moves.iter().any(|one| acted(&one)), "{act}");
        }
        assert!(moves.iter().any(|one| matches!(one, Move::Batch { .. })));
        assert!(moves.iter().any(|one| matches!(one, Move::Redeliver { .. })));
        assert!(moves.iter().any(|one| matches!(one, Move::Receipt { .. })));
        assert!(scripts.iter().any(|script| script.moves.iter().any(|one| matches!(one, Move::AtOnce(_)))));
        assert!(scripts.iter().any(|script| script.transports.len() == SOCKETS));
        for transport in [Transport::Websocket, Transport::Polling, Transport::Upgrade] {
            assert!(scripts.iter().any(|script| script.transports.contains(&transport)), "{transport}");
        }
    }

    #[test]
    fn texts_of_all_lengths_up_to_the_longest_are_written() {
        let scripts = scripts(&[], 100);
        let texts = scripts.iter().flat_map(|script| flat(&script.moves)).filter_map(|one| match one {
            Move::Say(say) => say.text.as_ref(),
            _ => None,
        });
        let lengths: Vec<usize> = texts.map(|text| text.chars().count()).collect();
        assert!(lengths.contains(&0) && lengths.iter().any(|length| *length > 2000));
        assert!(lengths.iter().all(|length| *length <= LONGEST_TEXT));
    }

    #[test]
    fn what_the_target_lacks_is_not_tried() {
        use Capability::{History, Leave, Polling, Send, Upgrade, Webhook};
        for script in scripts(&[History, Leave, Polling, Send, Upgrade, Webhook], 50) {
            assert!(script.transports.iter().all(|transport| *transport == Transport::Websocket));
            for one in flat(&script.moves) {
                let lacking = match one {
                    Move::Act { act, .. } => matches!(act, Act::Leave(_) | Act::Reply(_) | Act::Read(_)),
                    Move::Say(say) => say.kind != MessageKind::Text,
                    _ => true,
                };
                assert!(!lacking, "{one:?}");
            }
        }
    }
}
