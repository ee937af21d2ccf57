//! Who works here and who is there just now; templates, and what is known about customers.
//!
//! Pure state, like the chats: no sockets, and no clock but the one handed in.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fixtures::data::{Customer, Executive, Template};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::chats::{Chat, Chats, Status, iso};
use crate::options::Login;

/// The desk.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    executives: Vec<Executive>,
    templates: Vec<Template>,
    customers: Vec<Customer>,
    /// The folder of media, where there is one.
    pub media: Option<PathBuf>,
    /// When the mock started: what the data's times are counted from.
    start: Timestamp,
    /// Whose status the state file has not been told yet.
    unsaved: BTreeSet<String>,
}

impl Desk {
    /// As the data say. Whoever can log in is one of the executives, in any case.
    pub(crate) fn new(data: &fixtures::Desk, login: &Login, start: Timestamp) -> Self {
        let fixtures::Desk { mut executives, templates, customers, media } = data.clone();
        if !executives.iter().any(|executive| executive.id == login.admin_id) {
            let (id, name) = (login.admin_id.clone(), login.name.clone());
            executives.push(Executive { id, name, customer_types: Vec::new(), online: true });
        }
        let unsaved = executives.iter().map(|executive| executive.id.clone()).collect();
        Self { executives, templates, customers, media, start, unsaved }
    }

    /// The same with other data; who is there stays as it is.
    pub(crate) fn reload(&mut self, data: &fixtures::Desk, login: &Login) {
        let mut desk = Self::new(data, login, self.start);
        for executive in &mut desk.executives {
            executive.online = self.executive(&executive.id).map_or(executive.online, |own| own.online);
        }
        *self = desk;
    }

    /// Every agent's id.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.executives.iter().map(|executive| executive.id.as_str())
    }

    /// The agent with this id.
    pub(crate) fn executive(&self, id: &str) -> Option<&Executive> {
        self.executives.iter().find(|executive| executive.id == id)
    }

    /// Notes that an agent has come or gone; `None` if there is no such agent.
    pub(crate) fn set_online(&mut self, id: &str, online: bool) -> Option<&Executive> {
        let executive = self.executives.iter_mut().find(|executive| executive.id == id)?;
        executive.online = online;
        self.unsaved.insert(id.to_owned());
        Some(executive)
    }

    /// The agents whose status was set since the last time this was asked, and whether they are there.
    pub(crate) fn take_changes(&mut self) -> Vec<(String, bool)> {
        let ids = std::mem::take(&mut self.unsaved);
        ids.into_iter().filter_map(|id| self.executive(&id).map(|own| (id.clone(), own.online))).collect()
    }

    /// The agents who are there, or who are not; those who care for this type, where one is given.
    pub(crate) fn with_status(&self, online: bool, customer_type: Option<&str>) -> impl Iterator<Item = &Executive> {
        self.executives.iter().filter(move |it| {
            it.online == online && customer_type.is_none_or(|customer_type| cares_for(it, customer_type))
        })
    }

    /// Who is to have a chat of this type: of those who are there, whoever has the fewest active ones.
    pub(crate) fn choose(&self, customer_type: &str, chats: &Chats) -> Option<&Executive> {
        self.with_status(true, Some(customer_type)).min_by_key(|executive| load(&executive.id, chats))
    }

    /// The template of this name.
    pub(crate) fn template(&self, name: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.name == name)
    }

    /// Every template's name.
    pub(crate) fn template_names(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().map(|template| template.name.as_str())
    }

    /// The templates for a customer type, as they are listed; all without one.
    pub(crate) fn templates(&self, stakeholder: Option<&str>) -> Vec<Value> {
        let is_for = |template: &&Template| {
            let Some(wanted) = stakeholder else { return true };
            template.stakeholder.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(wanted))
        };
        let shown = |template: &Template| {
            let Template { id, name, language, content, category, .. } = template;
            json!({"id": id, "name": name, "language": language, "content": content, "category": category})
        };
        self.templates.iter().filter(is_for).map(shown).collect()
    }

    /// What is known about the customer of this number besides their chats.
    pub(crate) fn customer(&self, number: &str) -> Option<&Customer> {
        self.customers.iter().find(|customer| customer.customer == number)
    }

    /// A customer's rides and searches, as they are listed.
    pub(crate) fn rides(&self, number: &str) -> (Vec<Value>, Vec<Value>) {
        let Some(customer) = self.customer(number) else { return (Vec::new(), Vec::new()) };
        let rides = customer.rides.iter().map(|ride| {
            let time = iso(self.after(ride.minutes_from_now));
            json!({"id": ride.id, "from": ride.from, "to": ride.to, "status": ride.status, "pickup_time": time})
        });
        let searches = customer.search_history.iter().map(|search| {
            let time = iso(self.after(-i32::try_from(search.minutes_ago).unwrap_or(i32::MAX)));
            json!({"from": search.from, "to": search.to, "searched_at": time})
        });
        (rides.collect(), searches.collect())
    }

    /// When the customer's next ride begins; none where there is none.
    pub(crate) fn next_ride(&self, number: &str, now: Timestamp) -> Option<Timestamp> {
        let rides = self.customer(number)?.rides.iter().map(|ride| self.after(ride.minutes_from_now));
        rides.filter(|time| *time > now).min()
    }

    fn after(&self, minutes: i32) -> Timestamp {
        self.start.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(self.start)
    }
}

/// How many active chats an agent has.
pub(crate) fn load(executive_id: &str, chats: &Chats) -> usize {
    let is_own = |chat: &&Chat| chat.status == Status::Active && chat.executive_id() == Some(executive_id);
    chats.all().filter(is_own).count()
}

fn cares_for(executive: &Executive, customer_type: &str) -> bool {
    executive.customer_types.is_empty() || executive.customer_types.iter().any(|own| own == customer_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Desk {
        Desk::new(fixtures::Desk::sample(), &Login::default(), Timestamp::UNIX_EPOCH)
    }

    fn chosen(desk: &Desk, customer_type: &str, chats: &Chats) -> Option<String> {
        desk.choose(customer_type, chats).map(|executive| executive.id.clone())
    }

    #[test]
    fn a_chat_goes_to_whoever_is_there_for_its_type_and_has_the_least_to_do() {
        let (mut desk, mut chats) = (desk(), Chats::default());
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(chosen(&desk, "Partner", &chats).as_deref(), Some("EXE-01"));
        let (id, _) = chats.open("15550100001", "Partner", now);
        chats.assign(&id, ("EXE-01", "Agent 1"), now);
        assert_eq!(chosen(&desk, "Partner", &chats).as_deref(), Some("EXE-02"));
        for id in ["EXE-01", "EXE-02", "EXE-03"] {
            desk.set_online(id, false);
        }
        assert_eq!(chosen(&desk, "Partner", &chats), None);
        desk.set_online("EXE-04", true);
        assert_eq!(chosen(&desk, "Partner", &chats), None, "who cares for other types only");
        assert_eq!(chosen(&desk, "SRDP", &chats).as_deref(), Some("EXE-04"));
    }

    #[test]
    fn whoever_can_log_in_is_an_executive() {
        let login = Login { admin_id: "somebody".to_owned(), name: "Somebody".to_owned(), ..Login::default() };
        let desk = Desk::new(&fixtures::Desk::default(), &login, Timestamp::UNIX_EPOCH);
        assert_eq!(desk.ids().collect::<Vec<_>>(), ["somebody"]);
    }

    #[test]
    fn other_data_do_not_change_who_is_there() {
        let mut desk = desk();
        desk.set_online("EXE-01", false);
        let mut data = fixtures::Desk::sample().clone();
        data.executives[0].name = "Agent One".to_owned();
        desk.reload(&data, &Login::default());
        let executive = desk.executive("EXE-01").unwrap();
        assert_eq!((executive.name.as_str(), executive.online), ("Agent One", false));
        assert!(desk.take_changes().contains(&("EXE-01".to_owned(), false)));
        assert_eq!(desk.take_changes(), []);
    }

    #[test]
    fn the_next_ride_is_the_first_that_is_still_to_come() {
        let desk = desk();
        let next = desk.next_ride("15550101100", Timestamp::UNIX_EPOCH).unwrap();
        assert!(next > Timestamp::UNIX_EPOCH && desk.next_ride("15550101100", next).is_none());
        assert_eq!(desk.next_ride("15550101101", Timestamp::UNIX_EPOCH), None, "all of them are over");
    }
}
