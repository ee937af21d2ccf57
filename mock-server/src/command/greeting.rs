//! What the command says when it listens: where, how to log in, and how to send a first message.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use fixtures::{Contract, Route};
use mock_server::{Auth, Login, Options, Tls};

/// By which address a listener is reached from here: what listens everywhere by a loopback address, which is what the
/// console asks for.
pub fn from_here(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        address => address,
    }
}

/// The lines that the command begins with. They hold no secret of the environment's.
#[derive(Debug)]
pub struct Greeting<'a> {
    options: &'a Options,
    address: SocketAddr,
    url: String,
    console: String,
}

impl<'a> Greeting<'a> {
    /// For a server with these options at this address.
    pub fn new(options: &'a Options, address: SocketAddr) -> Self {
        Self {
            options,
            address,
            url: format!("http://{address}"),
            console: format!("http://{}/__mock/", from_here(address)),
        }
    }

    fn contract(&self) -> &Contract {
        &self.options.contract
    }

    fn login(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, login) = (Login::default(), &self.options.login);
        // What the environment says is shown by its name.
        let shown = |given: &str, known: &str, variable: &str| {
            if given == known { known.to_owned() } else { format!("'\"${variable}\"'") }
        };
        let username = shown(&login.username, &known.username, "LOGIN_USERNAME");
        let password = shown(&login.password, &known.password, "LOGIN_PASSWORD");
        match self.options.auth {
            Auth::Jwt => writeln!(formatter, "Log in; the accessToken goes into auth: {{token}} or ?token=")?,
            Auth::None => writeln!(formatter, "No token is needed; the login answers all the same")?,
        }
        writeln!(formatter, "  curl -s {}/api/auth/login -H 'content-type: application/json' \\", self.url)?;
        writeln!(formatter, "    -d '{{\"username\": \"{username}\", \"password\": \"{password}\"}}'\n")
    }

    /// What a page does to hear a room.
    fn listen(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (contract, address) = (self.contract(), self.namespace_url());
        let Some(Route { room, event, .. }) = contract.routes.first() else { return Ok(()) };
        let auth = if self.options.auth == Auth::Jwt { ", auth: { token: accessToken }" } else { "" };
        writeln!(formatter, "Listen in a page, with socket.io-client")?;
        writeln!(formatter, "  const socket = io(\"{address}\", {{ path: \"{}\"{auth} }});", contract.path)?;
        writeln!(formatter, "  socket.on(\"{event}\", (chat) => console.log(chat));")?;
        writeln!(formatter, "  socket.emit(\"{}\", {{ room: \"{room}\" }});\n", contract.join.request)
    }

    /// What the client library is given to connect to the namespace.
    fn namespace_url(&self) -> String {
        format!("{}{}", self.url, self.contract().namespace.trim_end_matches('/'))
    }

    fn first_message(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((template, route, channel)) = self.first_channel() else { return Ok(()) };
        let address = template.replace("{channel}", channel);
        let body = concat!(
            r#"{"object": "whatsapp_business_account", "entry": [{"changes": [{"value": {"messages": [{"#,
            r#""from": "15550100001", "id": "wamid.'$(date +%s%N)'", "timestamp": "'$(date +%s)'", "#,
            r#""type": "text", "text": {"body": "Hello"}}]}}]}]}"#
        );
        writeln!(
            formatter,
            "Send a message as a customer of type {}: {} hears {}",
            route.customer_type, route.room, route.event
        )?;
        writeln!(formatter, "  body='{body}'")?;
        write!(formatter, "  curl -s {}{address} -H 'content-type: application/json' ", self.url)?;
        if self.options.webhook_secret.is_some() {
            write!(
                formatter,
                "\\\n    -H \"x-hub-signature-256: sha256=$(printf %s \"$body\" | openssl dgst -sha256 -hmac \"$WEBHOOK_SECRET\" -r | cut -d' ' -f1)\" \\\n    "
            )?;
        }
        writeln!(formatter, "-d \"$body\"\n")
    }

    /// Where a first message can be sent, if the contract says where.
    fn first_channel(&self) -> Option<(&str, &Route, &str)> {
        let template = self.contract().webhook.as_deref()?;
        let with_channel = |route: &'a Route| route.channel.as_deref().map(|channel| (route, channel));
        self.options.contract.routes.iter().find_map(with_channel).map(|(route, channel)| (template, route, channel))
    }
}

/// What certificate a client meets.
fn shown(tls: &Tls) -> String {
    match tls.made_for() {
        Some(names) => format!("by a certificate made just now for {} (curl -k)", names.join(", ")),
        None => "by the certificate given".to_owned(),
    }
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = self.contract();
        writeln!(formatter, "{} {}\n", contract.title, contract.version)?;
        writeln!(formatter, "listening on {}", self.url)?;
        if let Some(tls) = &self.options.tls {
            writeln!(formatter, "listening on https://{}, too, {}", self.address, shown(tls))?;
        }
        writeln!(formatter, "Socket.IO path {}, namespace {}", contract.path, contract.namespace)?;
        for Route { customer_type, room, event, .. } in &contract.routes {
            writeln!(formatter, "  {customer_type}: {} {{\"room\": \"{room}\"}}, then {event}", contract.join.request)?;
        }
        if !self.options.faults.is_empty() {
            let ids: Vec<&str> = self.options.faults.iter().map(|fault| fault.id).collect();
            writeln!(formatter, "\nwith faults: {}", ids.join(", "))?;
        }
        if let Some(state) = &self.options.state {
            writeln!(formatter, "\nkeeping chats in {}", state.file.display())?;
        }
        if let Some(scenario) = &self.options.scenario {
            writeln!(formatter, "\nplaying, at {} times its speed, {scenario}", self.options.speed)?;
        }
        writeln!(formatter)?;
        self.login(formatter)?;
        writeln!(formatter, "Work at a dashboard, logged in by the same\n  {}/\n", self.url)?;
        writeln!(formatter, "See what happens, write as a customer, make things go wrong")?;
        writeln!(formatter, "  {}\n", self.console)?;
        self.listen(formatter)?;
        self.first_message(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(options: &Options) -> String {
        Greeting::new(options, SocketAddr::from(([127, 0, 0, 1], 5000))).to_string()
    }

    #[test]
    fn the_address_stands_on_a_line_of_its_own() {
        let text = greeting(&Options::default());
        assert_eq!(text.lines().filter(|line| *line == "listening on http://127.0.0.1:5000").count(), 1);
    }

    #[test]
    fn the_scenario_is_named_with_what_is_left_out() {
        let scenario = mock_server::Scenario::built_in(&Contract::room_updates()).into_iter().next();
        let text = greeting(&Options { scenario, speed: 10.0, ..Options::default() });
        assert!(text.contains("\nplaying, at 10 times its speed, quiet-hour: 12 messages in "), "{text}");
        assert!(text.contains("left out, as only `conformance replay` performs it: heard (12 times"), "{text}");
    }

    #[test]
    fn a_page_is_shown_how_to_listen() {
        let text = greeting(&Options { contract: Contract::order_board(), auth: Auth::None, ..Options::default() });
        let contract = Contract::order_board();
        let io = format!("io(\"http://127.0.0.1:5000{}\"", contract.namespace.trim_end_matches('/'));
        assert!(text.contains(&io) && text.contains(&format!("path: \"{}\" }}", contract.path)), "{text}");
    }

    #[test]
    fn the_console_is_named_by_an_address_that_it_can_be_opened_by() {
        let console = |ip: [u8; 4]| Greeting::new(&Options::default(), SocketAddr::from((ip, 5000))).console;
        assert_eq!(console([127, 0, 0, 1]), "http://127.0.0.1:5000/__mock/");
        assert_eq!(console([0, 0, 0, 0]), "http://127.0.0.1:5000/__mock/");
    }

    #[test]
    fn secrets_of_the_environment_are_not_shown() {
        let mut options = Options { webhook_secret: Some("webhook-sesame".to_owned()), ..Options::default() };
        options.jwt_secret = "jwt-sesame".to_owned();
        options.login.password = "password-sesame".to_owned();
        options.verify_token = "verify-sesame".to_owned();
        let text = greeting(&options);
        assert!(!text.contains("sesame"), "{text}");
        assert!(text.contains("$LOGIN_PASSWORD") && text.contains("$WEBHOOK_SECRET"), "{text}");
    }
}
