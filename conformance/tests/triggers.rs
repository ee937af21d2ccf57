//! The ways to cause an inbound message other than the provider's webhook: a request of one's own, and a program.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::time::Duration;

use conformance::config::Config;
use conformance::run::Report;
use conformance::verdict::Outcome;
use fixtures::Contract;
use mock_server::{Auth, Options};
use support::{all_checks, red, run};

/// A mock without tokens and signatures; what stands before `[trigger]` in a configuration for it.
fn mock() -> String {
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(mock_server::serve(
        listener,
        Options {
            auth: Auth::None,
            ping_interval: Duration::from_millis(300),
            ping_timeout: Duration::from_secs(1),
            ..Options::default()
        },
        std::future::pending(),
    ));
    url
}

async fn report(config: &str) -> Report {
    let config = Config::parse("test.toml", config).unwrap();
    run(&config, &Contract::room_updates(), &all_checks()).await.0
}

/// Whatever needs texts only is judged and green; what needs the webhook is not applicable.
fn assert_green_as_far_as_texts_go(report: &Report) {
    assert_eq!(red(report), Default::default());
    for verdict in &report.verdicts {
        let needs_webhook = ["broadcast.kinds", "broadcast.not-status", "broadcast.batch", "broadcast.redelivery"];
        let applies = !matches!(verdict.outcome, Outcome::NotApplicable { .. });
        if needs_webhook.contains(&verdict.id) {
            assert!(!applies, "{}", verdict.name());
        }
        if ["broadcast.delivered", "join.effective", "payload.text", "list.filter"].contains(&verdict.id) {
            assert!(applies, "{}", verdict.name());
        }
    }
}

/// What the provider would post, as a template of the configuration's.
const BODY: &str = r#"{"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
    "messaging_product": "whatsapp", "metadata": {"display_phone_number": {{ channel | tojson }}, "phone_number_id": "2"},
    "contacts": [{"profile": {"name": {{ name | tojson }}}, "wa_id": {{ number | tojson }}}],
    "messages": [{"from": {{ number | tojson }}, "id": {{ message_id | tojson }}, "timestamp": "{{ timestamp }}",
                  "type": "text", "text": {"body": {{ text | tojson }}}}]}}]}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_ones_own_is_a_trigger() {
    let config = format!(
        "target = \"{}\"\n[trigger]\nkind = \"http\"\nmethod = \"POST\"\n\
         url = \"/api/chats/whatsapp_chat/{{{{ channel }}}}\"\n\
         headers = {{ content-type = \"application/json\" }}\nbody = '''{BODY}'''\n",
        mock()
    );
    assert_green_as_far_as_texts_go(&report(&config).await);
}

/// A program that posts what the environment tells it.
const PROGRAM: &str = r#"
import json, os, sys, urllib.request
told = {key.removeprefix("CONFORMANCE_").lower(): value for key, value in os.environ.items() if key.startswith("CONFORMANCE_")}
message = {"from": told["number"], "id": told["message_id"], "timestamp": told["timestamp"], "type": "text", "text": {"body": told["text"]}}
value = {"metadata": {"display_phone_number": told["channel"]}, "contacts": [{"profile": {"name": told["name"]}, "wa_id": told["number"]}], "messages": [message]}
body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}
url = sys.argv[1] + "/api/chats/whatsapp_chat/" + told["channel"]
request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_a_trigger() {
    let program = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("trigger.py");
    std::fs::write(&program, PROGRAM).unwrap();
    let target = mock();
    let config = format!(
        "target = \"{target}\"\n[trigger]\nkind = \"command\"\nprogram = \"python3\"\nargs = [\"{}\", \"{target}\"]\n\
         [deadlines]\ndelivery = \"10s\"\n",
        program.display()
    );
    assert_green_as_far_as_texts_go(&report(&config).await);
}
