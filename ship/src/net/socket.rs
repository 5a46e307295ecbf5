//! A WebSocket that sends while it receives, and knows when its peer is gone
//! (SHIP 1.1.0 §10).

use core::future::poll_fn;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::pin::Pin;
use std::string::String;
use std::vec::Vec;

use eebus_json::Instant;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::TlsStream;
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::frames::{self, Frames, Heard};
use super::link::{LinkError, Stream, shown};
use crate::connection::Role;

/// After this time without anything received a ping goes out (§10.4).
const PING_AFTER: Duration = Duration::from_secs(50);
/// So long the answer may take (§10.4).
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// So long the peer may leave unread what we send.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// What may wait to be sent. Reached only if the peer has stopped reading.
const MAX_UNSENT: usize = 4 << 20;
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
    stream: Box<TlsStream<S>>,
    role: Role,
    frames: Frames,
    /// What is to be sent, and how much of that has been.
    output: Vec<u8>,
    sent: usize,
    is_unsent: bool,
    /// How much has been queued since everything was sent.
    unsent: usize,
    /// We have said that we close.
    is_closing: bool,
}

impl<S: Stream> Socket<S> {
    /// After the upgrade; `input` is what the peer has said since.
    pub(super) fn new(stream: Box<TlsStream<S>>, role: Role, input: Vec<u8>) -> Self {
        Self {
            stream,
            role,
            frames: Frames::new(role, input),
            output: Vec::new(),
            sent: 0,
            is_unsent: false,
            unsent: 0,
            is_closing: false,
        }
    }

    /// Takes a binary message to be sent by [`Socket::next`].
    pub fn send(&mut self, octets: Vec<u8>) -> Result<(), LinkError> {
        self.enqueue(OpCode::Data(Data::Binary), &octets)
    }

    /// Takes a ping to be sent.
    pub fn ping(&mut self) -> Result<(), LinkError> {
        self.enqueue(OpCode::Control(Control::Ping), &[])
    }

    fn enqueue(&mut self, opcode: OpCode, payload: &[u8]) -> Result<(), LinkError> {
        if self.output.len() - self.sent + payload.len() > MAX_UNSENT {
            return Err(LinkError::Stuck);
        }
        self.is_unsent = true;
        let before = self.output.len();
        let written = frames::write(self.role, opcode, payload, &mut self.output);
        // An empty frame takes room as well.
        self.unsent += self.output.len() - before;
        written
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
            && let Poll::Ready(sent) = self.poll_send(cx)
        {
            sent?;
            // Who waits for that wants to know.
            return Poll::Ready(Ok(None));
        }
        if !reads {
            return Poll::Pending;
        }
        Poll::Ready(match ready!(self.poll_hear(cx))? {
            Heard::Message(octets) => Ok(Some(Incoming::Message(octets))),
            Heard::Pong => Ok(Some(Incoming::Alive)),
            Heard::Ping(octets) => {
                self.enqueue(OpCode::Control(Control::Pong), &octets)?;
                Ok(Some(Incoming::Alive))
            }
            Heard::Close(code, text) => {
                self.answer_close(code)?;
                let code = code.unwrap_or(NO_CODE);
                Ok(Some(Incoming::Closed { code, text: shown(&text) }))
            }
        })
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.output.len() {
            let rest = &self.output[self.sent..];
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.sent += n,
            }
            if self.sent > CHOKED {
                self.output.drain(..self.sent);
                self.sent = 0;
            }
        }
        // Its memory goes with it.
        self.output = Vec::new();
        self.sent = 0;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.is_unsent = false;
        self.unsent = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, LinkError>> {
        loop {
            if let Some(heard) = self.frames.next()? {
                return Poll::Ready(Ok(heard));
            }
            let mut octets = [0; 4096];
            let mut octets = ReadBuf::new(&mut octets);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut octets))?;
            if octets.filled().is_empty() {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
            }
            self.frames.feed(octets.filled());
        }
    }

    /// The peer has closed: it gets its own code back, unless we have closed ourselves.
    fn answer_close(&mut self, code: Option<u16>) -> Result<(), LinkError> {
        if core::mem::replace(&mut self.is_closing, true) {
            return Ok(());
        }
        let code = code.map(|code| {
            let is_allowed = CloseCode::from(code).is_allowed();
            if is_allowed { code } else { CloseCode::Protocol.into() }
        });
        let payload = code.map(u16::to_be_bytes);
        self.enqueue(OpCode::Control(Control::Close), payload.as_ref().map_or(&[], |it| &it[..]))
    }

    /// Closes WebSocket, TLS and TCP, after what waits to be sent. Takes two seconds at most.
    pub async fn close(mut self, code: u16, text: &'static str) {
        let frame = [&code.to_be_bytes(), text.as_bytes()].concat();
        let _ = tokio::time::timeout(CLOSE_WITHIN, async {
            self.enqueue(OpCode::Control(Control::Close), &frame)?;
            self.is_closing = true;
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
            poll_fn(|cx| self.poll_send(cx)).await.ok();
            self.stream.shutdown().await?;
            // Closing with unread octets would reset the connection, and the peer might never
            // see the Close frame.
            // On the heap, or every open connection had room for it.
            let mut rest = std::vec![0; 4096];
            while self.stream.read(&mut rest).await? > 0 {}
            Ok::<_, io::Error>(())
        })
        .await;
    }
}

/// There was no code (RFC 6455 §7.1.5).
const NO_CODE: u16 = 1005;

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
