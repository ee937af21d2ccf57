//! Sockets that come and go, full rooms, and a restart.

use std::time::Duration;

use crate::recording::What;
use crate::recording::tape::Tape;
use crate::scenarios::{CHURN, LARGE_ROOM, RESTART};

const MEMBER: &str = "member/Partner";

/// The observer, who hears a first message.
fn observed(mut tape: Tape) -> Tape {
    tape.member(MEMBER, "Partner").sends("Partner", "Partner/plain").told(MEMBER, "Partner/plain");
    tape
}

/// So many sockets come and go around a message that the observer hears so often.
fn churn(sockets: usize, times: usize) -> Tape {
    let mut tape = observed(Tape::of(&CHURN));
    tape.sends("Partner", "Partner/1");
    for number in 0..sockets {
        let actor = format!("churning/{number}");
        tape.member(&actor, "Partner").closes(&actor, true);
    }
    for _ in 0..times {
        tape.told(MEMBER, "Partner/1");
    }
    tape.settles(&[MEMBER]);
    tape
}

#[test]
fn a_steady_member_hears_each_message_once_in_the_throng() {
    churn(300, 1).passes("resilience.churn [Partner]");
    churn(300, 0).violates("resilience.churn [Partner]", "Partner/1: never");
    churn(300, 2).violates("resilience.churn [Partner]", "Partner/1: 2 times");
}

#[test]
fn a_few_sockets_are_no_throng() {
    churn(20, 1).leaves_open("resilience.churn [Partner]", "join.acknowledged");
}

/// A member, a restart, and the member again, who hears the next message so often.
fn restarted(times: usize) -> Tape {
    let mut tape = observed(Tape::of(&RESTART));
    tape.closes(MEMBER, false).happens(What::Restarted { took: Duration::from_secs(1) });
    tape.member(MEMBER, "Partner").sends("Partner", "Partner/after");
    for _ in 0..times {
        tape.told(MEMBER, "Partner/after");
    }
    tape.settles(&[MEMBER]);
    tape
}

#[test]
fn who_comes_back_after_a_restart_hears_the_next_message() {
    restarted(1).passes("resilience.restart [Partner]");
    restarted(0).violates("resilience.restart [Partner]", "never");
    restarted(2).violates("resilience.restart [Partner]", "2 times");
}

#[test]
fn without_a_restart_or_without_coming_back_nothing_is_shown() {
    let mut tape = observed(Tape::of(&RESTART));
    tape.settles(&[MEMBER]).leaves_open("resilience.restart [Partner]", None);
    tape.skips("a restart", "exit code 1").leaves_open("resilience.restart [Partner]", None);
    let mut tape = observed(Tape::of(&RESTART));
    tape.closes(MEMBER, false).happens(What::Restarted { took: Duration::from_secs(1) });
    tape.opens(MEMBER).sends("Partner", "Partner/after");
    tape.leaves_open("resilience.restart [Partner]", "join.acknowledged");
}

const CROWD: [&str; 3] = ["crowd/1", "crowd/2", "crowd/3"];

/// A room of three besides the observer; the third hears the message after so many milliseconds, so often.
fn room(pause: u64, times: usize) -> Tape {
    let mut tape = observed(Tape::of(&LARGE_ROOM));
    for actor in CROWD {
        tape.member(actor, "Partner");
    }
    tape.sends("Partner", "Partner/to all")
        .told_all(&CROWD[..2], "Partner/to all")
        .told(MEMBER, "Partner/to all")
        .wait(pause);
    for _ in 0..times {
        tape.told(CROWD[2], "Partner/to all");
    }
    tape
}

#[test]
fn every_member_of_a_full_room_hears_a_message_once_and_in_time() {
    room(0, 1).settles(&CROWD).passes("resilience.large-room");
    room(0, 0).settles(&CROWD).violates("resilience.large-room", "2 in time, 1 never");
    room(0, 2).settles(&CROWD).violates("resilience.large-room", "2 in time, 1 more than once");
    room(2_100, 1).settles(&CROWD).violates("resilience.large-room", "2 in time, 1 late");
    room(0, 1).settles(&CROWD[..2]).leaves_open("resilience.large-room", None);
}

#[test]
fn a_room_that_does_not_fill_is_not_tested() {
    let mut tape = observed(Tape::of(&LARGE_ROOM));
    tape.member("crowd/1", "Partner").member("crowd/2", "Partner").closes("crowd/2", false);
    tape.sends("Partner", "Partner/to all").told("crowd/1", "Partner/to all").told(MEMBER, "Partner/to all");
    tape.leaves_open("resilience.large-room", None);
    let mut tape = observed(Tape::of(&LARGE_ROOM));
    tape.skips("a room of 1000", "too few open files").leaves_open("resilience.large-room", None);
}
