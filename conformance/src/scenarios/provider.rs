//! Conversations that go on to the provider: agents' replies, and what becomes of them when it says no or nothing.

use std::sync::Arc;

use super::{Blueprint, Phase, for_each_route, label_of, member, observer, observer_heard, open, send, settle};
use crate::recording::ProviderAnswer::{self, Fails, Refuses, Silent, Takes};
use crate::scenario::{Actor, Step};
use crate::target::Capability;

/// Texts that are easily damaged on their way to the customer: one that is long, and one that is little but odd.
const TEXTS: [&str; 2] = [
    "We looked into it: your refund of 1,250.00 is on its way and should arrive within three working days. If it does \
     not, please write to us again, with the number of your booking, and we shall see to it at once.",
    "👩‍👩‍👧‍👦 ☺️ e\u{301} مرحبا \u{200f}123 \"quoted\" \\n <b>&amp;</b>\n+1 100% $5 {0} `y`",
];

/// Two replies to a customer of each type.
pub const REPLIES: Blueprint = Blueprint {
    name: "replies",
    about: "per type a message and two replies of an agent's, followed to the provider",
    needs: &[Capability::Send, Capability::Provider],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let mut steps = observer(route);
                steps.extend([
                    send(route, "question", "customer", "can you help?"),
                    observer_heard(route, &["question"]),
                ]);
                steps.extend(TEXTS.map(|text| reply(&member(route), &label_of(route, "question"), text, &[Takes])));
                steps
            }),
            settle(),
        ]
    },
};

/// The customer whose replies the provider refuses.
pub const REFUSED: &str = "refused";
/// The customer whose first reply meets an error of the provider's.
pub const FAILING: &str = "failing";
/// The customer whose first reply the provider does not answer.
pub const SILENT: &str = "silent";
/// The message that is sent while the provider is silent.
pub const MEANWHILE: &str = "meanwhile";

/// Replies that the provider refuses, fails at, and does not answer; all watched for as long as the last takes.
pub const PROVIDER_TROUBLE: Blueprint = Blueprint {
    name: "provider-trouble",
    about: "replies to three customers, one of which the provider refuses, one it fails at and one it does not answer; while it \
            is silent, a message of each type; after the refusal, another reply",
    needs: &[Capability::Send, Capability::Provider],
    phase: Phase::Beside,
    steps: |plan| {
        let Some(route) = plan.contract.routes.first() else { return Vec::new() };
        let of = |customer: &str| label_of(route, customer);
        let replies = |customer: &str, answers: &[&[ProviderAnswer]]| {
            let texts = ["that will do", "and this, too"].into_iter().zip(answers);
            texts.map(|(text, answers)| reply(&agent(customer), &of(customer), text, answers)).collect::<Vec<_>>()
        };
        let mut meanwhile = vec![Step::ProviderAsked { to: of(SILENT).into() }];
        meanwhile.push(for_each_route(plan, |route| {
            vec![send(route, MEANWHILE, MEANWHILE, "while the provider is silent"), observer_heard(route, &[MEANWHILE])]
        }));
        let customers = [REFUSED, FAILING, SILENT];
        let mut steps = vec![for_each_route(plan, observer)];
        for customer in customers {
            steps.extend([open(&agent(customer)), send(route, customer, customer, "can you help?")]);
        }
        steps.push(observer_heard(route, &customers));
        steps.push(Step::Together {
            branches: vec![
                replies(REFUSED, &[&[Refuses], &[Takes]]),
                replies(FAILING, &[&[Fails, Takes]]),
                replies(SILENT, &[&[Silent, Takes]]),
                meanwhile,
            ],
        });
        steps.push(settle());
        steps
    },
};

/// The agent who replies to this customer.
fn agent(customer: &str) -> String {
    format!("agent/{customer}")
}

fn reply(actor: &str, to: &str, text: &str, provider: &[ProviderAnswer]) -> Step {
    Step::Reply { actor: Actor::from(actor), to: Arc::from(to), text: text.to_owned(), provider: provider.to_vec() }
}
