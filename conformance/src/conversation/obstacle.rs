//! What first went wrong in a conversation for everybody, not only for whom a check looks at: where a check finds nothing to
//! judge by, that is the reason.

use super::Conversation;
use crate::recording::TokenUse;
use crate::verdict::Failure;

impl Conversation<'_> {
    /// The requirement whose violation explains that the conversation did not get as far as it should: a good socket that
    /// was not let in, a join that was not acknowledged, a message that a member did not hear; the latter two of this
    /// customer type, where one is asked about. None where all of that was as it should be.
    #[must_use]
    pub fn obstacle(&self, customer_type: Option<&str>) -> Option<&'static str> {
        let good = self.connections.iter().filter(|connection| connection.token == TokenUse::Good);
        let shut_out = good.clone().find_map(|connection| match connection.usable() {
            Err(Failure::NotTested { because, .. }) => because,
            _ => None,
        });
        let concerns = |other: &str| customer_type.is_none_or(|own| own == other);
        let is_room =
            |room: &str| self.contract().route_of_room(room).is_some_and(|route| concerns(&route.customer_type));
        let joins = || good.clone().flat_map(|connection| &connection.memberships).filter(|(room, _)| is_room(room));
        let unacknowledged = || joins().any(|(_, stay)| stay.from.is_none()).then_some("join.acknowledged");
        let unheard = || self.somebody_missed_a_message(concerns).then_some("broadcast.delivered");
        shut_out.or_else(unacknowledged).or_else(unheard)
    }

    /// Whether a member that reads and stays did not hear a message that was accepted.
    fn somebody_missed_a_message(&self, concerns: impl Fn(&str) -> bool) -> bool {
        let accepted = self.messages.iter().filter(|message| message.accepted().is_ok());
        accepted.filter(|message| concerns(&message.sent.customer_type)).any(|message| {
            let Some(route) = self.contract().route(&message.sent.customer_type) else { return false };
            let owed = self.members_at(&route.room, message).into_iter().filter(|member| {
                member.closed.is_none_or(|(at, ..)| at >= message.starts() + self.deadline())
                    && member.stopped_reading.is_none()
            });
            owed.into_iter().any(|member| self.delivered(member, message, route).is_err())
        })
    }
}
