//! Causes in the chat list.

use fixtures::Role;
use jiff::Timestamp;
use serde_json::Value;

use super::super::facts::Facts;
use super::{Diagnosis, in_words, node, python};
use crate::checks::parse_time;
use crate::conversation::{Event, chats_of, evidence};
use crate::scenarios::CHAT_LIST;

/// The list is sorted the wrong way round, or not by time.
pub(super) fn list_unsorted(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    // Of times that are wrong themselves no order can be told.
    let finding = facts.red.finding("list.sorted").filter(|_| !facts.red.is_violated(&["payload.time"], None))?;
    let key = facts.contract?.key(Role::Time)?;
    let conversation = facts.conversation(&CHAT_LIST)?;
    let lists = conversation.connections.iter().flat_map(|connection| conversation.lists_of(connection));
    let times: Vec<Vec<Timestamp>> =
        lists.map(|(_, answer)| times(answer, key)).filter(|times| times.len() > 2).collect();
    let ascending = !times.is_empty() && times.iter().all(|times| times.is_sorted());
    let request = facts.contract?.list.as_ref().map_or("the list", |list| list.request.as_str());
    Some(Diagnosis {
        id: "list-unsorted",
        cause: match ascending {
            true => format!("`{request}` answers the oldest chat first: the sort is the wrong way round"),
            false => format!("`{request}` does not sort by `{key}`"),
        },
        evidence: vec![evidence::shorten(&finding.observed, 200)],
        remedies: vec![
            python(format!("chats.find(query).sort(\"{key}\", -1)    # newest first, before skip and limit")),
            node(format!("chats.find(query).sort({{ {key}: -1 }})    // newest first, before skip and limit")),
            in_words("sort in the database and not the page that it gave, or the newest chats are on the last page"),
        ],
        explains: facts.red.explained(&["list.sorted", "list.filter"], None),
    })
}

fn times(answer: &Event<'_>, key: &str) -> Vec<Timestamp> {
    let time = |chat: &Value| parse_time(chat.get(key)?.as_str()?);
    chats_of(answer).into_iter().flatten().filter_map(time).collect()
}
