use std::time::Duration;

use crate::made::Made;
use crate::recording::What;

/// So many sockets that come and go around two messages to Partner; the observer hears the second so often.
fn churn(sockets: usize, times: usize) -> Made {
    let mut made = Made::for_check("resilience.churn");
    made.observer("Partner").message("Partner", "Partner/plain").heard("member/Partner", "Partner/plain");
    made.message("Partner", "Partner/1");
    for number in 0..sockets {
        let actor = format!("churning/{number}");
        made.opened(&actor).joined(&actor, "Partner").closed(&actor);
    }
    for _ in 0..times {
        made.heard("member/Partner", "Partner/1");
    }
    made.fenced("member/Partner");
    made
}

#[test]
fn a_steady_member_hears_each_message_once_in_the_throng() {
    churn(300, 1).passes_with(2);
    churn(300, 0).is_violated_by("Partner/1: never");
    churn(300, 2).is_violated_by("Partner/1: 2 times");
}

#[test]
fn a_few_sockets_are_no_throng() {
    churn(20, 1).is_not_tested_as("only 20 sockets");
}

/// A member, a restart, and the member again, who hears the next message so often.
fn restarted(times: usize) -> Made {
    let mut made = Made::for_check("resilience.restart");
    made.observer("Partner")
        .message("Partner", "Partner/plain")
        .heard("member/Partner", "Partner/plain")
        .dropped("member/Partner")
        .what(What::Restarted { took: Duration::from_secs(1) })
        .observer("Partner")
        .message("Partner", "Partner/after");
    for _ in 0..times {
        made.heard("member/Partner", "Partner/after");
    }
    made.fenced("member/Partner");
    made
}

#[test]
fn who_comes_back_after_a_restart_hears_the_next_message() {
    restarted(1).passes_with(1);
    restarted(0).is_violated_by("never");
    restarted(2).is_violated_by("2 times");
}

#[test]
fn without_a_restart_nothing_is_shown() {
    let mut made = Made::for_check("resilience.restart");
    made.observer("Partner").message("Partner", "Partner/plain").heard("member/Partner", "Partner/plain");
    made.is_not_tested_as("was not restarted");
    made.skipped("a restart", "exit code 1").is_not_tested_as("the restart failed: exit code 1");
}

/// A room of three besides the observer; the third hears the message at the end of `pause` ms, so often.
fn room(pause: u64, times: usize) -> Made {
    let mut made = Made::for_check("resilience.large-room");
    made.observer("Partner").message("Partner", "Partner/plain").heard("member/Partner", "Partner/plain");
    let crowd = ["crowd/1", "crowd/2", "crowd/3"];
    for actor in crowd {
        made.opened(actor).joined(actor, "Partner");
    }
    made.message("Partner", "Partner/to all").heard("crowd/1", "Partner/to all").heard("crowd/2", "Partner/to all");
    made.after(pause);
    for _ in 0..times {
        made.heard("crowd/3", "Partner/to all");
    }
    for actor in crowd {
        made.fenced(actor);
    }
    made
}

#[test]
fn every_member_of_a_full_room_hears_a_message_once_and_in_time() {
    room(0, 1).passes_with(3);
    room(0, 0).is_violated_by("2 in time, 1 never");
    room(0, 2).is_violated_by("2 in time, 1 more than once");
    room(2_100, 1).is_violated_by("2 in time, 1 late");
}

#[test]
fn a_room_that_does_not_fill_is_not_tested_and_says_what_may_limit_it() {
    let mut made = Made::for_check("resilience.large-room");
    made.observer("Partner").message("Partner", "Partner/plain").heard("member/Partner", "Partner/plain");
    made.opened("crowd/1").joined("crowd/1", "Partner").opened("crowd/2").dropped("crowd/2");
    made.message("Partner", "Partner/to all").is_not_tested_as("only 1 of 2 sockets");
    made.skipped("a room of 1000", "ulimit").is_not_tested_as("ulimit");
}
