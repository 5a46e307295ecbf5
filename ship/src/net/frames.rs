//! Frames of an open WebSocket (RFC 6455), as far as SHIP needs them (SHIP 1.1.0 §10): octets to
//! messages, and messages to octets.
//!
//! The library that upgrades the connection could do this as well, but its buffers stay as big as
//! the biggest message was. A node that manages many peers has as many idle connections; between
//! two messages nothing is kept here.

use std::boxed::Box;
use std::io::Cursor;
use std::string::String;
use std::vec::Vec;

use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::link::{LinkError, MAX_MESSAGE};
use crate::connection::Role;

/// Longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL: u64 = 125;
/// No message is trusted to be longer before it is.
const FIRST: usize = 16 * 1024;

/// What the peer says.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Heard {
    /// A binary message, put together.
    Message(Bytes),
    /// To be answered with a pong that carries the same.
    Ping(Vec<u8>),
    /// An answer to a ping of ours.
    Pong,
    /// The peer closes: the code, if there is one, and the text.
    Close(Option<u16>, String),
}

/// Puts messages together.
#[derive(Debug)]
pub(super) struct Frames {
    /// Clients mask what they send (RFC 6455 §5.1).
    are_masked: bool,
    /// Received and not read yet.
    input: Vec<u8>,
    frame: Option<Frame>,
    /// Of a binary message of which not everything is there.
    message: Option<Vec<u8>>,
    /// Of a control frame of which not everything is there.
    control: Vec<u8>,
}

/// A frame of which the header is there.
#[derive(Debug)]
struct Frame {
    header: FrameHeader,
    /// How much of its payload is to come.
    missing: usize,
    /// How much was there already, for the mask.
    at: usize,
}

impl Frames {
    /// For our role, with what has come behind the upgrade.
    pub(super) fn new(role: Role, input: Vec<u8>) -> Self {
        let are_masked = role == Role::Server;
        Self { are_masked, input, frame: None, message: None, control: Vec::new() }
    }

    /// Takes what has come in.
    pub(super) fn feed(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
    }

    /// The next thing that the peer has said; `None` if more has to come first.
    pub(super) fn next(&mut self) -> Result<Option<Heard>, LinkError> {
        let mut input = core::mem::take(&mut self.input);
        let mut read = 0;
        let heard = loop {
            if self.frame.is_none() {
                let mut cursor = Cursor::new(&input[read..]);
                let Some((header, length)) = FrameHeader::parse(&mut cursor)? else {
                    break None;
                };
                read += cursor.position() as usize;
                self.frame = Some(self.begin(header, length)?);
            }
            read += self.collect(&input[read..]);
            if self.frame.as_ref().is_some_and(|frame| frame.missing > 0) {
                break None;
            }
            if let Some(frame) = self.frame.take()
                && let Some(heard) = self.end(&frame.header)?
            {
                break Some(heard);
            }
        };
        if read < input.len() {
            input.drain(..read);
            self.input = input;
        }
        Ok(heard)
    }

    /// Whether such a frame may come now.
    fn begin(&mut self, header: FrameHeader, length: u64) -> Result<Frame, LinkError> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(broken("reserved bits are set"));
        }
        if header.mask.is_some() != self.are_masked {
            return Err(broken("only a client masks"));
        }
        match header.opcode {
            OpCode::Control(_) if !header.is_final || length > MAX_CONTROL => {
                return Err(broken("control frame of too many octets"));
            }
            OpCode::Control(_) => {}
            OpCode::Data(Data::Text) => return Err(LinkError::TextFrame),
            OpCode::Data(kind) => {
                if (kind == Data::Continue) != self.message.is_some() {
                    return Err(broken("fragments are mixed up"));
                }
                let message = self.message.get_or_insert_default();
                if length > (MAX_MESSAGE - message.len()) as u64 {
                    return Err(LinkError::TooBig);
                }
                message.reserve((length as usize).min(FIRST));
            }
        }
        // Of a control frame or a message: both have their limits.
        Ok(Frame { header, missing: length as usize, at: 0 })
    }

    /// Takes as much of the frame as there is; returns how much that was.
    fn collect(&mut self, octets: &[u8]) -> usize {
        let Some(frame) = &mut self.frame else { return 0 };
        let part = &octets[..octets.len().min(frame.missing)];
        let whole = match (&frame.header.opcode, &mut self.message) {
            (OpCode::Data(_), Some(message)) => message,
            _ => &mut self.control,
        };
        let start = whole.len();
        whole.extend_from_slice(part);
        if let Some(mask) = frame.header.mask {
            apply(mask, frame.at, &mut whole[start..]);
        }
        frame.missing -= part.len();
        frame.at += part.len();
        part.len()
    }

    /// The payload of a frame is complete.
    fn end(&mut self, header: &FrameHeader) -> Result<Option<Heard>, LinkError> {
        let OpCode::Control(control) = header.opcode else {
            let message = if header.is_final { self.message.take() } else { None };
            return Ok(message.map(|octets| Heard::Message(octets.into())));
        };
        let octets = core::mem::take(&mut self.control);
        Ok(Some(match control {
            Control::Ping => Heard::Ping(octets),
            Control::Pong => Heard::Pong,
            _ => match octets.split_first_chunk() {
                Some((code, text)) => {
                    let text = core::str::from_utf8(text).map_err(|_| broken("no text"))?;
                    Heard::Close(Some(u16::from_be_bytes(*code)), text.into())
                }
                None if octets.is_empty() => Heard::Close(None, String::new()),
                None => return Err(broken("half a code")),
            },
        }))
    }
}

/// Appends a frame with a whole message to `output`. Fails only without random numbers.
pub(super) fn write(
    role: Role,
    opcode: OpCode,
    payload: &[u8],
    output: &mut Vec<u8>,
) -> Result<(), LinkError> {
    let mut header = FrameHeader { opcode, ..FrameHeader::default() };
    if role == Role::Client {
        let mut mask = [0; 4];
        getrandom::fill(&mut mask).map_err(std::io::Error::other)?;
        header.mask = Some(mask);
    }
    output.reserve(header.len(payload.len() as u64) + payload.len());
    header.format(payload.len() as u64, output)?;
    let start = output.len();
    output.extend_from_slice(payload);
    if let Some(mask) = header.mask {
        apply(mask, 0, &mut output[start..]);
    }
    Ok(())
}

/// Masks octets or takes the mask off; the first one is number `at` of its frame.
fn apply(mask: [u8; 4], at: usize, octets: &mut [u8]) {
    let mut mask = mask;
    mask.rotate_left(at % 4);
    for part in octets.chunks_mut(4) {
        for (octet, mask) in part.iter_mut().zip(mask) {
            *octet ^= mask;
        }
    }
}

fn broken(why: &str) -> LinkError {
    LinkError::WebSocket(Box::from(why))
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    const BINARY: OpCode = OpCode::Data(Data::Binary);
    const CONTINUE: OpCode = OpCode::Data(Data::Continue);
    const PING: OpCode = OpCode::Control(Control::Ping);

    fn frame(role: Role, is_final: bool, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        write(role, opcode, payload, &mut output).expect("random numbers");
        output[0] = output[0] & 0x7f | u8::from(is_final) << 7;
        output
    }

    /// Everything that is heard when the octets come in pieces of so many.
    fn heard(role: Role, octets: &[u8], piece: usize) -> Result<Vec<Heard>, LinkError> {
        let mut frames = Frames::new(role, Vec::new());
        let mut heard = Vec::new();
        for piece in octets.chunks(piece) {
            frames.feed(piece);
            while let Some(what) = frames.next()? {
                heard.push(what);
            }
        }
        Ok(heard)
    }

    #[test]
    fn messages_come_out_whole_however_they_come_in() {
        for (from, to) in [(Role::Client, Role::Server), (Role::Server, Role::Client)] {
            let long: Vec<u8> = (0..70_000).map(|i| i as u8).collect();
            let mut octets = Vec::new();
            let mut expected = Vec::new();
            for n in [0, 1, 125, 126, 65_535, 65_536, 70_000] {
                octets.extend(frame(from, true, BINARY, &long[..n]));
                expected.push(Heard::Message(long[..n].to_vec().into()));
            }
            // In fragments, with a ping between them.
            octets.extend(frame(from, false, BINARY, &long[..5]));
            octets.extend(frame(from, false, CONTINUE, &[]));
            octets.extend(frame(from, true, PING, b"there?"));
            octets.extend(frame(from, true, CONTINUE, &long[5..300]));
            expected.push(Heard::Ping(b"there?".into()));
            expected.push(Heard::Message(long[..300].to_vec().into()));
            for piece in [1, 3, 1000, octets.len()] {
                let heard = heard(to, &octets, piece).expect("no rule is broken");
                assert_eq!(heard, expected, "{from:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn nothing_is_kept_between_two_messages() {
        let mut frames = Frames::new(Role::Client, Vec::new());
        for n in [10, 100_000] {
            frames.feed(&frame(Role::Server, true, BINARY, &vec![1; n]));
            frames.feed(&frame(Role::Server, true, PING, &[2; 125]));
            assert!(matches!(frames.next(), Ok(Some(Heard::Message(_)))));
            assert!(matches!(frames.next(), Ok(Some(Heard::Ping(_)))));
            assert!(matches!(frames.next(), Ok(None)));
            assert_eq!(frames.input.capacity() + frames.control.capacity(), 0);
            assert_eq!(frames.message, None);
        }
    }

    #[test]
    fn a_close_has_a_code_and_a_text_or_nothing() {
        let close =
            |payload: &[u8]| frame(Role::Server, true, OpCode::Control(Control::Close), payload);
        let heard = |payload| heard(Role::Client, &close(payload), 1);
        assert_eq!(heard(b"").expect("good"), [Heard::Close(None, String::new())]);
        let user = Heard::Close(Some(4001), "close".into());
        assert_eq!(heard(b"\x0f\xa1close").expect("good"), [user]);
        for bad in [&b"\x0f"[..], b"\x0f\xa1\xff"] {
            assert!(matches!(heard(bad), Err(LinkError::WebSocket(_))), "{bad:?}");
        }
    }

    #[test]
    fn broken_rules_are_noticed() {
        let (server, client) = (Role::Server, Role::Client);
        let mut reserved = frame(server, true, BINARY, b"x");
        reserved[0] |= 0x40;
        let unknown = frame(server, true, OpCode::Data(Data::Reserved(5)), b"x");
        let half_a_ping = frame(server, false, PING, b"x");
        let long_ping = frame(server, true, PING, &[0; 126]);
        let begun_twice = [frame(server, false, BINARY, b"x"), frame(server, true, BINARY, b"x")];
        let masked = frame(client, true, BINARY, b"x");
        let going_on = frame(server, true, CONTINUE, b"x");
        for bad in
            [reserved, unknown, half_a_ping, long_ping, begun_twice.concat(), masked, going_on]
        {
            assert!(matches!(heard(client, &bad, 1), Err(LinkError::WebSocket(_))), "{bad:?}");
        }
        let bare = frame(server, true, BINARY, b"x");
        assert!(matches!(heard(server, &bare, 1), Err(LinkError::WebSocket(_))));
        let text = frame(server, true, OpCode::Data(Data::Text), b"x");
        assert!(matches!(heard(client, &text, 1), Err(LinkError::TextFrame)));
    }

    #[test]
    fn a_message_has_a_limit_in_one_frame_and_in_many() {
        let most = frame(Role::Server, true, BINARY, &vec![0; MAX_MESSAGE]);
        assert_eq!(heard(Role::Client, &most, 4096).expect("it just fits").len(), 1);
        // The header says enough.
        let more = frame(Role::Server, true, BINARY, &vec![0; MAX_MESSAGE + 1]);
        assert!(matches!(heard(Role::Client, &more[..10], 10), Err(LinkError::TooBig)));
        let mut most = [0x82, 127].to_vec();
        most.extend([0xff; 8]);
        assert!(matches!(heard(Role::Client, &most, 10), Err(LinkError::TooBig)));
        let part = vec![0; MAX_MESSAGE / 2 + 1];
        let parts =
            [frame(Role::Server, false, BINARY, &part), frame(Role::Server, true, CONTINUE, &part)];
        assert!(matches!(heard(Role::Client, &parts.concat(), 4096), Err(LinkError::TooBig)));
    }
}
