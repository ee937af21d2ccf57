//! What happened, as a sequence diagram in text: time downwards, a column per actor, and what was said beside it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fixtures::Role;
use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use super::judge::Violation;
use crate::conversation::{Conversation, evidence};
use crate::recording::{Direction, Entry, What};

/// Columns of a line.
const WIDTH: usize = 110;

/// The longest name that stands above a column; the others are numbered and explained.
const LONGEST_NAME: usize = 6;

/// Where the provider's arrows begin, and where the backend's column stands.
const PROVIDER: usize = 12;
const BACKEND: usize = 22;

/// The characters that lines are drawn with.
#[derive(Debug, Clone, Copy)]
struct Pen {
    life: char,
    dash: char,
    right: char,
    left: char,
    wrong: char,
}

const UNICODE: Pen = Pen { life: '│', dash: '─', right: '▶', left: '◀', wrong: '✗' };
const ASCII: Pen = Pen { life: '|', dash: '-', right: '>', left: '<', wrong: 'x' };

/// What a line shows.
enum Mark {
    /// From the provider to the backend.
    Inbound,
    /// From a socket to the backend.
    Up(usize),
    /// From the backend to a socket.
    Down(usize),
    /// At a socket alone.
    At(usize),
    /// What should not be, at a socket or nowhere in particular.
    Wrong(Option<usize>),
}

struct Row {
    at: Duration,
    mark: Mark,
    text: String,
}

/// Draws a conversation, with what is wrong with it where it showed. Without `unicode` the lines are ASCII, and so is what
/// was said.
#[must_use]
pub fn draw(conversation: &Conversation<'_>, violations: &[Violation], unicode: bool) -> String {
    let mut actors: Vec<Arc<str>> = Vec::new();
    for connection in &conversation.connections {
        if !actors.contains(&connection.peer.actor) {
            actors.push(Arc::clone(&connection.peer.actor));
        }
    }
    let sketch = Sketch { conversation, actors, pen: if unicode { UNICODE } else { ASCII } };
    let text = sketch.draw(violations);
    if unicode {
        text
    } else {
        text.chars().map(|c| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() }).collect()
    }
}

struct Sketch<'s, 'a> {
    conversation: &'s Conversation<'a>,
    actors: Vec<Arc<str>>,
    pen: Pen,
}

impl Sketch<'_, '_> {
    fn draw(&self, violations: &[Violation]) -> String {
        let mut rows = self.rows(violations);
        // The stage ends every connection when the scenario is over.
        while rows.last().is_some_and(|row| matches!(row.mark, Mark::Up(_)) && row.text == "closes") {
            rows.pop();
        }
        let start = rows.first().map(|row| row.at).unwrap_or_default();
        let (names, legend) = self.names();
        let mut out = self.heading(&names);
        for row in &rows {
            out.push_str(&self.line(row, start, &names));
            out.push('\n');
        }
        legend.into_iter().for_each(|line| out.push_str(&line));
        out
    }

    /// The names above the columns; those that are too long are numbered, and explained below.
    fn names(&self) -> (Vec<String>, Vec<String>) {
        if self.actors.iter().all(|name| name.chars().count() <= LONGEST_NAME) {
            return (self.actors.iter().map(|name| name.to_string()).collect(), Vec::new());
        }
        let numbers = (1..=self.actors.len()).map(|number| number.to_string()).collect();
        let legend = self.actors.iter().enumerate().map(|(index, name)| format!("{:>11}: {name}\n", index + 1));
        (numbers, legend.collect())
    }

    fn column(&self, names: &[String], socket: usize) -> usize {
        names[..socket].iter().fold(BACKEND + 7, |at, name| at + name.chars().count().max(3) + 1)
    }

    fn heading(&self, names: &[String]) -> String {
        let mut line = Vec::new();
        put(&mut line, PROVIDER - 5, "provider");
        put(&mut line, BACKEND - 5, "backend");
        for (index, name) in names.iter().enumerate() {
            put(&mut line, self.column(names, index), name);
        }
        format!("{}\n", finished(line))
    }

    fn line(&self, row: &Row, start: Duration, names: &[String]) -> String {
        let mut line = Vec::new();
        put(&mut line, 0, &format!("{:>8}", evidence::span(row.at.saturating_sub(start))));
        put(&mut line, BACKEND, &self.pen.life.to_string());
        for socket in 0..names.len() {
            if self.is_connected(socket, row.at) {
                put(&mut line, self.column(names, socket), &self.pen.life.to_string());
            }
        }
        let arrow = |from: usize, to: usize| -> String {
            let inner = from.abs_diff(to).saturating_sub(2);
            let dashes: String = std::iter::repeat_n(self.pen.dash, inner).collect();
            if from < to { format!("{dashes}{}", self.pen.right) } else { format!("{}{dashes}", self.pen.left) }
        };
        match row.mark {
            Mark::Inbound => put(&mut line, PROVIDER + 1, &arrow(PROVIDER, BACKEND)),
            Mark::Up(socket) => put(&mut line, BACKEND + 1, &arrow(self.column(names, socket), BACKEND)),
            Mark::Down(socket) => put(&mut line, BACKEND + 1, &arrow(BACKEND, self.column(names, socket))),
            Mark::At(socket) => put(&mut line, self.column(names, socket), "*"),
            Mark::Wrong(Some(socket)) => put(&mut line, self.column(names, socket), &self.pen.wrong.to_string()),
            Mark::Wrong(None) => put(&mut line, BACKEND, &self.pen.wrong.to_string()),
        }
        let last = names.len().checked_sub(1).map_or(BACKEND, |last| self.column(names, last));
        let text = row.text.replace(|c: char| c.is_control(), " ");
        put(&mut line, last + 3, &cut(&text, WIDTH.saturating_sub(last + 4)));
        finished(line)
    }

    /// Whether any of the actor's connections is alive at that time.
    fn is_connected(&self, socket: usize, at: Duration) -> bool {
        let own = self.conversation.connections.iter().filter(|one| one.peer.actor == self.actors[socket]);
        own.into_iter().any(|one| {
            one.connected.is_some_and(|connected| connected <= at) && one.closed.is_none_or(|(closed, ..)| at <= closed)
        })
    }

    fn rows(&self, violations: &[Violation]) -> Vec<Row> {
        let mut rows: Vec<Row> = self.conversation.entries.iter().flat_map(|entry| self.row(entry)).collect();
        rows.extend(violations.iter().map(|violation| {
            let at = violation.peer.as_ref().and_then(|peer| self.place(&peer.actor));
            let text = format!("{}: {}", violation.brief, violation.requirement);
            Row { at: violation.at, mark: Mark::Wrong(at), text }
        }));
        rows.sort_by_key(|row| row.at);
        rows
    }

    fn place(&self, actor: &str) -> Option<usize> {
        self.actors.iter().position(|name| **name == *actor)
    }

    /// What an entry shows; fences, heartbeats and the like show nothing.
    fn row(&self, entry: &Entry) -> Vec<Row> {
        let row = |mark, text: String| vec![Row { at: entry.at, mark, text }];
        let Some(peer) = &entry.peer else {
            return match &entry.what {
                What::Sending { messages, .. } => {
                    messages.iter().flat_map(|sent| row(Mark::Inbound, inbound(sent))).collect()
                }
                What::NotAccepted { reason, .. } => row(Mark::Wrong(None), format!("not accepted: {reason}")),
                What::Receipt { customer_type, status, refused: None } => {
                    row(Mark::Inbound, format!("{customer_type} receipt: {status:?}"))
                }
                What::Skipped { what, reason } => row(Mark::Wrong(None), format!("left out: {what} ({reason})")),
                _ => Vec::new(),
            };
        };
        let Some(socket) = self.place(&peer.actor) else { return Vec::new() };
        match &entry.what {
            What::Connected => {
                let again = if peer.connection > 1 { " again" } else { "" };
                let by = self.conversation.connections.iter().find(|one| one.peer == peer).map(|one| one.transport);
                row(Mark::Up(socket), format!("connects{again}{}", by.map_or(String::new(), |by| format!(" by {by}"))))
            }
            What::OpenFailed { reason, .. } => row(Mark::Wrong(Some(socket)), format!("cannot connect: {reason}")),
            What::ConnectError { data } => row(Mark::Wrong(Some(socket)), format!("is refused: {data}")),
            What::ConnectTimedOut => row(Mark::Wrong(Some(socket)), "is not answered".to_owned()),
            What::Upgraded => row(Mark::Up(socket), "is a WebSocket now".to_owned()),
            What::UpgradeFailed { reason } => row(Mark::Wrong(Some(socket)), format!("cannot upgrade: {reason}")),
            What::Event { dir: Direction::Out, event, args } => {
                row(Mark::Up(socket), format!("{event} {}", arguments(args)))
            }
            What::Event { dir: Direction::In, event, args } => match self.heard(event, args) {
                Some(heard) => row(Mark::Down(socket), format!("{event} {heard}")),
                None => Vec::new(),
            },
            What::Malformed { text } => row(Mark::Up(socket), format!("a malformed frame: {text}")),
            What::StoppedReading => row(Mark::At(socket), "stops reading".to_owned()),
            What::ResumedReading => row(Mark::At(socket), "reads again".to_owned()),
            What::Closed { by_us: true, .. } => row(Mark::Up(socket), "closes".to_owned()),
            What::Closed { by_us: false, detail } => {
                row(Mark::Wrong(Some(socket)), format!("is disconnected: {detail}"))
            }
            _ => Vec::new(),
        }
    }

    /// Which messages an event carries, and else its arguments; none for broadcasts of foreign traffic.
    fn heard(&self, event: &str, args: &[Value]) -> Option<String> {
        let contract = self.conversation.contract();
        let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
        for delivery in self.conversation.deliveries.iter().filter(|delivery| std::ptr::eq(delivery.args, args)) {
            let sent = self.conversation.messages.iter().find(|message| message.sent.nonce == delivery.nonce);
            labels.extend(sent.map(|message| (delivery.nonce, &*message.sent.label)));
        }
        if labels.is_empty() {
            let foreign = contract.routes.iter().any(|route| route.event == event);
            return (!foreign).then(|| arguments(args));
        }
        let unread = contract.keys(Role::Unread).find_map(|key| args.first()?.get(key));
        let unread = unread.map(|unread| format!(", unread {unread}")).unwrap_or_default();
        Some(format!("of {}{unread}", labels.into_values().collect::<Vec<_>>().join(", ")))
    }
}

fn inbound(sent: &crate::recording::Sent) -> String {
    let text = sent.text.as_deref().map(|text| format!(" {}", Value::from(text))).unwrap_or_default();
    let kind = serde_json::to_value(sent.message).unwrap_or_default();
    format!("{} {} {}{text} from {}", sent.label, sent.customer_type, kind.as_str().unwrap_or_default(), sent.number)
}

fn arguments(args: &[Value]) -> String {
    args.iter().map(|arg| evidence::brief(arg, 80)).collect::<Vec<_>>().join(", ")
}

/// Text cut to so many columns.
fn cut(text: &str, columns: usize) -> String {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > columns
    });
    end.map_or_else(|| text.to_owned(), |(end, _)| format!("{}…", &text[..end]))
}

/// Writes text at a column, over what stands there.
fn put(line: &mut Vec<char>, at: usize, text: &str) {
    for (offset, c) in text.chars().enumerate() {
        if line.len() <= at + offset {
            line.resize(at + offset + 1, ' ');
        }
        line[at + offset] = c;
    }
}

fn finished(line: Vec<char>) -> String {
    line.into_iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fixtures::Contract;

    use super::*;
    use crate::model::judge;
    use crate::recording::tape::Tape;

    /// A member that hears one message twice and a bystander that hears it too.
    fn drawn(names: [&str; 2], unicode: bool) -> String {
        let mut tape = Tape::under(Contract::room_updates(), "drawn");
        tape.member(names[0], "Partner").opens(names[1]).sends("Partner", "m1");
        tape.told_all(&[names[0], names[0], names[1]], "m1").settles(&names).closes(names[0], true);
        let recording = tape.ended();
        let conversation = Conversation::new(&recording.header, "drawn", &recording.entries);
        draw(&conversation, &judge::judge(&conversation, false).violations, unicode)
    }

    #[test]
    fn each_thing_is_a_line_between_the_columns_of_those_whom_it_concerns() {
        let expected = "       provider  backend     a   b
  0.0 ms              │◀─────│      connects by websocket
  1.0 ms              │◀─────│      join_room {\"room\":\"PartnerApp\"}
  2.0 ms              │─────▶│      join_room_response {\"status\":1,\"room\":\"PartnerApp\"}
  5.0 ms              │◀─────────│  connects by websocket
  6.0 ms     ────────▶│      │   │  m1 Partner text \"~nonce00000 hello\" from 15550100000
  8.0 ms              │─────▶│   │  room_update of m1, unread 1
  9.0 ms              │─────▶│   │  room_update of m1, unread 1
  9.0 ms              │      ✗   │  m1 again: broadcast.exactly-once
   10 ms              │─────────▶│  room_update of m1, unread 1
   10 ms              │      │   ✗  must not hear m1: broadcast.only-room
";
        assert_eq!(drawn(["a", "b"], true), expected);
    }

    #[test]
    fn long_names_are_numbered_and_explained() {
        let drawn = drawn(["member/Partner", "bystander"], true);
        assert!(drawn.starts_with("       provider  backend     1   2\n"), "{drawn}");
        assert!(drawn.ends_with("          1: member/Partner\n          2: bystander\n"), "{drawn}");
    }

    #[test]
    fn without_unicode_it_is_ascii() {
        let drawn = drawn(["a", "b"], false);
        assert!(drawn.is_ascii() && drawn.contains("|<-----|") && drawn.contains("|----->|"), "{drawn}");
    }

    #[test]
    fn no_line_is_wider_than_a_page_however_many_take_part_and_whatever_is_said() {
        let mut tape = Tape::under(Contract::room_updates(), "drawn");
        for actor in 'a'..='l' {
            tape.member(&actor.to_string(), "Partner");
        }
        tape.sends("Partner", "m1").told_with("l", "m1", |summary| {
            summary.insert("last_message".to_owned(), "日本".repeat(200).into());
        });
        tape.emits("l", &"日本".repeat(200), vec![]).wait(3_000).settles(&["a"]);
        let recording = tape.ended();
        let conversation = Conversation::new(&recording.header, "drawn", &recording.entries);
        let drawn = draw(&conversation, &judge::judge(&conversation, false).violations, true);
        assert!(drawn.lines().count() > 40);
        for line in drawn.lines() {
            let width: usize = line.chars().map(|c| c.width().unwrap_or(0)).sum();
            assert!(width <= WIDTH, "{width} columns: {line}");
        }
        assert!(Duration::from_secs(3) < recording.entries.last().unwrap().at);
    }
}
