//! Quantities inside the programs: integers of a fixed unit, each a type of its own.
//!
//! Limits and measurements are integers of mA, mV, W and Wh, so that no rounding happens that
//! nobody asked for. On the wire they are decimal numbers of A, V, W and Wh.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::model::{NumberError, Rounding, ScaledNumber, UnitOfMeasurement};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $unit:ident, $to:ident, $from:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// The unit that it travels in.
            pub const UNIT: UnitOfMeasurement = UnitOfMeasurement::$unit;

            /// A number of the wire in [`Self::UNIT`].
            ///
            /// # Errors
            /// As [`ScaledNumber::to_milli`].
            pub fn from_scaled(
                number: ScaledNumber,
                rounding: Rounding,
            ) -> Result<Self, NumberError> {
                number.$to(rounding).map(Self)
            }

            /// As [`Self::from_scaled`], with the unit that a description states.
            ///
            /// An absent unit is taken as the right one: many peers leave it out.
            ///
            /// # Errors
            /// [`NumberError::WrongUnit`] for any other unit.
            pub fn from_scaled_in(
                unit: Option<&UnitOfMeasurement>,
                number: ScaledNumber,
                rounding: Rounding,
            ) -> Result<Self, NumberError> {
                match unit {
                    Some(unit) if *unit != Self::UNIT => Err(NumberError::WrongUnit),
                    _ => Self::from_scaled(number, rounding),
                }
            }

            /// The nearest multiple of `step` that is not higher; itself if `step` is not positive.
            #[must_use]
            pub const fn floor_to(self, step: Self) -> Self {
                if step.0 <= 0 {
                    return self;
                }
                // Only the lowest multiple may lie below what 64 bits hold.
                Self(self.0.saturating_sub(self.0.rem_euclid(step.0)))
            }
        }

        /// With the fewest decimals that hold it.
        impl From<$name> for ScaledNumber {
            fn from(value: $name) -> Self {
                Self::$from(value.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", self.0, $symbol)
            }
        }

        /// Saturates.
        impl Add for $name {
            type Output = Self;

            fn add(self, rhs: Self) -> Self {
                Self(self.0.saturating_add(rhs.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, rhs: Self) {
                *self = *self + rhs;
            }
        }

        /// Saturates.
        impl Sub for $name {
            type Output = Self;

            fn sub(self, rhs: Self) -> Self {
                Self(self.0.saturating_sub(rhs.0))
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, rhs: Self) {
                *self = *self - rhs;
            }
        }

        /// Saturates.
        impl Neg for $name {
            type Output = Self;

            fn neg(self) -> Self {
                Self(self.0.saturating_neg())
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self::ZERO, Add::add)
            }
        }
    };
}

quantity!(
    /// A current, in mA; 1 A is 1,000.
    MilliAmps, Ampere, to_milli, from_milli, "mA"
);
quantity!(
    /// A voltage, in mV.
    MilliVolts, Volt, to_milli, from_milli, "mV"
);
quantity!(
    /// A power, in W.
    Watts, Watt, to_integer, from_integer, "W"
);
quantity!(
    /// An energy, in Wh.
    WattHours, WattHour, to_integer, from_integer, "Wh"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_on_the_wire_is_a_limit_inside() {
        let limit = ScaledNumber::new(161, -1);
        assert_eq!(MilliAmps::from_scaled(limit, Rounding::Down), Ok(MilliAmps(16_100)));
        assert_eq!(ScaledNumber::from(MilliAmps(16_100)), limit);
        let limit = ScaledNumber::new(42, 2);
        assert_eq!(Watts::from_scaled(limit, Rounding::Down), Ok(Watts(4_200)));
    }

    #[test]
    fn another_unit_is_refused_and_none_is_taken_on_trust() {
        let ten = ScaledNumber::from_integer(10);
        let in_unit = |unit| MilliAmps::from_scaled_in(unit, ten, Rounding::Exact);
        assert_eq!(in_unit(Some(&UnitOfMeasurement::Watt)), Err(NumberError::WrongUnit));
        assert_eq!(in_unit(Some(&UnitOfMeasurement::Ampere)), Ok(MilliAmps(10_000)));
        assert_eq!(in_unit(None), Ok(MilliAmps(10_000)));
    }

    #[test]
    fn steps_are_taken_downwards() {
        assert_eq!(MilliAmps(16_199).floor_to(MilliAmps(100)), MilliAmps(16_100));
        assert_eq!(MilliAmps(-1).floor_to(MilliAmps(100)), MilliAmps(-100));
        assert_eq!(MilliAmps(7).floor_to(MilliAmps(0)), MilliAmps(7));
        assert_eq!(MilliAmps(i64::MIN).floor_to(MilliAmps(3)), MilliAmps(i64::MIN));
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Watts(i64::MAX) + Watts(1), Watts(i64::MAX));
        assert_eq!(-Watts(i64::MIN), Watts(i64::MAX));
        assert_eq!([Watts(1), Watts(2)].into_iter().sum::<Watts>(), Watts(3));
    }
}
