//! `auth.login-service`: what a login is answered whose credentials another service knows, or should.

use crate::conversation::{Conversation, not_tested};
use crate::recording::{LoginCase, What};
use crate::verdict::{Failure, Finding, Judgement};

/// 401 where the service says no, 502 where it says nothing of use.
pub(super) fn login_service(conversation: &Conversation<'_>) -> Judgement {
    let right = tried(conversation, LoginCase::Right)?;
    if right.status != Some(200) {
        return Err(not_tested(format!("even the right credentials are answered {}", right.words())));
    }
    let odd = [
        (LoginCase::WrongPassword, 401, "a password that the login service refuses"),
        (LoginCase::Failing, 502, "a login that the login service answers with 503"),
        (LoginCase::Silent, 502, "a login that the login service does not answer"),
    ];
    for (case, expected, what) in odd {
        let tried = tried(conversation, case)?;
        if !tried.asked {
            return Err(not_tested(format!(
                "{what}: the target did not ask the service (answer: {}); was it started with the address of [login]?",
                tried.words()
            )));
        }
        if tried.status == Some(429) {
            return Err(not_tested("logins are rate-limited"));
        }
        if tried.status != Some(expected) {
            return Err(Finding::new(format!("{expected} for {what}"), tried.words()).into());
        }
    }
    Ok(odd.len())
}

struct Tried<'a> {
    asked: bool,
    status: Option<u16>,
    reason: Option<&'a str>,
}

impl Tried<'_> {
    fn words(&self) -> String {
        match (self.status, self.reason) {
            (Some(status), _) => status.to_string(),
            (None, reason) => format!("nothing ({})", reason.unwrap_or("no answer")),
        }
    }
}

fn tried<'a>(conversation: &Conversation<'a>, case: LoginCase) -> Result<Tried<'a>, Failure> {
    let found = conversation.entries.iter().find_map(|entry| match &entry.what {
        What::LoginTried { login, asked, status, reason } if *login == case => {
            Some(Tried { asked: *asked, status: *status, reason: reason.as_deref() })
        }
        _ => None,
    });
    found.ok_or_else(|| not_tested(format!("no login was tried ({case:?})")))
}
