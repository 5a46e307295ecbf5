//! Times that are a date or a distance from now, and the periods made of them.

use alloc::boxed::Box;

use eebus_json::{Id, Record};

use super::{DateTime, Duration, TimeError, UtcTime};

/// A point in time, or a duration that leads to one (AbsoluteOrRelativeTimeType).
///
/// A relative time in a command about the future (`startTime`, `endTime`) counts from the
/// reception of the message; in the `timestamp` of a measurement it is the age of the value.
/// Turn a received relative time into a deadline of the monotonic clock at once.
#[derive(Clone, Debug, Eq, Hash, Id, PartialEq)]
pub struct AbsoluteOrRelativeTime(Box<str>);

impl AbsoluteOrRelativeTime {
    /// A time as some peer wrote it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The duration, if it is one: it then starts with `P` or `-P`.
    pub fn relative(&self) -> Option<Duration> {
        let text = self.0.trim_start();
        text.strip_prefix('-').unwrap_or(text).starts_with('P').then(|| Duration::new(&self.0))
    }

    /// How long it takes from now until this future time; zero if it is over.
    ///
    /// An absolute time needs the wall clock of the receiver, `now`.
    ///
    /// # Errors
    /// [`TimeError::NoWallClock`] for an absolute time without `now`, and what the texts may lead
    /// to.
    pub fn until(&self, now: Option<UtcTime>) -> Result<core::time::Duration, TimeError> {
        if let Some(duration) = self.relative() {
            return duration.remaining();
        }
        let at = DateTime::new(&self.0).to_utc()?;
        Ok(at.since(now.ok_or(TimeError::NoWallClock)?))
    }

    /// The point in time, a relative one counted from `now`.
    ///
    /// # Errors
    /// What the texts may lead to.
    pub fn at(&self, now: UtcTime) -> Result<UtcTime, TimeError> {
        match self.relative() {
            Some(duration) if duration.is_negative() => Ok(now.minus(duration.length()?)),
            Some(duration) => Ok(now.plus(duration.length()?)),
            None => DateTime::new(&self.0).to_utc(),
        }
    }
}

/// A relative time, written in the canonical form.
impl From<core::time::Duration> for AbsoluteOrRelativeTime {
    fn from(length: core::time::Duration) -> Self {
        Self(Duration::from(length).as_str().into())
    }
}

/// An absolute time, written in the canonical form.
impl From<UtcTime> for AbsoluteOrRelativeTime {
    fn from(time: UtcTime) -> Self {
        Self(DateTime::from(time).as_str().into())
    }
}

/// When something applies.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct TimePeriod {
    /// Absent: from now on.
    pub start_time: Option<AbsoluteOrRelativeTime>,
    /// Absent: without end.
    pub end_time: Option<AbsoluteOrRelativeTime>,
}

/// Which time stamps a selector asks for, both ends included.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct TimestampInterval {
    /// Absent: since ever.
    pub start_time: Option<AbsoluteOrRelativeTime>,
    /// Absent: for ever.
    pub end_time: Option<AbsoluteOrRelativeTime>,
}

#[cfg(test)]
mod tests {
    use core::time::Duration as Length;

    use super::*;

    const NOW: UtcTime = UtcTime { seconds: 1_777_888_800, nanos: 0 };

    #[test]
    fn a_relative_end_counts_from_reception() {
        let end = AbsoluteOrRelativeTime::new("PT2H");
        assert_eq!(end.until(None), Ok(Length::from_secs(7_200)));
        assert_eq!(end.at(NOW), Ok(UtcTime { seconds: NOW.seconds + 7_200, nanos: 0 }));
        assert_eq!(AbsoluteOrRelativeTime::new("-PT1S").until(None), Ok(Length::ZERO));
    }

    #[test]
    fn an_absolute_end_needs_the_wall_clock() {
        let end = AbsoluteOrRelativeTime::new("2026-05-04T10:01:00Z");
        assert_eq!(end.until(None), Err(TimeError::NoWallClock));
        assert_eq!(end.until(Some(NOW)), Ok(Length::from_secs(60)));
        let over = AbsoluteOrRelativeTime::new("2026-05-04T09:00:00Z");
        assert_eq!(over.until(Some(NOW)), Ok(Length::ZERO));
    }

    #[test]
    fn a_relative_time_stamp_is_an_age() {
        let stamp = AbsoluteOrRelativeTime::new("-PT15M");
        assert_eq!(stamp.at(NOW), Ok(UtcTime { seconds: NOW.seconds - 900, nanos: 0 }));
    }

    #[test]
    fn constructors_write_what_peers_read() {
        let end = AbsoluteOrRelativeTime::from(Length::from_secs(7_200));
        assert_eq!(end.as_str(), "PT2H");
        assert_eq!(AbsoluteOrRelativeTime::from(NOW).as_str(), "2026-05-04T10:00:00Z");
    }

    #[test]
    fn neither_one_nor_the_other_is_malformed() {
        let text = AbsoluteOrRelativeTime::new("tomorrow");
        assert_eq!(text.until(Some(NOW)), Err(TimeError::Malformed));
        assert_eq!(text.at(NOW), Err(TimeError::Malformed));
    }
}
