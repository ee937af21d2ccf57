//! Scenarios: what is done to a backend, as data. A [`Stage`](crate::stage) performs them; nothing here touches a network.

mod odd;

use std::sync::Arc;

use fixtures::webhooks::ReceiptStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::recording::{Act, LoginCase, ProviderAnswer, TokenPlace, TokenUse, Transport};
use crate::target::{Capability, Signature};

pub use fixtures::scenario::Message;
pub use odd::{Body, Door, Probe, Raw};

/// A name for a socket within a scenario.
pub type Actor = Arc<str>;

/// A conversation with a backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, unique in the catalogue: `one-message-per-type`.
    pub name: Arc<str>,
    /// What the target must be able to do, or the scenario is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Capability>,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// How many steps it has, those within branches counted one by one.
    #[must_use]
    pub fn count(&self) -> usize {
        fn of(steps: &[Step]) -> usize {
            let one = |step: &Step| match step {
                Step::Together { branches } => branches.iter().map(|branch| of(branch)).sum(),
                Step::Upgrade { during, .. } => 1 + of(during),
                _ => 1,
            };
            steps.iter().map(one).sum()
        }
        of(&self.steps)
    }

    /// Whether it causes inbound messages.
    #[must_use]
    pub fn sends_messages(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match step {
                Step::Send { .. } | Step::Redeliver { .. } => true,
                Step::Together { branches } => branches.iter().any(|branch| any(branch)),
                _ => false,
            })
        }
        any(&self.steps)
    }
}

/// One thing to do. Steps that wait do so on a condition, up to the configured deadline, and never judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Opens a connection and waits until CONNECT is answered.
    Open {
        /// Whose.
        actor: Actor,
        /// How; the run's ordinary transport where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transport: Option<Transport>,
        /// With which token.
        #[serde(default = "good", skip_serializing_if = "is_good")]
        token: TokenUse,
        /// Where the token is shown; the target's ordinary place where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<TokenPlace>,
        /// The size of the connection's receive buffer, in bytes; the system's where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receive_buffer: Option<u32>,
    },
    /// Turns an actor's polling connection into a WebSocket.
    Upgrade {
        /// Whose.
        actor: Actor,
        /// What is done between the server's answer to the probe and the last step, when both transports are open.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        during: Vec<Step>,
    },
    /// Emits `join_room {room}` and waits for its answer.
    Join {
        /// Who.
        actor: Actor,
        /// The room.
        room: String,
    },
    /// Emits `leave_room {room}` and waits for its answer, or, as not every backend answers, for a fence and a quiet window.
    Leave {
        /// Who.
        actor: Actor,
        /// The room.
        room: String,
    },
    /// Emits an event with these arguments and waits for the event that answers it.
    Ask {
        /// Who.
        actor: Actor,
        /// The event to emit.
        request: String,
        /// Its arguments. Text of the form `$chat_id:LABEL` or `$number:LABEL` stands for what is known of that message.
        args: Vec<Value>,
        /// The event that answers.
        answer: String,
    },
    /// Emits an event and waits for nothing.
    Emit {
        /// Who.
        actor: Actor,
        /// The event.
        event: String,
        /// Its arguments, with the same placeholders as in [`Step::Ask`].
        args: Vec<Value>,
    },
    /// Causes inbound messages: one trigger with all of them.
    Send {
        /// The messages, in this order.
        messages: Vec<Message>,
    },
    /// Delivers an earlier message once more, byte for byte, as providers do.
    Redeliver {
        /// The earlier message's label.
        label: Arc<str>,
        /// The label of the second delivery.
        again: Arc<str>,
    },
    /// Delivers a receipt to an earlier message's customer. It names that message's own id, which the backend knows.
    Receipt {
        /// The earlier message's label.
        label: Arc<str>,
        /// How far it has come.
        status: ReceiptStatus,
    },
    /// Waits until each actor has received something that carries the message's nonce.
    Heard {
        /// Who. `crowd/*` stands for everybody whose name begins with `crowd/`.
        actors: Vec<Actor>,
        /// The messages' labels.
        messages: Vec<Arc<str>>,
        /// Whether the steps behind this one make no sense without: then they are left out, and said to be.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        or_stop: bool,
    },
    /// Fences the actors and then watches them for a quiet window.
    Settle {
        /// Who; everybody that is connected where it is empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        actors: Vec<Actor>,
    },
    /// Stops reading, as a suspended laptop does, and asks for so much that the server has more for this connection than
    /// the network takes. The first request is answered, which tells how much one answer is, and how long it takes. Then
    /// somebody who reads asks too, and waits: that answer is made behind all the others.
    Clog {
        /// Whose connection.
        actor: Actor,
        /// Who asks behind it.
        behind: Actor,
        /// The event to emit.
        request: String,
        /// Its arguments, with the same placeholders as in [`Step::Ask`].
        args: Vec<Value>,
        /// The event that answers.
        answer: String,
    },
    /// Stops reading from the connection.
    StopReading {
        /// Whose.
        actor: Actor,
    },
    /// Reads again.
    ResumeReading {
        /// Whose.
        actor: Actor,
    },
    /// Ends the connection as a good client does.
    Close {
        /// Whose.
        actor: Actor,
    },
    /// Cuts the TCP connection.
    Drop {
        /// Whose.
        actor: Actor,
    },
    /// Calls the protected REST route.
    Rest {
        /// With which token.
        token: TokenUse,
    },
    /// Logs in once more and logs that token out; from then on [`TokenUse::LoggedOut`] is that one.
    LogOut,
    /// An agent replies to a customer, while the provider's stand-in answers thus. Waits until the agent is answered, and,
    /// where that answer is good, until the provider has taken the reply.
    Reply {
        /// The agent.
        actor: Actor,
        /// The label of a message of the customer's.
        to: Arc<str>,
        /// The text behind the nonce of that message.
        text: String,
        /// The answers to the attempts to send this reply, the last of them to all further ones.
        provider: Vec<ProviderAnswer>,
    },
    /// Waits until the provider's stand-in was asked to send a customer something.
    ProviderAsked {
        /// The label of a message of the customer's.
        to: Arc<str>,
    },
    /// Tries a login, while the login service's stand-in answers thus.
    LogIn {
        /// Which.
        login: LoginCase,
    },
    /// Sends bytes as they stand, however malformed, and waits for nothing.
    Raw {
        /// Who.
        actor: Actor,
        /// What.
        raw: Raw,
    },
    /// Makes an HTTP request and writes its answer down.
    Probe(Probe),
    /// Delivers a message by a webhook call that is not as the provider's would be, and writes its answer down.
    Deliver {
        /// The message. Its label names the call, too.
        message: Message,
        /// How the body differs.
        #[serde(default)]
        body: Body,
        /// How it is signed.
        #[serde(default)]
        signature: Signature,
        /// To which business number; the customer type's where it is left out.
        #[serde(default)]
        channel: Option<String>,
        /// Whether it is sent in chunks, so that its length is not known beforehand.
        #[serde(default)]
        chunked: bool,
    },
    /// Waits for a ping that tells of the server's heartbeat: not one that came right with the connection.
    AwaitPing {
        /// Whose connection.
        actor: Actor,
    },
    /// Answers no ping from here on, and waits until the server ends the connection, or should have long ago.
    FallSilent {
        /// Whose connection.
        actor: Actor,
    },
    /// Opens as many connections as the run's scale says, by WebSocket where there is one, a few at a time, and lets each
    /// join.
    Crowd {
        /// What their actors' names begin with.
        name: String,
        /// The room.
        room: String,
    },
    /// Restarts the target, and waits until it answers again.
    Restart,
    /// Does something at a page in a browser, or to it.
    Page {
        /// Which page.
        actor: Actor,
        /// What.
        act: Act,
    },
    /// Waits until a page that is being opened gets on: it connects, or sends or receives an event. Where it does not, the
    /// steps behind are left out.
    AwaitTraffic {
        /// Which page.
        actor: Actor,
    },
    /// Waits until each page's list shows each of these messages in a row.
    Shown {
        /// Which pages.
        actors: Vec<Actor>,
        /// The messages' labels. `meanwhile*` stands for all that were sent under labels that begin so.
        messages: Vec<Arc<str>>,
    },
    /// Does several lists of steps at the same time, and goes on when all are done.
    Together {
        /// The lists.
        branches: Vec<Vec<Step>>,
    },
}

fn good() -> TokenUse {
    TokenUse::Good
}

fn is_good(token: &TokenUse) -> bool {
    *token == TokenUse::Good
}
