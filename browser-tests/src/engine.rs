//! Which browsers there are, and how each is set up: the driver's program, and the capabilities that it wants.

use clap::ValueEnum;
use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

use crate::driver::Setup;

/// Chromium as a test wants it: no window, no sandbox (tests may run as root), nothing that calls home, and no suggestions
/// below an address bar that nobody sees: two documents for each window, which cost more than the page in it.
pub(crate) const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
];

/// A browser that is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Engine {
    /// Chromium, by chromedriver
    #[default]
    Chromium,
    /// Firefox, by geckodriver
    Firefox,
}

impl Engine {
    /// The driver's program, to be found on `PATH`.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Chromium => "chromedriver",
            Self::Firefox => "geckodriver",
        }
    }

    /// The browser's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
        }
    }

    /// How browser and driver come here.
    pub(crate) fn installation(self) -> &'static str {
        match self {
            Self::Chromium => "`apt-get install chromium chromium-driver`, or run ci/setup",
            Self::Firefox => "`apt-get install firefox-esr` and `cargo install geckodriver`",
        }
    }

    /// What the driver is started with: it is to listen where nobody else does.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["--port=0"],
            Self::Firefox => &["--port=0", "--websocket-port=0"],
        }
    }

    /// The port in `ChromeDriver was started successfully on port 40123.`, or in `INFO Listening on 127.0.0.1:40123`.
    pub(crate) fn port_in(self, line: &str) -> Option<u16> {
        let before = match self {
            Self::Chromium => "successfully on port ",
            Self::Firefox => "Listening on 127.0.0.1:",
        };
        line.split_once(before)?.1.trim_end_matches('.').parse().ok()
    }

    /// A browser with an empty profile that speaks BiDi. Certificates are not looked at: hosts may be mapped, by Chromium
    /// itself, or by the proxy on this port, which Firefox is led to.
    pub(crate) fn capabilities(self, setup: &Setup, proxy: Option<u16>) -> Capabilities {
        let mut capabilities = Capabilities::new();
        let mut set = |key: &str, value: Value| capabilities.insert(key.to_owned(), value);
        set("webSocketUrl", json!(true));
        set("acceptInsecureCerts", json!(true));
        match self {
            Self::Chromium => set("goog:chromeOptions", json!({ "args": chromium(&setup.hosts) })),
            Self::Firefox => {
                let preferences = json!({
                    // Names are for the proxy to look up, and this machine's own are no exception.
                    "network.proxy.socks_remote_dns": true,
                    "network.proxy.allow_hijacking_localhost": true,
                    // Nobody sees what a new tab suggests.
                    "browser.newtab.preload": false,
                    "browser.newtabpage.enabled": false,
                });
                if let Some(port) = proxy {
                    let socks = format!("127.0.0.1:{port}");
                    set("proxy", json!({"proxyType": "manual", "socksProxy": socks, "socksVersion": 5}));
                }
                set("moz:firefoxOptions", json!({"args": ["-headless"], "prefs": preferences}))
            }
        };
        capabilities
    }
}

fn chromium(hosts: &[(String, String)]) -> Vec<String> {
    let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
    let rules: Vec<String> = hosts.iter().map(|(from, to)| format!("MAP {from} {to}")).collect();
    if !rules.is_empty() {
        arguments.push(format!("--host-resolver-rules={}", rules.join(", ")));
        // WebSockets do not ask the session whether it accepts a certificate.
        arguments.push("--ignore-certificate-errors".to_owned());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_drivers_greeting() {
        let chromium = |line: &str| Engine::Chromium.port_in(line);
        assert_eq!(chromium("ChromeDriver was started successfully on port 40123."), Some(40123));
        assert_eq!(chromium("Starting ChromeDriver 156.0 on port 0"), None);
        let line = "1795420034953\tgeckodriver\tINFO\tListening on 127.0.0.1:34157";
        assert_eq!(Engine::Firefox.port_in(line), Some(34157));
    }
}
