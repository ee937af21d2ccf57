//! The trigger by an HTTP request of the user's own making.

use super::webhook::Caller;
use super::{Accepted, TriggerError};
use crate::config::{HttpConfig, Values};
use crate::net::Request;

/// Fills in the request's templates and sends it.
pub(super) struct RequestTrigger {
    config: HttpConfig,
    caller: Caller,
}

impl RequestTrigger {
    pub fn new(config: HttpConfig, caller: Caller) -> Self {
        Self { config, caller }
    }

    pub async fn send(&self, values: &Values<'_>) -> Result<Accepted, TriggerError> {
        self.caller.accepted(self.request(values).map_err(TriggerError::Template)?).await
    }

    fn request(&self, values: &Values<'_>) -> Result<Request, String> {
        let path = self.config.path.render(values)?;
        let body = self.config.body.as_ref().map(|body| body.render(values)).transpose()?;
        let has_type = self.config.headers.iter().any(|(name, _)| *name == http::header::CONTENT_TYPE);
        let mut request = Request::new(self.config.method.clone(), path, body.clone().unwrap_or_default());
        for (name, value) in &self.config.headers {
            request = request.header(name.as_str(), value.render(values)?);
        }
        if body.is_some() && !has_type {
            request = request.header("content-type", "application/json");
        }
        Ok(request)
    }
}
