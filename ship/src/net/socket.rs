//! A WebSocket that sends while it receives, and knows when its peer is gone
//! (SHIP 1.1.0 §10).

use core::future::poll_fn;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::pin::Pin;
use std::string::String;
use std::vec::Vec;

use eebus_json::Instant;
use futures_util::{Sink, Stream as _};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error as WsError, Message};

use super::link::{LinkError, Stream, shown};

/// After this time without anything received a ping goes out (§10.4).
const PING_AFTER: Duration = Duration::from_secs(50);
/// So long the answer may take (§10.4).
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// So long the peer may leave unread what we send.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// A peer that leaves more than this unread gets nothing read, either.
const CHOKED: usize = 64 * 1024;
/// So long we wait for the answer to a Close frame: official tests measure the end of TCP.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// What came in.
#[derive(Debug)]
pub enum Incoming {
    /// A binary message.
    Message(Bytes),
    /// The peer has closed the WebSocket.
    Closed {
        /// The status code; 1005 if there was none.
        code: u16,
        /// The text, shortened and escaped.
        text: String,
    },
    /// A ping or a pong: a sign of life.
    Alive,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket<S> {
    socket: WebSocketStream<TlsStream<S>>,
    is_unsent: bool,
    /// How much has been queued since everything was sent.
    unsent: usize,
}

impl<S: Stream> Socket<S> {
    pub(super) fn new(socket: WebSocketStream<TlsStream<S>>) -> Self {
        Self { socket, is_unsent: false, unsent: 0 }
    }

    /// Takes a binary message to be sent by [`Socket::next`].
    pub fn send(&mut self, octets: Vec<u8>) -> Result<(), LinkError> {
        self.enqueue(Message::Binary(octets.into()))
    }

    /// Takes a ping to be sent.
    pub fn ping(&mut self) -> Result<(), LinkError> {
        self.enqueue(Message::Ping(Bytes::new()))
    }

    fn enqueue(&mut self, message: Message) -> Result<(), LinkError> {
        self.is_unsent = true;
        self.unsent += message.len();
        Pin::new(&mut self.socket).start_send(message).map_err(|error| match error {
            WsError::WriteBufferFull(_) => LinkError::Stuck,
            other => other.into(),
        })
    }

    /// Whether something still waits to be sent.
    pub fn is_unsent(&self) -> bool {
        self.is_unsent
    }

    /// Whether so much waits that nothing should be read that might be answered.
    pub fn is_choked(&self) -> bool {
        self.unsent > CHOKED
    }

    /// Sends what waits and, with `reads`, waits for what comes; returns `None` as soon as
    /// everything is sent. Nothing is lost if the future is dropped.
    pub async fn next(&mut self, reads: bool) -> Result<Option<Incoming>, LinkError> {
        poll_fn(|cx| self.poll_next(reads, cx)).await
    }

    fn poll_next(
        &mut self,
        reads: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Incoming>, LinkError>> {
        if self.is_unsent
            && let Poll::Ready(sent) = Pin::new(&mut self.socket).poll_flush(cx)
        {
            sent?;
            self.is_unsent = false;
            self.unsent = 0;
            // Who waits for that wants to know.
            return Poll::Ready(Ok(None));
        }
        if !reads {
            return Poll::Pending;
        }
        let message = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Poll::Ready(Err(error.into())),
            None => return Poll::Ready(Ok(Some(closed(None)))),
        };
        // The library has queued the pong.
        self.is_unsent |= message.is_ping();
        Poll::Ready(match message {
            Message::Binary(octets) => Ok(Some(Incoming::Message(octets))),
            Message::Text(_) => Err(LinkError::TextFrame),
            Message::Close(frame) => Ok(Some(closed(frame))),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(Some(Incoming::Alive)),
        })
    }

    /// Closes WebSocket, TLS and TCP, after what waits to be sent. Takes two seconds at most.
    pub async fn close(mut self, code: u16, text: &'static str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: text.into() };
        let _ = tokio::time::timeout(CLOSE_WITHIN, async {
            self.enqueue(Message::Close(Some(frame)))?;
            // What the peer still says is thrown away, however much it is.
            while !matches!(self.next(true).await?, Some(Incoming::Closed { .. })) {}
            Ok::<_, LinkError>(())
        })
        .await;
        self.finish().await;
    }

    /// Closes TLS and TCP; the WebSocket is closed already. Takes a second at most.
    pub async fn finish(mut self) {
        let _ = tokio::time::timeout(CLOSE_WITHIN, async {
            poll_fn(|cx| Pin::new(&mut self.socket).poll_flush(cx)).await.ok();
            let stream = self.socket.get_mut();
            stream.shutdown().await?;
            // Closing with unread octets would reset the connection, and the peer might never
            // see the Close frame.
            let mut rest = [0; 4096];
            while stream.read(&mut rest).await? > 0 {}
            Ok::<_, std::io::Error>(())
        })
        .await;
    }
}

fn closed(frame: Option<CloseFrame>) -> Incoming {
    match frame {
        Some(frame) => {
            Incoming::Closed { code: frame.code.into(), text: shown(frame.reason.as_str()) }
        }
        None => Incoming::Closed { code: CloseCode::Status.into(), text: String::new() },
    }
}

/// Whether the peer is still there: pings when it has been silent, gives up when that is not
/// answered.
#[derive(Debug)]
pub(super) struct KeepAlive {
    ping_at: Option<Instant>,
    /// An answer is due: anything that is received counts.
    pong_by: Option<Instant>,
    /// Everything is to be sent by then.
    send_by: Option<Instant>,
}

impl KeepAlive {
    pub(super) fn start(now: Instant) -> Self {
        Self { ping_at: Some(now + PING_AFTER), pong_by: None, send_by: None }
    }

    /// Something was received.
    pub(super) fn heard(&mut self, now: Instant) {
        self.ping_at = Some(now + PING_AFTER);
        self.pong_by = None;
    }

    /// Whether we listen now: as long as we do not, silence says nothing.
    pub(super) fn listen(&mut self, listens: bool, now: Instant) {
        let is_listening = self.ping_at.is_some() || self.pong_by.is_some();
        if !listens {
            self.ping_at = None;
            self.pong_by = None;
        } else if !is_listening {
            self.heard(now);
        }
    }

    /// A ping goes out, and the answer is due.
    pub(super) fn pinged(&mut self, now: Instant) {
        self.ping_at = None;
        self.pong_by = Some(now + PONG_WITHIN);
    }

    /// Something waits to be sent, or nothing any more.
    pub(super) fn unsent(&mut self, is_unsent: bool, now: Instant) {
        self.send_by = is_unsent.then(|| self.send_by.unwrap_or(now + SEND_WITHIN));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.ping_at, self.pong_by, self.send_by].into_iter().flatten().min()
    }

    /// `Ok(true)`: a ping is due.
    pub(super) fn tick(&self, now: Instant) -> Result<bool, LinkError> {
        let is_past = |deadline: Option<Instant>| deadline.is_some_and(|deadline| now >= deadline);
        if is_past(self.send_by) {
            Err(LinkError::Stuck)
        } else if is_past(self.pong_by) {
            Err(LinkError::Silent)
        } else {
            Ok(is_past(self.ping_at))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn a_silent_peer_is_pinged_after_50_seconds_and_given_up_10_later() {
        let mut alive = KeepAlive::start(at(0));
        assert_eq!(alive.deadline(), Some(at(50)));
        assert!(!alive.tick(at(49)).expect("alive"));
        assert!(alive.tick(at(50)).expect("alive"));
        alive.pinged(at(50));
        assert!(!alive.tick(at(59)).expect("alive"));
        assert!(matches!(alive.tick(at(60)), Err(LinkError::Silent)));
    }

    #[test]
    fn anything_received_is_a_sign_of_life() {
        let mut alive = KeepAlive::start(at(0));
        alive.heard(at(30));
        assert_eq!(alive.deadline(), Some(at(80)));
        alive.pinged(at(80));
        alive.heard(at(85));
        assert!(!alive.tick(at(100)).expect("alive"));
        assert_eq!(alive.deadline(), Some(at(135)));
    }

    #[test]
    fn who_does_not_listen_does_not_complain_of_silence() {
        let mut alive = KeepAlive::start(at(0));
        alive.pinged(at(1));
        alive.listen(false, at(2));
        assert_eq!(alive.deadline(), None);
        assert!(!alive.tick(at(1000)).expect("alive"));
        alive.listen(true, at(1000));
        alive.listen(true, at(1001));
        assert_eq!(alive.deadline(), Some(at(1050)));
    }

    #[test]
    fn what_stays_unsent_for_10_seconds_ends_the_connection() {
        let mut alive = KeepAlive::start(at(0));
        alive.unsent(true, at(5));
        alive.unsent(true, at(9));
        assert!(!alive.tick(at(14)).expect("alive"));
        assert!(matches!(alive.tick(at(15)), Err(LinkError::Stuck)));
        alive.unsent(false, at(14));
        assert!(!alive.tick(at(15)).expect("alive"));
    }
}
