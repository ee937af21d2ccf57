//! From a script to a scenario: names, connections where they are needed, and waits where it is known who must hear.
//!
//! It follows along who is certainly a member, as far as that can be said beforehand, so that the scenario waits for
//! those and no others. Who must hear is not decided here but by the [judge](super::judge), from what really happened.

mod branches;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use fixtures::webhooks::MessageKind;
use serde_json::{Value, json};

use super::generate::{Act, Move, Saying, Script};
use crate::recording::{TokenUse, Transport};
use crate::scenario::{Actor, Message, Raw, Scenario, Step};
use crate::scenarios::{Plan, ask, identity_key, malformed};
use branches::Others;
use view::{Known, Pending, Socket, View};

/// The name of generated scenarios.
pub const NAME: &str = "property";

/// Requests to join that are longer than this as JSON make no readable scenario; `join.malformed` sends them.
const READABLE: usize = 100;

/// Frames that no client would send. Each costs at most the connection that it came by.
const BAD_FRAMES: [&str; 8] = ["42", "42[", "42{\"room\":1}", "4", "49", "x", "43", "42[17]"];

/// The scenario that a script stands for.
#[must_use]
pub fn scenario(script: &Script, plan: &Plan<'_>) -> Scenario {
    let mut director = Director { plan, script, names: Vec::new(), messages: 0, replies: 0, forms: bad_joins(plan) };
    let mut view = View::default();
    let mut steps = Vec::new();
    for one in &script.moves {
        director.step(one, &mut view, &Others::default(), &mut steps);
    }
    director.catch_up(&mut view, &mut steps);
    for socket in view.sockets.iter().filter(|(_, state)| state.spoiled).map(|(socket, _)| *socket) {
        steps.push(Step::Drop { actor: director.name(socket) });
    }
    for socket in view.sockets.iter().filter(|(_, state)| state.paused && !state.spoiled).map(|(socket, _)| *socket) {
        steps.push(Step::ResumeReading { actor: director.name(socket) });
    }
    steps.push(Step::Settle { actors: Vec::new() });
    Scenario { name: Arc::from(NAME), needs: Vec::new(), steps }
}

/// Arguments of `join_room` that name no room.
fn bad_joins(plan: &Plan<'_>) -> Vec<Vec<Value>> {
    let room = &plan.contract.routes[0].room;
    let mut forms: Vec<Vec<Value>> = malformed(room).into_iter().map(|(_, args)| args).collect();
    forms.retain(|args| Value::from(args.clone()).to_string().len() <= READABLE);
    let names = [room.to_lowercase(), room.to_uppercase(), format!(" {room}"), "NoSuchRoom".into(), "__proto__".into()];
    let unknown = names.into_iter().filter(|name| plan.contract.route_of_room(name).is_none());
    forms.extend(unknown.map(|name| vec![json!({ "room": name })]));
    forms
}

struct Director<'a> {
    plan: &'a Plan<'a>,
    script: &'a Script,
    /// Sockets by the order of their first appearance.
    names: Vec<usize>,
    messages: usize,
    replies: usize,
    forms: Vec<Vec<Value>>,
}

impl Director<'_> {
    fn step(&mut self, one: &Move, view: &mut View, others: &Others, out: &mut Vec<Step>) {
        match one {
            Move::Act { socket, act } => {
                let socket = socket % self.script.transports.len();
                if others.shared.contains(&socket) {
                    self.ask_only(socket, act, view, out);
                } else if !others.busy.contains(&socket) {
                    self.act(socket, act, view, out);
                }
            }
            Move::Say(saying) => self.say(saying, view, others, out),
            Move::Batch { route, texts } => {
                let route = self.heard_route(*route, view);
                let mut messages = Vec::with_capacity(texts.len());
                for (customer, text) in texts {
                    let message = self.message(route, *customer, MessageKind::Text, Some(text.clone()));
                    view.sent(route, *customer, &message, others);
                    messages.push(message);
                }
                out.push(Step::Send { messages });
            }
            Move::Redeliver { earlier } => {
                if let Some(Known { label, .. }) = view.earlier(*earlier) {
                    out.push(Step::Redeliver { label, again: self.label() });
                }
            }
            Move::Receipt { earlier, status } => {
                if let Some(Known { label, .. }) = view.earlier(*earlier) {
                    out.push(Step::Receipt { label, status: *status });
                }
            }
            Move::AtOnce(branches) if others.concurrent => {
                branches.iter().flatten().for_each(|one| self.step(one, view, others, out));
            }
            Move::AtOnce(branches) => self.at_once(branches, view, out),
        }
    }

    /// What a socket does that no other branch uses.
    fn act(&mut self, socket: usize, act: &Act, view: &mut View, out: &mut Vec<Step>) {
        let plan = self.plan;
        let routes = &plan.contract.routes;
        match act {
            Act::Open => self.ready(socket, view, out),
            Act::Join(route) => {
                let route = route % routes.len();
                self.ready(socket, view, out);
                out.push(Step::Join { actor: self.name(socket), room: routes[route].room.clone() });
                view.state(socket).rooms.insert(route);
            }
            Act::Leave(route) => {
                let route = route % routes.len();
                self.ready(socket, view, out);
                out.push(Step::Leave { actor: self.name(socket), room: routes[route].room.clone() });
                view.state(socket).rooms.remove(&route);
                view.release(socket, Some(route));
            }
            Act::Close | Act::Drop | Act::Reconnect if !view.sockets.contains_key(&socket) => {}
            Act::Close => {
                self.fence(socket, view, out);
                out.push(Step::Close { actor: self.name(socket) });
                view.gone(socket);
            }
            Act::Drop => {
                self.fence(socket, view, out);
                self.drop_line(socket, view, out);
            }
            Act::Reconnect => {
                self.fence(socket, view, out);
                self.drop_line(socket, view, out);
                self.ready(socket, view, out);
            }
            Act::StopReading => {
                self.ready(socket, view, out);
                out.push(Step::StopReading { actor: self.name(socket) });
                view.state(socket).paused = true;
                view.release(socket, None);
            }
            Act::BadJoin(form) => {
                self.ready(socket, view, out);
                let join = &self.plan.contract.join;
                out.push(Step::Ask {
                    actor: self.name(socket),
                    request: join.request.clone(),
                    args: self.forms[form % self.forms.len()].clone(),
                    answer: join.answer.clone().unwrap_or_default(),
                });
            }
            Act::BadFrame(which) => {
                self.ready(socket, view, out);
                let text = BAD_FRAMES[which % BAD_FRAMES.len()].to_owned();
                out.push(Step::Raw { actor: self.name(socket), raw: Raw::Text(text) });
                view.state(socket).spoiled = true;
                view.release(socket, None);
            }
            Act::Reply(earlier) => self.reply(socket, *earlier, view, out),
            Act::Read(earlier) => self.read(socket, *earlier, view, out),
        }
    }

    /// Makes sure that a socket is connected and reads.
    fn ready(&mut self, socket: usize, view: &mut View, out: &mut Vec<Step>) {
        let actor = self.name(socket);
        if view.sockets.get(&socket).is_some_and(|state| state.spoiled) {
            self.drop_line(socket, view, out);
        }
        match view.sockets.get_mut(&socket) {
            Some(state) if state.paused => {
                state.paused = false;
                out.push(Step::ResumeReading { actor });
            }
            Some(_) => {}
            None => {
                let transport = self.script.transports[socket];
                out.push(Step::Open {
                    actor,
                    transport: Some(transport).filter(|transport| *transport != Transport::Websocket),
                    token: TokenUse::Good,
                    place: None,
                    receive_buffer: None,
                });
                view.sockets.insert(socket, Socket::default());
            }
        }
    }

    /// Before a socket goes: a fence, so that its silence until then tells something. Not where a message is on its way
    /// that it should hear, since going just then is worth trying.
    fn fence(&mut self, socket: usize, view: &mut View, out: &mut Vec<Step>) {
        let awaited = view.pending.iter().any(|pending| pending.who.contains(&socket));
        if view.usable(socket) && view.state(socket).unfenced && !awaited {
            out.push(Step::Settle { actors: vec![self.name(socket)] });
            view.state(socket).unfenced = false;
        }
    }

    fn drop_line(&mut self, socket: usize, view: &mut View, out: &mut Vec<Step>) {
        out.push(Step::Drop { actor: self.name(socket) });
        view.gone(socket);
    }

    fn say(&mut self, saying: &Saying, view: &mut View, others: &Others, out: &mut Vec<Step>) {
        let route = if saying.to_nobody { saying.route % self.routes() } else { self.heard_route(saying.route, view) };
        let customer = saying.customer;
        let words_are_needed =
            matches!(saying.kind, MessageKind::Text | MessageKind::ButtonReply | MessageKind::ListReply);
        let has_text = words_are_needed || (saying.kind.carries_text() && saying.text.is_some());
        // Without text, a message is told by its chat's id: the chat must be known, and nothing else on its way.
        let chat_is_known = view.known.iter().any(|known| (known.route, known.customer) == (route, customer));
        let told_by_chat = !has_text && !others.concurrent && chat_is_known;
        if told_by_chat {
            self.catch_up(view, out);
        }
        let kind = if has_text || told_by_chat { saying.kind } else { MessageKind::Text };
        let text = (!told_by_chat).then(|| saying.text.clone().unwrap_or_default());
        let message = self.message(route, customer, kind, text);
        view.sent(route, customer, &message, others);
        out.push(Step::Send { messages: vec![message] });
        if told_by_chat || saying.awaited {
            self.catch_up(view, out);
        }
    }

    fn routes(&self) -> usize {
        self.plan.contract.routes.len()
    }

    /// The route, or the next one whose room has a member for certain.
    fn heard_route(&self, route: usize, view: &View) -> usize {
        let candidates = (0..self.routes()).map(|offset| (route + offset) % self.routes());
        let mut heard = candidates.filter(|route| {
            view.sockets.iter().any(|(socket, state)| view.usable(*socket) && state.rooms.contains(route))
        });
        heard.next().unwrap_or(route % self.routes())
    }

    fn reply(&mut self, socket: usize, earlier: usize, view: &mut View, out: &mut Vec<Step>) {
        let (Some(Known { label, route, .. }), Some(exchange)) = (view.earlier(earlier), &self.plan.contract.send)
        else {
            return;
        };
        self.ready(socket, view, out);
        self.replies += 1;
        let type_key = self.plan.contract.key(fixtures::Role::Type).unwrap_or("customer_type");
        let argument = json!({
            identity_key(self.plan): format!("$chat_id:{label}"),
            "sender": "$agent",
            "type": "Agent",
            "message": format!("reply {} ($nonce:{label})", self.replies),
            type_key: self.plan.contract.routes[route].customer_type,
        });
        out.push(ask(&self.name(socket), exchange, argument));
    }

    fn read(&mut self, socket: usize, earlier: usize, view: &mut View, out: &mut Vec<Step>) {
        let (Some(Known { label, .. }), Some(exchange)) = (view.earlier(earlier), &self.plan.contract.history) else {
            return;
        };
        self.ready(socket, view, out);
        let chat = format!("$chat_id:{label}");
        let argument = json!({identity_key(self.plan): chat, "sender": "$agent", "page": 1, "page_size": 20});
        out.push(ask(&self.name(socket), exchange, argument));
    }

    /// Waits until everybody who certainly must has heard what was sent.
    fn catch_up(&mut self, view: &mut View, out: &mut Vec<Step>) {
        let mut groups: Vec<(BTreeSet<usize>, Vec<Arc<str>>)> = Vec::new();
        for Pending { message, has_text, who } in view.pending.drain(..).filter(|pending| !pending.who.is_empty()) {
            let label = Arc::clone(&message.label);
            match groups.iter_mut().find(|(same, _)| *same == who) {
                Some((_, labels)) => labels.push(label),
                None => groups.push((who, vec![label])),
            }
            view.known.extend(Some(message).filter(|_| has_text));
        }
        for (who, messages) in groups {
            let actors = who.into_iter().map(|socket| self.name(socket)).collect();
            out.push(Step::Heard { actors, messages, or_stop: true });
        }
    }

    fn message(&mut self, route: usize, customer: usize, kind: MessageKind, text: Option<String>) -> Message {
        let customer_type = self.plan.contract.routes[route].customer_type.clone();
        Message { label: self.label(), customer_type, from: format!("customer {}", customer + 1).into(), kind, text }
    }

    fn label(&mut self) -> Arc<str> {
        self.messages += 1;
        Arc::from(format!("m{}", self.messages))
    }

    /// `a`, `b`, `c`, …
    fn name(&mut self, socket: usize) -> Actor {
        let place = self.names.iter().position(|known| *known == socket).unwrap_or_else(|| {
            self.names.push(socket);
            self.names.len() - 1
        });
        let letter = u8::try_from(place).ok().and_then(|place| b'a'.checked_add(place)).map_or('?', char::from);
        Actor::from(letter.to_string())
    }
}

#[cfg(test)]
mod tests;
