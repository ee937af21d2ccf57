//! Checks of replies on their way to the provider, and of logins that another service knows of.

use serde_json::json;

use crate::recording::tape::Tape;
use crate::recording::{LoginCase, ProviderAnswer, What};
use crate::scenarios::{LOGIN_SERVICE, PROVIDER_TROUBLE, REPLIES};

use LoginCase::{Failing, Right, Silent as SilentService, WrongPassword};
use ProviderAnswer::{Fails, Refuses, Silent, Takes};

const AGENT: &str = "member/Partner";
const NUMBER: &str = "15550100000";
const TYPES: [&str; 4] = ["Partner", "Customer", "Vendor", "SRDP"];

impl Tape {
    fn replies(&mut self, actor: &str, of: &str, text: &str) -> &mut Self {
        let replying = What::Replying { of: of.into(), number: NUMBER.to_owned(), text: text.to_owned() };
        self.at(actor, replying).emits(actor, "send_message", vec![json!({"message": text})])
    }

    fn provider_gets(&mut self, of: &str, to: &str, text: &str, answered: ProviderAnswer) -> &mut Self {
        let text = Some(text.to_owned());
        self.happens(What::ProviderGot { of: of.into(), to: to.to_owned(), text, answered })
    }

    fn is_told_of_its_reply(&mut self, actor: &str, status: i64) -> &mut Self {
        self.hears(actor, "send_message_response", vec![json!({"status": status})])
    }

    fn logs_in(&mut self, login: LoginCase, asked: bool, status: Option<u16>) -> &mut Self {
        self.happens(What::LoginTried { login, asked, status, reason: None })
    }
}

/// Two replies to a Partner, of which the provider gets what is said.
fn two_replies(got: &[(&str, &str)], status: i64) -> Tape {
    let mut tape = Tape::of(&REPLIES);
    tape.member(AGENT, "Partner").sends("Partner", "Partner/question").told(AGENT, "Partner/question");
    for text in ["one", "two"] {
        tape.replies(AGENT, "Partner/question", text);
        for (to, got) in got.iter().filter(|(_, got)| got.starts_with(text)) {
            tape.provider_gets("Partner/question", to, got, Takes);
        }
        tape.is_told_of_its_reply(AGENT, status);
    }
    tape.settles(&[AGENT]);
    tape
}

#[test]
fn a_reply_is_sent_once_to_the_right_number_word_for_word() {
    let check = "provider.reply-sent [Partner]";
    two_replies(&[(NUMBER, "one"), (NUMBER, "two")], 1).passes(check);
    two_replies(&[(NUMBER, "one")], 1).violates(check, "never");
    two_replies(&[(NUMBER, "one"), (NUMBER, "two"), (NUMBER, "two")], 1).violates(check, "2 times");
    two_replies(&[(NUMBER, "one"), ("5550100000", "two")], 1).violates(check, "once, for 5550100000");
    two_replies(&[(NUMBER, "one"), (NUMBER, "two, cut")], 1).violates(check, "another text");
    two_replies(&[(NUMBER, "one"), (NUMBER, "two")], 0).violates(check, "the provider took it");
    two_replies(&[], 1).violates(check, "never");
}

#[test]
fn a_target_that_was_not_told_of_the_stand_in_violates_nothing_as_long_as_it_says_so() {
    two_replies(&[], 0).leaves_open("provider.reply-sent [Partner]", None);
}

#[test]
fn replies_that_overtake_one_another_are_out_of_order() {
    let mut tape = Tape::of(&REPLIES);
    tape.member(AGENT, "Partner").sends("Partner", "Partner/question").told(AGENT, "Partner/question");
    for text in ["one", "two"] {
        tape.replies(AGENT, "Partner/question", text).is_told_of_its_reply(AGENT, 1);
    }
    for text in ["two", "one"] {
        tape.provider_gets("Partner/question", NUMBER, text, Takes);
    }
    tape.settles(&[AGENT]).violates("provider.reply-sent [Partner]", "another order");
}

#[test]
fn without_the_question_no_reply_is_judged_and_without_a_fence_no_silence() {
    let check = "provider.reply-sent [Partner]";
    let mut tape = Tape::of(&REPLIES);
    tape.member(AGENT, "Partner").sends("Partner", "Partner/question");
    tape.leaves_open(check, "broadcast.delivered");
    tape.told(AGENT, "Partner/question").replies(AGENT, "Partner/question", "one");
    tape.provider_gets("Partner/question", NUMBER, "one", Takes).is_told_of_its_reply(AGENT, 1);
    tape.leaves_open(check, None);
}

/// A customer whom an agent is about to reply to, in a room with members of all types.
fn trouble(customer: &str) -> Tape {
    trouble_after(customer, 0)
}

/// The same, where the message takes so many milliseconds.
fn trouble_after(customer: &str, millis: u64) -> Tape {
    let mut tape = Tape::of(&PROVIDER_TROUBLE);
    for customer_type in TYPES {
        tape.member(&format!("member/{customer_type}"), customer_type);
    }
    let label = format!("Partner/{customer}");
    tape.opens("agent").sends("Partner", &label).wait(millis).told(AGENT, &label);
    tape
}

/// A reply, what the provider answers to its attempts, and what the agent is told.
fn first_reply(customer: &str, answers: &[ProviderAnswer], status: Option<i64>) -> Tape {
    first_reply_in(trouble(customer), customer, answers, status)
}

fn first_reply_in(mut tape: Tape, customer: &str, answers: &[ProviderAnswer], status: Option<i64>) -> Tape {
    let of = format!("Partner/{customer}");
    tape.replies("agent", &of, "one");
    for answer in answers {
        tape.provider_gets(&of, NUMBER, "one", *answer);
    }
    if let Some(status) = status {
        tape.is_told_of_its_reply("agent", status);
    }
    tape
}

#[test]
fn a_refused_reply_is_told_to_the_agent_and_not_tried_again() {
    let of = "Partner/refused";
    let goes_on = |mut tape: Tape, attempts: usize| {
        for _ in 0..attempts {
            tape.provider_gets(of, NUMBER, "one", Refuses);
        }
        tape.replies("agent", of, "two").provider_gets(of, NUMBER, "two", Takes).is_told_of_its_reply("agent", 1);
        tape.settles(&["agent"]);
        tape
    };
    goes_on(first_reply("refused", &[Refuses], Some(0)), 0).passes("provider.refused");
    goes_on(first_reply("refused", &[Refuses, Refuses], Some(0)), 0).passes("provider.refused");
    goes_on(first_reply("refused", &[Refuses], Some(1)), 0).violates("provider.refused", "never took it");
    goes_on(first_reply("refused", &[Refuses], None), 0).violates("provider.refused", "answered nothing");
    goes_on(first_reply("refused", &[Refuses], Some(0)), 2).violates("provider.refused", "2 of them after");
    goes_on(first_reply("refused", &[Refuses; 9], Some(0)), 0).violates("provider.refused", "tried 9 times");
    goes_on(first_reply("refused", &[], Some(1)), 0).leaves_open("provider.refused", "provider.reply-sent");
    goes_on(first_reply("refused", &[], Some(0)), 0).leaves_open("provider.refused", None);
    let mut stuck = first_reply("refused", &[Refuses], Some(0));
    stuck.replies("agent", of, "two").is_told_of_its_reply("agent", 0).settles(&["agent"]);
    stuck.violates("provider.refused", "did not get it");
}

#[test]
fn a_reply_that_met_an_error_is_either_not_sent_or_sent_once() {
    let done = |answers: &[ProviderAnswer], status| {
        let mut tape = first_reply("failing", answers, status);
        tape.settles(&["agent"]);
        tape
    };
    done(&[Fails], Some(0)).passes("provider.failing");
    done(&[Fails, Takes], Some(1)).passes("provider.failing");
    done(&[Fails], Some(1)).violates("provider.failing", "never took it");
    done(&[Fails, Takes], Some(0)).violates("provider.failing", "the provider took it");
    done(&[Fails, Takes, Takes], Some(1)).violates("provider.failing", "2 times");
    done(&[Fails, Takes], None).violates("provider.failing", "answered nothing");
    first_reply("failing", &[Fails], Some(0)).leaves_open("provider.failing", None);
}

/// A silence of so many milliseconds, at whose end the agent is told this, and who hears the messages in it.
fn silence(millis: u64, status: Option<i64>, is_heard: bool) -> Tape {
    silence_in(trouble("silent"), millis, status, is_heard)
}

fn silence_in(tape: Tape, millis: u64, status: Option<i64>, is_heard: bool) -> Tape {
    let mut tape = first_reply_in(tape, "silent", &[Silent], None);
    for customer_type in TYPES {
        let label = format!("{customer_type}/meanwhile");
        tape.sends_from("meanwhile", customer_type, &label);
        if is_heard {
            tape.told(&format!("member/{customer_type}"), &label);
        }
    }
    tape.wait(millis);
    if let Some(status) = status {
        tape.is_told_of_its_reply("agent", status);
    }
    if !is_heard {
        for customer_type in TYPES {
            tape.told(&format!("member/{customer_type}"), &format!("{customer_type}/meanwhile"));
        }
    }
    tape.settles(&["agent"]);
    tape
}

#[test]
fn a_silent_provider_keeps_nobody_waiting() {
    silence(1_000, Some(0), true).passes("provider.timeout");
    silence(1_000, None, true).violates("provider.timeout", "answered nothing");
    silence(1_000, Some(1), true).violates("provider.timeout", "never took it");
    silence(1_000, Some(0), false).violates("provider.timeout", "until the silence was over");
    silence(100, Some(0), false).leaves_open("provider.timeout", None);
    // Where every message is late, a late one says nothing of the silence.
    silence_in(trouble_after("silent", 800), 1_000, Some(0), false).leaves_open("provider.timeout", None);
    silence_in(trouble_after("silent", 800), 1_000, Some(0), true).passes("provider.timeout");
}

#[test]
fn a_reply_that_is_tried_again_after_a_silence_counts_until_then() {
    let mut tape = first_reply("silent", &[Silent], Some(1));
    for customer_type in TYPES {
        let label = format!("{customer_type}/meanwhile");
        tape.sends_from("meanwhile", customer_type, &label).told(&format!("member/{customer_type}"), &label);
    }
    tape.wait(1_000).provider_gets("Partner/silent", NUMBER, "one", Takes).settles(&["agent"]);
    tape.passes("provider.timeout");
}

#[test]
fn a_login_is_answered_401_where_the_service_says_no_and_502_where_it_says_nothing() {
    let tried = |wrong: (bool, u16), failing: u16, silent: Option<u16>| {
        let mut tape = Tape::of(&LOGIN_SERVICE);
        tape.logs_in(Right, false, Some(200)).logs_in(WrongPassword, wrong.0, Some(wrong.1));
        tape.logs_in(Failing, true, Some(failing)).logs_in(SilentService, true, silent);
        tape
    };
    let check = "auth.login-service";
    tried((true, 401), 502, Some(502)).passes(check);
    tried((true, 502), 502, Some(502)).violates(check, "502");
    tried((true, 401), 401, Some(502)).violates(check, "401");
    tried((true, 401), 200, Some(502)).violates(check, "200");
    tried((true, 401), 502, None).violates(check, "nothing");
    tried((true, 429), 502, Some(502)).leaves_open(check, None);
    tried((false, 401), 502, Some(502)).leaves_open(check, None);
    let mut nobody = Tape::of(&LOGIN_SERVICE);
    nobody.logs_in(Right, false, Some(502)).leaves_open(check, None);
}
