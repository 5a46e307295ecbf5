// Decimal numbers: read from JSON in whatever spelling, and converted into integers. The fuzz target
// calls this, and so does the test that replays its corpus.

use core::cmp::Ordering;

use eebus_json::{Choice, Reader, record_to_string};
use spine::model::{NumberError, Rounding, ScaledNumber};

#[derive(Clone, Debug, PartialEq, Choice)]
enum Text {
    Value(ScaledNumber),
}

/// Half a number as JSON text, half as octets; what is read from the text is converted as well.
pub(crate) fn holds(octets: &[u8]) {
    let text = [b"{\"value\":", octets, b"}"].concat();
    if let Ok(Text::Value(read)) = Reader::tolerant().read(&text) {
        let again = format!("{{\"value\":{}}}", record_to_string(&read));
        let Text::Value(again) = Reader::strict().read(again.as_bytes()).expect(&again);
        assert_eq!((again.number, again.scale), (read.number, read.scale));
        converts(read);
    }
    let mut values = octets.chunks_exact(10).map(|half| {
        let (number, scale) = half.split_at(8);
        ScaledNumber::new(
            i64::from_le_bytes(number.try_into().expect("eight of ten")),
            i16::from_le_bytes(scale.try_into().expect("two of ten")),
        )
    });
    while let Some(first) = values.next() {
        converts(first);
        if let Some(second) = values.next() {
            compares(first, second);
        }
    }
}

/// A conversion is exact, rounds as it was told, or says that it cannot.
fn converts(value: ScaledNumber) {
    let (Some(number), scale) = (value.number, i32::from(value.scale.unwrap_or(0))) else {
        assert_eq!(value.to_milli(Rounding::Exact), Err(NumberError::Absent));
        return;
    };
    let [down, nearest, up, exact] =
        [Rounding::Down, Rounding::Nearest, Rounding::Up, Rounding::Exact]
            .map(|rounding| value.to_milli(rounding));
    // What 128 bits can say about it without any rule of ours.
    let power = u32::try_from(scale + 3).ok().and_then(|up| 10_i128.checked_pow(up));
    if let Some(milli) = power.and_then(|power| i128::from(number).checked_mul(power)) {
        let milli = i64::try_from(milli).map_err(|_| NumberError::OutOfRange);
        assert!([down, nearest, up, exact].iter().all(|found| *found == milli), "{value:?}");
    }
    if let (Ok(down), Ok(up)) = (down, up) {
        assert!(down == up || down + 1 == up, "{value:?}: {down} and {up}");
        assert!(nearest == Ok(down) || nearest == Ok(up), "{value:?}");
        assert_eq!(exact, if down == up { Ok(down) } else { Err(NumberError::Inexact) });
        assert!(ScaledNumber::from_milli(down) <= value, "{value:?}");
        assert!(ScaledNumber::from_milli(up) >= value, "{value:?}");
    }
    if let Ok(exact) = exact {
        assert_eq!(ScaledNumber::from_milli(exact), value);
    }
}

/// Order and equality are those of the values.
fn compares(a: ScaledNumber, b: ScaledNumber) {
    let order = a.partial_cmp(&b).expect("both have a number");
    assert_eq!(b.partial_cmp(&a), Some(order.reverse()), "{a:?} {b:?}");
    assert_eq!(a == b, order == Ordering::Equal, "{a:?} {b:?}");
    if let (Ok(a), Ok(b)) = (a.to_milli(Rounding::Exact), b.to_milli(Rounding::Exact)) {
        assert_eq!(order, a.cmp(&b));
    }
}
