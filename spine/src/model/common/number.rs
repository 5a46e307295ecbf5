//! Decimal numbers as the wire writes them, and their way into integers.
//!
//! A value is `number × 10^scale`; 16.1 A travels as 161 and -1. Inside the programs values are
//! integers of a fixed unit, so every conversion here is integer arithmetic with a rounding that
//! the caller names. Hostile scales (±32767 is legal on the wire) are refused, never computed.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use eebus_json::Record;

/// A decimal number: `number × 10^scale`.
///
/// An absent scale counts as 0, an absent number means that there is no value, whatever the scale
/// (RS, ScaledNumberType). Both halves stay `Option`, because a partial exchange may carry only
/// one of them and then keeps the other (IG 3.3).
///
/// Equality and order are those of the values, not of the spelling:
///
/// ```
/// use spine::model::ScaledNumber;
///
/// assert_eq!(ScaledNumber::new(42, 2), ScaledNumber::new(4200, 0));
/// assert!(ScaledNumber::new(161, -1) > ScaledNumber::new(16, 0));
/// assert_eq!(ScaledNumber::from_milli(16_100), ScaledNumber::new(161, -1));
/// ```
#[derive(Clone, Copy, Default, Record)]
pub struct ScaledNumber {
    /// The digits. Absent: no value.
    pub number: Option<i64>,
    /// The power of ten that the digits are multiplied with. Absent: 0.
    pub scale: Option<i16>,
}

/// What happens to the digits that the target unit cannot hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rounding {
    /// Towards minus infinity: the right way for a ceiling, which must never grow.
    Down,
    /// Towards plus infinity: the right way for a floor.
    Up,
    /// To the nearest, halves away from zero: for measurements.
    Nearest,
    /// Not at all: a value that does not fit exactly is refused.
    Exact,
}

/// Why a number has no counterpart in the wanted unit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NumberError {
    /// There is no number.
    Absent,
    /// The value lies outside of what 64 bits hold in that unit.
    OutOfRange,
    /// The value has digits below the unit, and the caller asked for [`Rounding::Exact`].
    Inexact,
    /// The value is of another unit of measurement.
    WrongUnit,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "no number",
            Self::OutOfRange => "number out of range",
            Self::Inexact => "number finer than its unit",
            Self::WrongUnit => "number of another unit",
        })
    }
}

impl core::error::Error for NumberError {}

impl ScaledNumber {
    /// `number × 10^scale`, kept as written.
    pub const fn new(number: i64, scale: i16) -> Self {
        Self { number: Some(number), scale: Some(scale) }
    }

    /// An integer, as `number` with scale 0.
    pub const fn from_integer(value: i64) -> Self {
        Self::new(value, 0)
    }

    /// Thousandths, with the fewest decimals that hold them: 16,100 becomes 161 × 10⁻¹.
    pub const fn from_milli(value: i64) -> Self {
        let (mut number, mut scale) = (value, -3);
        while scale < 0 && number % 10 == 0 {
            number /= 10;
            scale += 1;
        }
        Self::new(number, scale)
    }

    /// The value in whole units.
    ///
    /// # Errors
    /// As [`Self::to_milli`].
    pub fn to_integer(self, rounding: Rounding) -> Result<i64, NumberError> {
        self.in_units_of(0, rounding)
    }

    /// The value in thousandths: 16.1 A is 16,100.
    ///
    /// # Errors
    /// [`NumberError::Absent`] without a number, [`NumberError::OutOfRange`] for what 64 bits do
    /// not hold, [`NumberError::Inexact`] as [`Rounding::Exact`] says.
    pub fn to_milli(self, rounding: Rounding) -> Result<i64, NumberError> {
        self.in_units_of(-3, rounding)
    }

    /// The value in units of 10^`exponent`.
    fn in_units_of(self, exponent: i32, rounding: Rounding) -> Result<i64, NumberError> {
        let number = i128::from(self.number.ok_or(NumberError::Absent)?);
        let shift = i32::from(self.scale.unwrap_or(0)) - exponent;
        if number == 0 {
            return Ok(0);
        }
        let value = match u32::try_from(shift) {
            // An i64 has 19 digits; any further shift leaves the range.
            Ok(up) if up <= 19 => number * 10_i128.pow(up),
            Ok(_) => return Err(NumberError::OutOfRange),
            // Beyond 20 digits the number is a fraction below one half, however it looks in detail.
            Err(_) => divide(number, 10_i128.pow(shift.unsigned_abs().min(20)), rounding)?,
        };
        i64::try_from(value).map_err(|_| NumberError::OutOfRange)
    }

    /// The one spelling of a value that has no trailing zeros; `None` for no value.
    fn canonical(self) -> Option<(i64, i32)> {
        let mut number = self.number?;
        if number == 0 {
            return Some((0, 0));
        }
        let mut scale = i32::from(self.scale.unwrap_or(0));
        while number % 10 == 0 {
            number /= 10;
            scale += 1;
        }
        Some((number, scale))
    }
}

/// Divides by a positive number.
fn divide(number: i128, by: i128, rounding: Rounding) -> Result<i128, NumberError> {
    let (floor, rest) = (number.div_euclid(by), number.rem_euclid(by));
    Ok(match rounding {
        _ if rest == 0 => floor,
        Rounding::Down => floor,
        Rounding::Up => floor + 1,
        Rounding::Nearest => match (rest * 2).cmp(&by) {
            Ordering::Less => floor,
            Ordering::Greater => floor + 1,
            Ordering::Equal => floor + i128::from(number > 0),
        },
        Rounding::Exact => return Err(NumberError::Inexact),
    })
}

/// Equal values are equal, however they are scaled; two absent values are equal as well.
impl PartialEq for ScaledNumber {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl Eq for ScaledNumber {}

/// The order of the values; an absent value has no order to anything but another absent one.
impl PartialOrd for ScaledNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let (Some(a), Some(b)) = (self.canonical(), other.canonical()) else {
            return (self == other).then_some(Ordering::Equal);
        };
        Some(compare(a, b))
    }
}

/// Orders two values in canonical form.
fn compare(a: (i64, i32), b: (i64, i32)) -> Ordering {
    let by_sign = a.0.signum().cmp(&b.0.signum());
    if by_sign.is_ne() || a.0 == 0 {
        return by_sign;
    }
    // Of two values of one sign the one with the higher leading digit is larger in magnitude.
    let leading = |(number, scale): (i64, i32)| number.unsigned_abs().ilog10() as i32 + scale;
    let magnitude = leading(a).cmp(&leading(b)).then_with(|| {
        // The same leading digit: the scales differ by 18 at most, so both fit 128 bits.
        let below = a.1.min(b.1);
        let aligned = |(number, scale): (i64, i32)| {
            u128::from(number.unsigned_abs()) * 10_u128.pow(scale.abs_diff(below))
        };
        aligned(a).cmp(&aligned(b))
    });
    if a.0 > 0 { magnitude } else { magnitude.reverse() }
}

/// A range of numbers, both ends included.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ScaledNumberRange {
    /// The lowest. Absent: no lower bound.
    pub min: Option<ScaledNumber>,
    /// The highest. Absent: no upper bound.
    pub max: Option<ScaledNumber>,
}

/// A set of numbers: single values, ranges, or both.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ScaledNumberSet {
    pub value: Vec<ScaledNumber>,
    pub range: Vec<ScaledNumberRange>,
}

impl ScaledNumberSet {
    /// Whether `number` is one of the values or lies in one of the ranges.
    pub fn contains(&self, number: ScaledNumber) -> bool {
        self.value.contains(&number)
            || self.range.iter().any(|range| {
                range.min.is_none_or(|min| min <= number)
                    && range.max.is_none_or(|max| number <= max)
            })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn milli(number: i64, scale: i16) -> Result<i64, NumberError> {
        ScaledNumber::new(number, scale).to_milli(Rounding::Exact)
    }

    #[test]
    fn the_scale_moves_the_decimal_point() {
        assert_eq!(milli(10, 0), Ok(10_000));
        assert_eq!(milli(161, -1), Ok(16_100));
        assert_eq!(milli(42, 2), Ok(4_200_000));
        assert_eq!(milli(-5, -3), Ok(-5));
        let unscaled = ScaledNumber { number: Some(7), scale: None };
        assert_eq!(unscaled.to_milli(Rounding::Exact), Ok(7_000));
    }

    #[test]
    fn no_number_is_no_value() {
        let scale_alone = ScaledNumber { number: None, scale: Some(2) };
        assert_eq!(scale_alone.to_milli(Rounding::Down), Err(NumberError::Absent));
        assert_eq!(scale_alone, ScaledNumber::default());
        assert_ne!(scale_alone, ScaledNumber::from_integer(0));
        assert_eq!(scale_alone.partial_cmp(&ScaledNumber::from_integer(0)), None);
    }

    #[test]
    fn rounding_is_the_callers_choice() {
        let number = ScaledNumber::new(-12_345, -4); // -1.2345
        assert_eq!(number.to_milli(Rounding::Down), Ok(-1_235));
        assert_eq!(number.to_milli(Rounding::Up), Ok(-1_234));
        assert_eq!(number.to_milli(Rounding::Nearest), Ok(-1_235));
        assert_eq!(number.to_milli(Rounding::Exact), Err(NumberError::Inexact));
        assert_eq!(ScaledNumber::new(12_345, -4).to_milli(Rounding::Nearest), Ok(1_235));
        assert_eq!(ScaledNumber::new(12_344, -4).to_milli(Rounding::Nearest), Ok(1_234));
        assert_eq!(ScaledNumber::new(25, -1).to_integer(Rounding::Down), Ok(2));
    }

    #[test]
    fn hostile_scales_neither_panic_nor_lie() {
        for number in [1, -1, i64::MAX, i64::MIN] {
            assert_eq!(milli(number, i16::MAX), Err(NumberError::OutOfRange));
            let tiny = ScaledNumber::new(number, i16::MIN);
            assert_eq!(tiny.to_milli(Rounding::Nearest), Ok(0));
            assert_eq!(tiny.to_milli(Rounding::Down), Ok(if number < 0 { -1 } else { 0 }));
            assert_eq!(tiny.to_milli(Rounding::Exact), Err(NumberError::Inexact));
        }
        assert_eq!(milli(0, i16::MAX), Ok(0));
        assert_eq!(milli(i64::MAX, -3), Ok(i64::MAX));
        assert_eq!(milli(i64::MIN, -3), Ok(i64::MIN));
        assert_eq!(milli(i64::MAX, -2), Err(NumberError::OutOfRange));
        // Nearly ten times the unit, all of it below the point.
        assert_eq!(ScaledNumber::new(i64::MAX, -22).to_milli(Rounding::Nearest), Ok(1));
        assert_eq!(ScaledNumber::new(i64::MAX, -23).to_milli(Rounding::Nearest), Ok(0));
    }

    #[test]
    fn written_with_the_fewest_decimals() {
        for (value, number, scale) in
            [(10_000, 10, 0), (16_100, 161, -1), (5, 5, -3), (0, 0, 0), (-1_250, -125, -2)]
        {
            let written = ScaledNumber::from_milli(value);
            assert_eq!((written.number, written.scale), (Some(number), Some(scale)));
            assert_eq!(written.to_milli(Rounding::Exact), Ok(value));
        }
        assert_eq!(ScaledNumber::from_milli(i64::MIN).to_milli(Rounding::Exact), Ok(i64::MIN));
    }

    #[test]
    fn order_is_that_of_the_values() {
        let ascending = [
            ScaledNumber::new(i64::MIN, i16::MAX),
            ScaledNumber::new(-1, 20),
            ScaledNumber::new(-13, -1),
            ScaledNumber::new(-12, -1),
            ScaledNumber::new(-1, i16::MIN),
            ScaledNumber::new(0, 12),
            ScaledNumber::new(1, i16::MIN),
            ScaledNumber::new(999, -3),
            ScaledNumber::new(1, 0),
            ScaledNumber::new(1_000_000_000_000_000_001, -18),
            ScaledNumber::new(2, 0),
            ScaledNumber::new(i64::MAX, i16::MAX),
        ];
        for pair in ascending.windows(2) {
            assert!(pair[0] < pair[1], "{:?} < {:?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn a_set_holds_single_values_and_ranges() {
        let set = ScaledNumberSet {
            value: vec![ScaledNumber::new(1, -1)],
            range: vec![ScaledNumberRange {
                min: Some(ScaledNumber::from_integer(6)),
                max: Some(ScaledNumber::from_integer(16)),
            }],
        };
        assert!(set.contains(ScaledNumber::new(100, -3)));
        assert!(set.contains(ScaledNumber::from_integer(6)));
        assert!(set.contains(ScaledNumber::new(160, -1)));
        assert!(!set.contains(ScaledNumber::new(161, -1)));
        assert!(!set.contains(ScaledNumber::from_integer(0)));
    }
}
