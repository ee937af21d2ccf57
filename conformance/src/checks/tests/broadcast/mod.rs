//! Who hears a message, how often, when, and what else must not be heard.

mod chat;
mod provider;
mod reach;
mod stream;

use crate::recording::tape::Tape;
use crate::scenarios::Blueprint;

const MEMBER: &str = "member/Partner";

/// The type's plain member, and a message that it hears.
fn plainly(blueprint: &Blueprint) -> Tape {
    let mut tape = Tape::of(blueprint);
    tape.member(MEMBER, "Partner").sends("Partner", "plain").told(MEMBER, "plain");
    tape
}
