//! The requests of a polling session: a `GET` that waits for packets, a `POST` that brings some.

use std::time::Duration;

use super::{
    super::{Direction, Frame, SendError, Transport, error::BODY_SHOWN, signal::Witness},
    core::Reply,
};
use crate::net::{Answer, Budget, HttpClient, HttpError, Request};

/// A `POST` that was answered or failed, and whom to tell.
pub(super) struct Posted {
    pub(super) result: Result<Answer, HttpError>,
    pub(super) reply: PostReply,
}

/// Whom to tell: the senders of the packed frames, or the one of a raw body.
pub(super) enum PostReply {
    Frames(Vec<Reply<(), SendError>>),
    Raw(Reply<u16, SendError>),
}

impl Posted {
    /// Tells the senders, who may have left.
    pub(super) fn settle(self) {
        let result = self.result.map_err(SendError::Failed);
        match self.reply {
            PostReply::Raw(reply) => drop(reply.send(result.map(|answer| answer.status.as_u16()))),
            PostReply::Frames(replies) => {
                let accepted = result.and_then(|answer| match answer.status.is_success() {
                    true => Ok(()),
                    false => {
                        Err(SendError::Refused { status: answer.status.as_u16(), body: answer.body_start(BODY_SHOWN) })
                    }
                });
                for reply in replies {
                    let _ = reply.send(accepted.clone());
                }
            }
        }
    }
}

/// The answer may take as long as the server likes; connecting may not.
pub(super) async fn poll(http: HttpClient, request: Request, connecting: Duration) -> Result<Answer, HttpError> {
    let mut connection = http.checkout(Budget::new(connecting)).await?;
    let answer = connection.exchange(&request, Budget::new(Duration::MAX)).await?;
    http.give_back(connection).await;
    Ok(answer)
}

/// Tells the frames when there is a connection, just before they go out on it.
pub(super) async fn post(
    http: HttpClient,
    witness: Witness,
    request: Request,
    frames: Vec<Frame>,
    deadline: Duration,
) -> Result<Answer, HttpError> {
    let budget = Budget::new(deadline);
    let mut connection = http.checkout(budget).await?;
    for frame in frames {
        witness.frame(Direction::Out, Transport::Polling, connection.local_port(), frame);
    }
    let answer = connection.exchange(&request, budget).await?;
    http.give_back(connection).await;
    Ok(answer)
}
