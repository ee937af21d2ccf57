//! Lines of evidence: what was sent, answered and heard, in words and with times, for findings.

use std::time::Duration;

use fixtures::Route;
use serde_json::Value;

use super::{Acceptance, Connection, Conversation, Delivery, Message};

/// `0.213 s`: a time of the recording.
#[must_use]
pub fn clock(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}

/// `4 ms`: how long something took.
#[must_use]
pub fn span(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis >= 999.5 {
        let seconds = format!("{:.2}", took.as_secs_f64());
        return format!("{} s", seconds.trim_end_matches('0').trim_end_matches('.'));
    }
    if millis < 9.95 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

/// A JSON value on one line, shortened to about `limit` characters.
#[must_use]
pub fn brief(value: &Value, limit: usize) -> String {
    shorten(&value.to_string(), limit)
}

/// Text shortened to `limit` characters, with an ellipsis where something was left out.
#[must_use]
pub fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Message<'_> {
    /// `0.213 s  sent: POST /api/… → 200 in 4 ms: text "…" from 1555…`
    #[must_use]
    pub fn line(&self) -> String {
        let outcome = match &self.acceptance {
            Acceptance::Yes { request, status: Some(status), took, .. } => {
                format!("{request} → {status} in {}", span(*took))
            }
            Acceptance::Yes { request, status: None, took, .. } => format!("{request} → done in {}", span(*took)),
            Acceptance::No { reason, .. } => format!("not accepted: {reason}"),
            Acceptance::Unknown => "no answer recorded".to_owned(),
        };
        let text =
            self.sent.text.as_deref().map(|text| format!(" {}", brief(&Value::from(text), 60))).unwrap_or_default();
        format!("{}  sent: {outcome}: {:?}{text} from {}", clock(self.starts()), self.sent.message, self.sent.number)
    }
}

impl Delivery<'_> {
    /// `0.220 s  partner/websocket heard room_update: {…}`
    #[must_use]
    pub fn line(&self) -> String {
        let payload = self.payload().map(|payload| brief(payload, 700)).unwrap_or_default();
        format!("{}  {} heard {}: {payload}", clock(self.at), self.peer, self.event)
    }
}

impl Conversation<'_> {
    /// `0.101 s  partner/websocket (websocket, port 40112) joined: join_room {"room":"PartnerApp"} → {"status":1,…}`
    #[must_use]
    pub fn join_line(&self, connection: &Connection<'_>, room: &str) -> String {
        let join = &self.contract().join;
        let answer = join.answer.as_deref().unwrap_or_default();
        let exchanges = connection.exchanges(&join.request, answer);
        let exchange = exchanges
            .iter()
            .find(|(asked, _)| asked.args.first().and_then(|arg| arg.get("room")) == Some(&Value::from(room)));
        match exchange {
            Some((asked, Some(got))) => format!(
                "{}  {}: {} {} → {answer} {}",
                clock(asked.at),
                connection.describe(),
                join.request,
                asked.args.first().map(|arg| brief(arg, 80)).unwrap_or_default(),
                got.args.first().map(|arg| brief(arg, 120)).unwrap_or_default(),
            ),
            Some((asked, None)) => {
                format!("{}  {}: {} was not answered", clock(asked.at), connection.describe(), join.request)
            }
            None => format!("{}: in no room", connection.describe()),
        }
    }

    /// The story of a message for one route: who had joined, the trigger, who heard what.
    #[must_use]
    pub fn story(&self, message: &Message<'_>, route: &Route) -> Vec<String> {
        let mut lines: Vec<String> =
            self.members_at(&route.room, message).iter().map(|member| self.join_line(member, &route.room)).collect();
        lines.push(message.line());
        lines.extend(self.heard(message).iter().take(8).map(|delivery| delivery.line()));
        lines
    }
}
