//! Times: durations, dates, and the texts that may be either.
//!
//! Every time is kept as the text that was received, so that a message encodes again to the same
//! text, and is read on demand. Constructors write the canonical form: UTC with `Z`, at most
//! milliseconds, `PT1M30S` (spine.md tells why: peers read other spellings as no time at all).

mod date_time;
mod duration;
mod period;
mod recurrence;

use core::fmt;

pub use date_time::{DateTime, UtcTime};
pub use duration::Duration;
pub use period::{AbsoluteOrRelativeTime, TimePeriod, TimestampInterval};
pub use recurrence::{
    AbsoluteOrRecurringTime, DayOfWeek, DaysOfWeek, Month, Occurrence, RecurrenceInformation,
    RecurringInterval,
};

use alloc::boxed::Box;

use eebus_json::Id;

/// A date without a time of day, as `2026-02-01`; kept as received.
#[derive(Clone, Debug, Eq, Hash, Id, PartialEq)]
pub struct Date(pub Box<str>);

/// A time of day, as `10:00:00`; kept as received.
///
/// Without an offset it is the local time of the device that owns the value: SPINE carries no
/// time zones.
#[derive(Clone, Debug, Eq, Hash, Id, PartialEq)]
pub struct Time(pub Box<str>);

/// Why a text is not a usable time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TimeError {
    /// Not of the form that the schema gives.
    Malformed,
    /// Years or months, which have no fixed length.
    NoFixedLength,
    /// Further away than 64 bits of seconds, or outside of the years 1 to 9999.
    OutOfRange,
    /// An absolute time, and the wall clock is not known.
    NoWallClock,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed time",
            Self::NoFixedLength => "duration in years or months",
            Self::OutOfRange => "time out of range",
            Self::NoWallClock => "absolute time without a wall clock",
        })
    }
}

impl core::error::Error for TimeError {}

/// The digits at the start of `text` and what follows them; `None` without a digit.
fn split_digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Decimal digits behind a point, in nanoseconds; digits beyond the ninth are dropped.
fn nanos(digits: &str) -> u32 {
    let mut value = 0;
    for place in 0..9 {
        let digit = digits.as_bytes().get(place).map_or(0, |b| u32::from(b - b'0'));
        value = value * 10 + digit;
    }
    value
}
