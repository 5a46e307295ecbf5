//! A simulated car: a pilot input, an on-board charger and a battery (charger.md 7.1).

use core::time::Duration;

use crate::core::pilot::{CpOutput, CpState, EvLimit};
use crate::core::units::{MilliAmps, MilliVolts, Phases, Watts};

/// What a car is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vehicle {
    /// The phases that its charger uses.
    pub phases: Phases,
    /// The most that it draws on each phase.
    pub maximum: MilliAmps,
    /// How long it takes to notice a change of the pilot; the standard allows up to 5 s.
    pub reaction: Duration,
    /// From a valid pilot to the wish to charge.
    pub start_delay: Duration,
    /// How fast its current rises, in mA/s.
    pub ramp_up: u32,
    /// How fast its current falls, in mA/s.
    pub ramp_down: u32,
    /// The size of its battery in Wh.
    pub capacity_wh: u32,
    /// How full the battery is at the start, in per mille.
    pub charge: u16,
}

impl Default for Vehicle {
    /// An 11 kW car with 60 kWh, a fifth full.
    fn default() -> Self {
        Self {
            phases: Phases::THREE,
            maximum: MilliAmps::amps(16),
            reaction: Duration::from_millis(500),
            start_delay: Duration::from_secs(2),
            ramp_up: 4_000,
            ramp_down: 10_000,
            capacity_wh: 60_000,
            charge: 200,
        }
    }
}

/// Above this charge the battery takes less and less, in per mille.
const KNEE: u64 = 900;
/// What the battery still takes when it is all but full, in per mille of the maximum.
const TAIL: u64 = 100;
/// Active over apparent power, in per mille.
const POWER_FACTOR: u64 = 990;
/// What the car itself needs while it charges.
const STANDBY: Watts = Watts(250);
/// A current in microamperes, so that a ramp moves in steps of a millisecond.
const MICRO: u64 = 1_000;
/// Nanojoules in a watt-hour: energies add up as milliwatts times microseconds.
const NANOJOULES: u64 = 3_600_000_000_000;

/// A car.
#[derive(Clone, Debug)]
pub struct Car {
    vehicle: Vehicle,
    plugged: bool,
    /// S2 is closed: the car wants current.
    wants: bool,
    /// The current that it believes it may draw.
    allowed: MilliAmps,
    /// How long the pilot has said something else.
    noticing: Duration,
    /// How long it has been allowed to charge without wanting to.
    starting: Duration,
    microamps: u64,
    stored: u64,
}

impl Car {
    /// A car that is not plugged in.
    pub fn new(vehicle: Vehicle) -> Self {
        let capacity = u64::from(vehicle.capacity_wh) * NANOJOULES;
        Self {
            vehicle,
            plugged: false,
            wants: false,
            allowed: MilliAmps::ZERO,
            noticing: Duration::ZERO,
            starting: Duration::ZERO,
            microamps: 0,
            stored: capacity / 1000 * u64::from(vehicle.charge.min(1000)),
        }
    }

    /// The plug goes in or out.
    pub fn plug(&mut self, plugged: bool) {
        if plugged != self.plugged {
            self.plugged = plugged;
            self.wants = false;
            self.allowed = MilliAmps::ZERO;
            self.noticing = Duration::ZERO;
            self.starting = Duration::ZERO;
            self.microamps = 0;
        }
    }

    /// What the car says on the pilot.
    pub fn cp(&self) -> CpState {
        match (self.plugged, self.wants) {
            (false, _) => CpState::A,
            (true, false) => CpState::B,
            (true, true) => CpState::C,
        }
    }

    /// What it draws on each phase that it uses.
    pub fn current(&self) -> MilliAmps {
        MilliAmps(u32::try_from(self.microamps / MICRO).unwrap_or(u32::MAX))
    }

    /// The phases that it uses.
    pub fn phases(&self) -> Phases {
        self.vehicle.phases
    }

    /// The active power that it draws, in mW.
    pub fn power_mw(&self, voltage: MilliVolts) -> u64 {
        let apparent = self.microamps / MICRO * u64::from(voltage.0) / 1000;
        apparent * POWER_FACTOR / 1000 * u64::from(self.vehicle.phases.count())
    }

    /// How full the battery is, in per mille.
    pub fn charge(&self) -> u16 {
        let capacity = (u64::from(self.vehicle.capacity_wh) * NANOJOULES).max(1000);
        u16::try_from(self.stored / (capacity / 1000)).unwrap_or(1000).min(1000)
    }

    /// Lives for `dt` with this pilot and this voltage; no voltage behind an open contactor.
    pub fn step(&mut self, pilot: CpOutput, voltage: Option<MilliVolts>, dt: Duration) {
        if !self.plugged {
            return;
        }
        self.notice(pilot, dt);
        let full = self.charge() >= 1000;
        let may = self.allowed > MilliAmps::ZERO && !full;
        if self.wants {
            self.wants = may || self.microamps > 0;
        } else if may {
            self.starting += dt;
            self.wants = self.starting >= self.vehicle.start_delay;
        }
        if self.wants || !may {
            self.starting = Duration::ZERO;
        }

        let Some(voltage) = voltage else {
            self.microamps = 0;
            return;
        };
        let target = if self.wants && may { u64::from(self.target().0) * MICRO } else { 0 };
        let ramp = |per_second: u32| u64::from(per_second) * dt.as_micros() as u64 / 1000;
        self.microamps = if target >= self.microamps {
            target.min(self.microamps + ramp(self.vehicle.ramp_up))
        } else {
            target.max(self.microamps.saturating_sub(ramp(self.vehicle.ramp_down)))
        };
        self.charge_battery(voltage, dt);
    }

    /// A change of the pilot counts once it has been noticed; what it says by then is taken.
    fn notice(&mut self, pilot: CpOutput, dt: Duration) {
        let said = match pilot {
            CpOutput::X1 => MilliAmps::ZERO,
            CpOutput::X2(duty) => match duty.reading() {
                EvLimit::Current(current) => current,
                EvLimit::NotAllowed | EvLimit::Digital => MilliAmps::ZERO,
            },
        };
        if said == self.allowed {
            self.noticing = Duration::ZERO;
            return;
        }
        self.noticing += dt;
        if self.noticing >= self.vehicle.reaction {
            self.allowed = said;
            self.noticing = Duration::ZERO;
        }
    }

    /// What it draws if the battery takes it.
    fn target(&self) -> MilliAmps {
        let charge = u64::from(self.charge());
        let share = match charge.checked_sub(KNEE) {
            Some(above) => 1000 - above * (1000 - TAIL) / (1000 - KNEE),
            None => 1000,
        };
        let taken = u64::from(self.vehicle.maximum.0) * share / 1000;
        self.allowed.min(MilliAmps(u32::try_from(taken).unwrap_or(u32::MAX)))
    }

    fn charge_battery(&mut self, voltage: MilliVolts, dt: Duration) {
        let drawn = self.power_mw(voltage);
        // Charging losses are larger at low power (CH-526).
        let efficiency = match drawn / 1_000_000 {
            0..2 => 800,
            2..4 => 860,
            4..7 => 900,
            _ => 920,
        };
        let standby = u64::from(STANDBY.0.unsigned_abs()) * 1000;
        let net = (drawn * efficiency / 1000).saturating_sub(standby);
        let capacity = u64::from(self.vehicle.capacity_wh) * NANOJOULES;
        self.stored = (self.stored + net * dt.as_micros() as u64).min(capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::pilot::output;

    const VOLTAGE: Option<MilliVolts> = Some(MilliVolts(230_000));

    fn live(car: &mut Car, amps: u32, voltage: Option<MilliVolts>, ms: u32) {
        for _ in 0..ms {
            car.step(output(MilliAmps::amps(amps)), voltage, Duration::from_millis(1));
        }
    }

    fn charging() -> Car {
        let mut car = Car::new(Vehicle::default());
        car.plug(true);
        live(&mut car, 16, None, 3_000);
        live(&mut car, 16, VOLTAGE, 10_000);
        car
    }

    #[test]
    fn it_wants_to_charge_some_time_after_a_current_is_offered() {
        let mut car = Car::new(Vehicle::default());
        assert_eq!(car.cp(), CpState::A);
        car.plug(true);
        live(&mut car, 0, None, 60_000);
        assert_eq!(car.cp(), CpState::B);
        live(&mut car, 6, None, 2_490);
        assert_eq!(car.cp(), CpState::B);
        live(&mut car, 6, None, 20);
        assert_eq!(car.cp(), CpState::C);
        assert_eq!(car.current(), MilliAmps::ZERO, "the contactor is open");
    }

    #[test]
    fn it_follows_a_lower_offer_within_five_seconds_and_never_exceeds_it() {
        let mut car = charging();
        assert_eq!(car.current(), MilliAmps(15_996));
        live(&mut car, 10, VOLTAGE, 1_200);
        assert_eq!(car.current(), MilliAmps(9_996));
        assert_eq!(car.power_mw(MilliVolts(230_000)) / 1_000_000, 6);
    }

    #[test]
    fn it_follows_a_stream_of_changes() {
        let mut car = charging();
        for step in 0..100 {
            car.step(output(MilliAmps(16_000 - step * 100)), VOLTAGE, Duration::from_millis(50));
        }
        assert!(car.current() < MilliAmps::amps(8), "{}", car.current());
    }

    #[test]
    fn it_stops_within_three_seconds() {
        let mut car = charging();
        live(&mut car, 0, VOLTAGE, 3_000);
        assert_eq!((car.cp(), car.current()), (CpState::B, MilliAmps::ZERO));
    }

    #[test]
    fn it_ends_when_the_battery_is_full() {
        let mut car = Car::new(Vehicle { charge: 850, ..Vehicle::default() });
        car.plug(true);
        let mut hours = 0;
        while car.charge() < 1000 && hours < 10 {
            for _ in 0..36_000 {
                let dt = Duration::from_millis(100);
                car.step(output(MilliAmps::amps(16)), VOLTAGE, dt);
            }
            hours += 1;
        }
        assert_eq!((car.charge(), hours), (1000, 3));
        live(&mut car, 16, VOLTAGE, 5_000);
        assert_eq!(car.cp(), CpState::B);
    }
}
