//! What the clock does to chats: customers who wait too long for an answer, and the provider's 24 hours.

use jiff::{SignedDuration, Timestamp};

use super::{Channel, Chat, Chats, Status};

/// After how long which alert is given.
const ALERTS: [(SignedDuration, &str); 2] =
    [(SignedDuration::from_mins(3), "3min"), (SignedDuration::from_mins(10), "10min")];

/// How long after a customer's last message the provider lets free texts through.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// A customer has been waiting too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    /// In this chat.
    pub chat_id: String,
    /// For so many whole minutes.
    pub elapsed_minutes: i64,
    /// `3min` or `10min`.
    pub alert_type: &'static str,
}

impl Chat {
    /// Whether a free text can reach the customer by WhatsApp.
    pub(crate) fn is_window_open(&self, now: Timestamp) -> bool {
        self.window_closes().is_some_and(|closes| now < closes)
    }

    /// When that ends; none where the customer has never written by WhatsApp.
    pub(crate) fn window_closes(&self) -> Option<Timestamp> {
        self.last_incoming_whatsapp?.saturating_add(WINDOW).ok()
    }

    /// Where an agent's answer goes: where the customer wrote last.
    pub(crate) fn reply_channel(&self) -> Channel {
        if self.last_incoming == self.last_incoming_whatsapp && self.last_incoming.is_some() {
            Channel::Whatsapp
        } else {
            Channel::InApp
        }
    }

    /// How many alerts are due, and for how long the customer has been waiting.
    fn waiting(&self, now: Timestamp) -> (usize, SignedDuration) {
        let Some(since) = self.waiting_since.filter(|_| self.status == Status::Active) else {
            return (0, SignedDuration::ZERO);
        };
        let waited = now.duration_since(since);
        (ALERTS.iter().filter(|(after, _)| waited >= *after).count(), waited)
    }

    /// Takes the alerts that are due for given.
    pub(super) fn skip_alerts(&mut self, now: Timestamp) {
        self.alerted = self.waiting(now).0;
    }
}

impl Chats {
    /// The alerts that have come due since the last time: one a chat, the later where both have.
    pub(crate) fn due_alerts(&mut self, now: Timestamp) -> Vec<Alert> {
        let due = |chat: &Chat| {
            let (due, waited) = chat.waiting(now);
            let (_, alert_type) = ALERTS.get(due.checked_sub(1)?)?;
            (due > chat.alerted).then(|| Alert {
                chat_id: chat.id.clone(),
                elapsed_minutes: waited.as_mins(),
                alert_type,
            })
        };
        let alerts: Vec<Alert> = self.all().filter_map(due).collect();
        for alert in &alerts {
            if let Some(chat) = self.get_mut(&alert.chat_id) {
                chat.skip_alerts(now);
            }
        }
        alerts
    }

    /// The chats whose 24 hours are over, the one that closed last first.
    pub(crate) fn closed_windows(&self, customer_type: Option<&str>, now: Timestamp) -> Vec<&Chat> {
        let is_of_type = |chat: &&Chat| customer_type.is_none_or(|customer_type| chat.customer_type == customer_type);
        let is_closed = |chat: &&Chat| chat.window_closes().is_some_and(|closes| closes <= now);
        let mut closed: Vec<&Chat> = self.all().filter(is_of_type).filter(is_closed).collect();
        closed.sort_by_key(|chat| std::cmp::Reverse((chat.window_closes(), chat.touched)));
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, incoming, one_chat, reply, write};
    use super::super::{Author, Channel};
    use super::*;

    const MINUTE: i64 = 60_000;

    fn told(chats: &mut Chats, now: i64) -> Vec<(&'static str, i64)> {
        chats.due_alerts(at(now)).into_iter().map(|alert| (alert.alert_type, alert.elapsed_minutes)).collect()
    }

    #[test]
    fn each_alert_is_given_once_and_in_its_time() {
        let (mut chats, _) = one_chat();
        assert_eq!(told(&mut chats, 1_000 + 3 * MINUTE - 1), []);
        assert_eq!(told(&mut chats, 1_000 + 3 * MINUTE), [("3min", 3)]);
        assert_eq!(told(&mut chats, 1_000 + 4 * MINUTE), []);
        assert_eq!(told(&mut chats, 1_000 + 11 * MINUTE), [("10min", 11)]);
        assert_eq!(told(&mut chats, 1_000 + 60 * MINUTE), []);
    }

    #[test]
    fn the_wait_is_counted_from_the_first_unanswered_message_and_ends_with_the_answer() {
        let (mut chats, id) = one_chat();
        chats.receive(incoming("Partner", "15550100001", "2", "hello?"), at(1_000 + 2 * MINUTE));
        assert_eq!(told(&mut chats, 1_000 + 3 * MINUTE), [("3min", 3)]);
        reply(&mut chats, &id, "Hi", at(1_000 + 4 * MINUTE));
        assert_eq!(told(&mut chats, 1_000 + 20 * MINUTE), []);
        chats.receive(incoming("Partner", "15550100001", "3", "and?"), at(1_000 + 20 * MINUTE));
        assert_eq!(told(&mut chats, 1_000 + 23 * MINUTE), [("3min", 3)]);
        chats.set_status(&id, Status::Resolved, at(1_000 + 24 * MINUTE));
        assert_eq!(told(&mut chats, 1_000 + 60 * MINUTE), []);
    }

    #[test]
    fn the_window_closes_24_hours_after_the_customers_last_whatsapp_message() {
        let (mut chats, id) = one_chat();
        let day = 24 * 60 * MINUTE;
        assert!(chats.get(&id).unwrap().is_window_open(at(1_000 + day - 1)));
        assert!(!chats.get(&id).unwrap().is_window_open(at(1_000 + day)));
        let closed = |chats: &Chats, now| chats.closed_windows(Some("Partner"), at(now)).len();
        assert_eq!((closed(&chats, 1_000), closed(&chats, 1_000 + day)), (0, 1));
        assert!(chats.closed_windows(Some("Vendor"), at(1_000 + day)).is_empty());
        chats.receive(incoming("Partner", "15550100001", "2", "again"), at(1_000 + day));
        assert_eq!(closed(&chats, 1_000 + day), 0);
        write(&mut chats, &id, Author::Customer, "from the app", at(2_000 + day));
        let chat = chats.get(&id).unwrap();
        assert_eq!((chat.reply_channel(), chat.is_window_open(at(3_000 + day))), (Channel::InApp, true));
    }
}
