//! Sending messages as customers, and waiting for their broadcasts.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fixtures::webhooks::{self, Inbound, MessageKind, ReceiptStatus};
use fixtures::{Contract, Role};

use super::wire::{Performance, lock};
use crate::conversation::{is_about, mentions};
use crate::recording::{Direction, Entry, Peer, Sent, What};
use crate::scenario::{Actor, Message};
use crate::target::{Batch, Signature, TriggerError};

impl Performance<'_> {
    /// The number of a customer of this scenario, the same for each of its messages; who writes to all types has one for
    /// those whose numbers are alike.
    fn number(&self, message: &Message) -> Result<String, String> {
        let issued = &self.stage.ground.target.numbers;
        let shared = message.from.starts_with('*').then(|| issued.pattern(&message.customer_type)).flatten();
        let key = (shared.unwrap_or_else(|| message.customer_type.clone()), Arc::clone(&message.from));
        let mut numbers = lock(&self.numbers);
        if let Some(number) = numbers.get(&key) {
            return Ok(number.clone());
        }
        let number = issued.fresh(&message.customer_type).map_err(|error| error.to_string())?;
        numbers.insert(key, number.clone());
        Ok(number)
    }

    pub(super) async fn send(&self, messages: &[Message]) -> Result<(), String> {
        let sent = messages.iter().map(|message| self.compose(message)).collect::<Result<_, _>>()?;
        self.trigger(sent).await
    }

    /// The message with a nonce, a number and an id.
    pub(super) fn compose(&self, message: &Message) -> Result<Sent, String> {
        let nonce = super::nonce();
        let text = match message.kind.carries_text() {
            true => message.text.as_deref().map(|text| text_with(&nonce, message.kind, text)),
            false => None,
        };
        Ok(Sent {
            label: Arc::clone(&message.label),
            customer_type: message.customer_type.clone(),
            number: self.number(message)?,
            name: "Conformance Check".to_owned(),
            message: message.kind,
            text,
            id: format!("wamid.CONFORMANCE{}", nonce.trim_start_matches('~')),
            timestamp: jiff::Timestamp::now().as_second(),
            nonce,
        })
    }

    pub(super) async fn redeliver(&self, label: &str, again: &Arc<str>) -> Result<(), String> {
        let earlier = lock(&self.messages).get(label).map(|(sent, _)| sent.clone());
        let earlier = earlier.ok_or_else(|| format!("`{label}` is redelivered before it was sent"))?;
        self.trigger(vec![Sent { label: Arc::clone(again), ..earlier }]).await
    }

    async fn trigger(&self, sent: Vec<Sent>) -> Result<(), String> {
        let Some(first) = sent.first() else { return Err("a trigger without messages".to_owned()) };
        let batch = Batch { customer_type: first.customer_type.clone(), messages: sent.iter().map(inbound).collect() };
        let from = Instant::now();
        let trigger = self.sending(from, sent);
        let what = match self.stage.ground.target.trigger.send(&batch).await {
            Ok(accepted) => {
                self.stage.pace.seen(accepted.took);
                self.stage.pace.add("held back", accepted.throttled);
                What::Accepted {
                    trigger,
                    request: accepted.request,
                    status: accepted.status,
                    took: accepted.took,
                    throttled: accepted.throttled,
                }
            }
            Err(error) => {
                let throttled = matches!(error, TriggerError::Throttled { .. });
                let reason = self.stage.ground.target.redactor.redact(&error.to_string()).into_owned();
                What::NotAccepted { trigger, reason, throttled }
            }
        };
        self.stage.pace.waited("triggers", from);
        self.log.write(None, what);
        Ok(())
    }

    /// Writes down that these messages are about to be sent, and gives the trigger's number.
    pub(super) fn sending(&self, from: Instant, sent: Vec<Sent>) -> u32 {
        let trigger = self.stage.ground.next_trigger();
        let at = self.log.write_at(from, None, None, What::Sending { trigger, messages: sent.clone() });
        let labelled = sent.into_iter().map(|sent| (Arc::clone(&sent.label), (sent, at)));
        lock(&self.messages).extend(labelled);
        trigger
    }

    /// A receipt that names a message which the backend knows: the customer's own, as no other id is known to both sides.
    /// (A backend may well ignore receipts for ids that it has never seen.)
    pub(super) async fn receipt(&self, label: &str, status: ReceiptStatus) -> Result<(), String> {
        let earlier = lock(&self.messages).get(label).map(|(sent, _)| sent.clone());
        let earlier = earlier.ok_or_else(|| format!("a receipt for `{label}`, which was not sent"))?;
        let from = Instant::now();
        let target = &self.stage.ground.target;
        let channel = target.trigger.channel(&earlier.customer_type).unwrap_or_default();
        let Some(webhook) = target.trigger.webhook() else { return Err("receipts need a webhook".to_owned()) };
        let body = webhooks::receipt(channel, &earlier.id, status, &earlier.number, jiff::Timestamp::now().as_second());
        let refused = match webhook.post_json(channel, &body, Signature::Right).await {
            Ok(answer) if answer.status.is_success() => None,
            Ok(answer) => Some(format!("the webhook answered {}", answer.status)),
            Err(error) => Some(target.redactor.redact(&error.to_string()).into_owned()),
        };
        self.stage.pace.waited("triggers", from);
        self.log.write(None, What::Receipt { customer_type: earlier.customer_type, status, refused });
        Ok(())
    }

    /// Waits until each actor has heard each message under the name that the contract gives it, or the time for broadcasts
    /// is over. Whether they have. (Under another name it was not heard: the wait goes on, so that checks may say "never".)
    pub(super) async fn heard(&self, actors: &[Actor], labels: &[Arc<str>]) -> Result<bool, String> {
        let from = Instant::now();
        let mut pending: HashSet<(Peer, String)> = HashSet::new();
        let mut awaited: Vec<Awaited<'_>> = Vec::new();
        for label in labels {
            let message = lock(&self.messages).get(label).cloned();
            let (sent, at) = message.ok_or_else(|| format!("`{label}` is awaited before it was sent"))?;
            let sockets = actors.iter().flat_map(|actor| self.sockets_of(actor));
            pending.extend(sockets.map(|socket| (socket.peer.clone(), sent.nonce.clone())));
            let route = self.stage.ground.contract.route(&sent.customer_type);
            awaited.push(Awaited {
                event: route.map(|route| &*route.event),
                chat_id: self.chat_id_of(&sent),
                sent,
                at,
            });
        }
        if pending.is_empty() {
            return Ok(false);
        }
        let contract = &self.stage.ground.contract;
        let known: Vec<Sent> = lock(&self.messages).values().map(|(sent, _)| sent.clone()).collect();
        let deadline = from + self.stage.delivery;
        let all = self
            .log
            .wait(0, deadline, |entry| {
                let peer = entry.peer.as_ref()?;
                for message in awaited.iter().filter(|message| message.is_carried_by(entry, contract, &known)) {
                    if pending.remove(&(peer.clone(), message.sent.nonce.clone())) {
                        self.stage.pace.seen(entry.at.saturating_sub(message.at));
                    }
                }
                pending.is_empty().then_some(())
            })
            .await;
        self.stage.pace.waited("broadcasts", from);
        Ok(all.is_some())
    }

    /// The id of the chat of this number and type, as an earlier message with text has taught it.
    fn chat_id_of(&self, sent: &Sent) -> Option<String> {
        let key = self.stage.ground.contract.key(Role::Identity)?;
        let nonces: Vec<String> = lock(&self.messages)
            .values()
            .filter(|(other, _)| {
                other.number == sent.number && other.customer_type == sent.customer_type && other.text.is_some()
            })
            .map(|(other, _)| other.nonce.clone())
            .collect();
        nonces.iter().find_map(|nonce| self.log.find(|entry| chat_id_in(entry, nonce, key)))
    }
}

/// A message that somebody waits to hear.
struct Awaited<'a> {
    sent: Sent,
    at: Duration,
    /// The event that it is to be broadcast as.
    event: Option<&'a str>,
    /// Its chat, where an earlier message has taught it: how a message without text is told.
    chat_id: Option<String>,
}

impl Awaited<'_> {
    /// Whether the entry is the receipt of its broadcast: it carries the nonce, or it is of the chat and carries none of
    /// those that this scenario has sent. (Where the customer has also sent messages without words, it is of one of those.)
    fn is_carried_by(&self, entry: &Entry, contract: &Contract, known: &[Sent]) -> bool {
        let What::Event { dir: Direction::In, event, args } = &entry.what else { return false };
        if entry.at < self.at || self.event.is_some_and(|expected| expected != event) {
            return false;
        }
        let carries = |sent: &Sent| args.iter().any(|arg| mentions(arg, &sent.nonce));
        let wordless = |sent: &Sent| sent.text.is_none() && sent.number == self.sent.number;
        if self.sent.text.is_some() && (carries(&self.sent) || known.iter().any(wordless)) {
            return carries(&self.sent);
        }
        !known.iter().any(carries)
            && args.first().is_some_and(|summary| is_about(summary, contract, &self.sent, self.chat_id.as_deref()))
    }
}

/// Text with its nonce in front; a reply's title is short by the provider's rules.
fn text_with(nonce: &str, kind: MessageKind, text: &str) -> String {
    match kind {
        MessageKind::ButtonReply | MessageKind::ListReply => format!("{nonce} ok"),
        _ => format!("{nonce} {text}"),
    }
}

pub(super) fn inbound(sent: &Sent) -> Inbound {
    Inbound {
        kind: sent.message,
        from: sent.number.clone(),
        name: sent.name.clone(),
        id: sent.id.clone(),
        timestamp: sent.timestamp,
        text: sent.text.clone(),
    }
}

/// The chat's id in a received event that carries the nonce.
pub(super) fn chat_id_in(entry: &Entry, nonce: &str, key: &str) -> Option<String> {
    let What::Event { dir: Direction::In, args, .. } = &entry.what else { return None };
    let payload = args.first()?;
    if !mentions(payload, nonce) { None } else { payload.get(key)?.as_str().map(str::to_owned) }
}
