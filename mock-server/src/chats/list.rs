//! The chat list: filtered, newest first, in pages; and the figures of the dashboard.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Author, Chat, Chats, Status};

/// Which chats a list shows; what is `None` does not restrict it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter<'a> {
    /// Only this customer type.
    pub customer_type: Option<&'a str>,
    /// Only this status.
    pub status: Option<Status>,
    /// Only chats whose number or name contains this, in any case.
    pub search: Option<&'a str>,
    /// Only chats with this label.
    pub tag: Option<&'a str>,
    /// Only chats of this agent.
    pub executive_id: Option<&'a str>,
    /// Only chats of these agents.
    pub executives: Option<Vec<&'a str>>,
}

impl Filter<'_> {
    fn admits(&self, chat: &Chat) -> bool {
        self.status.is_none_or(|status| chat.status == status) && self.admits_in_any_status(chat)
    }

    fn admits_in_any_status(&self, chat: &Chat) -> bool {
        self.customer_type.is_none_or(|customer_type| chat.customer_type == customer_type)
            && self.search.is_none_or(|text| matches(chat, text))
            && self.tag.is_none_or(|tag| chat.tags.iter().any(|own| own == tag))
            && self.executive_id.is_none_or(|id| chat.executive_id() == Some(id))
            && self.executives.as_ref().is_none_or(|ids| chat.executive_id().is_some_and(|own| ids.contains(&own)))
    }
}

fn matches(chat: &Chat, text: &str) -> bool {
    let text = text.to_lowercase();
    chat.number.contains(&text) || chat.name.as_ref().is_some_and(|name| name.to_lowercase().contains(&text))
}

/// Part of a longer list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Counts from 1.
    pub number: usize,
    /// How many items a page has, at least 1.
    pub size: usize,
}

impl Page {
    /// How many items stand before this page.
    pub(crate) fn start(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    /// How many pages there are.
    pub(crate) fn total_pages(self, total: usize) -> usize {
        total.div_ceil(self.size)
    }
}

/// One page of the chat list.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    /// The page's chats, newest last message first.
    pub chats: Vec<&'a Chat>,
    /// How many chats the filter admits.
    pub total: usize,
    /// How many active chats it would admit in any status.
    pub active: usize,
    /// How many of those wait for an agent.
    pub pending: usize,
}

/// The figures at the top of the dashboard.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Chats in progress.
    pub active: usize,
    /// Chats that are done.
    pub resolved: usize,
    /// Active chats in which an agent wrote last.
    pub awaiting_customer: usize,
    /// Active chats in which the customer wrote last.
    pub pending: usize,
    /// All chats of each customer type.
    pub by_type: BTreeMap<String, usize>,
}

impl Chats {
    /// One page of the chats that the filter admits, newest last message first.
    pub(crate) fn list(&self, filter: &Filter<'_>, page: Page) -> Listing<'_> {
        let any_status: Vec<&Chat> = self.all().filter(|chat| filter.admits_in_any_status(chat)).collect();
        let active = any_status.iter().filter(|chat| chat.status == Status::Active).count();
        let pending = any_status.iter().filter(|chat| is_pending(chat)).count();
        let mut chats: Vec<&Chat> = any_status.into_iter().filter(|chat| filter.admits(chat)).collect();
        chats.sort_unstable_by_key(|chat| Reverse((chat.last().time, chat.touched)));
        let total = chats.len();
        let chats = chats.into_iter().skip(page.start()).take(page.size).collect();
        Listing { chats, total, active, pending }
    }

    /// The figures over all chats.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for chat in self.all() {
            match (chat.status, chat.last().author) {
                (Status::Resolved, _) => stats.resolved += 1,
                (Status::Active, Author::Executive) => stats.awaiting_customer += 1,
                (Status::Active, Author::Customer) => stats.pending += 1,
            }
            *stats.by_type.entry(chat.customer_type.clone()).or_default() += 1;
        }
        stats.active = stats.awaiting_customer + stats.pending;
        stats
    }

    /// The labels in use, sorted, each once.
    pub(crate) fn tags(&self, customer_type: Option<&str>) -> Vec<String> {
        let filter = Filter { customer_type, ..Filter::default() };
        let mut tags: Vec<String> =
            self.all().filter(|chat| filter.admits(chat)).flat_map(|chat| chat.tags.iter().cloned()).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }
}

fn is_pending(chat: &Chat) -> bool {
    chat.status == Status::Active && chat.last().author == Author::Customer
}

impl Stats {
    /// Four figures, as pages of either age read them: flat, and again under `data`.
    pub(crate) fn to_json(&self) -> Value {
        let data = json!({
            "active": self.active,
            "resolved": self.resolved,
            "awaiting_customer_response": self.awaiting_customer,
            "pending": self.pending,
        });
        json!({
            "status": 1,
            "active": self.active,
            "resolved": self.resolved,
            "awaiting_customer_response": self.awaiting_customer,
            "pending": self.pending,
            "total": self.active + self.resolved,
            "by_type": self.by_type,
            "data": data,
        })
    }
}
