//! The mock's own front door, by which customers' messages and receipts go in: as the provider delivers them, so that
//! faults, limits and signatures hold for them too.

use std::sync::atomic::Ordering;

use axum::body::Body as HttpBody;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use fixtures::Route;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use tower::ServiceExt;

use super::Control;
use crate::rest::Problem;
use crate::transport::OnConnection;
use crate::webhook::signature;

/// Where the provider delivers.
pub(in crate::control) struct Webhook {
    /// The business number.
    pub channel: String,
    /// The path.
    address: String,
}

impl Control {
    /// The routing table's row of a customer type.
    pub(super) fn route(&self, customer_type: &str) -> Result<Route, Problem> {
        let contract = self.contract();
        contract.route(customer_type).cloned().ok_or_else(|| {
            let known: Vec<&str> = contract.routes.iter().map(|route| route.customer_type.as_str()).collect();
            let message = format!("unknown customer type {customer_type:?}: expected one of {}", known.join(", "));
            Problem::new(StatusCode::NOT_FOUND, message)
        })
    }

    /// Where the provider delivers what customers of a type write.
    pub(in crate::control) fn webhook(&self, customer_type: &str) -> Result<Webhook, Problem> {
        let (channel, template) = (self.route(customer_type)?.channel, self.contract().webhook.clone());
        let Some((channel, template)) = channel.zip(template) else {
            let message = format!(
                "customers of type {customer_type} cannot write: the contract has no webhook or channel for them"
            );
            return Err(Problem::new(StatusCode::NOT_FOUND, message));
        };
        Ok(Webhook { address: template.replace("{channel}", &channel), channel })
    }

    /// What a customer is called.
    pub(super) async fn name_of(&self, customer_type: &str, number: &str) -> Result<String, Problem> {
        let (of, wanted) = (number.to_owned(), customer_type.to_owned());
        let known = self.queue.ask(move |backend| backend.chats.find(&of, Some(&wanted))?.name.clone());
        let last = number.get(number.len().saturating_sub(4)..).unwrap_or(number);
        let known = known.await.ok_or_else(Problem::ending)?;
        Ok(known.unwrap_or_else(|| format!("{customer_type} {last}")))
    }

    /// An id for a message that is written now.
    pub(in crate::control) fn message_id(&self, now: Timestamp) -> String {
        let count = self.written.fetch_add(1, Ordering::Relaxed);
        format!("wamid.{:x}.{count}", now.as_microsecond())
    }

    /// Posts a body to the webhook as the provider does, by the mock's own front door.
    pub(in crate::control) async fn deliver(
        &self,
        connection: OnConnection,
        to: &Webhook,
        body: &Value,
    ) -> Result<(), Problem> {
        let body = body.to_string();
        let mut request = Request::post(&to.address).header(header::CONTENT_TYPE, "application/json");
        if let Some(signature) = self.webhook_secret.as_deref().and_then(|it| signature::of(it, body.as_bytes())) {
            request = request.header(signature::HEADER, signature);
        }
        let request = request.extension(ConnectInfo(connection)).body(HttpBody::from(body));
        let request = request.map_err(|error| Problem::new(StatusCode::BAD_GATEWAY, error.to_string()))?;
        let Ok(response) = self.front.clone().oneshot(request).await;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let said = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        Err(Problem::new(StatusCode::BAD_GATEWAY, format!("the webhook answered {status}: {said}")))
    }
}
