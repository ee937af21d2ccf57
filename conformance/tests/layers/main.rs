//! Who may import whom: the design's layers, held to by reading the sources.
//!
//! Checks judge what was recorded and can do nothing else; reports tell what a run told them; scenarios are data. What a
//! crate may name at all is for its `Cargo.toml` to say; what a module may name within the crate is told here.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod source;

use std::path::{Path, PathBuf};

use source::{Source, read_crate};

/// What the modules of some folders may name.
struct Layer {
    /// These modules and what is in them.
    modules: &'static [&'static str],
    /// What they may name of this crate, besides themselves.
    may_name: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    Layer { modules: &["verdict"], may_name: &[] },
    Layer { modules: &["recording"], may_name: &[] },
    Layer {
        modules: &["scenario", "scenarios"],
        may_name: &["scenario", "scenarios", "recording", "target::Capability", "target::Signature"],
    },
    Layer { modules: &["conversation"], may_name: &["recording", "verdict", "target::Capability"] },
    Layer {
        modules: &["checks"],
        may_name: &["conversation", "recording", "verdict", "scenarios", "target::Capability"],
    },
    Layer {
        modules: &["diagnosis"],
        may_name: &["conversation", "recording", "checks::parse_time", "verdict", "scenarios"],
    },
    Layer { modules: &["report"], may_name: &["run::event", "verdict", "diagnosis"] },
    Layer { modules: &["net"], may_name: &[] },
    Layer { modules: &["wire"], may_name: &["net"] },
];

/// What nobody may name who is to be a pure function of what was recorded, or mere data.
const THE_WORLD: &[&str] = &[
    "http",
    "http_body_util",
    "hyper",
    "hyper_util",
    "mock_server",
    "rustls",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tokio_rustls",
    "tokio_tungstenite",
    "wiremock",
];

/// The modules that are.
const PURE: &[&str] = &["verdict", "recording", "scenario", "scenarios", "conversation", "checks", "diagnosis"];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn library() -> Vec<Source> {
    read_crate(&project().join("conformance/src/lib.rs"))
}

/// Whether a path is this one, or something in it.
fn is_within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The sources of these modules; there are some.
fn sources_of<'a>(sources: &'a [Source], modules: &'a [&str]) -> Vec<&'a Source> {
    let found: Vec<&Source> = sources
        .iter()
        .filter(|source| modules.iter().any(|module| is_within(&source.module, &format!("crate::{module}"))))
        .collect();
    for module in modules {
        let whole = format!("crate::{module}");
        assert!(found.iter().any(|source| source.module == whole), "there is no module {module}");
    }
    found
}

/// What a layer's sources name and may not, as `module names path`.
fn trespasses(sources: &[Source], layer: &Layer) -> Vec<String> {
    let allowed: Vec<String> =
        layer.modules.iter().chain(layer.may_name).map(|module| format!("crate::{module}")).collect();
    let of_layer = sources_of(sources, layer.modules).into_iter();
    of_layer
        .flat_map(|source| {
            let foreign = source
                .paths
                .iter()
                .filter(|path| is_within(path, "crate") && !allowed.iter().any(|whole| is_within(path, whole)));
            foreign.map(|path| format!("{} names {path}", source.module))
        })
        .collect()
}

#[test]
fn every_layer_names_only_those_below_it() {
    let sources = library();
    let found: Vec<String> = LAYERS.iter().flat_map(|layer| trespasses(&sources, layer)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_is_pure_knows_nothing_of_the_world() {
    let sources = library();
    for source in sources_of(&sources, PURE) {
        for path in &source.paths {
            assert!(!THE_WORLD.iter().any(|world| is_within(path, world)), "{} names {path}", source.module);
        }
    }
}

#[test]
fn the_library_never_names_the_mock() {
    for source in library() {
        for path in &source.paths {
            assert!(!is_within(path, "mock_server"), "{} names {path}: only the command may", source.module);
        }
    }
    // The command does, so the name that is looked for is the right one.
    let command = read_crate(&project().join("conformance/src/main.rs"));
    assert!(command.iter().any(|source| source.paths.iter().any(|path| is_within(path, "mock_server"))));
}

#[test]
fn the_crates_depend_on_one_another_in_one_direction() {
    for (name, never) in [
        ("fixtures", &["mock-server", "conformance", "browser-tests"][..]),
        ("mock-server", &["conformance", "browser-tests"]),
        ("conformance", &["browser-tests"]),
    ] {
        let text = std::fs::read_to_string(project().join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(section).and_then(|section| section.as_table()) else { continue };
            for other in never {
                assert!(!dependencies.contains_key(*other), "{name} has {other} in its [{section}]");
            }
        }
    }
}

#[test]
fn a_trespass_is_found_however_it_is_written() {
    let sample = r#"
        //! Says crate::wire in passing.
        use std::collections::{BTreeMap, HashMap};
        use crate::{conversation::Conversation, net::{self, Endpoint as Place}, target::{Capability, Target}};
        use super::super::stage::*;
        fn judge(of: &super::Check) -> Option<crate::run::Report> {
            let text = "crate::report";
            self::once::<crate::config::Config>(text);
            assert_eq!(1, { tokio::time::Duration::MAX; 1 });
            ::rustls::version()
        }
        mod inner { use super::super::leave; use super::super::super::diagnosis::diagnose; }
        #[cfg(test)]
        mod tests { use crate::command::Cli; }
        #[cfg(test)]
        #[allow(dead_code)]
        use crate::wire::Session;
    "#;
    let source = Source::parse("crate::checks::join", sample);
    let named: Vec<&str> = source.paths.iter().map(String::as_str).collect();
    for path in [
        "crate::conversation::Conversation",
        "crate::net",
        "crate::net::Endpoint",
        "crate::target::Capability",
        "crate::target::Target",
        "crate::stage::*",
        "crate::checks::Check",
        "crate::run::Report",
        "crate::checks::join::once",
        "crate::config::Config",
        "crate::checks::leave",
        "crate::diagnosis::diagnose",
        "tokio::time::Duration::MAX",
        "rustls::version",
        "std::collections::HashMap",
    ] {
        assert!(named.contains(&path), "{path} is not among {named:#?}");
    }
    for path in ["crate::wire", "crate::report", "crate::command"] {
        assert!(!named.iter().any(|named| is_within(named, path)), "{path} is among {named:#?}");
    }
    let checks = Source::parse("crate::checks", "");
    let layer = Layer { modules: &["checks"], may_name: &["conversation", "target::Capability"] };
    assert_eq!(
        trespasses(&[checks, source], &layer),
        [
            "crate::config::Config",
            "crate::diagnosis::diagnose",
            "crate::net",
            "crate::net::Endpoint",
            "crate::run::Report",
            "crate::stage::*",
            "crate::target::Target",
        ]
        .map(|path| format!("crate::checks::join names {path}"))
    );
}
