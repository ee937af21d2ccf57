//! A conversation that is mostly silence: the heartbeat.

use super::{Blueprint, Phase, open_by};
use crate::scenario::{Actor, Step};

/// Per transport a client that answers pings and one that stops answering.
pub const HEARTBEAT: Blueprint = Blueprint {
    name: "heartbeat",
    about: "per transport a client that answers pings, and one that falls silent until the server drops it",
    needs: &[],
    phase: Phase::Beside,
    steps: |plan| {
        let (mut branches, mut all_steady) = (Vec::new(), Vec::new());
        for transport in plan.doors() {
            let [steady, silent] = ["steady", "silent"].map(|who| Actor::from(format!("{who}/{transport}")));
            branches.push(vec![open_by(&steady, transport), Step::AwaitPing { actor: Actor::clone(&steady) }]);
            branches.push(vec![open_by(&silent, transport), Step::FallSilent { actor: silent }]);
            all_steady.push(steady);
        }
        vec![Step::Together { branches }, Step::Settle { actors: all_steady }]
    },
};
