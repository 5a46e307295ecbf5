//! The layer in front of the JSON reader: octets become text within bounds (SHIP 1.1.0 §11.4).

use alloc::borrow::Cow;
use alloc::string::String;

use crate::{Error, Reader, Rule};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of one JSON value, with what surrounds it taken off and every bound checked.
pub(crate) fn text<'a>(octets: &'a [u8], reader: &Reader) -> Result<Cow<'a, str>, Error> {
    if octets.len() > reader.size {
        return Err(Rule::Size { limit: reader.size }.into());
    }
    let inner = trim(octets.strip_prefix(BYTE_ORDER_MARK).unwrap_or(octets));
    let inner = &inner[..end_of_value(inner, reader)?];
    if reader.strict && strays(octets, inner) {
        return Err(Rule::Trailing.into());
    }
    match core::str::from_utf8(inner) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) if reader.strict => Err(Rule::Encoding.into()),
        Err(_) => Ok(String::from_utf8_lossy(inner)),
    }
}

/// White space is no fault; anything else around the value is (strict).
fn strays(octets: &[u8], inner: &[u8]) -> bool {
    let start = octets.len() - octets.trim_ascii_start().len();
    let octets = &octets[start..];
    !octets.starts_with(inner) || !octets[inner.len()..].trim_ascii().is_empty()
}

/// Some devices pad their messages with zero octets.
fn trim(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n' | 0, rest @ ..] = octets {
        octets = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n' | 0] = octets {
        octets = rest;
    }
    octets
}

/// Where the first array or object ends; counts depth and values on the way.
///
/// Brackets and commas outside strings say all that is needed; whether the text between them is
/// JSON is for the JSON reader to find.
fn end_of_value(octets: &[u8], reader: &Reader) -> Result<usize, Error> {
    let (mut depth, mut nodes) = (0_usize, 1_usize);
    let mut i = 0;
    while let Some(&octet) = octets.get(i) {
        i += 1;
        match octet {
            b'"' => i = end_of_string(octets, i),
            b'[' | b'{' => {
                depth += 1;
                nodes += 1;
                if depth > reader.depth {
                    return Err(Rule::Depth { limit: reader.depth }.into());
                }
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Ok(i);
                }
            }
            b',' => nodes += 1,
            _ => continue,
        }
        if nodes > reader.nodes {
            return Err(Rule::Nodes { limit: reader.nodes }.into());
        }
    }
    Ok(octets.len())
}

fn end_of_string(octets: &[u8], mut i: usize) -> usize {
    while let Some(&octet) = octets.get(i) {
        match octet {
            b'"' => return i + 1,
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    octets.len()
}
