//! What a configuration and a contract make of each other.

use super::*;
use crate::config::{AuthMode, TriggerConfig};

fn config(text: &str) -> Config {
    let text = format!("target = \"http://127.0.0.1:1\"\n{text}");
    Config::parse_with("conformance.toml", &text, &|_| None).unwrap_or_else(|error| panic!("{error}"))
}

fn resolve(text: &str) -> Target {
    Target::resolve(&config(text), &Contract::room_updates()).unwrap_or_else(|error| panic!("{error}"))
}

fn problem(config: &Config, contract: &Contract) -> String {
    match Target::resolve(config, contract) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_not_configured_is_the_contracts() {
    let target = resolve("");
    assert_eq!((target.socket_path.as_str(), target.namespace.as_str()), ("/ws", "/"));
    assert_eq!(target.trigger.channel("Partner"), Some("15550100101"));
    assert!(target.numbers.fresh("SRDP").unwrap().starts_with("1555010"));
}

#[test]
fn what_is_configured_goes_before_the_contract() {
    let target =
        resolve("socket_path = \"/live/\"\n[types.Partner]\nchannel = \"15550100199\"\nnumbers = \"15550107####\"");
    assert_eq!(target.socket_path, "/live");
    assert_eq!(target.trigger.channel("Partner"), Some("15550100199"));
    assert_eq!(target.trigger.channel("Vendor"), Some("15550100103"));
    assert!(target.numbers.fresh("Partner").unwrap().starts_with("15550107"));
}

#[test]
fn without_a_target_there_is_a_next_step() {
    assert_eq!(
        problem(&Config::default(), &Contract::room_updates()),
        "no target is given; name its base URL: --target URL, or `target` in the configuration"
    );
}

#[test]
fn settings_that_do_not_fit_together_are_told_where_they_stand() {
    for (text, expected) in [
        (
            "[types.partner]",
            "conformance.toml:2:8: the contract `Room updates` has no customer type `partner`; did you mean `Partner`?",
        ),
        (
            "[auth]\nmode = \"token\"",
            "conformance.toml:2:2: [auth] mode is token, but no token is given; set `token = \"${TOKEN}\"`",
        ),
        (
            "[auth]\nusername = \"agent\"",
            "conformance.toml:2:2: [auth] would log in, but no password is given; set `password = \"${LOGIN_PASSWORD}\"`",
        ),
        (
            "[auth]\nmode = \"login\"",
            "conformance.toml:2:2: [auth] would log in, but no user is given; set `username = \"...\"`",
        ),
        (
            "lacks = [\"query-token\"]\n[auth]\nsend = \"query\"",
            "conformance.toml:3:2: [auth] send is query, but `lacks` lists query-token; remove one of the two",
        ),
        (
            "lacks = [\"polling\", \"websocket\"]",
            "`lacks` lists both websocket and polling, which leaves no transport; \
             remove the one that the target speaks",
        ),
    ] {
        let contract = Contract { title: "Room updates".to_owned(), ..Contract::room_updates() };
        assert_eq!(problem(&config(text), &contract), expected);
    }
}

#[test]
fn flags_go_over_the_file_and_errors_then_have_no_place() {
    let mut config = config("");
    config.auth.mode = Some(AuthMode::Token);
    assert_eq!(
        problem(&config, &Contract::room_updates()),
        "[auth] mode is token, but no token is given; set `token = \"${TOKEN}\"`"
    );
}

#[test]
fn a_contract_without_a_webhook_or_channels_asks_for_what_the_trigger_needs() {
    let mut contract = Contract::room_updates();
    contract.routes[1].channel = None;
    assert_eq!(
        problem(&config(""), &contract),
        "the trigger needs a business number per customer type, and Customer has none; \
         set `channel` in [types.Customer], or in the contract"
    );
    contract.webhook = None;
    assert_eq!(
        problem(&config(""), &contract),
        "the contract names no webhook for the provider to call; \
         set [trigger] path, or another kind: http, socket, command"
    );
    let without_channel = "[trigger]\nkind = \"http\"\nurl = \"/in\"\nbody = \"[{{ text | tojson }}]\"";
    assert!(Target::resolve(&config(without_channel), &contract).is_ok());
    assert!(problem(&config(&without_channel.replace("text", "channel")), &contract).contains("Customer has none"));
}

#[test]
fn an_unreadable_ca_file_is_named() {
    let mut config = config("[tls]\nca_file = \"no-such.pem\"");
    config.target = Some("https://127.0.0.1:1".parse().unwrap());
    let problem = problem(&config, &Contract::room_updates());
    assert!(problem.starts_with("no-such.pem: "), "{problem}");
}

#[test]
fn what_is_lacking_is_lacking_for_a_reason() {
    let target = resolve("lacks = [\"polling\"]\n[auth]\ntoken = \"opaque\"");
    assert_eq!(target.lacks(Capability::Websocket), None);
    assert_eq!(target.lacks(Capability::Auth), None);
    assert_eq!(target.lacks(Capability::Polling), Some("`lacks` lists it (conformance.toml:2:1)"));
    assert_eq!(target.lacks(Capability::Upgrade), Some("an upgrade needs both polling and WebSocket"));
    assert_eq!(target.lacks(Capability::Logout), Some("the token is given ([auth] token), so none may be logged out"));
    assert_eq!(resolve("").lacks(Capability::Auth), Some("[auth] gives no credentials"));
}

#[test]
fn an_operation_that_the_contract_leaves_out_is_lacking() {
    let contract = Contract { search: None, ..Contract::room_updates() };
    let target = Target::resolve(&config(""), &contract).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(target.lacks(Capability::Search), Some("the contract has no operation searchChat"));
    assert_eq!(target.lacks(Capability::List), None);
}

#[test]
fn every_configured_secret_is_hidden() {
    let target = resolve(
        "[auth]\nusername = \"agent\"\npassword = \"login-password\"\ntoken = \"opaque-token\"\nsecret = \"jwt-secret\"\n\
         [trigger]\nsecret = \"app-secret\"\nverify_token = \"verify-me\"",
    );
    assert_eq!(
        target.redactor.redact("login-password opaque-token jwt-secret app-secret verify-me agent"),
        "*** *** *** *** *** agent"
    );
}

#[test]
fn the_default_trigger_does_all_kinds_and_batches() {
    assert!(matches!(TriggerConfig::default().kind, TriggerKind::Whatsapp(_)));
    let (whatsapp, command) = (resolve(""), resolve("[trigger]\nkind = \"command\"\nprogram = \"true\""));
    for kind in fixtures::webhooks::MessageKind::ALL {
        assert!(whatsapp.trigger.supports(kind));
        assert_eq!(command.trigger.supports(kind), kind == fixtures::webhooks::MessageKind::Text);
    }
    assert_eq!(whatsapp.lacks(Capability::Webhook), None);
    assert_eq!(
        command.lacks(Capability::Webhook),
        Some("[trigger] calls no provider's webhook: its kind is not whatsapp")
    );
    assert!(whatsapp.trigger.supports_batches() && !command.trigger.supports_batches());
}
