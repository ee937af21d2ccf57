//! Faults of the text of messages: what stores, frameworks and well-meant cleaning do to it.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{Act, Area, Arrival, Fault};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Text",
    about: "What becomes of the words of a message on their way through the backend.",
    faults: &[
        &TEXT_TRUNCATED,
        &TEXT_IN_A_SHORT_COLUMN,
        &HTML_ESCAPED,
        &TAGS_STRIPPED,
        &WHITESPACE_COLLAPSED,
        &NEWLINES_NORMALISED,
        &TEXT_NORMALISED,
        &MOJIBAKE,
        &EMOJI_DROPPED,
        &DIRECTION_MARKS_DROPPED,
        &BACKSLASHES_EATEN,
    ],
};

const TEXT_TRUNCATED: Fault = Fault {
    id: "text-truncated",
    about: "Texts are cut after 100 characters, as a preview, although pages cut by themselves.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| change(arrival, |text| text.chars().take(100).collect()))],
};

const TEXT_IN_A_SHORT_COLUMN: Fault = Fault {
    id: "text-in-a-short-column",
    about: "Texts are cut after 1,024 characters, which is what the column holds: long messages lose their end.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| change(arrival, |text| text.chars().take(1_024).collect()))],
};

const HTML_ESCAPED: Fault = Fault {
    id: "html-escaped",
    about: "Texts are escaped for HTML before they are stored: pages, which escape too, show `&lt;b&gt;`.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| {
        change(arrival, |text| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            text.replace('"', "&quot;").replace('\'', "&#39;")
        });
    })],
};

const TAGS_STRIPPED: Fault = Fault {
    id: "tags-stripped",
    about: "Whatever stands between `<` and `>` is taken out: \"a<b and c>d\" becomes \"ad\".",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| change(arrival, without_tags))],
};

const WHITESPACE_COLLAPSED: Fault = Fault {
    id: "whitespace-collapsed",
    about: "Line breaks, tabs and repeated blanks become one blank each: addresses arrive in one line.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| change(arrival, |text| text.split_whitespace().collect::<Vec<_>>().join(" ")))],
};

const NEWLINES_NORMALISED: Fault = Fault {
    id: "newlines-normalised",
    about: "Line breaks are made uniform: CR LF becomes LF.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| change(arrival, |text| text.replace("\r\n", "\n")))],
};

const TEXT_NORMALISED: Fault = Fault {
    id: "text-normalised",
    about: "Texts are brought to Unicode's form NFC: what was written with combining marks comes back as other \
            code points.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| {
        change(arrival, |text| ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned())
    })],
};

const MOJIBAKE: Fault = Fault {
    id: "mojibake",
    about: "UTF-8 is read as Latin-1: every character beyond ASCII becomes two or more others.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| change(arrival, |text| text.bytes().map(char::from).collect()))],
};

const EMOJI_DROPPED: Fault = Fault {
    id: "emoji-dropped",
    about: "The table's character set is MySQL's `utf8`, of three bytes at most: emoji are lost.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| {
        change(arrival, |text| text.chars().filter(|letter| letter.len_utf8() < 4).collect())
    })],
};

const DIRECTION_MARKS_DROPPED: Fault = Fault {
    id: "direction-marks-dropped",
    about: "Characters without a width are taken out as noise: right-to-left texts lose their marks, families of \
            emoji fall apart.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| {
        change(arrival, |text| text.chars().filter(|letter| !matches!(letter, '\u{200b}'..='\u{200f}')).collect());
    })],
};

const BACKSLASHES_EATEN: Fault = Fault {
    id: "backslashes-eaten",
    about: "Backslashes are taken for the beginning of an escape, once more than they were written: `\\n` arrives \
            as `n`.",
    violates: &["payload.text"],
    side_effects: &["security.input"],
    acts: &[Act::Arrival(|arrival| change(arrival, |text| text.replace('\\', "")))],
};

fn change(arrival: &mut Arrival, other: fn(&str) -> String) {
    arrival.message.text = other(&arrival.message.text);
}

fn without_tags(text: &str) -> String {
    let mut depth = 0_usize;
    let outside = |letter: &char| {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    text.chars().filter(outside).collect()
}
