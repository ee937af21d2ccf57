use super::*;
use crate::made::Made;
use crate::recording::What;

#[test]
fn the_challenge_comes_back_for_the_right_token_only() {
    let handshake = |body: &str, wrong: u16, empty: u16| {
        let mut made = Made::for_check("ingress.verify");
        made.probe("the right token", 200, &[], body).probe("a wrong token", wrong, &[], "").probe(
            "an empty token",
            empty,
            &[],
            "",
        );
        made
    };
    handshake(CHALLENGE, 403, 401).passes_with(3);
    handshake("\"cH4ll-ng_e.~ 7&=\"", 403, 403).is_violated_by("200 with");
    handshake(CHALLENGE, 200, 403).is_violated_by("200");
    handshake(CHALLENGE, 403, 500).is_violated_by("500");
}

#[test]
fn a_handshake_without_its_token_is_not_applicable() {
    let mut made = Made::for_check("ingress.verify");
    assert!(matches!(made.lacking("verify").outcome(), crate::verdict::Outcome::NotApplicable { .. }));
}

/// A good message, three forged ones that are answered with these statuses, and a rightly signed one in another spelling.
fn signatures(statuses: [u16; 3]) -> Made {
    let mut made = Made::for_check("ingress.signature");
    made.observer("Partner").message("Partner", "Partner/plain").heard("member/Partner", "Partner/plain");
    let labels = ["without a signature", "signed with another secret", "signed for another body"];
    for (label, status) in labels.into_iter().zip(statuses) {
        let label = format!("Partner/{label}");
        made.sending("Partner", &label).probe(&label, status, &[], "");
    }
    made.sending("Partner", "Partner/in another spelling");
    made
}

#[test]
fn what_is_wrongly_signed_is_refused_and_what_is_rightly_signed_is_not() {
    let right = "Partner/in another spelling";
    signatures([401, 403, 401])
        .probe(right, 200, &[], "")
        .accepted()
        .heard("member/Partner", right)
        .fenced("member/Partner")
        .passes_with(4);
    signatures([200, 401, 401]).probe(right, 200, &[], "").accepted().is_violated_by("200");
    signatures([401, 401, 200]).probe(right, 200, &[], "").accepted().is_violated_by("200");
    signatures([401, 401, 401]).probe(right, 401, &[], "").not_accepted().is_violated_by("not accepted");
}

#[test]
fn what_is_refused_is_not_broadcast() {
    let right = "Partner/in another spelling";
    signatures([401, 401, 401])
        .heard("member/Partner", "Partner/without a signature")
        .probe(right, 200, &[], "")
        .accepted()
        .heard("member/Partner", right)
        .fenced("member/Partner")
        .is_violated_by("member/Partner heard it");
}

/// Good messages of every type around one body with this name and answer.
fn around(label: &str, answer: impl Fn(&mut Made) -> &mut Made) -> Made {
    let mut made = Made::for_check("ingress.malformed");
    let types = ["Partner", "Customer", "Vendor", "SRDP"];
    for of_type in types {
        let plain = format!("{of_type}/plain");
        made.observer(of_type).message(of_type, &plain).heard(&format!("member/{of_type}"), &plain);
    }
    made.sending("Partner", label);
    answer(&mut made);
    for of_type in types {
        let (member, after) = (format!("member/{of_type}"), format!("{of_type}/after"));
        made.message(of_type, &after).heard(&member, &after).fenced(&member);
    }
    made
}

#[test]
fn a_malformed_body_gets_a_4xx_and_harms_nobody() {
    let status = |label: &'static str, status: u16| around(label, move |made| made.probe(label, status, &[], ""));
    status("Partner/a list", 400).passes_with(5);
    status("Partner/harmless: reaction", 200).passes_with(5);
    for wrong in [200, 500] {
        status("Partner/a list", wrong).is_violated_by(&wrong.to_string());
    }
    status("Partner/harmless: reaction", 500).is_violated_by("500");
}

#[test]
fn a_malformed_body_that_is_broadcast_all_the_same_is_told() {
    let label = "Partner/an unknown channel";
    around(label, |made| made.probe(label, 404, &[], "").heard("member/Vendor", label))
        .is_violated_by("member/Vendor heard it");
}

#[test]
fn hanging_up_on_a_large_body_is_a_refusal_and_never_answering_is_none() {
    let failed = |label: &'static str, timed_out: bool| {
        around(label, move |made| {
            let reason = "no answer".to_owned();
            made.what(What::ProbeFailed { probe: label.into(), request: "POST".to_owned(), reason, timed_out })
        })
    };
    failed("Partner/more than 1 MiB", true).is_violated_by("no answer");
    failed("Partner/a list", false).is_violated_by("no answer");
    failed("Partner/more than 1 MiB", false).is_not_tested_as("no malformed body was sent");
}

#[test]
fn a_backend_that_is_gone_after_a_malformed_body_is_told() {
    let mut made = Made::for_check("ingress.malformed");
    made.observer("Partner").message("Partner", "Partner/plain").heard("member/Partner", "Partner/plain");
    made.sending("Partner", "Partner/null").probe("Partner/null", 400, &[], "");
    made.sending("Partner", "Partner/after").not_accepted().is_violated_by("not accepted: connection refused");
}

#[test]
fn an_answer_within_a_second_is_prompt() {
    let answered = |millis: u64| {
        let mut made = Made::for_check("ingress.prompt");
        made.sending("Partner", "Partner/hello").accepted_in(millis);
        made
    };
    answered(900).passes_with(1);
    answered(1_100).is_violated_by("after 1.1 s");
}
