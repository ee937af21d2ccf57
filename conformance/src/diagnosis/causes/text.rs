//! What becomes of a message's words: which one change turns what was sent into what was heard.

use fixtures::Role;

use super::super::facts::Facts;
use super::{Diagnosis, Remedy, in_words, node, python};
use crate::conversation::evidence;
use crate::scenarios::{HOSTILE_TEXT, TEXTS};

/// A change that backends make to texts.
struct Change {
    cause: &'static str,
    make: fn(&str) -> String,
    remedies: fn() -> Vec<Remedy>,
}

/// The changes that are known by what they do to every text. Cutting is told by its length, see [`cut`].
const CHANGES: &[Change] = &[
    Change {
        cause: "texts are escaped for HTML before they are sent; pages, which escape too, show `&lt;`",
        make: |text| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            text.replace('"', "&quot;").replace('\'', "&#39;")
        },
        remedies: unescaped,
    },
    Change {
        cause: "texts are escaped for HTML before they are sent; pages, which escape too, show `&lt;`",
        // As Python's html.escape writes the apostrophe.
        make: |text| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            text.replace('"', "&quot;").replace('\'', "&#x27;")
        },
        remedies: unescaped,
    },
    Change { cause: "what stands between `<` and `>` is taken out of texts", make: without_tags, remedies: unescaped },
    Change {
        cause: "line breaks, tabs and repeated blanks become one blank each",
        make: |text| text.split_whitespace().collect::<Vec<_>>().join(" "),
        remedies: || {
            vec![
                python("text = body    # not \" \".join(body.split())"),
                node("const text = body;    // not body.replace(/\\s+/g, ' ')"),
            ]
        },
    },
    Change {
        cause: "blanks and line breaks at the ends of texts are taken off",
        make: |text| text.trim().to_owned(),
        remedies: || {
            vec![python("text = body    # not body.strip()"), node("const text = body;    // not body.trim()")]
        },
    },
    Change {
        cause: "line breaks are made uniform: CR LF becomes LF",
        make: |text| text.replace("\r\n", "\n"),
        remedies: || vec![in_words("keep the text as it came; only a page may care how lines end")],
    },
    Change {
        cause: "UTF-8 is read as Latin-1: each character beyond ASCII becomes two or more others",
        make: |text| text.bytes().map(char::from).collect(),
        remedies: || {
            vec![
                python(
                    "body = await request.json()    # UTF-8; no .decode(\"latin-1\"), and charset=utf8mb4 at the database",
                ),
                node("buffer.toString('utf8')    // not 'latin1' or 'binary'; charset utf8mb4 at the database"),
            ]
        },
    },
    Change {
        cause: "characters of four bytes, such as emoji, are lost: the database's character set is MySQL's `utf8`",
        make: |text| text.chars().filter(|letter| letter.len_utf8() < 4).collect(),
        remedies: four_bytes,
    },
    Change {
        cause: "characters of four bytes, such as emoji, become question marks: the database's character set is MySQL's `utf8`",
        make: |text| text.chars().map(|letter| if letter.len_utf8() < 4 { letter } else { '?' }).collect(),
        remedies: four_bytes,
    },
    Change {
        cause: "characters without a width (joiners, direction marks) are taken out: right-to-left texts and families of emoji fall apart",
        make: |text| text.chars().filter(|letter| !matches!(letter, '\u{200b}'..='\u{200f}')).collect(),
        remedies: || {
            vec![in_words("take the filter for \"invisible characters\" out of the way from webhook to broadcast")]
        },
    },
    Change {
        cause: "characters beyond ASCII are taken out",
        make: |text| text.chars().filter(char::is_ascii).collect(),
        remedies: || {
            vec![
                python("text = body    # no .encode(\"ascii\", \"ignore\")"),
                node("const text = body;    // no replace(/[^\\x00-\\x7F]/g, '')"),
            ]
        },
    },
    Change {
        cause: "backslashes are taken for escapes once more than they were written",
        make: |text| text.replace('\\', ""),
        remedies: || {
            vec![in_words(
                "parse the webhook's JSON once; no second json.loads, JSON.parse or unicode_escape on the text itself",
            )]
        },
    },
];

fn unescaped() -> Vec<Remedy> {
    vec![
        python(
            "\"last_message\": text    # not html.escape(text) or bleach.clean(text): the page escapes what it shows",
        ),
        node("last_message: text    // not escape(text) or sanitizeHtml(text): the page escapes what it shows"),
    ]
}

fn four_bytes() -> Vec<Remedy> {
    vec![in_words("ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4; and charset=utf8mb4 in the connection's URL")]
}

/// A text as it was sent and as it was heard.
struct Pair<'a> {
    sent: &'a str,
    heard: &'a str,
}

/// One change explains every text that was heard, those that came through unharmed too.
pub(super) fn text_changed(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let explains = facts.red.explained(&["payload.text", "security.input"], None);
    if explains.is_empty() {
        return None;
    }
    let pairs = pairs(facts);
    let harmed = pairs.iter().find(|pair| pair.sent != pair.heard)?;
    let (cause, remedies) = match cut(&pairs) {
        Some(length) => (
            format!("texts are cut to {length} characters before they are broadcast"),
            vec![
                python(format!(
                    "\"last_message\": text    # not text[:{length}]: the page shortens what it shows; a column of type TEXT"
                )),
                node(format!("last_message: text    // not text.slice(0, {length}): the page shortens what it shows")),
            ],
        ),
        None => {
            let explains_all = |change: &&Change| pairs.iter().all(|pair| (change.make)(pair.sent) == pair.heard);
            let change = CHANGES.iter().find(explains_all)?;
            (change.cause.to_owned(), (change.remedies)())
        }
    };
    let (sent, heard) = at_the_difference(harmed);
    let unharmed = pairs.iter().filter(|pair| pair.sent == pair.heard).count();
    Some(Diagnosis {
        id: "text-changed",
        cause,
        evidence: vec![
            format!("sent …{sent}, heard …{heard}"),
            format!("{unharmed} of {} texts came through unharmed, as this change would have it", pairs.len()),
        ],
        remedies,
        explains,
    })
}

/// Every text of the two conversations that are about texts, with what its first broadcast said.
fn pairs<'a>(facts: &Facts<'_, 'a>) -> Vec<Pair<'a>> {
    let key = facts.contract.and_then(|contract| contract.key(Role::Text)).unwrap_or_default();
    let about_texts = facts
        .first_broadcasts()
        .filter(|(conversation, ..)| [TEXTS.name, HOSTILE_TEXT.name].contains(&conversation.name));
    about_texts
        .filter_map(|(_, message, delivery)| {
            Some(Pair { sent: message.sent.text.as_deref()?, heard: delivery.payload()?.get(key)?.as_str()? })
        })
        .collect()
}

/// The length in characters to which all longer texts were cut.
fn cut(pairs: &[Pair<'_>]) -> Option<usize> {
    let shortened = pairs.iter().find(|pair| pair.sent != pair.heard)?;
    // An ellipsis in place of what is missing is no part of the text.
    let kept = |pair: &Pair<'_>| pair.heard.trim_end_matches(['…', '.']).chars().count();
    let whole = |pair: &Pair<'_>| pair.heard.chars().count();
    [whole(shortened), kept(shortened)].into_iter().find(|length| {
        pairs.iter().all(|pair| {
            let start: String = pair.sent.chars().take(*length).collect();
            let rest = pair.heard.strip_prefix(start.as_str());
            match pair.sent.chars().count() > *length {
                true => rest.is_some_and(|rest| ["", "…", "...", " …", " ..."].contains(&rest)),
                false => pair.sent == pair.heard,
            }
        })
    })
}

/// Where the two texts part, a few characters of each, quoted.
fn at_the_difference(pair: &Pair<'_>) -> (String, String) {
    let same = pair.sent.chars().zip(pair.heard.chars()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| {
        format!("{:?}", evidence::shorten(&text.chars().skip(same.saturating_sub(8)).collect::<String>(), 24))
    };
    (rest(pair.sent), rest(pair.heard))
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
