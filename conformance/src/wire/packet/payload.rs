//! Polling payloads: several packets in one HTTP body (Engine.IO protocol, section "Packet encoding", "HTTP
//! long-polling": joined by the record separator, bytes as base64 behind a `b`).

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::wire::Frame;

/// The record separator. JSON escapes it, so that it never stands inside a well-formed packet.
const SEPARATOR: char = '\x1e';

/// The frames of a payload, in order. It cannot fail: a `b` packet that is not valid base64 stays the text that it
/// is, and [`EnginePacket::decode`](super::EnginePacket::decode) refuses it.
pub fn split(payload: &str) -> impl Iterator<Item = Frame> {
    payload.split(SEPARATOR).map(|packet| match packet.strip_prefix('b').map(|base64| STANDARD.decode(base64)) {
        Some(Ok(bytes)) => Frame::Binary(bytes.into()),
        _ => Frame::from(packet),
    })
}

/// The payload of some frames. Texts are taken as they are, well-formed or not.
pub fn join<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> String {
    let mut payload = String::new();
    for (index, frame) in frames.into_iter().enumerate() {
        if index > 0 {
            payload.push(SEPARATOR);
        }
        payload.push_str(&packet(frame));
    }
    payload
}

/// How many bytes a frame takes in a payload, without a separator: what counts for the server's `maxPayload`.
pub fn joined_len(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => 1 + bytes.len().div_ceil(3) * 4,
    }
}

fn packet(frame: &Frame) -> Cow<'_, str> {
    match frame {
        Frame::Text(text) => Cow::Borrowed(text),
        Frame::Binary(bytes) => Cow::Owned(format!("b{}", STANDARD.encode(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packets_are_joined_by_the_record_separator() {
        let frames = [Frame::from("4hello"), Frame::from("2"), Frame::Binary(vec![1, 2, 3, 4].into())];
        let payload = "4hello\x1e2\x1ebAQIDBA==";
        assert_eq!(join(&frames), payload);
        assert_eq!(split(payload).collect::<Vec<_>>(), frames);
    }

    #[test]
    fn broken_base64_is_kept_as_it_came() {
        assert_eq!(split("b*\x1e6").collect::<Vec<_>>(), [Frame::from("b*"), Frame::from("6")]);
    }

    fn frame() -> impl Strategy<Value = Frame> {
        prop_oneof![
            "[0-6][^\x1e]{0,20}".prop_map(Frame::Text),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Frame::Binary(bytes.into())),
        ]
    }

    proptest! {
        #[test]
        fn payloads_go_round_trip(frames in proptest::collection::vec(frame(), 1..5)) {
            let payload = join(&frames);
            let separators = frames.len() - 1;
            prop_assert_eq!(payload.len(), frames.iter().map(joined_len).sum::<usize>() + separators);
            prop_assert_eq!(split(&payload).collect::<Vec<_>>(), frames);
        }

        #[test]
        fn any_text_is_some_payload(text: String) {
            prop_assert_eq!(split(&text).count(), text.matches(SEPARATOR).count() + 1);
        }
    }
}
