//! The HTTP calls of a recording, and answering by them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fixtures::recording::{Body, Recording, What};

use crate::control::log::secrets;
use crate::rest::Problem;

/// An answer as it was.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    content_type: Option<String>,
    body: Body,
}

/// The answers by method and path, each list in its order and with the place of the next.
#[derive(Debug, Default)]
pub(super) struct Calls {
    answers: HashMap<String, (Vec<Answer>, Mutex<usize>)>,
    count: usize,
}

impl Calls {
    pub(super) fn of(recording: &Recording) -> Self {
        let mut calls = Self::default();
        for entry in &recording.entries {
            let What::Called { request, status, content_type, body, .. } = &entry.what else { continue };
            let answer = Answer { status: *status, content_type: content_type.clone(), body: body.clone() };
            let path = request.split('?').next().unwrap_or(request);
            for key in [request.as_str(), path].into_iter().take(if path == request { 1 } else { 2 }) {
                calls.answers.entry(key.to_owned()).or_default().0.push(answer.clone());
            }
            calls.count += 1;
        }
        calls
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The next answer to a request, and after the last that one again: to the very same, or else to one whose query is
    /// another.
    fn next(&self, request: &str) -> Option<&Answer> {
        let path = request.split('?').next().unwrap_or(request);
        let (answers, next) = self.answers.get(request).or_else(|| self.answers.get(path))?;
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(*next).or_else(|| answers.last());
        *next += 1;
        answer
    }
}

/// Answers a call as the recording does.
pub(super) async fn answer(State(calls): State<Arc<Calls>>, request: Request) -> Result<Response, Problem> {
    let line = format!("{} {}", request.method(), request.uri().path_and_query().map_or("/", |it| it.as_str()));
    let line = secrets::hidden_in_query(&line);
    let answer = calls.next(&line).ok_or_else(|| {
        tracing::warn!(call = &*line, "the recording has no answer to this; it is answered 404");
        Problem::new(StatusCode::NOT_FOUND, format!("mock-server replay: the recording has no answer to {line}"))
    })?;
    let unusable = |reason: String| {
        Problem::new(StatusCode::BAD_GATEWAY, format!("mock-server replay: the answer to {line} {reason}"))
    };
    let body = match &answer.body {
        Body::Text(text) => Bytes::from(text.clone()),
        Body::Base64(text) => Bytes::from(BASE64_STANDARD.decode(text).map_err(|error| unusable(error.to_string()))?),
        Body::Omitted(size) => return Err(unusable(format!("was too long to be recorded: {size} bytes"))),
    };
    let status = StatusCode::from_u16(answer.status).map_err(|error| unusable(error.to_string()))?;
    let mut response = (status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    if let Some(kind) = answer.content_type.as_deref().and_then(|kind| HeaderValue::from_str(kind).ok()) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}
