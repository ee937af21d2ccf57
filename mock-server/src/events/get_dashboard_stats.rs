//! `get_dashboard_stats`: the figures at the top of the dashboard, for the asking client alone.

use super::{Backend, Refusal, Reply, Request};

/// The answer's name, and that of the broadcast when the figures have changed.
pub(crate) const ANSWER: &str = "dashboard_stats";

pub(super) fn handle(backend: &mut Backend, _: &Request<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::Now(backend.stats()))
}
