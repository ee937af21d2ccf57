//! What holds for every fault, without a server.

use std::collections::HashSet;

use fixtures::{Level, requirements};

use super::*;

#[test]
fn every_fault_has_a_name_of_its_own_in_kebab_case() {
    let mut seen = HashSet::new();
    for fault in all() {
        assert!(seen.insert(fault.id), "{} is given twice", fault.id);
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        assert!(fault.id.split('-').all(is_word), "{} is not in kebab-case", fault.id);
    }
}

#[test]
fn every_fault_says_in_sentences_what_it_breaks_and_does_something() {
    for Fault { id, about, acts, .. } in all() {
        assert!(about.ends_with('.') && !about.contains("  "), "{id}: {about}");
        assert!(!acts.is_empty(), "{id} does nothing");
    }
}

#[test]
fn every_fault_violates_requirements_that_exist_and_none_twice() {
    for Fault { id, violates, side_effects, .. } in all() {
        assert!(!violates.is_empty(), "{id} violates nothing");
        for requirement in violates.iter().chain(*side_effects) {
            assert!(requirements::find(requirement).is_some(), "{id}: no requirement {requirement}");
        }
        // What is violated at any rate may be among what is listened to.
        let along = if *side_effects == ANYTHING_HEARD { &[][..] } else { side_effects };
        let mut seen = HashSet::new();
        let twice = violates.iter().chain(along).find(|requirement| !seen.insert(**requirement));
        assert_eq!(twice, None, "{id} names it twice");
    }
}

#[test]
fn every_must_has_a_fault_that_violates_it_or_a_reason_why_there_is_none() {
    let violated: HashSet<&str> = all().flat_map(|fault| fault.violates).copied().collect();
    let excluded: HashSet<&str> = EXCLUDED.iter().map(|(id, _)| *id).collect();
    assert!(violated.is_disjoint(&excluded));
    // Pages and clusters are not the mock's.
    for row in requirements::all().iter().filter(|row| !matches!(row.area(), "page" | "cluster")) {
        let is_covered = violated.contains(row.id.as_str()) || excluded.contains(row.id.as_str());
        assert!(is_covered || row.level != Level::Must, "no fault violates {}", row.id);
    }
}

#[test]
fn a_slip_of_the_finger_is_corrected_and_another_word_is_not() {
    assert_eq!(find("broadcast-twice").unwrap().id, "broadcast-twice");
    let said = |id: &str| find(id).unwrap_err().to_string();
    assert_eq!(said("brodcast-twice"), "unknown fault \"brodcast-twice\": did you mean broadcast-twice?");
    assert_eq!(said("banana"), "unknown fault \"banana\": see --list-faults");
}

#[test]
fn the_document_is_what_the_code_says() {
    assert!(
        include_str!("../../FAULTS.md") == markdown(),
        "FAULTS.md is stale: cargo run -p mock-server -- --list-faults=markdown > mock-server/FAULTS.md"
    );
}
