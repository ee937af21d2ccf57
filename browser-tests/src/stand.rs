//! Putting a browser, a page and a backend together: which hosts lead where, over which lines.

use conformance::net::Endpoint;
use fixtures::pages::Profile;
use url::Url;

use crate::browser::{Browser, BrowserError};
use crate::driver::Setup;
use crate::engine::Engine;
use crate::line::{Line, LineError};
use crate::stage::BrowserStage;

/// Why a page cannot be opened against a backend.
#[derive(Debug, thiserror::Error)]
pub enum StandError {
    /// No browser.
    #[error("{0}")]
    Browser(#[from] BrowserError),
    /// No line.
    #[error("{0}")]
    Line(#[from] LineError),
    /// A host cannot be led to the backend.
    #[error("{host} (hosts in the page profile) cannot lead to {target}: {reason}")]
    Host {
        /// As in the profile.
        host: String,
        /// The backend.
        target: String,
        /// Why, and what to do.
        reason: String,
    },
}

/// Starts a browser of this kind for a page, and lines from it to the backend: for the backend's own address, so that connections can be
/// cut, and for each host that the page was built for. A host that speaks TLS gets it from the line where the backend
/// speaks none.
///
/// # Errors
/// [`StandError`].
pub async fn stage(
    engine: Engine,
    page: &Url,
    profile: Profile,
    backend: &Endpoint,
) -> Result<BrowserStage, StandError> {
    let to = authority(backend.base());
    let (mut hosts, mut lines) = (Vec::new(), Vec::new());
    let own = Line::open(to.clone(), &[]).await?;
    hosts.push((to.clone(), at(&own)));
    let is_tls = backend.base().scheme() == "https";
    for host in &profile.hosts {
        let refused = |reason: &str| StandError::Host {
            host: host.clone(),
            target: backend.shown_url(""),
            reason: reason.to_owned(),
        };
        let url = Url::parse(host).map_err(|error| refused(&error.to_string()))?;
        let rule = match (url.scheme() == "https", is_tls) {
            (true, false) => {
                let names: Vec<String> = url.host_str().map(str::to_owned).into_iter().collect();
                let line = Line::open(to.clone(), &names).await?;
                let rule = at(&line);
                lines.push(line);
                rule
            }
            (false, true) => {
                return Err(refused("the backend speaks TLS, and the host does not; write it with https"));
            }
            _ => at(&own),
        };
        hosts.push((authority(&url), rule));
    }
    lines.push(own);
    let browser = Browser::start(&Setup { engine, hosts }, &profile.list).await?;
    Ok(BrowserStage::new(browser, profile, page.clone(), lines))
}

fn at(line: &Line) -> String {
    format!("127.0.0.1:{}", line.port())
}

/// `api.example.com:443`.
fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}
