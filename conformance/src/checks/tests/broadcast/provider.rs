//! What the provider's webhook brings besides single texts: kinds, receipts, batches, redeliveries.

use fixtures::webhooks::MessageKind;
use serde_json::json;

use super::{MEMBER, plainly};
use crate::recording::What;
use crate::recording::tape::Tape;
use crate::scenarios::{BATCH, KINDS, RECEIPTS, REDELIVERY};

#[test]
fn every_kind_of_message_is_broadcast() {
    let name = "broadcast.kinds [Partner]";
    let base = || {
        let mut tape = plainly(&KINDS);
        tape.sends_kind(MessageKind::Image, "customer", "Partner", "image").told(MEMBER, "image");
        tape.sends_kind(MessageKind::Sticker, "customer", "Partner", "sticker");
        tape
    };
    base().told(MEMBER, "sticker").passes(name);
    base().violates(name, "none for: sticker");
    Tape::of(&KINDS).member(MEMBER, "Partner").sends("Partner", "text").leaves_open(name, "broadcast.delivered");
}

#[test]
fn receipts_broadcast_nothing() {
    let name = "broadcast.not-status [Partner]";
    let base = |copies: usize, told_of_receipts: usize| {
        let mut tape = Tape::of(&RECEIPTS);
        tape.member(MEMBER, "Partner");
        for label in ["plain", "before", "after"] {
            tape.sends("Partner", label);
            tape.told_all(&vec![MEMBER; copies], label);
            if label == "before" {
                tape.receipts("Partner");
                tape.told_all(&vec![MEMBER; told_of_receipts], label);
            }
        }
        tape
    };
    base(1, 0).settles(&[MEMBER]).passes(name);
    base(1, 4).settles(&[MEMBER]).violates(name, "7 broadcasts");
    base(1, 1).settles(&[MEMBER]).violates(name, "4 broadcasts");
    base(2, 0).settles(&[MEMBER]).passes(name); // doubled, and not because of receipts
    base(2, 1).settles(&[MEMBER]).violates(name, "7 broadcasts");
    base(1, 0).leaves_open(name, None);
    base(0, 0).settles(&[MEMBER]).leaves_open(name, "broadcast.delivered");
}

#[test]
fn receipts_that_were_refused_or_never_sent_prove_nothing() {
    let name = "broadcast.not-status [Partner]";
    let mut tape = plainly(&RECEIPTS);
    tape.settles(&[MEMBER]).leaves_open(name, None);
    let refused = Some("the webhook answered 400".to_owned());
    let status = fixtures::webhooks::ReceiptStatus::Read;
    tape.receipts("Partner").happens(What::Receipt { customer_type: "Partner".to_owned(), status, refused });
    tape.leaves_open(name, None);
}

#[test]
fn each_message_of_a_batch_is_broadcast() {
    let name = "broadcast.batch [Partner]";
    let base = || {
        let mut tape = plainly(&BATCH);
        tape.sends_from("a", "Partner", "1").sends_from("b", "Partner", "2");
        tape
    };
    base().told(MEMBER, "1").told(MEMBER, "2").settles(&[MEMBER]).passes(name);
    base().told(MEMBER, "1").settles(&[MEMBER]).violates(name, "2: never");
    base().settles(&[MEMBER]).violates(name, "1: never, 2: never");
    base().told(MEMBER, "1").told(MEMBER, "2").leaves_open(name, None);
}

/// A message, its redelivery, and a next one; how often each is broadcast, and the next one's unread count.
fn redelivered(copies: [usize; 2], unread: i64) -> Tape {
    let mut tape = Tape::of(&REDELIVERY);
    tape.member(MEMBER, "Partner").sends("Partner", "once").redelivers("once", "again");
    tape.told_all(&vec![MEMBER; copies[0]], "once");
    tape.sends("Partner", "after");
    for _ in 0..copies[1] {
        tape.told_with(MEMBER, "after", |chat| {
            chat.insert("unread_count".to_owned(), json!(unread));
        });
    }
    tape
}

#[test]
fn a_message_that_is_delivered_twice_is_one_message() {
    let name = "broadcast.redelivery [Partner]";
    redelivered([1, 1], 2).settles(&[MEMBER]).passes(name);
    redelivered([2, 1], 2).settles(&[MEMBER]).violates(name, "2 broadcasts of it, 1 of the next message");
    redelivered([1, 1], 3).settles(&[MEMBER]).violates(name, "1 after it, 3 after the next message");
    redelivered([2, 2], 2).settles(&[MEMBER]).passes(name); // doubled, and not because of the redelivery
    redelivered([1, 1], 1).settles(&[MEMBER]).leaves_open(name, "payload.unread");
    redelivered([1, 1], 2).leaves_open(name, None);
    redelivered([0, 1], 2).settles(&[MEMBER]).leaves_open(name, "broadcast.delivered");
    plainly(&REDELIVERY).settles(&[MEMBER]).leaves_open(name, None);
    Tape::of(&REDELIVERY).member(MEMBER, "Partner").sends("Partner", "once").leaves_open(name, "broadcast.delivered");
}
