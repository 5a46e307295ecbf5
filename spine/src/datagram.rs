//! The datagram: header and command, read in two steps (PS 5.2).
//!
//! A payload that cannot be read must not keep the header from being used for the answer, so it
//! stays text until the header is known.

use alloc::vec::Vec;

use eebus_json::{Choice, Error, Raw, Reader, Record};

use crate::model::{Cmd, Header};

/// The most octets of a datagram that are read.
pub const MAX_SIZE: usize = 256 * 1024;

/// A datagram whose payload has not been read yet.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Datagram {
    /// Who says it to whom, and what kind of message it is.
    pub header: Option<Header>,
    /// The commands, as text.
    pub payload: Option<Raw>,
}

/// The payload: exactly one command, though the schema allows any number (PS 5.3.2).
#[derive(Clone, Default, PartialEq, Record)]
pub struct Commands {
    /// The commands.
    pub cmd: Vec<Cmd>,
}

#[derive(Clone, Debug, PartialEq, Choice)]
enum Incoming {
    Datagram(Datagram),
}

#[derive(Clone, Default, PartialEq, Record)]
#[record("datagram")]
struct Whole {
    header: Option<Header>,
    payload: Option<Commands>,
}

#[derive(Clone, Debug, PartialEq, Choice)]
enum Outgoing {
    Datagram(Whole),
}

impl Datagram {
    /// Reads the header of a datagram.
    ///
    /// # Errors
    /// What was wrong with the text or the header, and where.
    pub fn read(reader: &Reader, text: &[u8]) -> Result<Self, Error> {
        let Incoming::Datagram(datagram) = reader.read(text)?;
        Ok(datagram)
    }

    /// Reads the commands as far as possible; the first fault of a single element is returned
    /// beside them.
    ///
    /// # Errors
    /// What spoils more than an element, and where.
    pub fn commands(&self, reader: &Reader) -> Result<(Commands, Option<Error>), Error> {
        match &self.payload {
            Some(payload) => reader.content_partly(payload),
            None => Ok((Commands::default(), None)),
        }
    }
}

/// A datagram with one command, as SHIP carries it.
pub fn to_raw(header: Header, cmd: Cmd) -> Raw {
    let payload = Commands { cmd: alloc::vec![cmd] };
    let whole = Whole { header: Some(header), payload: Some(payload) };
    eebus_json::to_raw(&Outgoing::Datagram(whole))
}
