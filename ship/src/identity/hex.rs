//! Hexadecimal digits as people and devices write them.

use core::fmt;

/// Writes octets as upper-case digits.
pub(crate) fn upper(octets: &[u8], f: &mut impl fmt::Write) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
}

/// Exactly `N` octets: either case, with whitespace, colons or hyphens between.
pub(crate) fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut octets = [0; N];
    let mut count = 0;
    for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ':' | '-')) {
        let digit = c.to_digit(16)?;
        let octet = octets.get_mut(count / 2)?;
        *octet = (*octet << 4) | digit as u8;
        count += 1;
    }
    (count == 2 * N).then_some(octets)
}

/// Exactly `N` octets in upper case and nothing between: what is signed has one spelling.
pub(crate) fn upper_octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_upper = |c: char| matches!(c, '0'..='9' | 'A'..='F');
    if text.chars().all(is_upper) { octets(text) } else { None }
}
