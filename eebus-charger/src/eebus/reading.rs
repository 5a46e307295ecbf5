//! What the meter says, as it is published.

use spine::units;
use spine::usecases::evcem;

use crate::core::charger::Status;
use crate::core::units::{MilliAmps, MilliVolts, Phase, PhaseCurrents, Phases, Watts};
use crate::ports::MeterReading;

/// The reading of this moment.
pub(super) fn reading(status: &Status) -> evcem::Reading {
    let meter = &status.meter;
    let energy = status.session.as_ref().map(|session| {
        units::WattHours(i64::try_from(session.energy.watt_hours()).unwrap_or(i64::MAX))
    });
    evcem::Reading {
        currents: meter.current.map(|currents| currents.0.map(milli)),
        powers: meter.power.map(|power| shares(power, meter, status.phases)),
        energy,
    }
}

pub(super) fn milli(current: MilliAmps) -> units::MilliAmps {
    units::MilliAmps(i64::from(current.0))
}

/// The active power on each phase. The meter knows that of all phases together: each gets its
/// share of it by voltage and current, as far as these are known, and the sum is what was
/// measured.
fn shares(power: Watts, meter: &MeterReading, connected: Phases) -> [units::Watts; 3] {
    let current = meter.current.unwrap_or(PhaseCurrents::uniform(MilliAmps(1)));
    let voltage = meter.voltage.unwrap_or([MilliVolts(1); 3]);
    let is_connected = Phase::ALL.map(|phase| i128::from(connected.contains(phase)));
    let apparent = Phase::ALL.map(|phase| {
        let product = i128::from(current[phase].0) * i128::from(voltage[phase as usize].0);
        product * is_connected[phase as usize]
    });
    // Some watts although no current is seen: evenly.
    let weights = if apparent == [0; 3] { is_connected } else { apparent };
    let all: i128 = weights.iter().sum();
    let (mut weight, mut given) = (0, 0);
    weights.map(|of_phase| {
        weight += of_phase;
        let so_far = (i128::from(power.0) * weight).checked_div(all).unwrap_or_default();
        let share = so_far - given;
        given = so_far;
        // A part of what has 32 bits.
        units::Watts(i64::try_from(share).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOLTAGE: Option<[MilliVolts; 3]> = Some([MilliVolts(230_000); 3]);

    fn on(current: [u32; 3]) -> Option<PhaseCurrents> {
        Some(PhaseCurrents(current.map(MilliAmps)))
    }

    #[test]
    fn the_shares_of_the_phases_are_what_was_measured() {
        let one = Phases::only(Phase::L1);
        for (power, current, voltage, connected, expected) in [
            (11_000, on([16_000; 3]), VOLTAGE, Phases::THREE, [3_666, 3_667, 3_667]),
            // A power factor below one.
            (3_000, on([16_000, 0, 0]), VOLTAGE, Phases::THREE, [3_000, 0, 0]),
            (6_000, on([10_000, 20_000, 0]), None, Phases::THREE, [2_000, 4_000, 0]),
            (7, on([0; 3]), VOLTAGE, Phases::THREE, [2, 2, 3]),
            (900, None, None, Phases::THREE, [300; 3]),
            (3_680, on([16_000, 16_000, 0]), VOLTAGE, one, [3_680, 0, 0]),
            (-900, on([1_300; 3]), VOLTAGE, Phases::THREE, [-300; 3]),
            (900, on([16_000; 3]), Some([MilliVolts(0); 3]), one, [900, 0, 0]),
            (900, on([16_000; 3]), VOLTAGE, Phases::NONE, [0; 3]),
        ] {
            let meter = MeterReading { current, voltage, ..MeterReading::default() };
            let shares = shares(Watts(power), &meter, connected);
            assert_eq!(shares, expected.map(units::Watts), "{power} W, {current:?}");
        }
    }
}
