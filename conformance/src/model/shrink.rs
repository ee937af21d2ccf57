//! From a script that fails to a small one that fails in the same way.
//!
//! Every try is a conversation with a live backend, so parts are taken away in halves first and one by one last, and no
//! scenario is tried twice. (A `ValueTree` of proptest's takes away one element at a time and draws alternatives anew,
//! which comes to many times the tries.) A try is repeated, as a race does not show each time, and is done with nothing
//! beside it, as else it would show what the scenario alone does not.

use std::collections::HashSet;
use std::time::Instant;

use fixtures::webhooks::MessageKind;

use super::generate::{Act, Move, Saying, Script};
use super::lower;
use super::perform::Performer;
use crate::recording::Transport;

/// Texts are shortened by parts down to this share of them: a fault that is about length needs its length.
const FINEST_PART: usize = 8;

/// A search for a smaller script.
pub(super) struct Shrinker<'s> {
    pub performer: &'s Performer,
    /// The requirement that must stay violated.
    pub requirement: &'static str,
    /// How often a try is repeated before it counts as passed.
    pub attempts: usize,
    /// When to be content with what there is.
    pub until: Instant,
    /// Told after each conversation how many there were, and how many steps the best has.
    pub tell: &'s mut dyn FnMut(usize, usize),
    best: Script,
    pub runs: usize,
    /// What was gone on from before the best, the first script first.
    larger: Vec<Script>,
    tried: HashSet<String>,
}

impl<'s> Shrinker<'s> {
    pub fn new(
        performer: &'s Performer,
        requirement: &'static str,
        attempts: usize,
        until: Instant,
        tell: &'s mut dyn FnMut(usize, usize),
        script: Script,
    ) -> Self {
        let (larger, tried) = (Vec::new(), HashSet::new());
        let mut shrinker = Self { performer, requirement, attempts, until, tell, best: script, runs: 0, larger, tried };
        shrinker.is_new(&shrinker.best.clone());
        shrinker
    }

    /// Makes the script as small as it gets.
    pub async fn shrink(&mut self) {
        loop {
            let mut smaller = false;
            let mut size = self.best.moves.len().div_ceil(2);
            while size > 0 {
                smaller |= self.pass(|script, index| without(script, index * size, size)).await;
                size /= 2;
            }
            smaller |= self.pass(|script, index| nested(script).into_iter().nth(index)).await;
            smaller |= self.pass(|script, index| plainer(script).into_iter().nth(index)).await;
            for text in 0..texts(&mut self.best.clone()).len() {
                smaller |= self.shorten(text).await;
            }
            if !smaller || Instant::now() >= self.until {
                return;
            }
        }
    }

    /// All scripts that failed and were gone on from: the first, and at the end the smallest.
    pub fn into_scripts(self) -> Vec<Script> {
        let Self { mut larger, best, .. } = self;
        larger.push(best);
        larger
    }

    /// Tries the candidates one after the other. One that still fails is gone on from, at the same place.
    async fn pass(&mut self, candidate: impl Fn(&Script, usize) -> Option<Script>) -> bool {
        let (mut index, mut smaller) = (0, false);
        while let Some(script) = candidate(&self.best, index) {
            if Instant::now() >= self.until {
                break;
            }
            if self.still_fails(&script).await {
                self.larger.push(std::mem::replace(&mut self.best, script));
                smaller = true;
            } else {
                index += 1;
            }
        }
        smaller
    }

    /// Shortens one text: to nothing, or part by part, or else to plain letters.
    async fn shorten(&mut self, text: usize) -> bool {
        let length = |script: &Script| texts(&mut script.clone()).get(text).map_or(0, |text| text.chars().count());
        let with = |script: &Script, new: &dyn Fn(&str) -> String| {
            let mut script = script.clone();
            let mut texts = texts(&mut script);
            let place = texts.get_mut(text)?;
            **place = new(place);
            Some(script)
        };
        let once = |index: usize| (index == 0).then_some(());
        let mut smaller = self.pass(|script, index| once(index).and_then(|()| with(script, &|_| String::new()))).await;
        let mut part = length(&self.best).div_ceil(2);
        let finest = length(&self.best) / FINEST_PART;
        while part > finest {
            smaller |= self
                .pass(|script, index| {
                    let cut = |text: &str| {
                        let chars = text.chars().enumerate();
                        chars.filter(|(at, _)| at / part != index).map(|(_, c)| c).collect()
                    };
                    (index * part < length(script)).then(|| with(script, &cut)).flatten()
                })
                .await;
            part /= 2;
        }
        let plain = |text: &str| "a".repeat(text.chars().count());
        smaller | self.pass(|script, index| once(index).and_then(|()| with(script, &plain))).await
    }

    async fn still_fails(&mut self, script: &Script) -> bool {
        if !self.is_new(script) {
            return false;
        }
        let scenario = lower::scenario(script, &self.performer.plan());
        for _ in 0..self.attempts {
            let performed = self.performer.perform(&scenario).await;
            self.runs += 1;
            let fails = performed.violation(self.requirement).is_some();
            let best = if fails { &scenario } else { &lower::scenario(&self.best, &self.performer.plan()) };
            (self.tell)(self.runs, best.count());
            if fails {
                return true;
            }
        }
        false
    }

    /// Whether its scenario was not tried before.
    fn is_new(&mut self, script: &Script) -> bool {
        let scenario = lower::scenario(script, &self.performer.plan());
        serde_json::to_string(&scenario).is_ok_and(|scenario| self.tried.insert(scenario))
    }
}

/// Without the moves from `start` on, as many as `size`.
fn without(script: &Script, start: usize, size: usize) -> Option<Script> {
    let end = script.moves.len().min(start + size);
    (start < end).then(|| {
        let moves = [&script.moves[..start], &script.moves[end..]].concat();
        Script { moves, ..script.clone() }
    })
}

/// What happens at once, made less of: one branch less, one move in a branch less, or all of it in a row.
fn nested(script: &Script) -> Vec<Script> {
    each_move(script, &|one| {
        let Move::AtOnce(branches) = one else { return Vec::new() };
        let fewer_branches = (0..branches.len()).map(|index| vec![Move::AtOnce(removed(branches, index))]);
        let places =
            branches.iter().enumerate().flat_map(|(index, branch)| (0..branch.len()).map(move |at| (index, at)));
        let fewer_moves = places.map(|(index, at)| {
            let mut branches = branches.clone();
            branches[index].remove(at);
            vec![Move::AtOnce(branches)]
        });
        fewer_branches.chain(fewer_moves).chain([branches.concat()]).collect()
    })
}

/// The same moves in plainer forms: ordinary transports, text messages, waits, fewer messages to a body, ordinary ends.
fn plainer(script: &Script) -> Vec<Script> {
    let mut all = each_move(script, &|one| match one {
        Move::Say(say) => {
            let text = Saying { kind: MessageKind::Text, ..say.clone() };
            let awaited = Saying { awaited: true, ..text.clone() };
            vec![vec![Move::Say(awaited)], vec![Move::Say(text)]]
        }
        Move::Batch { route, texts } if texts.len() > 1 => {
            (0..texts.len()).map(|index| vec![Move::Batch { route: *route, texts: removed(texts, index) }]).collect()
        }
        Move::Act { socket, act } => {
            let plain = match act {
                Act::StopReading | Act::BadJoin(_) => vec![Act::Open],
                Act::BadFrame(_) | Act::Reconnect => vec![Act::Drop, Act::Close],
                _ => Vec::new(),
            };
            plain.into_iter().map(|act| vec![Move::Act { socket: *socket, act }]).collect()
        }
        _ => Vec::new(),
    });
    all.insert(0, Script { transports: vec![Transport::Websocket; script.transports.len()], ..script.clone() });
    all
}

/// A script for each of the moves that may stand in the place of one, wherever that one stands.
fn each_move(script: &Script, instead: &dyn Fn(&Move) -> Vec<Vec<Move>>) -> Vec<Script> {
    fn of(moves: &[Move], instead: &dyn Fn(&Move) -> Vec<Vec<Move>>) -> Vec<Vec<Move>> {
        let mut all = Vec::new();
        for (place, one) in moves.iter().enumerate() {
            let mut others = instead(one);
            if let Move::AtOnce(branches) = one {
                for (index, branch) in branches.iter().enumerate() {
                    for other in of(branch, instead) {
                        let mut branches = branches.clone();
                        branches[index] = other;
                        others.push(vec![Move::AtOnce(branches)]);
                    }
                }
            }
            all.extend(others.into_iter().map(|other| [&moves[..place], &other, &moves[place + 1..]].concat()));
        }
        all
    }
    of(&script.moves, instead).into_iter().map(|moves| Script { moves, ..script.clone() }).collect()
}

fn removed<T: Clone>(items: &[T], index: usize) -> Vec<T> {
    [&items[..index], &items[index + 1..]].concat()
}

/// All texts of a script.
fn texts(script: &mut Script) -> Vec<&mut String> {
    fn collect<'m>(moves: &'m mut [Move], all: &mut Vec<&'m mut String>) {
        for one in moves {
            match one {
                Move::Say(say) => all.extend(say.text.as_mut()),
                Move::Batch { texts, .. } => all.extend(texts.iter_mut().map(|(_, text)| text)),
                Move::AtOnce(branches) => branches.iter_mut().for_each(|branch| collect(branch, all)),
                _ => {}
            }
        }
    }
    let mut all = Vec::new();
    collect(&mut script.moves, &mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str) -> Move {
        let kind = MessageKind::Image;
        let text = Some(text.to_owned());
        Move::Say(Saying { route: 0, customer: 0, kind, text, awaited: false, to_nobody: false })
    }

    fn act(socket: usize) -> Move {
        Move::Act { socket, act: Act::StopReading }
    }

    fn script(moves: Vec<Move>) -> Script {
        Script { transports: vec![Transport::Polling; 2], moves }
    }

    #[test]
    fn parts_are_taken_away_from_every_place() {
        let script = script(vec![act(0), act(1), act(2)]);
        let left = |index: usize, size| without(&script, index * size, size).map(|script| script.moves);
        assert_eq!(left(0, 2), Some(vec![act(2)]));
        assert_eq!(left(1, 2), Some(vec![act(0), act(1)]));
        assert_eq!(left(2, 2), None);
        assert_eq!(left(1, 1), Some(vec![act(0), act(2)]));
    }

    #[test]
    fn what_happens_at_once_loses_branches_and_moves_or_happens_in_a_row() {
        let at_once = |branches: &[&[Move]]| Move::AtOnce(branches.iter().map(|branch| branch.to_vec()).collect());
        let script = script(vec![act(9), at_once(&[&[act(0), act(1)], &[act(2)]])]);
        let made: Vec<Vec<Move>> = nested(&script).into_iter().map(|script| script.moves[1..].to_vec()).collect();
        let expected = [
            vec![at_once(&[&[act(2)]])],
            vec![at_once(&[&[act(0), act(1)]])],
            vec![at_once(&[&[act(1)], &[act(2)]])],
            vec![at_once(&[&[act(0)], &[act(2)]])],
            vec![at_once(&[&[act(0), act(1)], &[]])],
            vec![act(0), act(1), act(2)],
        ];
        assert_eq!(made, expected);
    }

    #[test]
    fn plainer_forms_are_tried_within_branches_too() {
        let script = script(vec![Move::AtOnce(vec![vec![say("x")], vec![act(0)]])]);
        let made = plainer(&script);
        assert!(made[0].transports.iter().all(|transport| *transport == Transport::Websocket));
        let text = |script: &Script| format!("{:?}", script.moves).contains("Text");
        let opens = |script: &Script| format!("{:?}", script.moves).contains("Open");
        assert!(made.iter().any(text) && made.iter().any(opens));
        assert_eq!(texts(&mut script.clone()).len(), 1);
    }
}
