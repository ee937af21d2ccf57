//! The login service that agents' credentials are asked of: `POST {url}/login {username, password}`.
//!
//! It answers 200 with what it knows of the agent, `{agentNumber, adminid, name}`, or 401.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::faults::FaultSet;
use crate::options::Login;
use crate::upstream::{Upstream, UpstreamError};

/// Why nobody is let in. The texts are what clients are told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginFailure {
    /// The credentials are not right.
    #[error("wrong username or password")]
    Wrong,
    /// The service gave no answer.
    #[error("cannot log in: the login service {0}")]
    Unanswered(#[from] UpstreamError),
    /// The service gave an answer that says nothing of the credentials.
    #[error("cannot log in: the login service answered {0}")]
    Failed(StatusCode),
}

/// The service.
pub(crate) struct LoginService {
    login: Upstream,
    faults: FaultSet,
}

impl LoginService {
    /// The service at this address.
    pub(crate) fn new(login: Upstream, faults: FaultSet) -> Self {
        Self { login, faults }
    }

    /// The agent with these credentials; what the service leaves out is as in `known`.
    ///
    /// # Errors
    /// [`LoginFailure`] if there is no such agent, or nobody can say so.
    pub(crate) async fn agent(&self, username: &str, password: &str, known: &Login) -> Result<Login, LoginFailure> {
        let facts = match self.ask(username, password).await {
            Ok(facts) => facts,
            Err(failure) => self.faults.login_failure(failure).map_or(Ok(Value::Null), Err)?,
        };
        let fact = |key: &str, known: &str| facts[key].as_str().unwrap_or(known).to_owned();
        Ok(Login {
            username: username.to_owned(),
            password: password.to_owned(),
            agent_number: fact("agentNumber", &known.agent_number),
            admin_id: fact("adminid", &known.admin_id),
            name: fact("name", &known.name),
        })
    }

    async fn ask(&self, username: &str, password: &str) -> Result<Value, LoginFailure> {
        let (status, body) = self.login.post(&json!({"username": username, "password": password})).await?;
        match status {
            StatusCode::UNAUTHORIZED => Err(LoginFailure::Wrong),
            _ if status.is_success() => Ok(serde_json::from_slice(&body).unwrap_or_default()),
            _ => Err(LoginFailure::Failed(status)),
        }
    }
}
