//! What causes are told by: the conversations, and per customer type who was told what about the one message that was
//! sent to it.

use fixtures::{Contract, Role, Route};

use super::red::Red;
use crate::conversation::{Acceptance, Connection, Conversation, Delivery, Message, evidence};
use crate::recording::WATCHED;
use crate::scenarios::{Blueprint, ONE_MESSAGE_PER_TYPE};
use crate::verdict::Verdict;

/// What is known of a run.
pub(super) struct Facts<'f, 'a> {
    pub conversations: &'f [Conversation<'a>],
    pub red: Red<'f>,
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
    /// The customer types that the broadcasts told, each once.
    pub told_types: Vec<&'a str>,
    /// The fewest and the most copies that a member heard which heard it at all, under the route's own name.
    pub copies: (usize, usize),
    /// How it was sent: `POST /api/…`.
    pub request: Option<&'a str>,
    /// Whether the chat list showed it afterwards; none where no list was seen.
    pub saved: Option<bool>,
    /// From the trigger to the last arrival.
    pub took: Option<String>,
    /// The lines that tell the story.
    pub story: Vec<String>,
}

impl<'f, 'a> Facts<'f, 'a> {
    pub fn new(conversations: &'f [Conversation<'a>], verdicts: &'f [Verdict]) -> Self {
        let is_plain =
            |conversation: &&Conversation<'a>| [ONE_MESSAGE_PER_TYPE.name, WATCHED].contains(&conversation.name);
        let plain = conversations.iter().find(is_plain);
        Self {
            conversations,
            red: Red(verdicts),
            types: plain.map(types).unwrap_or_default(),
            joins: plain.map(joins).unwrap_or_default(),
            contract: conversations.first().map(Conversation::contract),
        }
    }

    /// The conversation of a scenario, where it was held.
    pub fn conversation(&self, blueprint: &Blueprint) -> Option<&'f Conversation<'a>> {
        self.conversations.iter().find(|conversation| conversation.name == blueprint.name)
    }

    /// Every accepted message of every conversation.
    pub fn messages(&self) -> impl Iterator<Item = (&'f Conversation<'a>, &'f Message<'a>)> {
        let of = |conversation: &'f Conversation<'a>| {
            conversation.messages.iter().map(move |message| (conversation, message))
        };
        self.conversations.iter().flat_map(of).filter(|(_, message)| message.accepted().is_ok())
    }

    /// Each accepted message's first broadcast under its route's own name, in the order of sending.
    pub fn first_broadcasts(&self) -> impl Iterator<Item = (&'f Conversation<'a>, &'f Message<'a>, &'f Delivery<'a>)> {
        self.messages().filter_map(|(conversation, message)| {
            let route = conversation.contract().route(&message.sent.customer_type)?;
            let heard =
                |delivery: &&Delivery<'a>| delivery.nonce == message.sent.nonce && delivery.event == route.event;
            Some((conversation, message, conversation.deliveries.iter().find(heard)?))
        })
    }
}

impl TypeFacts<'_> {
    /// Whether there are members, and nobody heard it under any name.
    pub fn is_silent(&self) -> bool {
        self.members > 0 && self.names.is_empty()
    }

    /// Whether all members heard it, under its own name alone.
    pub fn works(&self) -> bool {
        self.members > 0 && self.members_told == self.members && self.names == [self.route.event.as_str()]
    }

    /// Whether each member that heard it heard it equally often, and more than once.
    pub fn is_doubled(&self) -> bool {
        self.copies.0 > 1 && self.copies.0 == self.copies.1
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
        let mut sent = conversation.messages.iter().filter(|message| message.sent.customer_type == route.customer_type);
        let has_members = |message: &&Message<'a>| !conversation.members_at(&route.room, message).is_empty();
        // Of what was only watched, messages may have come while nobody was there.
        let message = sent.clone().find(has_members).or_else(|| sent.next())?;
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
    let type_key = conversation.contract().key(Role::Type).unwrap_or_default();
    let told_type = |delivery: &&Delivery<'a>| delivery.payload()?.get(type_key)?.as_str();
    let own_name = |member: &&Connection<'a>| {
        conversation.heard_by(member, message).iter().filter(|delivery| delivery.event == route.event).count()
    };
    let copies = || members.iter().map(own_name).filter(|copies| *copies > 0);
    TypeFacts {
        route,
        members: members.len(),
        members_told: members.iter().copied().filter(|member| told(member)).count(),
        outsiders_told: outsiders.iter().copied().filter(|outsider| told(outsider)).map(Connection::describe).collect(),
        outsiders: outsiders.len(),
        names: each_once(heard.iter().map(|delivery| delivery.event)),
        told_types: each_once(heard.iter().copied().filter_map(|delivery| told_type(&delivery))),
        copies: (copies().min().unwrap_or_default(), copies().max().unwrap_or_default()),
        request: match message.acceptance {
            Acceptance::Yes { request, .. } => Some(request),
            _ => None,
        },
        saved: conversation.saved(message).map(|chat| chat.is_some()),
        took: heard.last().map(|last| evidence::span(last.at.saturating_sub(message.starts()))),
        story: conversation.story(message, route),
    }
}

fn each_once<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut once = Vec::new();
    for word in words {
        if !once.contains(&word) {
            once.push(word);
        }
    }
    once
}
