//! `list.*`: the chat list, the page's fallback.

use fixtures::{Role, Route};
use serde_json::Value;

use super::payload::parse_time;
use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Event, chats_of, evidence, mentions, not_tested};
use crate::scenarios::{CHAT_LIST, member};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check { id: "list.shape", needs: &[Capability::List], scenario: &CHAT_LIST, judge: Judge::PerRoute(shape) },
    Check { id: "list.filter", needs: &[Capability::List], scenario: &CHAT_LIST, judge: Judge::PerRoute(filter) },
    Check { id: "list.sorted", needs: &[Capability::List], scenario: &CHAT_LIST, judge: Judge::PerRoute(sorted) },
    Check {
        id: "list.consistent",
        needs: &[Capability::List],
        scenario: &CHAT_LIST,
        judge: Judge::PerRoute(consistent),
    },
];

/// One question for the list and its answer.
struct Page<'c, 'a> {
    asked: &'c Event<'a>,
    answer: &'c Event<'a>,
}

impl<'a> Page<'_, 'a> {
    fn number(&self, key: &str) -> Option<u64> {
        self.asked.args.first()?.get(key)?.as_u64()
    }

    fn customer_type(&self) -> Option<&'a str> {
        self.asked.args.first()?.get("customer_type")?.as_str()
    }

    fn pagination(&self, key: &str) -> Option<u64> {
        self.answer.args.first()?.get("pagination")?.get(key)?.as_u64()
    }

    fn chats(&self) -> &'a [Value] {
        chats_of(self.answer).map_or(&[], Vec::as_slice)
    }

    fn line(&self) -> String {
        let answer = self.answer.args.first().map(|answer| evidence::brief(answer, 300)).unwrap_or_default();
        let asked = self.asked.args.first().map(|asked| evidence::brief(asked, 120)).unwrap_or_default();
        format!("{}  {} {asked} → {answer}", evidence::clock(self.asked.at), self.asked.name)
    }
}

/// The answered questions that the route's observer asked, at least one; a question without an answer is a violation of
/// the list's shape.
fn pages<'c, 'a>(conversation: &Conversation<'a>, observer: &'c Connection<'a>) -> Result<Vec<Page<'c, 'a>>, Failure> {
    let Some(list) = &conversation.contract().list else {
        return Err(Failure::NotApplicable("the contract has no chat list".to_owned()));
    };
    let answer = list.answer.as_deref().unwrap_or_default();
    let mut pages = Vec::new();
    for (asked, answered) in observer.exchanges(&list.request, answer) {
        let Some(answered) = answered else {
            return Err(Finding::new(format!("`{answer}`"), "no answer")
                .with([format!(
                    "{}  {} {}",
                    evidence::clock(asked.at),
                    asked.name,
                    evidence::brief(&asked.args.to_vec().into(), 120)
                )])
                .into());
        };
        pages.push(Page { asked, answer: answered });
    }
    if pages.is_empty() { Err(not_tested("the chat list was not asked for")) } else { Ok(pages) }
}

/// [`pages`] for checks other than `list.shape`, which alone answers for missing answers.
fn answered<'c, 'a>(
    conversation: &Conversation<'a>,
    observer: &'c Connection<'a>,
) -> Result<Vec<Page<'c, 'a>>, Failure> {
    pages(conversation, observer).map_err(|failure| match failure {
        Failure::Violation(finding) => Failure::NotTested { reason: finding.observed, because: Some("list.shape") },
        other => other,
    })
}

/// `{status: 1, chats, pagination}`; each chat has the summary's keys.
fn shape(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = conversation.actor(&member(route))?;
    let mut observations = 0;
    for page in pages(conversation, observer)? {
        let violation =
            |expected: String, observed: String| Err(Finding::new(expected, observed).with([page.line()]).into());
        let Some(answer) = page.answer.args.first().filter(|answer| answer.is_object()) else {
            return violation("an object".to_owned(), "something else".to_owned());
        };
        if answer.get("status") != Some(&Value::from(1)) {
            return violation("status 1".to_owned(), answer.get("status").map_or("none".to_owned(), Value::to_string));
        }
        if !answer.get("chats").is_some_and(Value::is_array) {
            return violation("`chats`: a list".to_owned(), "no such list".to_owned());
        }
        for key in ["page", "page_size", "total", "total_pages"] {
            if page.pagination(key).is_none() {
                return violation(format!("`pagination.{key}`: a whole number"), "no such number".to_owned());
            }
        }
        for chat in page.chats() {
            for role in [Role::Identity, Role::Type, Role::Text, Role::Time, Role::Unread] {
                let keys: Vec<&str> = conversation.contract().keys(role).collect();
                if !keys.is_empty() && !keys.iter().any(|key| chat.get(key).is_some()) {
                    return violation(format!("`{}` in each chat", keys.join("` or `")), evidence::brief(chat, 200));
                }
            }
            observations += 1;
        }
    }
    Ok(observations)
}

/// The customer type restricts the list; pages follow one another without gaps or repeats.
fn filter(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = conversation.actor(&member(route))?;
    let pages = answered(conversation, observer)?;
    let type_key = conversation.contract().key(Role::Type).unwrap_or_default();
    let mut observations = 0;
    for page in pages.iter().filter(|page| page.customer_type() == Some(&route.customer_type)) {
        let other =
            page.chats().iter().find(|chat| chat.get(type_key).and_then(Value::as_str) != Some(&route.customer_type));
        if let Some(other) = other {
            return Err(Finding::new(
                format!("chats of type {} only", route.customer_type),
                evidence::brief(other, 200),
            )
            .with([page.line()])
            .into());
        }
        observations += page.chats().len() + counted(page)?;
    }
    observations += shows_own_chats(conversation, route, &pages)?;
    Ok(observations + pages_join(conversation, &pages)?)
}

/// `total` and `total_chats` say the same, and no less than the page shows; where the answer has them.
fn counted(page: &Page<'_, '_>) -> Judgement {
    let (total, chats) = (page.pagination("total"), page.pagination("total_chats"));
    let least = u64::try_from(page.chats().len()).ok();
    if total.is_some_and(|total| chats.is_some_and(|chats| chats != total) || Some(total) < least) {
        return Err(Finding::new(
            "`total` counts the chats of the list, as `total_chats` does",
            format!("total {total:?}, total_chats {chats:?}, and {} chats on the page", page.chats().len()),
        )
        .with([page.line()])
        .into());
    }
    Ok(usize::from(total.is_some()))
}

/// The chats that the suite has written to are in their type's list: those of customers whose next message was heard,
/// since whether the list keeps up with the last one is `broadcast.saved-first`'s to say.
fn shows_own_chats(conversation: &Conversation<'_>, route: &Route, pages: &[Page<'_, '_>]) -> Judgement {
    let observer = conversation.actor(&member(route))?;
    let messages = conversation.messages_to(route)?;
    let whole = pages
        .iter()
        .find(|page| page.number("page_size") == Some(LARGE))
        .ok_or_else(|| not_tested("the list was not asked for as a whole"))?;
    for message in &messages {
        conversation.delivered(observer, message, route)?;
    }
    let mut shown = 0;
    for (index, message) in messages.iter().enumerate() {
        let later: Vec<_> =
            messages[index + 1..].iter().filter(|later| later.sent.number == message.sent.number).collect();
        if later.is_empty() {
            continue;
        }
        let is_its = |chat: &Value| {
            mentions(chat, &message.sent.nonce) || later.iter().any(|later| mentions(chat, &later.sent.nonce))
        };
        if !whole.chats().iter().any(is_its) {
            return Err(Finding::new(
                format!("a chat that was written to twice in the list of {}", route.customer_type),
                format!("it is not among the first {}", whole.chats().len()),
            )
            .with([message.line(), whole.line()])
            .into());
        }
        shown += 1;
    }
    Ok(shown)
}

/// How many chats may change while the pages of a round are asked for. More would excuse a backend that ignores `page`.
const CHANGES: usize = 3;

/// Small pages, put together, are the beginning of the large one that was asked for before and after them. On a busy
/// backend the list changes meanwhile: a chat that is written to moves to the top, which shows others twice, and never
/// hides one that nobody writes to.
fn pages_join(conversation: &Conversation<'_>, pages: &[Page<'_, '_>]) -> Judgement {
    let key = conversation.contract().key(Role::Identity).unwrap_or_default();
    let is_large = |page: &Page<'_, '_>| page.number("page_size") == Some(LARGE);
    let bounds: Vec<usize> =
        pages.iter().enumerate().filter(|(_, page)| is_large(page)).map(|(index, _)| index).collect();
    let mut observations = 0;
    for pair in bounds.windows(2) {
        let round = Round { before: &pages[pair[0]], small: &pages[pair[0] + 1..pair[1]], after: &pages[pair[1]], key };
        observations += round.judge()?;
    }
    if observations == 0 {
        return Err(not_tested("the list never stood still: other traffic changed it while its pages were asked for"));
    }
    Ok(observations)
}

/// The size of a page that holds the list as a whole.
const LARGE: u64 = 100;

/// The list as a whole, then in small pages, then as a whole again.
struct Round<'p, 'c, 'a> {
    before: &'p Page<'c, 'a>,
    small: &'p [Page<'c, 'a>],
    after: &'p Page<'c, 'a>,
    key: &'p str,
}

impl Round<'_, '_, '_> {
    /// A page that is not full holds the list as a whole, which is what each page's `total` counts.
    fn whole_is_counted(&self) -> Result<(), Failure> {
        let whole = u64::try_from(self.before.chats().len()).ok();
        let counts = |page: &&Page<'_, '_>| page.pagination("total").is_none_or(|total| Some(total) == whole);
        match self.small.iter().chain([self.before, self.after]).find(|page| !counts(page)) {
            None => Ok(()),
            Some(page) => Err(Finding::new(
                format!("`total` counts the chats of the list: {}", self.before.chats().len()),
                format!("`total` is {}", page.pagination("total").unwrap_or_default()),
            )
            .with([self.before.line(), page.line()])
            .into()),
        }
    }

    /// How many chats of the small pages bear it out; none where too much changed meanwhile.
    fn judge(&self) -> Judgement {
        let (before, after) = (self.before.chats(), self.after.chats());
        let id = |chat: &Value| chat.get(self.key).cloned();
        let is_full = u64::try_from(after.len()).is_ok_and(|length| length >= LARGE);
        let nothing_left = is_full || before.iter().all(|chat| after.iter().any(|other| id(other) == id(chat)));
        let changes = after.iter().filter(|chat| !before.contains(chat)).count();
        if self.small.is_empty() || !nothing_left || changes > CHANGES {
            return Ok(0);
        }
        if changes == 0 && !is_full {
            self.whole_is_counted()?;
        }
        // Chats that stood still, in their order; and those of them that the small pages showed.
        let still: Vec<_> = before.iter().filter(|chat| after.contains(chat)).map(id).collect();
        let joined: Vec<_> =
            self.small.iter().flat_map(Page::chats).map(id).filter(|chat| still.contains(chat)).collect();
        let mut shown = Vec::new();
        for chat in &joined {
            if !shown.contains(chat) {
                shown.push(chat.clone());
            }
        }
        let asked = self.small.iter().filter_map(|page| page.number("page_size")).sum::<u64>();
        let asked = usize::try_from(asked).unwrap_or(usize::MAX);
        let wanted = if changes == 0 { asked.min(still.len()) } else { shown.len() };
        let repeats = joined.len() - shown.len();
        if repeats <= changes && still.get(..wanted) == Some(&shown[..]) {
            return Ok(shown.len());
        }
        let told = |chats: &[Option<Value>]| {
            let names = chats.iter().map(|chat| chat.as_ref().map_or_else(|| "none".to_owned(), Value::to_string));
            names.collect::<Vec<_>>().join(" ")
        };
        Err(Finding::new(
            format!("{} pages that, put together, are the beginning of the list", self.small.len()),
            format!("gaps or repeats: {} instead of {}", told(&joined), told(&still[..still.len().min(asked)])),
        )
        .with(self.small.iter().map(Page::line))
        .into())
    }
}

/// Newest first.
fn sorted(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = conversation.actor(&member(route))?;
    let key = conversation.contract().key(Role::Time).unwrap_or_default();
    let mut observations = 0;
    for page in answered(conversation, observer)? {
        let times: Vec<_> = page.chats().iter().filter_map(|chat| parse_time(chat.get(key)?.as_str()?)).collect();
        if let Some(pair) = times.windows(2).find(|pair| pair[0] < pair[1]) {
            return Err(Finding::new(format!("newest `{key}` first"), format!("{} before {}", pair[0], pair[1]))
                .with([page.line()])
                .into());
        }
        observations += times.len().saturating_sub(1);
    }
    if observations == 0 {
        let pages = answered(conversation, observer)?;
        let because = if pages.iter().any(|page| page.chats().len() > 1) {
            Some("payload.time")
        } else {
            pages.iter().all(|page| chats_of(page.answer).is_none()).then_some("list.shape")
        };
        let reason = format!("no list shows two chats with a `{key}` that can be read");
        return Err(Failure::NotTested { reason, because });
    }
    Ok(observations)
}

/// For a chat, list and last broadcast agree: identity, text, time and status.
fn consistent(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = conversation.actor(&member(route))?;
    let pages = answered(conversation, observer)?;
    let contract = conversation.contract();
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        let heard = conversation.delivered(observer, message, route)?[0];
        let Some(told) = heard.payload() else { continue };
        for page in pages.iter().filter(|page| page.asked.at > heard.at) {
            let Some(listed) = page.chats().iter().find(|chat| mentions(chat, &message.sent.nonce)) else { continue };
            for role in [Role::Identity, Role::Text, Role::Time, Role::Status] {
                let Some(key) = contract.key(role) else { continue };
                let (Some(told), Some(listed)) = (told.get(key), listed.get(key)) else { continue };
                if !same(role, told, listed) {
                    return Err(Finding::new(format!("`{key}` in the list as broadcast: {told}"), listed.to_string())
                        .with([heard.line(), page.line()])
                        .into());
                }
                observations += 1;
            }
        }
    }
    if observations == 0 {
        return Err(Failure::NotTested {
            reason: "the list does not show the suite's chats".to_owned(),
            because: Some("list.filter"),
        });
    }
    Ok(observations)
}

/// Equal, times being compared as times.
fn same(role: Role, told: &Value, listed: &Value) -> bool {
    if role == Role::Time {
        let parse = |value: &Value| value.as_str().and_then(parse_time);
        return parse(told) == parse(listed);
    }
    told == listed
}
