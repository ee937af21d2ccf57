//! Many messages: in order, at once, of all types, and past a member that does not read.

use serde_json::Value;

use super::{MEMBER, plainly};
use crate::recording::What;
use crate::recording::tape::Tape;
use crate::scenarios::{BURST, CONCURRENT, CONVERSATION, SLOW, SLOW_MEMBER};

#[test]
fn messages_arrive_in_the_order_of_sending() {
    let name = "broadcast.order [Partner]";
    let base = || {
        let mut tape = plainly(&CONVERSATION);
        tape.sends("Partner", "2").sends("Partner", "3");
        tape
    };
    base().told(MEMBER, "2").told(MEMBER, "3").passes(name);
    base().told(MEMBER, "3").told(MEMBER, "2").violates(name, "arrived as plain, 3, 2");
    base().told(MEMBER, "3").violates(name, "arrived as plain, 3");
    Tape::of(&CONVERSATION).member(MEMBER, "Partner").sends("Partner", "1").leaves_open(name, "broadcast.delivered");
}

#[test]
fn messages_at_once_are_all_heard_and_the_list_agrees_with_the_last() {
    let name = "broadcast.burst [Partner]";
    let base = || {
        let mut tape = plainly(&BURST);
        tape.sends("Partner", "2").sends("Partner", "3").told(MEMBER, "2");
        tape
    };
    let listing = |label: Option<&str>| {
        let mut tape = base();
        tape.told(MEMBER, "3").settles(&[MEMBER]);
        let chats: Vec<Value> = label.into_iter().map(|label| tape.summary(label)).collect();
        tape.lists(MEMBER, "Partner", (1, 100), chats);
        tape
    };
    listing(Some("3")).passes(name);
    listing(Some("2")).violates(name, "the last broadcast is of `3`, the list shows `2`");
    listing(None).leaves_open(name, "list.filter");
    base().told(MEMBER, "3").settles(&[MEMBER]).leaves_open(name, "list.shape");
    base().told(MEMBER, "3").settles(&[MEMBER]).lacking("list").passes(name);
    base().settles(&[MEMBER]).violates(name, "3: never");
    base().told(MEMBER, "3").told(MEMBER, "3").settles(&[MEMBER]).violates(name, "3: 2 times");
}

#[test]
fn a_burst_is_not_blamed_for_what_a_single_message_suffers() {
    let name = "broadcast.burst [Partner]";
    let mut tape = plainly(&BURST);
    tape.told(MEMBER, "plain").sends("Partner", "2").told(MEMBER, "2").told(MEMBER, "2").settles(&[MEMBER]);
    tape.leaves_open(name, "broadcast.exactly-once");
    let mut tape = Tape::of(&BURST);
    tape.member(MEMBER, "Partner").sends("Partner", "plain").leaves_open(name, "broadcast.delivered");
}

#[test]
fn types_at_once_are_not_crossed() {
    let name = "broadcast.concurrent [Partner]";
    let all = ["member/Partner", "member/Customer", "member/Vendor", "member/SRDP"];
    let base = || {
        let mut tape = Tape::of(&CONCURRENT);
        for actor in all {
            tape.member(actor, actor.split('/').nth(1).unwrap());
        }
        tape.sends("Partner", "plain").told(MEMBER, "plain").sends("Partner", "1").told(MEMBER, "1");
        tape
    };
    base().settles(&all).passes(name);
    base().told("member/SRDP", "1").settles(&all).violates(name, "it heard `room_update`");
    base().sends("Partner", "2").settles(&all).violates(name, "2: never");
    base().settles(&[MEMBER]).leaves_open(name, None);
}

#[test]
fn a_member_that_stops_reading_delays_nobody() {
    let name = "broadcast.slow-member";
    let base = || {
        let mut tape = plainly(&SLOW_MEMBER);
        tape.member(SLOW, "Partner").at(SLOW, What::StoppedReading).sends("Partner", "1");
        tape
    };
    base().told(MEMBER, "1").passes(name);
    base().wait(2000).told(MEMBER, "1").violates(name, "while slow");
    base().violates(name, "while slow");
    // Whoever is in no room holds up nobody in it.
    let mut elsewhere = plainly(&SLOW_MEMBER);
    elsewhere.opens(SLOW).asks_to_join(SLOW, "PartnerApp").at(SLOW, What::StoppedReading).sends("Partner", "1");
    elsewhere.told(MEMBER, "1").leaves_open(name, "join.acknowledged");
    let mut never_slow = plainly(&SLOW_MEMBER);
    never_slow.member(SLOW, "Partner").sends("Partner", "1").told_all(&[MEMBER, SLOW], "1").leaves_open(name, None);
    Tape::of(&SLOW_MEMBER).member(MEMBER, "Partner").sends("Partner", "plain").leaves_open(name, "broadcast.delivered");
}
