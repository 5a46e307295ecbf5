//! The two things that SHIP looks at, found by a walk over the framing of a certificate.
//!
//! For certificates that a whole X.509 parser refuses: a serial number, a name or a date that is
//! not as it should be is no reason not to talk to a wallbox. Everything but the key and the stated
//! SKI is skipped unread.
//!
//! The walk goes forward only and cannot read past what it was given. It takes lengths in more
//! octets than needed, since nothing here rests on the encoding being canonical.

/// What counts in a certificate.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    /// The content of the key's AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    /// The BIT STRING of the key, the number of unused bits in front.
    pub(super) key: &'a [u8],
    /// The value of the extension subjectKeyIdentifier.
    pub(super) key_id: Option<&'a [u8]>,
}

/// Reads a certificate; `None` if it is not one.
pub(super) fn leaf(certificate: &[u8]) -> Option<Leaf<'_>> {
    let mut outer = Elements(certificate);
    let mut certificate = outer.read(SEQUENCE)?;
    outer.end()?;
    let mut tbs = certificate.read(SEQUENCE)?;
    certificate.read(SEQUENCE)?; // signature algorithm
    certificate.read(BIT_STRING)?; // signature
    certificate.end()?;

    tbs.read_if(CONTEXT_0)?; // version
    tbs.read(INTEGER)?; // serial number
    tbs.read(SEQUENCE)?; // signature algorithm
    tbs.read(SEQUENCE)?; // issuer
    tbs.read(SEQUENCE)?; // validity
    tbs.read(SEQUENCE)?; // subject
    let mut key = tbs.read(SEQUENCE)?;
    tbs.read_if(CONTEXT_1)?; // issuer unique id
    tbs.read_if(CONTEXT_2)?; // subject unique id
    let extensions = tbs.read_if(CONTEXT_3)?;
    tbs.end()?;

    let algorithm = key.read(SEQUENCE)?.0;
    let bits = key.read(BIT_STRING)?.0;
    key.end()?;
    let key_id = match extensions {
        Some(extensions) => key_id(extensions)?,
        None => None,
    };
    Some(Leaf { algorithm, key: bits, key_id })
}

/// The value of the extension that states the SKI, if there is one.
fn key_id(mut extensions: Elements<'_>) -> Option<Option<&[u8]>> {
    let mut list = extensions.read(SEQUENCE)?;
    extensions.end()?;
    let mut found = None;
    while !list.0.is_empty() {
        let mut extension = list.read(SEQUENCE)?;
        let id = extension.read(OBJECT_ID)?.0;
        extension.read_if(BOOLEAN)?; // critical
        let value = extension.read(OCTET_STRING)?.0;
        extension.end()?;
        if id == SUBJECT_KEY_ID && found.replace(value).is_some() {
            return None;
        }
    }
    Some(found)
}

/// Elements of DER, taken one after the other.
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The content of the next element, which must have this tag.
    fn read(&mut self, tag: u8) -> Option<Self> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        let (len, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => rest.split_first().map(|(&len, rest)| (usize::from(len), rest))?,
            0x82 => {
                let (&len, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(len)), rest)
            }
            _ => return None, // indefinite, or longer than any certificate
        };
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        (found == tag).then_some(Self(content))
    }

    /// As `read`, but an element with another tag is left for later.
    fn read_if(&mut self, tag: u8) -> Option<Option<Self>> {
        if self.0.first() == Some(&tag) { self.read(tag).map(Some) } else { Some(None) }
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0x81;
const CONTEXT_2: u8 = 0x82;
const CONTEXT_3: u8 = 0xa3;

/// 2.5.29.14
const SUBJECT_KEY_ID: &[u8] = b"\x55\x1d\x0e";
