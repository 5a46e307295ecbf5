//! Durations: `PT2H`, `P1DT12H`, `PT0.5S`.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use eebus_json::Id;

use super::{TimeError, nanos, split_digits};

/// A length of time, as the text that was received (xs:duration).
///
/// ```
/// use core::time::Duration as Length;
/// use spine::model::Duration;
///
/// let sent = Duration::from(Length::from_secs(90));
/// assert_eq!(sent.as_str(), "PT1M30S");
/// assert_eq!(Duration::new("PT4.0S").length(), Ok(Length::from_secs(4)));
/// ```
#[derive(Clone, Debug, Eq, Hash, Id, PartialEq)]
pub struct Duration(Box<str>);

impl Duration {
    /// A duration as some peer wrote it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the duration points into the past: `-PT15M`.
    pub fn is_negative(&self) -> bool {
        self.0.trim_start().starts_with('-')
    }

    /// How long it is, whatever its sign.
    ///
    /// Weeks (`P2W`) are no xs:duration but are read; years and months are only read when they are
    /// zero. Digits below a nanosecond are dropped.
    ///
    /// # Errors
    /// [`TimeError::Malformed`], [`TimeError::NoFixedLength`], [`TimeError::OutOfRange`].
    pub fn length(&self) -> Result<core::time::Duration, TimeError> {
        let text = self.0.trim();
        let text = text.strip_prefix('-').unwrap_or(text);
        parse(text.strip_prefix('P').ok_or(TimeError::Malformed)?)
    }

    /// What remains of it from now on: a negative duration is already over.
    ///
    /// # Errors
    /// As [`Self::length`].
    pub fn remaining(&self) -> Result<core::time::Duration, TimeError> {
        let length = self.length()?;
        Ok(if self.is_negative() { core::time::Duration::ZERO } else { length })
    }
}

/// Writes the canonical form, down to milliseconds: days, hours, minutes, seconds, zero as `PT0S`.
impl From<core::time::Duration> for Duration {
    fn from(length: core::time::Duration) -> Self {
        let (seconds, millis) = (length.as_secs(), length.subsec_millis());
        let days = seconds / 86_400;
        let clock = [(seconds / 3_600 % 24, 'H'), (seconds / 60 % 60, 'M')];
        let mut text = String::from("P");
        let mut put = |part: fmt::Arguments<'_>| {
            text.write_fmt(part).expect("a string takes all text");
        };
        if days > 0 {
            put(format_args!("{days}D"));
        }
        if days == 0 || seconds % 86_400 > 0 || millis > 0 {
            put(format_args!("T"));
        }
        for (value, unit) in clock.into_iter().filter(|(value, _)| *value > 0) {
            put(format_args!("{value}{unit}"));
        }
        match (seconds % 60, format!("{millis:03}").trim_end_matches('0')) {
            (0, "") if seconds > 0 => {}
            (seconds, "") => put(format_args!("{seconds}S")),
            (seconds, decimals) => put(format_args!("{seconds}.{decimals}S")),
        }
        Self(text.into())
    }
}

/// Reads what follows the `P`.
fn parse(text: &str) -> Result<core::time::Duration, TimeError> {
    // Designators in the order that they must have, with their length in seconds; without one for
    // those that have no fixed length. The first group stands before the `T`.
    const DAYS: &[(u8, Option<u64>)] =
        &[(b'Y', None), (b'M', None), (b'W', Some(604_800)), (b'D', Some(86_400))];
    const CLOCK: &[(u8, Option<u64>)] = &[(b'H', Some(3_600)), (b'M', Some(60)), (b'S', Some(1))];

    let (days, clock) = match text.split_once('T') {
        Some((_, "")) => return Err(TimeError::Malformed),
        Some((days, clock)) => (days, clock),
        None if text.is_empty() => return Err(TimeError::Malformed),
        None => (text, ""),
    };
    group(days, DAYS)?.checked_add(group(clock, CLOCK)?).ok_or(TimeError::OutOfRange)
}

/// Reads numbers with designators; only seconds may have a fraction.
fn group(
    mut text: &str,
    mut designators: &[(u8, Option<u64>)],
) -> Result<core::time::Duration, TimeError> {
    let mut total = core::time::Duration::ZERO;
    while !text.is_empty() {
        let (number, rest) = split_digits(text).ok_or(TimeError::Malformed)?;
        let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
            Some(rest) => split_digits(rest).ok_or(TimeError::Malformed)?,
            None => ("", rest),
        };
        let unit = *rest.as_bytes().first().ok_or(TimeError::Malformed)?;
        let at = designators.iter().position(|d| d.0 == unit).ok_or(TimeError::Malformed)?;
        if !fraction.is_empty() && unit != b'S' {
            return Err(TimeError::Malformed);
        }
        let number: u64 = number.parse().map_err(|_| TimeError::OutOfRange)?;
        let part = match designators[at].1 {
            Some(seconds) => {
                let seconds = number.checked_mul(seconds).ok_or(TimeError::OutOfRange)?;
                core::time::Duration::new(seconds, nanos(fraction))
            }
            None if number == 0 => core::time::Duration::ZERO,
            None => return Err(TimeError::NoFixedLength),
        };
        total = total.checked_add(part).ok_or(TimeError::OutOfRange)?;
        designators = &designators[at + 1..];
        text = &rest[1..];
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use core::time::Duration as Length;

    use super::*;

    #[test]
    fn reads_the_spellings_seen_in_the_field() {
        for (text, millis) in [
            ("PT7200S", 7_200_000),
            ("PT2H", 7_200_000),
            ("PT1M30S", 90_000),
            ("P1DT12H", 129_600_000),
            ("PT4.0S", 4_000),
            ("PT0.5S", 500),
            ("PT0,5S", 500),
            ("P2W", 1_209_600_000),
            ("P0D", 0),
            ("P0Y0M0DT0H0M1S", 1_000),
            ("PT960H", 3_456_000_000),
            (" PT1S ", 1_000),
        ] {
            let read = Duration::new(text);
            assert_eq!(read.length(), Ok(Length::from_millis(millis)), "{text}");
            assert!(!read.is_negative());
        }
        assert_eq!(Duration::new("PT0.1234567899S").length(), Ok(Length::new(0, 123_456_789)));
    }

    #[test]
    fn a_negative_duration_is_over() {
        let past = Duration::new("-PT15M");
        assert!(past.is_negative());
        assert_eq!(past.length(), Ok(Length::from_secs(900)));
        assert_eq!(past.remaining(), Ok(Length::ZERO));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "", "P", "PT", "P1DT", "T1S", "1S", "PS", "PT1", "PT1S1M", "PT1M1M", "pt1s", "PT1.S",
            "PT.5S", "PT1.5M", "P1H", "PT1D", "--PT1S", "+PT1S", "PT-1S", "PT1S ?", "PT1é", "P1é",
        ] {
            assert_eq!(Duration::new(text).length(), Err(TimeError::Malformed), "{text:?}");
        }
        assert_eq!(Duration::new("P1M").length(), Err(TimeError::NoFixedLength));
        assert_eq!(Duration::new("P1Y").length(), Err(TimeError::NoFixedLength));
        for text in ["PT99999999999999999999S", "P999999999999999999D"] {
            assert_eq!(Duration::new(text).length(), Err(TimeError::OutOfRange), "{text}");
        }
        let twice = "PT18446744073709551615S".replace("PT", "P1DT");
        assert_eq!(Duration::new(&twice).length(), Err(TimeError::OutOfRange));
    }

    #[test]
    fn writes_the_canonical_form() {
        for (millis, text) in [
            (0, "PT0S"),
            (4_000, "PT4S"),
            (60_000, "PT1M"),
            (90_000, "PT1M30S"),
            (7_200_000, "PT2H"),
            (86_400_000, "P1D"),
            (129_600_500, "P1DT12H0.5S"),
            (86_400_001, "P1DT0.001S"),
            (1_500, "PT1.5S"),
        ] {
            let length = Length::from_millis(millis);
            let written = Duration::from(length);
            assert_eq!(written.as_str(), text);
            assert_eq!(written.length(), Ok(length));
        }
    }
}
