//! What the open packet says where that is not what is done: a fault's doing.
//!
//! The packet is written by the library under this server, which says what it does. What it has written is replaced on
//! its way out, by as many bytes, so that no length that stands before it becomes wrong.

use std::borrow::Cow;
use std::sync::Arc;

use crate::faults::{FaultSet, OpenPacket};
use crate::options::Options;

/// How sessions are kept, according to the options and whatever is wrong with it.
pub(crate) fn of(options: &Options) -> OpenPacket {
    let mut packet = OpenPacket {
        ping_interval: options.ping_interval,
        ping_timeout: options.ping_timeout,
        max_payload: options.max_payload,
        renamed: None,
    };
    FaultSet::new(&options.faults).open_packet(&mut packet);
    packet
}

/// Pieces of text that are written otherwise.
#[derive(Debug, Clone, Default)]
pub(crate) struct Misprints(Arc<[(Vec<u8>, Vec<u8>)]>);

impl Misprints {
    /// What makes clients read the options in a packet that says something else.
    pub(crate) fn of(packet: &OpenPacket, options: &Options) -> Self {
        let numbers = [
            ("pingInterval", packet.ping_interval.as_millis(), options.ping_interval.as_millis()),
            ("pingTimeout", packet.ping_timeout.as_millis(), options.ping_timeout.as_millis()),
            ("maxPayload", packet.max_payload.into(), options.max_payload.into()),
        ];
        let numbers = numbers.into_iter().filter(|(_, done, said)| done != said).map(|(key, done, said)| {
            let (done, said) = (format!("\"{key}\":{done}"), said.to_string());
            // JSON has room for blanks before a number.
            let room = done.len() - key.len() - 3;
            (done.into_bytes(), format!("\"{key}\":{said:>room$}").into_bytes())
        });
        let keys = packet.renamed.map(|(key, said)| (format!("\"{key}\"").into(), format!("\"{said}\"").into()));
        Self(numbers.chain(keys).filter(|(done, said)| done.len() == said.len()).collect())
    }

    /// Whether nothing is written otherwise.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes to write instead of these: as many.
    pub(crate) fn print<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut printed = Cow::Borrowed(bytes);
        for (done, said) in self.0.iter() {
            if let Some(start) = printed.windows(done.len()).position(|window| window == done) {
                printed.to_mut()[start..start + done.len()].copy_from_slice(said);
            }
        }
        printed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clients_read_the_options_where_something_else_is_done_in_as_many_bytes() {
        let options = Options::default();
        let packet = OpenPacket {
            ping_timeout: options.ping_timeout + Duration::from_hours(24),
            renamed: Some(("maxPayload", "maxpayload")),
            ..of(&options)
        };
        let misprints = Misprints::of(&packet, &options);
        let done = br#"0{"sid":"x","pingInterval":25000,"pingTimeout":86420000,"maxPayload":1000000}"#;
        let said = br#"0{"sid":"x","pingInterval":25000,"pingTimeout":   20000,"maxpayload":1000000}"#;
        assert_eq!(misprints.print(done).as_ref(), said);
        assert!(Misprints::of(&of(&options), &options).is_empty(), "nothing is wrong");
    }
}
