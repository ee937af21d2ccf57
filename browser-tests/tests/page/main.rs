//! The reference page in a real browser: what an agent sees of it, and does with it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod desk;

use std::sync::atomic::{AtomicI64, Ordering};

use desk::{Desk, KOFI, RAVI, and_enter, mock};
use fantoccini::key::Key;
use fixtures::{Contract, SampleChat};
use jiff::{SignedDuration, Timestamp};
use mock_server::{Options, faults};
use serde_json::{Value, json};

const HOSTILE: &str = "<img src=x onerror=\"document.title='gone'\"> & </p><script>document.title='gone'</script>";

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_the_right_one_opens_the_page_that_was_asked_for() {
    let desk = Desk::new().await;
    desk.goto("/vendor").await;
    desk.give_credentials("wrong").await;
    desk.until("document.querySelector('#problem').textContent.includes('password is not right')").await;
    desk.look("void (window.lines = [], console.log = (line) => lines.push(line))").await;
    desk.give_credentials("agent-password").await;
    desk.until("document.querySelector('#connection').textContent === 'Live'").await;
    assert_eq!(
        desk.look("lines").await,
        json!([
            "Socket connected!",
            "Joining socket room: VendorApp for customerType: Vendor",
            "[Socket] emitting join_room: VendorApp",
            "[Socket] join_room_response: {\"status\":1,\"room\":\"VendorApp\"}",
        ])
    );
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    // Who comes back is still signed in; who signs out is not.
    desk.goto("/").await;
    desk.until("document.querySelector('#page-title').textContent === 'Partner'").await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    desk.click("#sign-out").await;
    desk.until("document.querySelector('form#login').checkVisibility()").await;
    assert_eq!(desk.look("localStorage.length").await, 0);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_moves_its_row_to_the_top_at_once_without_the_list_being_asked_for() {
    let desk = Desk::new().await;
    desk.sign_in("/partner").await;
    desk.look("void (window.lines = [], console.log = (line) => lines.push(line))").await;
    let asked = desk.emitted("fetch_all_chats").await;
    desk.write("Partner", KOFI, "Where are you?").await;
    desk.first_row("Where are you?", "2").await;
    desk.write("Partner", KOFI, "Hello?").await;
    desk.first_row("Hello?", "3").await;
    let row = desk.look("document.querySelector('[data-chat-id]').dataset.chatId").await;
    let line = format!("[Socket] room_update received: {} Partner", row.as_str().unwrap());
    assert_eq!(desk.look("lines").await, json!([line, line]));
    desk.write("Partner", "15550100042", "I am new here").await;
    desk.first_row("I am new here", "1").await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 26").await;
    assert_eq!(desk.emitted("fetch_all_chats").await, asked);
    assert!(desk.look("document.title").await.as_str().unwrap().starts_with('('), "the tab tells of unread chats");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_appears_and_is_ticked_and_one_that_was_refused_can_be_sent_again() {
    let desk = Desk::new().await;
    desk.sign_in("/partner").await;
    desk.open_chat("Ravi").await;
    desk.until("document.querySelector('.chat-item[aria-current] .unseen').hidden").await;
    desk.enter("#reply-text", &and_enter("We are looking into it.")).await;
    let last = "[...document.querySelectorAll('#messages .own')].at(-1)";
    desk.until(&format!("{last}.querySelector('.words').textContent === 'We are looking into it.'")).await;
    desk.until(&format!("{last}.dataset.tick === 'sent'")).await;
    desk.first_row("We are looking into it.", "").await;
    // What the customer answers is read as it comes.
    desk.write("Partner", RAVI, "Thank you").await;
    desk.until("[...document.querySelectorAll('#messages .theirs .words')].at(-1).textContent === 'Thank you'").await;
    desk.first_row("Thank you", "").await;
    // 24 hours after the customer's last message WhatsApp takes none, until they write again.
    desk.open_chat("Kofi").await;
    desk.enter("#reply-text", &and_enter("Is it better now?")).await;
    desk.until(&format!("{last}?.dataset.tick === 'failed' && {last}.innerText.includes('24 hours')")).await;
    desk.write("Partner", KOFI, "Anybody there?").await;
    desk.first_row("Anybody there?", "").await;
    desk.click("#messages .failure button").await;
    desk.until(&format!("{last}.dataset.tick === 'sent' && !document.querySelector('.failure')")).await;
    let said =
        "[...document.querySelectorAll('#messages .words')].filter((it) => it.textContent === 'Is it better now?')";
    assert_eq!(desk.look(&format!("{said}.length")).await, 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_found_by_name_number_and_text_even_those_that_were_not_loaded() {
    let mut chats = fixtures::chats::sample().to_vec();
    // Older than all others, so that it is on no page that is loaded at first.
    let first = chats.iter().find(|chat| chat.customer_type == "Partner").unwrap().clone();
    let mut messages = first.messages.clone();
    messages.iter_mut().for_each(|message| message.minutes_ago = 90_000);
    let (chat_id, customer) = (String::new(), "15550100777".to_owned());
    chats.push(SampleChat { chat_id, customer, customer_name: Some("Zadie".to_owned()), messages, ..first });
    let desk = Desk::with(Options { sample_chats: chats, ..Options::default() }).await;
    desk.sign_in("/partner").await;
    let shown = "[...document.querySelectorAll('.chat-name')].map((it) => it.textContent).join()";
    assert!(!desk.look(shown).await.as_str().unwrap().contains("Zadie"));
    for (text, names) in [("RAVI", "Ravi"), ("5550101118", "Kofi"), ("GPS jumps", "Kofi"), ("zad", "Zadie")] {
        desk.enter("#search", text).await;
        desk.until(&format!("{shown} === {}", json!(names))).await;
    }
    desk.enter("#search", "nobody is called so").await;
    desk.until("document.querySelector('#chats-empty').checkVisibility()").await;
    desk.enter("#search", &format!("x{}", Key::Backspace)).await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    desk.click("#more").await;
    desk.until(&format!("{shown}.endsWith('Zadie') && document.querySelector('#more').hidden")).await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_connection_it_catches_up_joins_again_and_the_open_chat_goes_on() {
    let desk = Desk::new().await;
    desk.sign_in("/partner").await;
    desk.open_chat("Ravi").await;
    // The second is a server's goodbye, after which the client does not come back by itself.
    for (round, how) in ["cut", "disconnect"].into_iter().enumerate() {
        desk.look("void (window.states = [], new MutationObserver(() => states.push(document.querySelector('#connection').dataset.state)).observe(document.querySelector('#connection'), {attributes: true}))").await;
        let joins = desk.emitted("join_room").await;
        desk.control("POST", "connections/drop", json!({"how": how})).await;
        desk.until("states.includes('reconnecting') && states.at(-1) === 'live'").await;
        assert_eq!(desk.emitted("join_room").await, joins + 1, "{how}");
        let text = format!("Still there? {round}");
        desk.write("Partner", RAVI, &text).await;
        desk.until(&format!("[...document.querySelectorAll('.theirs .words')].at(-1).textContent === {}", json!(text)))
            .await;
        desk.write("Partner", KOFI, &text).await;
        desk.first_row(&text, &(round + 2).to_string()).await;
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_page_leaves_the_room_of_the_one_before_and_back_goes_back() {
    let desk = Desk::new().await;
    desk.sign_in("/partner").await;
    desk.open_chat("Ravi").await;
    desk.click("nav a[data-type=Customer]").await;
    desk.until("location.pathname === '/customer' && document.querySelector('#connection').textContent === 'Live'")
        .await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    let connections = desk.control("GET", "connections", Value::Null).await;
    assert_eq!(connections[0]["rooms"], json!(["CustomerApp"]));
    desk.write("Partner", RAVI, "not for this page").await;
    desk.write("Customer", "15550100055", "for this page").await;
    desk.first_row("for this page", "1").await;
    assert_eq!(desk.look("document.querySelector('#chats').textContent.includes('not for this page')").await, false);
    desk.browser.back().await.unwrap();
    desk.until("location.pathname === '/partner' && document.querySelector('#chat-title').textContent === 'Ravi'")
        .await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    desk.browser.back().await.unwrap();
    desk.until("document.body.dataset.view === 'list' && location.hash === ''").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_by_keyboard_alone() {
    let desk = Desk::new().await;
    desk.goto("/partner").await;
    desk.until("document.activeElement.name === 'username'").await;
    desk.press(&format!("agent{}agent-password{}", Key::Tab, Key::Enter)).await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    desk.press("/").await;
    desk.until("document.activeElement.id === 'search'").await;
    // The list is one stop, and the arrows go on in it.
    desk.press(&Key::Tab.to_string()).await;
    desk.press(&Key::Down.to_string()).await;
    desk.until("document.activeElement === document.querySelectorAll('.chat-item')[1]").await;
    // A row that moves keeps the focus.
    let number = desk.look("document.activeElement.querySelector('.chat-name').textContent").await;
    assert_eq!(number, "Yara");
    desk.write("Partner", "15550101101", "me first").await;
    desk.first_row("me first", "2").await;
    desk.until("document.activeElement === document.querySelector('.chat-item')").await;
    desk.press(&Key::Enter.to_string()).await;
    desk.until("document.activeElement.id === 'chat-title' && document.querySelector('#messages article')").await;
    desk.press(&format!("{}{}", Key::Tab, Key::Tab)).await;
    desk.until("document.activeElement.id === 'reply-text'").await;
    desk.press(&and_enter("You are.")).await;
    desk.first_row("You are.", "").await;
    desk.press(&Key::Escape.to_string()).await;
    desk.until("document.activeElement === document.querySelector('.chat-item')").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_a_narrow_telephone_and_shows_one_part_at_a_time() {
    let desk = Desk::on_telephone(360).await;
    let width = "document.documentElement.scrollWidth";
    desk.goto("/partner").await;
    desk.until("document.querySelector('form#login').checkVisibility()").await;
    assert_eq!(desk.look(width).await, 360);
    desk.sign_in("/partner").await;
    let message = "a_word_that_is_much_too_long_for_a_line_".repeat(20);
    desk.write("Partner", RAVI, &message).await;
    desk.first_row(&message, "2").await;
    assert_eq!(desk.look(width).await, 360);
    for customer in 0..20 {
        desk.write("Partner", &format!("155501007{customer:02}"), "one row more than there is place for").await;
    }
    desk.until("document.querySelectorAll('.chat-item').length >= 20").await;
    assert_eq!(desk.look("document.documentElement.scrollHeight <= innerHeight").await, true);
    desk.write("Partner", RAVI, "hello again").await;
    desk.first_row("hello again", "3").await;
    assert_eq!(desk.look("document.querySelector('#conversation').checkVisibility()").await, false);
    desk.open_chat("Ravi").await;
    desk.until("document.querySelector('#reply').checkVisibility()").await;
    assert_eq!(desk.look(width).await, 360);
    assert_eq!(desk.look("document.querySelector('#chats').checkVisibility()").await, false);
    desk.click("#back").await;
    desk.until("document.querySelector('#chats').checkVisibility()").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_messages_in_a_moment_are_all_counted_and_read_in_the_open_chat() {
    let desk = Desk::new().await;
    desk.sign_in("/partner").await;
    desk.open_chat("Ravi").await;
    let unread =
        "[...document.querySelectorAll('.unseen-count-badge')].reduce((sum, it) => sum + Number(it.textContent), 0)";
    let before = desk.until(unread).await.as_u64().unwrap();
    for number in (0..25).map(|n| (15_550_101_100_u64 + n).to_string()).cycle().take(100) {
        desk.write("Partner", &number, "all at once").await;
    }
    // Four of them are in the open chat.
    desk.until(&format!("{unread} === {}", before + 96)).await;
    desk.until("[...document.querySelectorAll('.chat-preview')].every((it) => it.textContent === 'all at once')").await;
    desk.until(
        "[...document.querySelectorAll('.words')].filter((it) => it.textContent === 'all at once').length === 4",
    )
    .await;
    desk.close().await;
}

/// How far the clock of the mock is ahead, in hours.
static AHEAD: AtomicI64 = AtomicI64::new(0);

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_is_replaced_and_a_session_that_is_over_is_told() {
    let clock = || Timestamp::now() + SignedDuration::from_hours(AHEAD.load(Ordering::Relaxed));
    let desk = Desk::with(Options { clock, ..Options::default() }).await;
    desk.sign_in("/partner").await;
    let token = "JSON.parse(Object.values(localStorage)[0])?.accessToken";
    let first = desk.look(token).await;
    AHEAD.store(25, Ordering::Relaxed);
    desk.control("POST", "connections/drop", json!({})).await;
    desk.until(&format!("{token} !== {first} && document.querySelector('#connection').dataset.state === 'live'")).await;
    desk.write("Partner", KOFI, "after a day").await;
    desk.first_row("after a day", "2").await;
    AHEAD.store(25 + 8 * 24, Ordering::Relaxed);
    desk.control("POST", "connections/drop", json!({})).await;
    desk.until("document.querySelector('#problem').textContent.includes('Your session is over')").await;
    desk.give_credentials("agent-password").await;
    desk.first_row("after a day", "2").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_are_one_session_and_what_comes_to_the_hidden_one_is_read_when_it_is_seen() {
    let desk = Desk::new().await;
    desk.sign_in("/partner").await;
    desk.open_chat("Ravi").await;
    let first = desk.browser.window().await.unwrap();
    let second = desk.browser.new_window(true).await.unwrap().handle;
    desk.browser.switch_to_window(second).await.unwrap();
    desk.goto("/partner").await;
    desk.until("document.querySelector('#connection')?.dataset.state === 'live'").await;
    desk.until("document.querySelector('[data-chat-id]')").await;
    desk.write("Partner", KOFI, "to both").await;
    desk.first_row("to both", "2").await;
    desk.write("Partner", RAVI, "and to the open chat").await;
    desk.first_row("and to the open chat", "1").await;
    desk.browser.switch_to_window(first.clone()).await.unwrap();
    desk.first_row("and to the open chat", "").await;
    desk.until("[...document.querySelectorAll('.words')].at(-1).textContent === 'and to the open chat'").await;
    desk.click("#sign-out").await;
    desk.until("document.querySelector('form#login').checkVisibility()").await;
    let handles = desk.browser.windows().await.unwrap();
    let second = handles.into_iter().find(|handle| *handle != first).unwrap();
    desk.browser.switch_to_window(second).await.unwrap();
    desk.until("document.querySelector('#problem').textContent.includes('signed out in another tab')").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_start_says_so() {
    let desk = Desk::new().await;
    desk.goto("/partner?variant=no-such-variant").await;
    desk.until("document.querySelector('#starting')?.innerText.includes('console says why')").await;
    assert_eq!(desk.look("document.querySelector('form#login').checkVisibility()").await, false);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_text_wherever_it_is_shown() {
    let desk = Desk::new().await;
    desk.sign_in("/partner").await;
    let made = "document.querySelectorAll('img, script:not([src])').length";
    let message = json!({"text": HOSTILE, "name": HOSTILE});
    desk.control("POST", &format!("phones/Partner/{RAVI}/messages"), message).await;
    desk.first_row(HOSTILE, "2").await;
    desk.click(".chat-item").await;
    desk.until(&format!("document.querySelector('#chat-title').textContent === {}", json!(HOSTILE))).await;
    desk.until(&format!("[...document.querySelectorAll('.words')].at(-1)?.textContent === {}", json!(HOSTILE))).await;
    assert_eq!(desk.look(made).await, 0);
    assert!(desk.look("document.title").await.as_str().unwrap().contains("Partner"));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_could_not_be_joined_is_told_and_the_list_is_shown_all_the_same() {
    let faults = vec![faults::find("join-of-one-type-refused").unwrap()];
    let desk = Desk::with(Options { faults, ..Options::default() }).await;
    desk.goto("/srdp").await;
    desk.give_credentials("agent-password").await;
    desk.until("document.querySelector('#connection').textContent === 'No live updates'").await;
    desk.until("document.querySelector('#trouble').innerText.includes('every 30 seconds only')").await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    desk.click("nav a[data-type=Vendor]").await;
    desk.until(
        "document.querySelector('#connection').textContent === 'Live' && document.querySelector('#trouble').hidden",
    )
    .await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_socket_does_not_tell_is_shown_when_the_list_is_next_asked_for() {
    let faults = vec![faults::find("join-without-entering").unwrap()];
    let desk = Desk::with(Options { faults, ..Options::default() }).await;
    desk.goto("/partner").await;
    desk.until("document.querySelector('form#login').checkVisibility()").await;
    // Nobody has half a minute.
    desk.look("void (window.setInterval = (call, every) => Object.assign(window, {call, every}))").await;
    desk.give_credentials("agent-password").await;
    desk.until("document.querySelectorAll('[data-chat-id]').length === 25").await;
    assert_eq!(desk.look("every").await, 30_000);
    desk.write("Partner", KOFI, "Nobody tells them").await;
    desk.look("void call()").await;
    desk.first_row("Nobody tells them", "2").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_with_another_contract_and_with_a_backend_elsewhere() {
    let contract = Contract::order_board();
    let mut desk = Desk::with(Options { contract: contract.clone(), ..Options::default() }).await;
    let elsewhere = mock(Options { contract, ..Options::default() });
    desk.goto(&format!("/kitchen?backend={elsewhere}")).await;
    desk.give_credentials("agent-password").await;
    desk.until("document.querySelector('#connection').textContent === 'Live'").await;
    // What is written there is shown here.
    desk.mock = elsewhere;
    desk.write("Kitchen", "15550100008", "The oven is cold").await;
    desk.first_row("The oven is cold", "1").await;
    desk.close().await;
}
