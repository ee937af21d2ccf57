//! `open`: a page in a browser in which some hosts lead to this mock, so that the page, deployed and unmodified, talks to
//! it instead of its backend. How a browser is started and ended is for `browser`.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use axum::http::Uri;
use axum::http::uri::Authority;
use clap::Args;
use mock_server::Tls;

use super::browser::{self, Browser, BrowserError};

const AFTER_HELP: &str = "\
The browser has a profile of its own, which is removed when it ends; the mock ends with it, and it with the mock. In that
profile alone the hosts lead here, and this mock's certificate is accepted.

Examples:
  mock-server open https://app.example.com --map api.example.com
  mock-server open https://app.example.com --map api.example.com --data my-chats --fault missing-branch
  mock-server open http://localhost:4200 --map '*.example.com' -- --auto-open-devtools-for-tabs";

/// What to open, and what is to lead here.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Open {
    /// The page
    #[arg(value_parser = page)]
    url: String,

    /// A host that is to lead to this mock, e.g. api.example.com, *.example.com, api.example.com:8443; repeatable
    #[arg(long = "map", value_name = "HOST", required = true, value_parser = host)]
    hosts: Vec<String>,

    /// The browser, Chromium or one made of it; without it, the first one found is taken
    #[arg(long, value_name = "FILE")]
    browser: Option<PathBuf>,

    /// What else the browser is told, e.g. --headless=new
    #[arg(last = true, value_name = "BROWSER_ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Open {
    /// The names that the mock must have a certificate for.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.hosts.iter().map(|host| host.split(':').next().unwrap_or(host).to_owned())
    }

    /// The browser to take.
    ///
    /// # Errors
    /// [`BrowserError::NotFound`] where there is none.
    pub fn browser(&self) -> Result<PathBuf, BrowserError> {
        self.browser.clone().map_or_else(browser::find, Ok)
    }

    /// Opens the page in this browser; the mock is reached at this address, and shows this certificate.
    ///
    /// # Errors
    /// [`BrowserError`] where the browser does not start.
    pub fn start(&self, browser: PathBuf, address: SocketAddr, tls: &Tls) -> Result<Browser, BrowserError> {
        let rules: Vec<String> = self.hosts.iter().map(|host| format!("MAP {host} {address}")).collect();
        let mut arguments = vec![
            format!("--host-resolver-rules={}", rules.join(", ")).into(),
            format!("--ignore-certificate-errors-spki-list={}", tls.key_pin()).into(),
            // Or else a page of the internet's may not call what turns out to be on this machine.
            "--disable-features=LocalNetworkAccessChecks".into(),
        ];
        arguments.extend(self.arguments.iter().cloned());
        arguments.push(self.url.clone().into());
        Browser::start(browser, arguments)
    }

    /// What to say once it is open.
    pub fn said<'o>(&'o self, browser: &'o Browser, address: SocketAddr) -> impl fmt::Display {
        fmt::from_fn(move |formatter| {
            writeln!(formatter, "opened {} in {}, with a profile of its own", self.url, browser.program().display())?;
            writeln!(formatter, "  there {} is this mock, at {address}", self.hosts.join(", "))?;
            writeln!(formatter, "  and this mock's certificate is accepted")?;
            let page = self.url.parse().ok().and_then(|url: Uri| url.host().map(ToOwned::to_owned));
            if let Some(page) = page.filter(|page| self.names().any(|name| name == *page)) {
                writeln!(formatter, "  so that the page itself comes from this mock, since it is on {page}, too")?;
            }
            writeln!(formatter, "Close that browser, or press Ctrl-C here, to end\n")
        })
    }
}

fn page(text: &str) -> Result<String, String> {
    let url = text.parse::<Uri>().ok();
    let is_page = url.is_some_and(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some());
    if is_page { Ok(text.to_owned()) } else { Err("expected a page's URL such as https://app.example.com".to_owned()) }
}

/// A host as Chromium's host rules take it, which have no quotes: nothing may be in it that ends a rule.
fn host(text: &str) -> Result<String, String> {
    let authority = text.parse::<Authority>().ok().filter(|authority| !authority.as_str().contains(['@', '[', ',']));
    match authority {
        Some(_) => Ok(text.to_owned()),
        None => Err("expected a host such as api.example.com, without https:// before and a path behind it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_url_and_a_host_is_none() {
        for good in ["https://app.example.com", "http://localhost:4200/#/base/dcoChat"] {
            assert!(page(good).is_ok(), "{good}");
        }
        for bad in ["app.example.com", "file:///page.html", "https://", ""] {
            assert!(page(bad).is_err(), "{bad}");
        }
        for good in ["api.example.com", "*.example.com", "api.example.com:8443"] {
            assert!(host(good).is_ok(), "{good}");
        }
        for bad in ["https://api.example.com", "api.example.com/ws", "a.example.com, MAP *", "agent@example.com", ""] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
