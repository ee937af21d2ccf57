//! A client of Engine.IO protocol 4 and Socket.IO protocol 5 that can also send what no good client would.
//!
//! [`packet`] is the codec, without any I/O. A [`Session`] is one Engine.IO session over WebSocket or long-polling,
//! with a task of its own that reads, stamps and reports every frame to an [`Observer`] and answers the server's
//! pings. It speaks in frames: what they mean to Socket.IO is for the caller, so that malformed ones can be sent and
//! everything that came is kept as it came.
//!
//! What it does not do: reconnect, remember rooms or acknowledgements, judge, or time the server out.
//!
//! The protocol: <https://socket.io/docs/v4/engine-io-protocol/> and <https://socket.io/docs/v4/socket-io-protocol/>;
//! "section" in these files means a section of those.

mod error;
mod frame;
mod handshake;
mod open;
mod options;
pub mod packet;
mod session;
mod signal;
#[cfg(test)]
mod tests;
mod websocket;

pub use error::{OpenError, SendError, UpgradeError};
pub use frame::{Direction, Frame, Transport};
pub use handshake::{Handshake, HandshakeError};
pub use options::SessionOptions;
pub use packet::{EnginePacket, SocketPacket};
pub use session::Session;
pub use signal::{CloseReason, Closed, Observer, ServerClose, Signal};
