//! Steps that have a part outside: what the services do that the target calls, played by the run's stand-ins.

use std::sync::Arc;
use std::time::Instant;

use fixtures::Role;
use serde_json::json;

use super::asking::answer_to;
use super::wire::{Performance, lock};
use crate::recording::{Direction, LoginCase, ProviderAnswer, What};
use crate::scenario::Actor;

impl Performance<'_> {
    /// An agent's reply, while the provider answers thus. Waits for the agent's answer, and, where that says that the reply
    /// was sent, until the provider has taken it.
    pub(super) async fn reply(
        &self,
        actor: &Actor,
        to: &str,
        text: &str,
        answers: &[ProviderAnswer],
    ) -> Result<(), String> {
        let ground = &self.stage.ground;
        let contract = &ground.contract;
        let exchange = contract.send.as_ref().ok_or("a reply under a contract without sendMessage")?;
        let provider = ground.provider.as_ref().ok_or("a reply that is followed to the provider needs [provider]")?;
        let sent = lock(&self.messages).get(to).map(|(sent, _)| sent.clone());
        let sent = sent.ok_or_else(|| format!("a reply to `{to}`, which was not sent"))?;
        let Some(socket) = self.socket(actor) else { return Ok(()) };
        let text = format!("{} {text}", sent.nonce);
        provider.expect(&sent, &text, answers, &self.log);
        let position = self.log.position();
        let from = Instant::now();
        let replying = What::Replying { of: Arc::clone(&sent.label), number: sent.number.clone(), text: text.clone() };
        self.log.write(Some(&socket.peer), replying);
        let argument = json!({
            contract.key(Role::Identity).unwrap_or("chat_id"): format!("$chat_id:{to}"),
            "sender": "$agent",
            "type": "Agent",
            "message": text,
            contract.key(Role::Type).unwrap_or("customer_type"): sent.customer_type,
        });
        if self.emit(actor, &exchange.request, &[argument]).await?.is_none() {
            return Ok(());
        }
        let answer = exchange.answer.as_deref().unwrap_or_default();
        let (mut told, mut taken) = (None, false);
        let deadline = from + provider.timeout + ground.target.deadlines.answer;
        self.log
            .wait(position, deadline, |entry| {
                match &entry.what {
                    What::ProviderGot { of, answered: ProviderAnswer::Takes, .. } => taken |= *of == sent.label,
                    What::Event { dir: Direction::In, event, args } if event == answer => {
                        let is_own = entry.peer.as_ref() == Some(&socket.peer);
                        told = told.or(is_own.then(|| args.first().is_some_and(|answer| answer["status"] == 1)));
                    }
                    _ => {}
                }
                let is_over = answer_to(entry, &socket.peer, answer) == Some(false);
                (is_over || told == Some(false) || (told == Some(true) && taken)).then_some(())
            })
            .await;
        self.stage.pace.waited("replies", from);
        Ok(())
    }

    /// Waits until the provider was asked to send something to the customer of this message.
    pub(super) async fn provider_asked(&self, to: &str) {
        let from = Instant::now();
        let deadline = from + self.stage.ground.target.deadlines.answer;
        self.log
            .wait(0, deadline, |entry| matches!(&entry.what, What::ProviderGot { of, .. } if **of == *to).then_some(()))
            .await;
        self.stage.pace.waited("replies", from);
    }

    /// Tries a login, while the login service answers thus.
    pub(super) async fn log_in(&self, case: LoginCase) -> Result<(), String> {
        let ground = &self.stage.ground;
        let service = ground.login_service.as_ref().ok_or("a login that another service knows of needs [login]")?;
        let word = format!("conformance-{}", super::nonce().trim_start_matches('~'));
        let (username, password) = match case {
            LoginCase::Right => (None, None),
            LoginCase::WrongPassword => (None, Some(&*word)),
            LoginCase::Failing | LoginCase::Silent => (Some(&*word), None),
        };
        service.expect(&word, case);
        let from = Instant::now();
        let patience = service.timeout + ground.target.deadlines.answer;
        let outcome = ground.target.auth.try_login(username, password, patience).await;
        self.stage.pace.waited("logins", from);
        let asked = service.was_asked(&word);
        let (status, reason) = match outcome {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(self.redacted(&error.to_string()))),
        };
        self.log.write(None, What::LoginTried { login: case, asked, status, reason });
        Ok(())
    }
}
