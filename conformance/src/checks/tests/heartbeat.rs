//! Pings, and clients that do not answer them.

use serde_json::json;

use crate::recording::tape::Tape;
use crate::recording::{Direction, TokenPlace, TokenUse, Transport, What};
use crate::scenarios::HEARTBEAT;

const STEADY: &str = "steady/websocket";
const SILENT: &str = "silent/websocket";

fn frame(tape: &mut Tape, actor: &str, dir: Direction, text: &str) {
    tape.at(actor, What::Frame { dir, text: text.to_owned() });
}

/// So many pings a second apart at a client that answers, and a silent one that is dropped so many milliseconds after its
/// ping. The server said 1 s and 500 ms.
fn heartbeat(pings: usize, dropped_after: Option<u64>) -> Tape {
    heartbeat_within(500, pings, dropped_after)
}

/// The same with another `pingTimeout`.
fn heartbeat_within(timeout: u64, pings: usize, dropped_after: Option<u64>) -> Tape {
    let mut tape = Tape::of(&HEARTBEAT);
    for actor in [STEADY, SILENT] {
        let handshake = json!({"sid": "*", "upgrades": [], "pingInterval": 1000, "pingTimeout": timeout,
            "maxPayload": 1});
        tape.opening(actor, Transport::Websocket, TokenUse::Good, TokenPlace::Auth);
        tape.at(actor, What::Opened { handshake }).at(actor, What::Connected);
    }
    tape.at(SILENT, What::FellSilent);
    for _ in 0..pings {
        tape.wait(1_000);
        frame(&mut tape, STEADY, Direction::In, "2");
        frame(&mut tape, STEADY, Direction::Out, "3");
    }
    frame(&mut tape, SILENT, Direction::In, "2");
    tape.wait(dropped_after.unwrap_or(5_000)).closes(SILENT, dropped_after.is_none());
    tape
}

#[test]
fn pings_that_come_and_a_silent_client_that_goes_are_a_heartbeat() {
    heartbeat(2, Some(510)).settles(&[STEADY]).passes("transport.heartbeat");
    heartbeat(2, Some(900)).settles(&[STEADY]).passes("transport.heartbeat");
}

#[test]
fn a_ping_right_behind_the_handshake_tells_nothing_of_the_interval() {
    let mut tape = heartbeat(0, Some(300));
    tape.violates("transport.heartbeat", "no ping");
    frame(&mut tape, STEADY, Direction::In, "2");
    tape.settles(&[STEADY]).violates("transport.heartbeat", "none but the first, after 3");
}

#[test]
fn a_gap_of_several_intervals_is_told() {
    let mut tape = heartbeat(1, Some(510));
    tape.wait(3_000);
    frame(&mut tape, STEADY, Direction::In, "2");
    tape.settles(&[STEADY]).violates("transport.heartbeat", "none for 3.51 s");
}

#[test]
fn one_late_ping_is_a_moment_of_much_work_and_most_of_them_are_another_interval() {
    let mut tape = heartbeat_within(2_000, 2, Some(2_010));
    for gap in [500, 1_000, 2_600] {
        tape.wait(gap);
        frame(&mut tape, STEADY, Direction::In, "2");
        frame(&mut tape, STEADY, Direction::Out, "3");
    }
    tape.settles(&[STEADY]).passes("transport.heartbeat");
    let mut tape = heartbeat_within(2_000, 1, Some(2_010));
    for gap in [700, 2_700] {
        tape.wait(gap);
        frame(&mut tape, STEADY, Direction::In, "2");
        frame(&mut tape, STEADY, Direction::Out, "3");
    }
    tape.settles(&[STEADY]).violates("transport.heartbeat", "none for 2.7");
}

#[test]
fn a_silent_client_that_is_kept_is_told_and_so_is_one_that_is_not_given_its_time() {
    heartbeat(2, None).settles(&[STEADY]).violates("transport.heartbeat", "still open");
    heartbeat(2, Some(10)).settles(&[STEADY]).violates("transport.heartbeat", "after 11 ms");
}

#[test]
fn a_client_that_answers_may_not_be_dropped() {
    heartbeat(2, Some(510)).closes(STEADY, false).violates("transport.heartbeat", "it ended");
}

#[test]
fn a_pong_that_this_machine_owes_is_not_held_against_the_server() {
    let mut tape = heartbeat(2, Some(510));
    frame(&mut tape, STEADY, Direction::In, "2");
    tape.wait(510).closes(STEADY, false).leaves_open("transport.heartbeat", None);
}

#[test]
fn a_heartbeat_without_a_fence_or_too_long_to_wait_for_is_not_tested() {
    heartbeat(2, Some(510)).leaves_open("transport.heartbeat", None);
    let mut tape = Tape::of(&HEARTBEAT);
    let reason = "longer than is waited for".to_owned();
    tape.opens(STEADY).opens(SILENT).at(SILENT, What::Skipped { what: "the heartbeat".to_owned(), reason });
    tape.leaves_open("transport.heartbeat", None);
}
