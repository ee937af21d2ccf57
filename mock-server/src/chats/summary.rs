//! The chat summary: what the list shows of a chat and what every broadcast carries, under the contract's names.

use fixtures::{Contract, Role};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::message::iso;
use super::{Chat, Status};

/// Where a summary goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into a broadcast.
    Broadcast,
    /// Into an answer: the list, or one chat of it. It has a few keys more.
    List,
}

/// What stands under one key of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// What the contract gave a meaning to.
    Role(Role),
    IsResolved,
    LastIncomingTime,
    LastIncoming,
    LastIncomingWhatsapp,
    LastOutgoing,
    ExecutiveId,
    ExecutiveName,
    Tags,
    Created,
}

/// The keys that have no role, by the name that they always have.
const WITHOUT_ROLE: [(&str, Field); 10] = [
    ("is_resolved", Field::IsResolved),
    ("last_incoming_message_time", Field::LastIncomingTime),
    ("last_incoming_message", Field::LastIncoming),
    ("last_incoming_whatsapp_message", Field::LastIncomingWhatsapp),
    ("last_outgoing_message", Field::LastOutgoing),
    ("assigned_executive_id", Field::ExecutiveId),
    ("assigned_executive_name", Field::ExecutiveName),
    ("tags", Field::Tags),
    ("created_at", Field::Created),
    ("last_msg_by", Field::Role(Role::LastBy)),
];

/// Which keys a contract's summary has, in the contract's order.
#[derive(Debug, Clone)]
pub(crate) struct SummaryShape {
    keys: Vec<(String, Field)>,
}

impl SummaryShape {
    /// The keys that this contract's summary lists among its properties and that the mock can fill.
    pub(crate) fn of(contract: &Contract) -> Self {
        let field = |key: &String| {
            let role = contract.roles.iter().find(|(_, name)| name == key).map(|(role, _)| Field::Role(*role));
            role.or_else(|| WITHOUT_ROLE.iter().find(|(name, _)| name == key).map(|(_, field)| *field))
        };
        let properties = contract.summary_schema["properties"].as_object().into_iter().flat_map(Map::keys);
        Self { keys: properties.filter_map(|key| field(key).map(|field| (key.clone(), field))).collect() }
    }

    /// The keys that this contract requires and that the mock cannot fill.
    pub(crate) fn unfilled<'c>(&self, contract: &'c Contract) -> Vec<&'c str> {
        let required = contract.summary_schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        required.filter(|key| !self.keys.iter().any(|(own, _)| own == key)).collect()
    }

    /// The summary of a chat.
    pub(crate) fn render(&self, chat: &Chat, place: Place) -> Map<String, Value> {
        let shown = |field: Field| place == Place::List || !field.is_for_lists_only();
        self.keys.iter().filter(|(_, field)| shown(*field)).map(|(key, field)| (key.clone(), field.of(chat))).collect()
    }
}

impl Field {
    fn is_for_lists_only(self) -> bool {
        matches!(self, Self::LastIncoming | Self::LastIncomingWhatsapp | Self::LastOutgoing | Self::Created)
    }

    fn of(self, chat: &Chat) -> Value {
        let executive =
            |part: fn(&(String, String)) -> &String| Value::from(chat.executive.as_ref().map(part).cloned());
        match self {
            Self::Role(role) => of_role(role, chat),
            Self::IsResolved => (chat.status == Status::Resolved).into(),
            Self::LastIncomingTime | Self::LastIncoming => optional_time(chat.last_incoming),
            Self::LastIncomingWhatsapp => optional_time(chat.last_incoming_whatsapp),
            Self::LastOutgoing => optional_time(chat.last_outgoing),
            Self::ExecutiveId => executive(|(id, _)| id),
            Self::ExecutiveName => executive(|(_, name)| name),
            Self::Tags => chat.tags.clone().into(),
            Self::Created => iso(chat.created).into(),
        }
    }
}

fn of_role(role: Role, chat: &Chat) -> Value {
    match role {
        Role::Identity => chat.id.clone().into(),
        Role::Type => chat.customer_type.clone().into(),
        Role::Text => chat.last().text.clone().into(),
        Role::Time => iso(chat.last().time).into(),
        Role::Unread => chat.unread.into(),
        Role::Number => chat.number.clone().into(),
        Role::Name => chat.name.clone().into(),
        Role::Status => chat.status.as_str().into(),
        Role::LastBy => chat.last().author.as_str().into(),
    }
}

fn optional_time(time: Option<Timestamp>) -> Value {
    time.map(iso).into()
}
