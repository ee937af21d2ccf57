//! Another contract drives mock and suite without a line of code, and a wrong one never gives a green run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use conformance::config::Config;
use conformance::run::{Conclusion, Report, RunOptions};
use conformance::stage::preflight;
use conformance::target::Target;
use conformance::verdict::Outcome;
use fixtures::Contract;
use support::{all_checks, config, mock, red, run};

/// What distinguishes the passed verdicts.
fn passed<'r, T: Ord>(report: &'r Report, of: impl Fn(&'r conformance::verdict::Verdict) -> T) -> BTreeSet<T> {
    report.verdicts.iter().filter(|verdict| matches!(verdict.outcome, Outcome::Passed { .. })).map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_board_conforms_to_its_own_contract() {
    let contract = Contract::order_board();
    let (report, recording) = run(&config(&mock(&contract)), &contract, &all_checks()).await;
    assert_eq!(red(&report), Default::default());
    assert_eq!((report.conclusion, &*report.diagnoses), (Conclusion::Conforms, &[][..]));
    let types = [None, Some("Courier"), Some("Diner"), Some("Kitchen")];
    assert_eq!(passed(&report, |verdict| verdict.subject.as_deref()), BTreeSet::from(types));

    // What it does not offer is not asked of it; everything else is.
    let spared: BTreeSet<&str> = report.verdicts.iter().map(|verdict| verdict.id).collect();
    let spared: Vec<&str> = spared.difference(&passed(&report, |verdict| verdict.id)).copied().collect();
    assert_eq!(
        spared,
        [
            "auth.login-service",
            "broadcast.agent-reply",
            "broadcast.reopened",
            "broadcast.saved-first",
            "broadcast.slow-member",
            "list.consistent",
            "list.filter",
            "list.shape",
            "list.sorted",
            "provider.failing",
            "provider.refused",
            "provider.reply-sent",
            "provider.timeout",
            "resilience.restart",
        ]
    );

    // Not a word of the built-in contract was said.
    let words = serde_json::to_string(&recording.entries).unwrap();
    for foreign in ["PartnerApp", "room_update_", "join_room", "last_message", "whatsapp_chat"] {
        assert!(!words.contains(foreign), "{foreign} was said");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_with_another_path_ends_before_the_run_and_names_it() {
    let url = mock(&Contract::room_updates());
    let contract = Contract::order_board();
    let target = Target::resolve(&config(&url), &contract).unwrap();
    let error = preflight(target, contract, Duration::ZERO).await.err().unwrap();
    let text = error.to_string();
    assert!(text.contains("/live") && text.contains("404") && text.contains("path"), "{text}");
    assert!(!error.is_unreachable(), "waiting would not help: {text}");
}

/// The configuration that reaches every address of a mock that serves `served`, as `judged` would have it elsewhere.
fn reaching(url: &str, served: &Contract, judged: &Contract) -> Config {
    let mut config = config(url);
    config.socket_path = Some(served.path.clone());
    config.deadlines.answer = Duration::from_millis(300);
    config.deadlines.delivery = Duration::from_millis(300);
    let channels = judged.routes.iter().zip(&served.routes).map(|(route, other)| {
        format!("[types.{}]\nchannel = {:?}\n", route.customer_type, other.channel.as_deref().unwrap_or_default())
    });
    let text = format!(
        "[trigger]\nkind = \"whatsapp\"\npath = {:?}\nsecret = \"test-webhook-secret\"\n{}",
        served.webhook.as_deref().unwrap_or_default(),
        channels.collect::<String>()
    );
    let addresses = Config::parse("addresses.toml", &text).unwrap();
    (config.trigger, config.types) = (addresses.trigger, addresses.types);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_of_another_contract_is_red_even_where_every_address_is_right() {
    let options = RunOptions { jobs: 16, ..all_checks() }; // it is all waiting
    let pair = [Contract::room_updates(), Contract::order_board()];
    for (served, judged) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
        let (report, _) = run(&reaching(&mock(served), served, judged), judged, &options).await;
        assert_eq!(report.conclusion, Conclusion::Violates, "{} judged by {}", served.title, judged.title);
        let violated: BTreeSet<&str> =
            report.verdicts.iter().filter(|verdict| verdict.outcome.is_violated()).map(|verdict| verdict.id).collect();
        assert!(violated.contains("join.acknowledged"), "{violated:?}");
        let areas = passed(&report, |verdict| verdict.id.split('.').next().unwrap_or_default());
        assert!(areas.is_subset(&BTreeSet::from(["transport", "auth", "ingress"])), "{areas:?} pass");
        assert_eq!(report.diagnoses.iter().map(|cause| cause.id).collect::<Vec<_>>(), ["no-join-handler"]);
    }
}
