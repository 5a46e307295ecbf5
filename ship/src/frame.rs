//! The type octet in front of every message (SHIP 1.1.0 §13.4.2).

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use eebus_json::{Error, Reader, Rule};

use crate::connection::Stage;
use crate::message::Message;

/// Type octet of the init message; its value is one octet.
const INIT: u8 = 0;
const CONTROL: u8 = 1;
const DATA: u8 = 2;
const END: u8 = 3;

/// The longest message that is read outside the data exchange, in octets: the longest that has a
/// place there is some hundred, and who sends it may be anybody.
pub(crate) const MAX_CONTROL: usize = 16 * 1024;

/// The init message: both octets zero.
pub(crate) const INIT_FRAME: [u8; 2] = [INIT, 0];

/// One WebSocket message, taken apart.
#[derive(Debug)]
pub(crate) enum Frame {
    /// `00 00`.
    Init,
    /// A message in JSON.
    Message(Message),
}

/// A WebSocket message that is no SHIP message, or none that we can read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A type octet without value, or nothing at all.
    Empty,
    /// A type octet that SHIP has not defined.
    ReservedType(u8),
    /// An init message that says something, or another message where that one is due.
    Init,
    /// More octets than a message outside the data exchange has.
    TooLong(usize),
    /// A root element that SHIP does not have.
    UnknownRoot(Error),
    /// Not the JSON form of a message.
    Unreadable(Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("message without value"),
            Self::ReservedType(octet) => write!(f, "reserved message type {octet:#04x}"),
            Self::Init => f.write_str("invalid init message"),
            Self::TooLong(octets) => write!(f, "message of {octets} octets in the handshake"),
            Self::UnknownRoot(error) | Self::Unreadable(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for Fault {}

impl Frame {
    /// Takes a WebSocket message apart, as far as the stage of the connection gives reason to:
    /// until both sides trust each other, who sends it may be anybody.
    ///
    /// The JSON root says which message it is, not the type octet: stacks in the field mix up
    /// control, data and end.
    pub(crate) fn read(octets: &[u8], stage: Stage) -> Result<Self, Fault> {
        match octets {
            [] | [_] => Err(Fault::Empty),
            // Some devices append zero octets to everything.
            [INIT, rest @ ..] if rest.iter().all(|octet| *octet == 0) => Ok(Self::Init),
            [INIT, ..] => Err(Fault::Init),
            // Whatever it says, it is wrong.
            [CONTROL | DATA | END, ..] if stage == Stage::Init => Err(Fault::Init),
            [CONTROL | DATA | END, ..]
                if stage != Stage::Exchange && octets.len() > MAX_CONTROL =>
            {
                Err(Fault::TooLong(octets.len()))
            }
            [CONTROL | DATA | END, json @ ..] => {
                Reader::tolerant().read(json).map(Self::Message).map_err(|error| match error.rule {
                    Rule::Root(_) => Fault::UnknownRoot(error),
                    _ => Fault::Unreadable(error),
                })
            }
            [octet, ..] => Err(Fault::ReservedType(*octet)),
        }
    }
}

/// The WebSocket message that carries `message`.
pub(crate) fn write(message: &Message) -> Vec<u8> {
    let octet = match message {
        Message::Data(_) => DATA,
        Message::ConnectionClose(_) => END,
        _ => CONTROL,
    };
    let json = eebus_json::to_string(message);
    let mut octets = vec![octet];
    octets.reserve_exact(json.len());
    octets.extend_from_slice(json.as_bytes());
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::AccessMethodsRequest;

    fn read(octets: &[u8]) -> Result<Frame, Fault> {
        Frame::read(octets, Stage::Exchange)
    }

    fn is_request(frame: &Result<Frame, Fault>) -> bool {
        matches!(frame, Ok(Frame::Message(Message::AccessMethodsRequest(_))))
    }

    #[test]
    fn a_type_octet_alone_is_no_message() {
        for octet in 0..=255 {
            assert_eq!(read(&[octet]).unwrap_err(), Fault::Empty);
        }
        assert_eq!(read(&[]).unwrap_err(), Fault::Empty);
    }

    #[test]
    fn reserved_types_are_told_apart() {
        assert_eq!(read(&[0xff, 0]).unwrap_err(), Fault::ReservedType(0xff));
        assert_eq!(read(&[4, b'{']).unwrap_err(), Fault::ReservedType(4));
    }

    #[test]
    fn an_init_message_may_have_trailing_zeros_but_nothing_else() {
        assert!(matches!(read(&[0, 0]), Ok(Frame::Init)));
        assert!(matches!(read(&[0, 0, 0, 0]), Ok(Frame::Init)));
        assert_eq!(read(&[0, 1]).unwrap_err(), Fault::Init);
        assert_eq!(read(&[0, 0, 7]).unwrap_err(), Fault::Init);
    }

    #[test]
    fn the_root_decides_and_not_the_type() {
        let mut octets = write(&Message::AccessMethodsRequest(AccessMethodsRequest {}));
        assert_eq!(octets, b"\x01{\"accessMethodsRequest\":[]}");
        for octet in [CONTROL, DATA, END] {
            octets[0] = octet;
            assert!(is_request(&read(&octets)));
        }
    }

    #[test]
    fn marks_padding_and_whitespace_around_the_json_are_no_matter() {
        assert!(is_request(&read(b"\x01\xef\xbb\xbf{\"accessMethodsRequest\":[]}\0\0")));
        assert!(is_request(&read(
            b"\x01 \t\r\n{ \t\r\n\"accessMethodsRequest\" \t\r\n: \t\r\n[ \t\r\n] \t\r\n} \t\r\n"
        )));
    }

    #[test]
    fn an_unknown_root_is_not_unreadable() {
        assert!(matches!(read(b"\x01{\"vendorHello\":[]}"), Err(Fault::UnknownRoot(_))));
        assert!(matches!(read(b"\x01{\"connectionHello\":"), Err(Fault::Unreadable(_))));
        assert!(matches!(read(b"\x01\xff\xfe"), Err(Fault::Unreadable(_))));
    }

    #[test]
    fn before_the_init_message_no_json_is_read() {
        for octet in [CONTROL, DATA, END] {
            let frame = Frame::read(&[octet, b'{'], Stage::Init);
            assert_eq!(frame.unwrap_err(), Fault::Init);
        }
        assert!(matches!(Frame::read(&[0, 0], Stage::Init), Ok(Frame::Init)));
    }

    #[test]
    fn a_long_message_is_read_in_the_data_exchange_only() {
        let mut octets = b"\x01{\"accessMethodsRequest\":[]}".to_vec();
        octets.resize(MAX_CONTROL, b' ');
        for stage in [
            Stage::Pending,
            Stage::Ready,
            Stage::Protocol,
            Stage::Pin,
            Stage::Exchange,
            Stage::Closing,
        ] {
            assert!(is_request(&Frame::read(&octets, stage)), "{stage}");
        }
        octets.push(b' ');
        for stage in [Stage::Pending, Stage::Ready, Stage::Protocol, Stage::Pin, Stage::Closing] {
            let frame = Frame::read(&octets, stage);
            assert_eq!(frame.unwrap_err(), Fault::TooLong(MAX_CONTROL + 1), "{stage}");
        }
        assert!(is_request(&read(&octets)));
    }
}
