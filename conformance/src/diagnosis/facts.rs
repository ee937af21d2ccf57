//! What causes are told by: per customer type, who was told what about the one message that was sent to it.

use fixtures::{Contract, Route};

use crate::conversation::{Connection, Conversation, Message, chats_of, evidence, mentions};
use crate::scenarios::ONE_MESSAGE_PER_TYPE;
use crate::verdict::{Outcome, Verdict};

/// What is known of a run.
pub(super) struct Facts<'a> {
    pub verdicts: &'a [Verdict],
    pub types: Vec<TypeFacts<'a>>,
    /// How many joins were asked for, and how many of them were answered at all.
    pub joins: (usize, usize),
    pub contract: Option<&'a Contract>,
}

/// What became of one type's message.
pub(super) struct TypeFacts<'a> {
    pub route: &'a Route,
    /// Sockets with an acknowledged join.
    pub members: usize,
    /// How many of them heard it, under whatever name.
    pub members_told: usize,
    /// Sockets outside the room that heard it.
    pub outsiders_told: Vec<String>,
    /// Usable sockets outside the room.
    pub outsiders: usize,
    /// The names under which it was heard, each once.
    pub names: Vec<&'a str>,
    /// Whether the chat list showed it afterwards; none where no list was seen.
    pub saved: Option<bool>,
    /// From the trigger to the last arrival.
    pub took: Option<String>,
    /// The lines that tell the story.
    pub story: Vec<String>,
}

impl<'a> Facts<'a> {
    pub fn new(conversations: &[Conversation<'a>], verdicts: &'a [Verdict]) -> Self {
        let plain = conversations.iter().find(|conversation| conversation.name == ONE_MESSAGE_PER_TYPE.name);
        Self {
            verdicts,
            types: plain.map(types).unwrap_or_default(),
            joins: plain.map(joins).unwrap_or_default(),
            contract: plain.map(Conversation::contract),
        }
    }

    /// The names of the verdicts of these checks that are violated; for one customer type, or for any.
    pub fn violated(&self, ids: &[&str], subject: Option<&str>) -> Vec<String> {
        self.red(|verdict| verdict.outcome.is_violated() && ids.contains(&verdict.id), subject)
    }

    /// Those, and what could not be tested because of `broadcast.delivered`.
    pub fn explained_by_silence(&self, ids: &[&str], subject: Option<&str>) -> Vec<String> {
        self.violated_or_untested(ids, "broadcast.delivered", subject)
    }

    /// The violated verdicts of these checks, and what could not be tested because of `cause`.
    pub fn violated_or_untested(&self, ids: &[&str], cause: &str, subject: Option<&str>) -> Vec<String> {
        let untested = |verdict: &Verdict| matches!(&verdict.outcome, Outcome::NotTested { because: Some(because), .. } if *because == cause);
        self.red(|verdict| untested(verdict) || (verdict.outcome.is_violated() && ids.contains(&verdict.id)), subject)
    }

    fn red(&self, wanted: impl Fn(&Verdict) -> bool, subject: Option<&str>) -> Vec<String> {
        let concerned = |verdict: &&Verdict| {
            subject.is_none() || verdict.subject.is_none() || verdict.subject.as_deref() == subject
        };
        self.verdicts.iter().filter(|verdict| wanted(verdict)).filter(concerned).map(Verdict::name).collect()
    }
}

fn joins(conversation: &Conversation<'_>) -> (usize, usize) {
    let join = &conversation.contract().join;
    let answer = join.answer.as_deref().unwrap_or_default();
    let exchanges = conversation.connections.iter().flat_map(|connection| connection.exchanges(&join.request, answer));
    exchanges.fold((0, 0), |(asked, answered), (_, got)| (asked + 1, answered + usize::from(got.is_some())))
}

fn types<'a>(conversation: &Conversation<'a>) -> Vec<TypeFacts<'a>> {
    let of_route = |route: &'a Route| {
        let message = conversation.messages.iter().find(|message| message.sent.customer_type == route.customer_type)?;
        message.accepted().ok().map(|()| facts_of(conversation, route, message))
    };
    conversation.contract().routes.iter().filter_map(of_route).collect()
}

fn facts_of<'a>(conversation: &Conversation<'a>, route: &'a Route, message: &Message<'a>) -> TypeFacts<'a> {
    let members = conversation.members_at(&route.room, message);
    let told = |connection: &&Connection<'a>| !conversation.heard_by(connection, message).is_empty();
    let outsiders: Vec<&Connection<'a>> = conversation
        .connections
        .iter()
        .filter(|connection| connection.usable().is_ok() && !connection.may_be_member(&route.room, message.at))
        .collect();
    let heard = conversation.heard(message);
    let mut names: Vec<&str> = Vec::new();
    for delivery in &heard {
        if !names.contains(&delivery.event) {
            names.push(delivery.event);
        }
    }
    TypeFacts {
        route,
        members: members.len(),
        members_told: members.iter().copied().filter(|member| told(member)).count(),
        outsiders_told: outsiders.iter().copied().filter(|outsider| told(outsider)).map(Connection::describe).collect(),
        outsiders: outsiders.len(),
        names,
        saved: saved(conversation, message),
        took: heard.last().map(|last| evidence::span(last.at.saturating_sub(message.starts()))),
        story: conversation.story(message, route),
    }
}

fn saved(conversation: &Conversation<'_>, message: &Message<'_>) -> Option<bool> {
    let lists = conversation.connections.iter().flat_map(|connection| conversation.lists_of(connection));
    let later: Vec<_> = lists.filter(|(asked, _)| *asked > message.at).collect();
    let shows = |chats: &Vec<serde_json::Value>| chats.iter().any(|chat| mentions(chat, &message.sent.nonce));
    (!later.is_empty()).then(|| later.iter().any(|(_, answer)| chats_of(answer).is_some_and(shows)))
}
