//! The provider's send API, in the shape of the WhatsApp Cloud API: `POST …/messages {to, type: text, text: {body}}`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{MockServer, Request, Respond, ResponseTemplate};

use super::{SILENCE, lock, serve};
use crate::config::{ConfigError, StandInConfig};
use crate::recording::{ProviderAnswer, Sent, What};
use crate::stage::ScenarioLog;

/// The stand-in, while it serves.
pub(in crate::stage) struct Provider {
    _server: MockServer,
    customers: Customers,
    /// How long the target waits for an answer.
    pub(in crate::stage) timeout: Duration,
}

/// The customers of this run that agents reply to, by number.
type Customers = Arc<Mutex<HashMap<String, Customer>>>;

struct Customer {
    /// The label of a message of theirs.
    label: Arc<str>,
    /// That message's nonce: in the replies' texts, too.
    nonce: String,
    log: Arc<ScenarioLog>,
    replies: Vec<Expected>,
}

/// A reply that an agent is about to write.
struct Expected {
    text: String,
    answers: Vec<ProviderAnswer>,
    given: usize,
}

impl Provider {
    /// Answers from now on.
    ///
    /// # Errors
    /// [`ConfigError`] where the address cannot be had.
    pub(in crate::stage) async fn start(config: &StandInConfig) -> Result<Self, ConfigError> {
        let customers = Customers::default();
        let send_api = SendApi { customers: Arc::clone(&customers) };
        Ok(Self { _server: serve(config, send_api).await?, customers, timeout: config.timeout })
    }

    /// A reply to the customer of this message is about to be written: these are the answers to it, the last of them to
    /// all further attempts. What comes is written into `log`.
    pub(in crate::stage) fn expect(&self, sent: &Sent, text: &str, answers: &[ProviderAnswer], log: &Arc<ScenarioLog>) {
        let mut customers = lock(&self.customers);
        let customer = customers.entry(sent.number.clone()).or_insert_with(|| Customer {
            label: Arc::clone(&sent.label),
            nonce: sent.nonce.clone(),
            log: Arc::clone(log),
            replies: Vec::new(),
        });
        customer.replies.push(Expected { text: text.to_owned(), answers: answers.to_vec(), given: 0 });
    }

    /// Forgets the customers of a scenario that is over.
    pub(in crate::stage) fn forget(&self, log: &Arc<ScenarioLog>) {
        lock(&self.customers).retain(|_, customer| !Arc::ptr_eq(&customer.log, log));
    }
}

struct SendApi {
    customers: Customers,
}

impl Respond for SendApi {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else { return refusal("the body is no JSON") };
        let Some(to) = body.get("to").and_then(Value::as_str) else { return refusal("`to` is missing") };
        let to: String = to.chars().filter(char::is_ascii_digit).collect();
        let text = body.pointer("/text/body").and_then(Value::as_str);
        let mut customers = lock(&self.customers);
        // One that went to a wrong number is told by its text.
        let own = |(number, customer): &(&String, &mut Customer)| {
            **number == to || text.is_some_and(|text| text.contains(&customer.nonce))
        };
        let answered = match customers.iter_mut().find(own) {
            Some((_, customer)) => customer.answer(&to, text),
            None => ProviderAnswer::Takes,
        };
        match answered {
            ProviderAnswer::Takes => ResponseTemplate::new(200).set_body_json(json!({
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": to}],
                "messages": [{"id": format!("wamid.CONFORMANCE{:016X}", fastrand::u64(..))}],
            })),
            ProviderAnswer::Refuses => refusal("(#131026) Message undeliverable"),
            ProviderAnswer::Fails => ResponseTemplate::new(503)
                .set_body_json(json!({"error": {"message": "Service temporarily unavailable", "code": 2}})),
            ProviderAnswer::Silent => ResponseTemplate::new(200).set_delay(SILENCE),
        }
    }
}

impl Customer {
    /// Writes an attempt down and says how it is answered: by its text, or else as the latest reply.
    fn answer(&mut self, to: &str, text: Option<&str>) -> ProviderAnswer {
        let latest = self.replies.len().saturating_sub(1);
        let index = self.replies.iter().position(|reply| Some(&*reply.text) == text).unwrap_or(latest);
        let answered = match self.replies.get_mut(index) {
            Some(Expected { answers, given, .. }) => {
                let answer = answers.get(*given).or(answers.last()).copied();
                *given += 1;
                answer.unwrap_or(ProviderAnswer::Takes)
            }
            None => ProviderAnswer::Takes,
        };
        self.log.write(
            None,
            What::ProviderGot {
                of: Arc::clone(&self.label),
                to: to.to_owned(),
                text: text.map(str::to_owned),
                answered,
            },
        );
        answered
    }
}

fn refusal(message: &str) -> ResponseTemplate {
    ResponseTemplate::new(400)
        .set_body_json(json!({"error": {"message": message, "type": "OAuthException", "code": 131_026}}))
}
