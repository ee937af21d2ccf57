//! Leaving: it ends a room's broadcasts, breaks nothing, and can be taken back.

use crate::recording::tape::Tape;
use crate::scenarios::MEMBERSHIP;

/// Plain members of two rooms, and one socket that was in both and left one.
fn left() -> Tape {
    let mut tape = Tape::of(&MEMBERSHIP);
    tape.member("member/Partner", "Partner").member("member/Vendor", "Vendor");
    tape.member("left/Partner", "Partner").joins("left/Partner", "VendorApp").leaves("left/Partner", "PartnerApp");
    tape.sends("Partner", "mine").told("member/Partner", "mine");
    tape.sends("Vendor", "other").told("member/Vendor", "other");
    tape
}

#[test]
fn a_socket_that_left_hears_that_room_no_more_and_the_others_still() {
    let name = "leave.effective [Partner]";
    left().told("left/Partner", "other").settles(&["left/Partner"]).passes(name);
    left()
        .told_all(&["left/Partner"], "other")
        .told("left/Partner", "mine")
        .settles(&["left/Partner"])
        .violates(name, "it heard `room_update`");
    left().settles(&["left/Partner"]).violates(name, "no longer hears room_update_vendor");
    left().told("left/Partner", "other").leaves_open(name, None);
}

#[test]
fn leaving_is_not_blamed_for_what_plain_members_miss() {
    let mut tape = Tape::of(&MEMBERSHIP);
    tape.member("member/Partner", "Partner").member("left/Partner", "Partner").leaves("left/Partner", "PartnerApp");
    tape.sends("Partner", "mine").told("left/Partner", "mine").settles(&["left/Partner"]);
    tape.leaves_open("leave.effective [Partner]", "broadcast.delivered");
}

#[test]
fn leaving_that_was_not_over_proves_nothing() {
    let mut tape = Tape::of(&MEMBERSHIP);
    tape.member("member/Partner", "Partner").member("left/Partner", "Partner");
    tape.asks_to_leave("left/Partner", "PartnerApp").sends("Partner", "mine").told("member/Partner", "mine");
    tape.settles(&["left/Partner"]).leaves_open("leave.effective [Partner]", None);
}

/// A socket that leaves a room it is not in, and then asks for it.
fn stranger() -> Tape {
    let mut tape = Tape::of(&MEMBERSHIP);
    tape.member("member/Partner", "Partner").opens("stranger").asks_to_leave("stranger", "NoSuchRoom");
    tape
}

#[test]
fn leaving_a_room_one_is_not_in_breaks_nothing() {
    let name = "leave.harmless";
    let joined = || {
        let mut tape = stranger();
        tape.joins("stranger", "PartnerApp").sends("Partner", "hello");
        tape
    };
    joined().told_all(&["member/Partner", "stranger"], "hello").passes(name);
    joined().told("member/Partner", "hello").violates(name, "it did not hear room_update");
    joined().leaves_open(name, "broadcast.delivered");
    stranger().asks_to_join("stranger", "PartnerApp").violates(name, "not acknowledged, although others' were");
    stranger().closes("stranger", false).violates(name, "it ended");
    stranger().leaves_open(name, None);
}

#[test]
fn a_room_that_was_left_and_joined_again_delivers_once() {
    let both = ["member/Partner", "back/Partner"];
    let base = || {
        let mut tape = Tape::of(&MEMBERSHIP);
        tape.member("member/Partner", "Partner").member("back/Partner", "Partner");
        tape.leaves("back/Partner", "PartnerApp").joins("back/Partner", "PartnerApp").sends("Partner", "hello");
        tape
    };
    let name = "leave.rejoin [Partner]";
    base().told_all(&both, "hello").settles(&both).passes(name);
    base().told("member/Partner", "hello").settles(&both).violates(name, "it does not");
    base().told_all(&both, "hello").told("back/Partner", "hello").settles(&both).violates(name, "2 times");
    base().settles(&both).leaves_open(name, "broadcast.delivered");
}
