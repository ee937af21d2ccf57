//! What a page shows, says and hears, on recordings made by hand.

use serde_json::json;

use crate::recording::tape::Tape;
use crate::recording::{Act, Row, What};
use crate::scenarios::{
    BUSY, DROPPED, EXPIRED, LOADING, PAGE_BURST, PAGE_LIVE, PAGE_RECONNECT, PAGE_SESSION, PAGE_SLOW, PAGE_SWITCH,
    PAGE_TABS, SLOW_PAGE, TABS, TOUR,
};

const PAGE: &str = "page/Partner";
const MEMBER: &str = "member/Partner";

fn text_of(tape: &Tape, label: &str) -> String {
    tape.summary(label)["last_message"].as_str().unwrap().to_owned()
}

fn row(preview: &str, badge: u64) -> Row {
    Row { id: None, name: "Conformance Check".to_owned(), preview: preview.to_owned(), badge: Some(badge) }
}

/// The page's list shows these messages with these badges, from the top.
fn shows(tape: &mut Tape, page: &str, rows: &[(&str, u64)]) {
    let rows = rows.iter().map(|(label, badge)| row(&text_of(tape, label), *badge)).collect();
    tape.page(page, What::Shows { rows });
}

fn says(tape: &mut Tape, page: &str, line: &str) {
    tape.page(page, What::Console { level: "info".to_owned(), text: line.to_owned() });
}

fn does(tape: &mut Tape, page: &str, act: Act) {
    tape.page(page, What::Acting { act: act.clone() }).page(page, What::Acted { act });
}

/// A message that the member hears and the page's socket gets.
fn message(tape: &mut Tape, page: &str, customer: &str, label: &str) {
    tape.sends_from(customer, "Partner", label).told_all(&[MEMBER, page], label);
}

/// A page that has come up with a chat in its list, and the line that it says of its room.
fn opened(tape: &mut Tape, page: &str) {
    tape.with_console()
        .member(MEMBER, "Partner")
        .sends_from("known", "Partner", "Partner/known")
        .told(MEMBER, "Partner/known");
    does(tape, page, Act::Open { customer_type: "Partner".to_owned() });
    tape.member(page, "Partner");
    says(tape, page, "[Socket] emitting join_room: PartnerApp");
    says(tape, page, "[Socket] join_room_response: {\"status\":1,\"room\":\"PartnerApp\"}");
    shows(tape, page, &[("Partner/known", 1)]);
}

/// The same, and a plain message that it has shown as it should.
fn plainly(tape: &mut Tape, page: &str) {
    opened(tape, page);
    message(tape, page, "known", "Partner/plain");
    shows(tape, page, &[("Partner/plain", 2)]);
}

/// A live page with two chats that was told of a message in the lower one.
fn told() -> Tape {
    let mut tape = Tape::of(&PAGE_LIVE);
    opened(&mut tape, PAGE);
    message(&mut tape, PAGE, "other", "Partner/other");
    shows(&mut tape, PAGE, &[("Partner/other", 1), ("Partner/known", 1)]);
    message(&mut tape, PAGE, "known", "Partner/again");
    tape
}

fn after_told(then: impl FnOnce(&mut Tape)) -> Tape {
    let mut tape = told();
    then(&mut tape);
    tape
}

#[test]
fn a_row_that_moves_up_with_its_preview_and_its_badge_is_immediate() {
    let good = after_told(|tape| shows(tape, PAGE, &[("Partner/again", 2), ("Partner/other", 1)]));
    good.passes("page.immediate [Partner]");
    // A page may take two steps to it.
    let in_steps = after_told(|tape| {
        shows(tape, PAGE, &[("Partner/other", 1), ("Partner/again", 2)]);
        shows(tape, PAGE, &[("Partner/again", 2), ("Partner/other", 1)]);
    });
    in_steps.passes("page.immediate [Partner]");
}

#[test]
fn a_row_that_stays_counts_nothing_comes_twice_or_late_is_not() {
    let violates = |observed: &str, then: &dyn Fn(&mut Tape)| {
        after_told(|tape| then(tape)).violates("page.immediate [Partner]", observed);
    };
    violates("the second from the top", &|tape| shows(tape, PAGE, &[("Partner/other", 1), ("Partner/again", 2)]));
    violates("its badge was 1 and is 1", &|tape| shows(tape, PAGE, &[("Partner/again", 1), ("Partner/other", 1)]));
    violates("twice", &|tape| shows(tape, PAGE, &[("Partner/again", 2), ("Partner/other", 1), ("Partner/known", 1)]));
    violates("never showed", &|_| ());
    violates("after the page's socket got", &|tape| {
        tape.wait(1_100);
        shows(tape, PAGE, &[("Partner/again", 2)]);
    });
    violates("`fetch_all_chats` was asked for", &|tape| {
        tape.emits(PAGE, "fetch_all_chats", vec![json!({})]);
        shows(tape, PAGE, &[("Partner/again", 2)]);
    });
}

#[test]
fn what_the_page_was_not_told_is_not_held_against_it() {
    let mut tape = Tape::of(&PAGE_LIVE);
    opened(&mut tape, PAGE);
    tape.sends_from("known", "Partner", "Partner/again");
    tape.leaves_open("page.immediate [Partner]", "broadcast.delivered");
    tape.told(MEMBER, "Partner/again");
    tape.leaves_open("page.immediate [Partner]", "broadcast.delivered");
    let mut outside = Tape::of(&PAGE_LIVE);
    outside.member(MEMBER, "Partner").sends_from("known", "Partner", "Partner/known").opens(PAGE);
    outside.sends_from("known", "Partner", "Partner/again").told(MEMBER, "Partner/again");
    outside.leaves_open("page.immediate [Partner]", "page.join-logged");
}

#[test]
fn the_console_tells_of_joining_and_of_updates() {
    let chat = |tape: &Tape| tape.summary("Partner/again")["chat_id"].as_str().unwrap().to_owned();
    told().passes("page.join-logged [Partner]");
    let logged = after_told(|tape| {
        let line = format!("[Socket] room_update received: {} Partner", chat(tape));
        says(tape, PAGE, &line);
    });
    logged.passes("page.update-logged [Partner]");
    let silent = after_told(|tape| shows(tape, PAGE, &[("Partner/again", 2)]));
    silent.violates("page.update-logged [Partner]", "there is no such line");
    told().leaves_open("page.update-logged [Partner]", "page.immediate");
    let mut mute = Tape::of(&PAGE_LIVE);
    mute.with_console().member(PAGE, "Partner");
    mute.violates("page.join-logged [Partner]", "no such line");
    let mut liar = Tape::of(&PAGE_LIVE);
    liar.with_console().opens(PAGE);
    says(&mut liar, PAGE, "[Socket] emitting join_room: PartnerApp");
    liar.violates("page.join-logged [Partner]", "no `join_room` left the page");
}

#[test]
fn a_new_chat_appears_and_its_html_and_letters_stay_as_they_are() {
    let mut tape = after_told(|tape| shows(tape, PAGE, &[("Partner/again", 2)]));
    for label in ["Partner/stranger", "Partner/markup", "Partner/emoji", "Partner/right-to-left"] {
        message(&mut tape, PAGE, "stranger", label);
    }
    tape.violates("page.new-chat [Partner]", "never showed");
    tape.leaves_open("page.inert [Partner]", "page.new-chat");
    tape.leaves_open("page.text [Partner]", "page.new-chat");
    shows(&mut tape, PAGE, &[("Partner/stranger", 1)]);
    tape.passes("page.new-chat [Partner]");
    let words = |tape: &Tape, label: &str, more: &str| row(&format!("{}{more}", text_of(tape, label)), 2);
    let rendered = words(&tape, "Partner/markup", "");
    tape.page(PAGE, What::Shows { rows: vec![rendered] });
    tape.violates("page.inert [Partner]", "taken for HTML");
    let mut tape = told();
    message(&mut tape, PAGE, "stranger", "Partner/markup");
    let kept = words(&tape, "Partner/markup", " <b>bold</b>");
    tape.page(PAGE, What::Shows { rows: vec![kept] });
    tape.passes("page.inert [Partner]");
    for label in ["Partner/emoji", "Partner/right-to-left"] {
        message(&mut tape, PAGE, "stranger", label);
        shows(&mut tape, PAGE, &[(label, 2)]);
    }
    tape.passes("page.text [Partner]");
}

/// A page that goes from Partner to Customer while one message of each comes.
fn tour(leaves: bool, hears: bool, then: impl FnOnce(&mut Tape)) -> Tape {
    let mut tape = Tape::of(&PAGE_SWITCH);
    for customer_type in ["Partner", "Customer"] {
        tape.member(&format!("member/{customer_type}"), customer_type);
    }
    tape.member(TOUR, "Partner");
    let act = Act::Switch { customer_type: "Customer".to_owned() };
    tape.page(TOUR, What::Acting { act: act.clone() });
    if leaves {
        tape.leaves(TOUR, "PartnerApp");
    }
    tape.joins(TOUR, "CustomerApp").page(TOUR, What::Acted { act });
    tape.sends("Partner", "Partner/left").told(MEMBER, "Partner/left");
    if hears {
        tape.told(TOUR, "Partner/left");
    }
    tape.sends("Customer", "Customer/here").told("member/Customer", "Customer/here").told(TOUR, "Customer/here");
    then(&mut tape);
    tape
}

#[test]
fn a_page_that_goes_away_leaves_its_room_or_is_told_apart_from_a_backend_that_does_not_let_go() {
    let here = |tape: &mut Tape| shows(tape, TOUR, &[("Customer/here", 1)]);
    tour(true, false, here).passes("page.switch [Partner]");
    tour(true, true, here).leaves_open("page.switch [Partner]", "leave.effective");
    tour(false, true, here).violates("page.switch [Partner]", "no `leave_room` left the page");
    let mixed = tour(false, true, |tape| shows(tape, TOUR, &[("Customer/here", 1), ("Partner/left", 1)]));
    mixed.violates("page.switch [Partner]", "the list of the Customer page shows a message of Partner");
    let doubled = tour(true, false, |tape| shows(tape, TOUR, &[("Customer/here", 1), ("Customer/here", 1)]));
    doubled.violates("page.switch [Partner]", "the same chat 2 times");
    tour(true, false, |_| ()).leaves_open("page.switch [Partner]", "page.immediate");
}

/// A page that is dropped and comes back, and a message behind each of the two drops.
fn dropped(comes_back: bool, rejoins: bool, hears: bool, is_shown: bool) -> Tape {
    let mut tape = Tape::of(&PAGE_RECONNECT);
    plainly(&mut tape, DROPPED);
    for (act, back, label) in [(Act::Cut, Act::Mend, "cut"), (Act::Unplug, Act::Plug, "unplugged")] {
        let label = format!("Partner/{label}");
        does(&mut tape, DROPPED, act);
        if comes_back || label == "Partner/cut" {
            tape.closes(DROPPED, true);
        }
        does(&mut tape, DROPPED, back);
        if comes_back {
            tape.opens(DROPPED);
        }
        if rejoins {
            tape.joins(DROPPED, "PartnerApp");
        }
        tape.sends_from("known", "Partner", &label).told(MEMBER, &label);
        if hears {
            tape.told(DROPPED, &label);
        }
        if is_shown {
            shows(&mut tape, DROPPED, &[(&label, 3)]);
        }
    }
    tape
}

#[test]
fn a_page_that_comes_back_shows_the_next_message_or_it_is_told_whose_fault_that_is() {
    dropped(true, true, true, true).passes("page.reconnect");
    dropped(false, false, false, false).violates("page.reconnect", "it did not come back");
    dropped(true, false, false, false).violates("page.reconnect", "did not rejoin its room");
    dropped(true, true, true, false).violates("page.reconnect", "the list did not show it");
    dropped(true, true, false, false).leaves_open("page.reconnect", "broadcast.delivered");
}

#[test]
fn a_renewed_session_shows_the_next_message() {
    let session = |renewed: bool| {
        let mut tape = Tape::of(&PAGE_SESSION);
        plainly(&mut tape, EXPIRED);
        does(&mut tape, EXPIRED, Act::Expire);
        tape.closes(EXPIRED, true);
        if renewed {
            tape.member(EXPIRED, "Partner");
        }
        tape.sends_from("known", "Partner", "Partner/renewed").told(MEMBER, "Partner/renewed");
        if renewed {
            tape.told(EXPIRED, "Partner/renewed");
            shows(&mut tape, EXPIRED, &[("Partner/renewed", 3)]);
        }
        tape
    };
    session(true).passes("page.session");
    session(false).violates("page.session", "it did not come back");
}

#[test]
fn a_burst_leaves_the_last_message_and_the_whole_count() {
    let burst = |badge: u64| {
        let mut tape = Tape::of(&PAGE_BURST);
        plainly(&mut tape, BUSY);
        let labels: Vec<String> = (90..100).map(|number| format!("Partner/burst/{number}")).collect();
        for (index, label) in labels.iter().enumerate() {
            message(&mut tape, BUSY, &format!("burst/{index}"), label);
        }
        let rows: Vec<(&str, u64)> = labels.iter().map(|label| (label.as_str(), badge)).collect();
        shows(&mut tape, BUSY, &rows);
        tape
    };
    burst(11).passes("page.burst");
    burst(9).violates("page.burst", "badge");
}

#[test]
fn tabs_hidden_pages_and_slow_networks_show_messages_too() {
    let tabs = |second: bool, hidden: bool| {
        let mut tape = Tape::of(&PAGE_TABS);
        plainly(&mut tape, TABS[0]);
        tape.member(TABS[1], "Partner");
        tape.sends_from("known", "Partner", "Partner/both").told_all(&[MEMBER, TABS[0], TABS[1]], "Partner/both");
        shows(&mut tape, TABS[0], &[("Partner/both", 3)]);
        if second {
            shows(&mut tape, TABS[1], &[("Partner/both", 3)]);
        }
        does(&mut tape, TABS[0], Act::Hide);
        message(&mut tape, TABS[0], "known", "Partner/behind");
        does(&mut tape, TABS[0], Act::Reveal);
        if hidden {
            shows(&mut tape, TABS[0], &[("Partner/behind", 4)]);
        }
        tape
    };
    tabs(true, true).passes("page.tabs");
    tabs(true, true).passes("page.hidden");
    tabs(false, true).violates("page.tabs", "never showed");
    tabs(true, false).violates("page.hidden", "never shows");
    let slow = |millis: u64, copies: usize| {
        let mut tape = Tape::of(&PAGE_SLOW);
        plainly(&mut tape, SLOW_PAGE);
        message(&mut tape, SLOW_PAGE, "known", "Partner/slowly");
        tape.wait(millis);
        shows(&mut tape, SLOW_PAGE, &[("Partner/slowly", 3)]);
        tape.sends_from("one", "Partner", "Partner/meanwhile-1").told(MEMBER, "Partner/meanwhile-1");
        tape.opens(LOADING).sends_from("two", "Partner", "Partner/meanwhile-2").told(MEMBER, "Partner/meanwhile-2");
        let mut rows = vec![("Partner/meanwhile-2", 1); copies];
        rows.push(("Partner/meanwhile-1", 1));
        shows(&mut tape, LOADING, &rows);
        tape
    };
    slow(10, 1).passes("page.slow-network");
    slow(1_200, 1).violates("page.slow-network", "after the page's socket got");
    slow(10, 1).passes("page.while-loading");
    slow(10, 0).violates("page.while-loading", "never shows");
    slow(10, 2).violates("page.while-loading", "2 times");
}

#[test]
fn pages_that_show_no_plain_message_are_not_judged_by_harder_ones() {
    let mut tape = Tape::of(&PAGE_SLOW);
    opened(&mut tape, SLOW_PAGE);
    message(&mut tape, SLOW_PAGE, "known", "Partner/plain");
    message(&mut tape, SLOW_PAGE, "known", "Partner/slowly");
    tape.leaves_open("page.slow-network", "page.immediate");
}
