// Durations and points in time, as peers write them. The fuzz target calls this, and so does the test
// that replays its corpus.

use core::time::Duration as Length;

use spine::model::{AbsoluteOrRelativeTime, DateTime, Duration, UtcTime};

/// Beyond that the end of time stays the end.
const END: Length = Length::from_secs(1 << 62);
const NOW: UtcTime = UtcTime { seconds: 1_777_888_800, nanos: 0 };

/// Any text is a time or is not; what we write for a time is read as that time.
pub(crate) fn holds(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let duration = Duration::new(&text);
    if let Ok(length) = duration.length() {
        let written = Duration::from(length);
        assert_eq!(written.length(), Ok(millis(length)), "{text:?} as {written:?}");
        assert!(!written.is_negative());
        let remaining = duration.remaining().expect("it has a length");
        assert_eq!(remaining, if duration.is_negative() { Length::ZERO } else { length });
    }
    let date = DateTime::new(&text);
    if let Ok(at) = date.to_utc() {
        let written = DateTime::from(at);
        let again = written.to_utc().expect("we wrote it");
        assert_eq!(again.seconds, at.seconds, "{text:?} as {written:?}");
        assert_eq!(again.nanos, at.nanos - at.nanos % 1_000_000, "{text:?} as {written:?}");
        assert_eq!(NOW.plus(at.since(NOW)), at.max(NOW), "{text:?}");
        assert_eq!(NOW.minus(NOW.since(at)), at.min(NOW), "{text:?}");
    }
    // The union is one or the other, and both ways to read it agree.
    let either = AbsoluteOrRelativeTime::new(&text);
    assert!(either.relative().is_none() || date.to_utc().is_err(), "{text:?}");
    if let (Ok(at), Ok(until)) = (either.at(NOW), either.until(Some(NOW)))
        && until < END
    {
        assert_eq!(at.since(NOW), until, "{text:?}");
    }
}

fn millis(length: Length) -> Length {
    Length::new(length.as_secs(), length.subsec_millis() * 1_000_000)
}
