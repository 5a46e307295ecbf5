//! The control pilot: the wire on which charger and car tell each other what they can (IEC 61851-1).
//!
//! The charger says with a duty cycle how much the car may draw, the car says with a resistor
//! what it wants to do.

use super::units::MilliAmps;

/// The least current that the pilot can offer; a limit below it means a pause (CH-323).
pub const LEAST: MilliAmps = MilliAmps::amps(6);

/// What the car says on the pilot, as measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CpState {
    /// No car.
    A,
    /// A car is connected and does not want to charge now.
    B,
    /// The car wants to charge.
    C,
    /// The car wants to charge and asks for ventilation.
    D,
    /// The pilot is shorted to protective earth, or dead.
    E,
    /// The charger is not available.
    F,
}

/// What the charger drives on the pilot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CpOutput {
    /// Constant +12 V: no current is offered.
    X1,
    /// Pulse width modulation: the duty cycle encodes the current that the car may draw.
    X2(Duty),
}

/// A duty cycle in 1/100 %, 0 to 10,000.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Duty(u16);

impl Duty {
    /// 85 %: the end of the first branch of the code, 51 A.
    const BEND: u16 = 8500;

    /// The duty cycle in 1/100 %, 0 to 10,000.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// What a car reads from a duty cycle: the current that it may draw (charger.md 4.2).
    pub const fn reading(self) -> EvLimit {
        let hundredths = self.0 as u32;
        match self.0 {
            300..=700 => EvLimit::Digital,
            800..1000 => EvLimit::Current(LEAST),
            1000..=Self::BEND => EvLimit::Current(MilliAmps(hundredths * 6)),
            8501..=9600 => EvLimit::Current(MilliAmps((hundredths - 6400) * 25)),
            9601..=9700 => EvLimit::Current(MilliAmps::amps(80)),
            _ => EvLimit::NotAllowed,
        }
    }
}

/// What a duty cycle means to the car.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EvLimit {
    /// It must not charge.
    NotAllowed,
    /// It may draw up to this current on each phase.
    Current(MilliAmps),
    /// It has to talk ISO 15118 first.
    Digital,
}

/// The pilot output that offers a current, rounded down towards less current (CH-320).
///
/// Below 6 A that is X1: 0 % would be state F, and at X1 the car can still be measured.
pub const fn output(current: MilliAmps) -> CpOutput {
    let ma = current.0;
    // 0.6 A per percent up to 51 A, 2.5 A per percent above; between 51 and 52.5 A there is no
    // code, and the lower one counts.
    let duty = match ma {
        0..6_000 => return CpOutput::X1,
        6_000..=51_000 => ma / 6,
        51_001..52_500 => Duty::BEND as u32,
        52_500..=80_000 => ma / 25 + 6400,
        _ => 9600,
    };
    // At most 9,600 by the ranges above.
    CpOutput::X2(Duty(duty as u16))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn duty(ma: u32) -> Option<u16> {
        match output(MilliAmps(ma)) {
            CpOutput::X1 => None,
            CpOutput::X2(duty) => Some(duty.hundredths()),
        }
    }

    #[test]
    fn currents_become_the_duty_cycles_of_the_standard() {
        let vectors = [
            (6_000, 1000),
            (8_000, 1333),
            (10_000, 1666),
            (13_000, 2166),
            (16_000, 2666),
            (20_000, 3333),
            (25_000, 4166),
            (32_000, 5333),
            (40_000, 6666),
            (48_000, 8000),
            (51_000, 8500),
            (51_500, 8500),
            (52_500, 8500),
            (55_000, 8600),
            (60_000, 8800),
            (63_000, 8920),
            (70_000, 9200),
            (80_000, 9600),
        ];
        for (ma, expected) in vectors {
            assert_eq!(duty(ma), Some(expected), "{ma} mA");
        }
        assert_eq!((duty(5_999), duty(0)), (None, None));
    }

    #[test]
    fn a_car_reads_the_duty_cycle_by_the_table() {
        let amps = |tenths| EvLimit::Current(MilliAmps(tenths));
        let vectors = [
            (290, EvLimit::NotAllowed),
            (300, EvLimit::Digital),
            (700, EvLimit::Digital),
            (750, EvLimit::NotAllowed),
            (800, amps(6_000)),
            (990, amps(6_000)),
            (1000, amps(6_000)),
            (2666, amps(15_996)),
            (5333, amps(31_998)),
            (8500, amps(51_000)),
            (9000, amps(65_000)),
            (9600, amps(80_000)),
            (9700, amps(80_000)),
            (9710, EvLimit::NotAllowed),
            (10_000, EvLimit::NotAllowed),
        ];
        for (hundredths, expected) in vectors {
            assert_eq!(Duty(hundredths).reading(), expected, "{hundredths}");
        }
    }

    proptest! {
        #[test]
        fn a_car_never_reads_more_than_was_offered(ma in 6_000u32..=51_000) {
            let CpOutput::X2(duty) = output(MilliAmps(ma)) else { panic!("a current is offered") };
            let EvLimit::Current(read) = duty.reading() else { panic!("a current is read") };
            prop_assert!(read.0 <= ma && read.0 + 50 >= ma);
        }
    }
}
