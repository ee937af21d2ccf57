//! Things at the same time: branches, what each may know of the others, and sockets that several of them use.

use std::collections::BTreeSet;

use serde_json::json;

use super::Director;
use super::view::View;
use crate::model::generate::{Act, Move};
use crate::scenario::Step;

/// What goes on at the same time in other branches.
#[derive(Debug, Clone, Default)]
pub(super) struct Others {
    /// Within branches at all: messages without text could be taken for one another.
    pub(super) concurrent: bool,
    /// Sockets that another branch uses.
    pub(super) busy: BTreeSet<usize>,
    /// Sockets that this branch uses too: they ask without waiting, since an answer does not tell who asked for it.
    pub(super) shared: BTreeSet<usize>,
}

impl Director<'_> {
    /// Branches know what was certain before them, and of one another only which sockets are in use.
    pub(super) fn at_once(&mut self, branches: &[Vec<Move>], view: &mut View, out: &mut Vec<Step>) {
        self.catch_up(view, out);
        let before = view.clone();
        let used: Vec<BTreeSet<usize>> = branches.iter().map(|branch| self.sockets_of(branch)).collect();
        let (mut lists, mut all_shared) = (Vec::new(), BTreeSet::new());
        for (index, branch) in branches.iter().enumerate() {
            let elsewhere = used.iter().enumerate().filter(|(other, _)| *other != index);
            let busy: BTreeSet<usize> = elsewhere.flat_map(|(_, sockets)| sockets).copied().collect();
            let shared = &used[index] & &busy;
            let others = Others { concurrent: true, busy, shared };
            let (mut inner, mut steps) = (before.clone(), Vec::new());
            branch.iter().for_each(|one| self.step(one, &mut inner, &others, &mut steps));
            view.take_over(&(&used[index] - &others.shared), inner, before.known.len());
            all_shared.extend(others.shared);
            lists.push(steps);
        }
        lists.retain(|steps| !steps.is_empty());
        match lists.len() {
            0 | 1 => out.extend(lists.into_iter().flatten()),
            _ => out.push(Step::Together { branches: lists }),
        }
        self.settle_shared(branches, &all_shared, view, out);
    }

    /// Lets the answers of sockets that asked without waiting come in, and takes stock of what they have joined.
    fn settle_shared(
        &mut self,
        branches: &[Vec<Move>],
        shared: &BTreeSet<usize>,
        view: &mut View,
        out: &mut Vec<Step>,
    ) {
        let routes = self.plan.contract.routes.len();
        let mut actors = Vec::new();
        for &socket in shared {
            if !view.usable(socket) {
                continue;
            }
            let asked = |joins: bool| -> BTreeSet<usize> {
                let acts = branches.iter().flatten().filter_map(|one| match one {
                    Move::Act { socket: who, act } if who % self.script.transports.len() == socket => Some(act),
                    _ => None,
                });
                acts.filter_map(|act| match act {
                    Act::Join(route) if joins => Some(route % routes),
                    Act::Leave(route) if !joins => Some(route % routes),
                    _ => None,
                })
                .collect()
            };
            let (joined, left) = (asked(true), asked(false));
            if joined.is_empty() && left.is_empty() {
                continue;
            }
            if let Some(state) = view.sockets.get_mut(&socket) {
                state.rooms = &(&state.rooms | &(&joined - &left)) - &left;
            }
            actors.push(self.name(socket));
        }
        if !actors.is_empty() {
            out.push(Step::Settle { actors });
        }
    }

    fn sockets_of(&self, moves: &[Move]) -> BTreeSet<usize> {
        let of = |one: &Move| match one {
            Move::Act { socket, .. } => BTreeSet::from([socket % self.script.transports.len()]),
            Move::AtOnce(branches) => branches.iter().flat_map(|branch| self.sockets_of(branch)).collect(),
            _ => BTreeSet::new(),
        };
        moves.iter().flat_map(of).collect()
    }

    /// What a socket does while another branch uses it too: joins and leaves, and no waiting for their answers.
    pub(super) fn ask_only(&mut self, socket: usize, act: &Act, view: &View, out: &mut Vec<Step>) {
        let contract = self.plan.contract;
        let (exchange, route) = match act {
            Act::Join(route) => (Some(&contract.join), route),
            Act::Leave(route) => (contract.leave.as_ref(), route),
            _ => return,
        };
        if let Some(exchange) = exchange.filter(|_| view.usable(socket)) {
            let args = vec![json!({"room": contract.routes[route % contract.routes.len()].room})];
            out.push(Step::Emit { actor: self.name(socket), event: exchange.request.clone(), args });
        }
    }
}
