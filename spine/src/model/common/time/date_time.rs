//! Points in time: `2026-05-04T10:00:00Z`.

use alloc::boxed::Box;
use alloc::format;

use eebus_json::Id;

use super::{TimeError, nanos, split_digits};

/// A point in time on the wall clock, in UTC.
///
/// The cores read no clock: where SPINE needs absolute times, the driver passes one in.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UtcTime {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    pub seconds: i64,
    /// Nanoseconds within that second, below 1,000,000,000.
    pub nanos: u32,
}

impl UtcTime {
    /// The time from `earlier` to `self`, zero if `earlier` is the later one.
    pub fn since(self, earlier: Self) -> core::time::Duration {
        let seconds = i128::from(self.seconds) - i128::from(earlier.seconds);
        let nanos = seconds * 1_000_000_000 + i128::from(self.nanos) - i128::from(earlier.nanos);
        let nanos = u128::try_from(nanos).unwrap_or(0);
        // At most twice 2^63 seconds, which fits.
        core::time::Duration::new((nanos / 1_000_000_000) as u64, (nanos % 1_000_000_000) as u32)
    }

    /// The point that lies `after` this one; the end of time stays the end.
    pub fn plus(self, after: core::time::Duration) -> Self {
        let nanos = self.nanos + after.subsec_nanos();
        let carry = i64::from(nanos / 1_000_000_000);
        let seconds = self.seconds.saturating_add_unsigned(after.as_secs()).saturating_add(carry);
        Self { seconds, nanos: nanos % 1_000_000_000 }
    }

    /// The point that lies `before` this one; the beginning of time stays the beginning.
    pub fn minus(self, before: core::time::Duration) -> Self {
        let (borrow, nanos) = match self.nanos.checked_sub(before.subsec_nanos()) {
            Some(nanos) => (0, nanos),
            None => (1, self.nanos + 1_000_000_000 - before.subsec_nanos()),
        };
        let seconds = self.seconds.saturating_sub_unsigned(before.as_secs()).saturating_sub(borrow);
        Self { seconds, nanos }
    }
}

/// A point in time, as the text that was received (xs:dateTime).
#[derive(Clone, Debug, Eq, Hash, Id, PartialEq)]
pub struct DateTime(Box<str>);

impl DateTime {
    /// A point in time as some peer wrote it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same point in UTC.
    ///
    /// A text without an offset is local time of an unknown zone; it is taken as UTC, which is
    /// good enough to show it and no more.
    ///
    /// # Errors
    /// [`TimeError::Malformed`], [`TimeError::OutOfRange`] for years that are not 1 to 9999.
    pub fn to_utc(&self) -> Result<UtcTime, TimeError> {
        parse(self.0.trim())
    }
}

/// Writes UTC with `Z`, and milliseconds where there are any.
///
/// What lies outside of the years 1 to 9999 becomes the first or last second of them.
impl From<UtcTime> for DateTime {
    fn from(time: UtcTime) -> Self {
        let seconds = time.seconds.clamp(FIRST, LAST);
        let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        let millis = time.nanos / 1_000_000;
        if millis > 0 {
            text.push_str(format!(".{millis:03}").trim_end_matches('0'));
        }
        text.push('Z');
        Self(text.into())
    }
}

/// 0001-01-01T00:00:00Z.
const FIRST: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST: i64 = 253_402_300_799;

fn parse(text: &str) -> Result<UtcTime, TimeError> {
    let (year, rest) = split_digits(text.strip_prefix('-').unwrap_or(text))
        .filter(|(year, _)| year.len() >= 4)
        .ok_or(TimeError::Malformed)?;
    let (month, rest) = two(rest, '-')?;
    let (day, rest) = two(rest, '-')?;
    let (hour, rest) = two(rest, 'T')?;
    let (minute, rest) = two(rest, ':')?;
    let (second, rest) = two(rest, ':')?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest).ok_or(TimeError::Malformed)?,
        None => ("", rest),
    };
    let offset = offset_minutes(zone)?;
    if text.starts_with('-') || year.len() > 4 {
        return Err(TimeError::OutOfRange);
    }
    let year = year.parse().map_err(|_| TimeError::Malformed)?;
    let nanos = nanos(fraction);
    let end_of_day = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    let fits = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && (hour < 24 || end_of_day)
        && minute < 60
        && second < 60;
    if !fits {
        return Err(TimeError::Malformed);
    }
    let clock = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    let seconds = days(year, month, day) * 86_400 + clock - i64::from(offset) * 60;
    if !(FIRST..=LAST).contains(&seconds) {
        return Err(TimeError::OutOfRange);
    }
    Ok(UtcTime { seconds, nanos })
}

/// A separator and two digits.
fn two(text: &str, separator: char) -> Result<(u32, &str), TimeError> {
    let rest = text.strip_prefix(separator).ok_or(TimeError::Malformed)?;
    match rest.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => {
            Ok((u32::from(tens - b'0') * 10 + u32::from(ones - b'0'), &rest[2..]))
        }
        _ => Err(TimeError::Malformed),
    }
}

/// The offset of the local time from UTC, in minutes; none is read as zero.
fn offset_minutes(text: &str) -> Result<i32, TimeError> {
    let sign = match text.as_bytes().first() {
        None => return Ok(0),
        Some(b'Z') if text.len() == 1 => return Ok(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return Err(TimeError::Malformed),
    };
    let (hours, rest) = two(text, if sign > 0 { '+' } else { '-' })?;
    let (minutes, rest) = two(rest, ':')?;
    // xs:dateTime ends at 14 hours.
    if !rest.is_empty() || minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return Err(TimeError::Malformed);
    }
    Ok(sign * (hours * 60 + minutes) as i32)
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap
/// day ends one.
fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn reads_offsets_fractions_and_the_end_of_the_day() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2026-05-04T10:00:00.0Z", 1_777_888_800, 0),
            ("2026-05-04T12:00:00+02:00", 1_777_888_800, 0),
            ("2026-05-04T10:00:00", 1_777_888_800, 0),
            ("2026-05-03T24:00:00Z", 1_777_852_800, 0),
            ("2016-02-29T23:59:59.25Z", 1_456_790_399, 250_000_000),
            ("0001-01-01T00:00:00Z", FIRST, 0),
            ("9999-12-31T23:59:59Z", LAST, 0),
        ] {
            assert_eq!(DateTime::new(text).to_utc(), Ok(UtcTime { seconds, nanos }), "{text}");
        }
    }

    #[test]
    fn what_is_no_point_in_time_is_refused() {
        for text in [
            "",
            "PT1S",
            "2026-05-04",
            "2026-5-4T1:0:0Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-05-04T25:00:00Z",
            "2026-05-04T24:00:01Z",
            "2026-05-04T10:60:00Z",
            "2026-05-04T10:00:60Z",
            "2026-05-04T10:00:00.Z",
            "2026-05-04T10:00:00z",
            "2026-05-04T10:00:00+15:00",
            "2026-05-04T10:00:00+1:00",
            "2026-05-04 10:00:00Z",
            "2026-05-04T10:00:00Z!",
            "é026-05-04T10:00:00Z",
            "2026-é5-04T10:00:00Z",
        ] {
            assert_eq!(DateTime::new(text).to_utc(), Err(TimeError::Malformed), "{text:?}");
        }
        for text in ["-0044-03-15T12:00:00Z", "12026-05-04T10:00:00Z", "0001-01-01T00:00:00+01:00"]
        {
            assert_eq!(DateTime::new(text).to_utc(), Err(TimeError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn writes_utc_with_at_most_milliseconds() {
        let time = UtcTime { seconds: 1_777_888_800, nanos: 0 };
        assert_eq!(DateTime::from(time).as_str(), "2026-05-04T10:00:00Z");
        let time = UtcTime { nanos: 120_999_999, ..time };
        assert_eq!(DateTime::from(time).as_str(), "2026-05-04T10:00:00.12Z");
        let beyond = UtcTime { seconds: i64::MAX, nanos: 0 };
        assert_eq!(DateTime::from(beyond).as_str(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn every_day_of_four_centuries_is_read_as_written() {
        for day in -146_097..=146_097 {
            let time = UtcTime { seconds: day * 86_400 + 1, nanos: 0 };
            assert_eq!(DateTime::from(time).to_utc(), Ok(time));
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let noon = UtcTime { seconds: 1_777_888_800, nanos: 500_000_000 };
        let later = noon.plus(Duration::from_millis(600));
        assert_eq!(later, UtcTime { seconds: noon.seconds + 1, nanos: 100_000_000 });
        assert_eq!(later.minus(Duration::from_millis(600)), noon);
        assert_eq!(later.since(noon), Duration::from_millis(600));
        assert_eq!(noon.since(later), Duration::ZERO);
        let end = UtcTime { seconds: i64::MAX, nanos: 0 };
        assert_eq!(noon.plus(Duration::MAX).seconds, i64::MAX);
        assert_eq!(end.since(UtcTime { seconds: i64::MIN, nanos: 0 }).as_secs(), u64::MAX);
    }
}
