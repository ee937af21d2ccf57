use super::*;
use crate::report::samples::{self, finding, violated};
use crate::report::text::columns;
use crate::verdict::Finding;

const LOOK: Look = Look { width: 100, unicode: true };

fn written(report: &Report, look: Look, detail: Detail) -> String {
    let mut terminal = Terminal::new(anstream::StripStream::new(Vec::new()), look, detail);
    samples::play(report, &mut terminal);
    String::from_utf8(terminal.out.into_inner()).unwrap()
}

#[test]
fn show() {
    for report in samples::all() {
        println!("{}\n=================", written(&report, LOOK, Detail::Normal));
    }
    println!("{}\n=================", written(&samples::missing_branch(), LOOK, Detail::Quiet));
}
