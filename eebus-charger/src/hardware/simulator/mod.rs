//! The default back end: a smart board and a car, as a model with its own time (charger.md 7).
//!
//! The model moves in steps of a millisecond when it is told how late it is; nothing in it reads
//! a clock or draws a random number, so that the same inputs give the same run (CH-521).
//!
//! ```
//! use core::time::Duration;
//! use eebus_charger::core::units::{MilliAmps, PhaseCurrents};
//! use eebus_charger::hardware::simulator::{Setup, Simulator};
//! use eebus_charger::ports::{EvsePort, PortCommand};
//! use eebus_json::Instant;
//!
//! let start = Instant::ORIGIN;
//! let mut simulator = Simulator::new(Setup::default(), start);
//! simulator.command(PortCommand::SetLimit(PhaseCurrents::uniform(MilliAmps::amps(10))), start)?;
//! simulator.advance(start + Duration::from_secs(30));
//! let seen = simulator.snapshot().expect("a simulated board always reports");
//! assert_eq!(seen.offered, PhaseCurrents::uniform(MilliAmps::amps(10)));
//! # Ok::<(), eebus_charger::ports::PortBusy>(())
//! ```

mod board;
mod car;
mod remote;

use core::time::Duration;
use std::fmt;

use eebus_json::Instant;

use self::board::Board;
pub use self::car::{Car, Vehicle};
pub use self::remote::{Remote, Simulated};
use crate::core::pilot::CpOutput;
use crate::core::units::{MilliAmps, MilliVolts, MilliWattHours, PhaseCurrents, Phases, Watts};
use crate::ports::{
    Capabilities, ContactorState, CpReading, EvsePort, MeterReading, PortBusy, PortCommand,
    PortSnapshot, Stamped,
};

/// The grid of the model's time.
const STEP: Duration = Duration::from_millis(1);
/// The model's mains.
const VOLTAGE: MilliVolts = MilliVolts(230_000);
/// What power is averaged over before it is shown.
const WINDOW: u32 = 100;
/// A milliwatt-hour in microjoules.
const MICROJOULES: u64 = 3_600_000;

/// What is simulated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setup {
    /// The board.
    pub capabilities: Capabilities,
    /// The installation behind it.
    pub supply: PhaseCurrents,
    /// The car.
    pub vehicle: Vehicle,
    /// How long after the start the car is plugged in; never by itself if absent.
    pub plug_after: Option<Duration>,
    /// How much faster than real the car reacts and its battery fills. Board, pilot and meter
    /// keep real time.
    pub speed: u32,
}

impl Default for Setup {
    /// An 11 kW charger on a 16 A supply; an 11 kW car is plugged in after two seconds.
    fn default() -> Self {
        let maximum = MilliAmps::amps(16);
        Self {
            capabilities: Capabilities { maximum, step: MilliAmps(100), phases: Phases::THREE },
            supply: PhaseCurrents::uniform(maximum),
            vehicle: Vehicle::default(),
            plug_after: Some(Duration::from_secs(2)),
            speed: 1,
        }
    }
}

/// A change of what the pilot tells the car.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PilotChange {
    /// When, on the clock of whoever drives the simulator.
    pub at: Instant,
    /// What is driven now.
    pub output: CpOutput,
    /// The current that it offers on each phase; none at [`CpOutput::X1`].
    pub offered: MilliAmps,
}

/// Who watches the pilot. It is called in the middle of the change: whoever measures takes the
/// time first and does not block.
pub type Probe = Box<dyn FnMut(PilotChange) + Send>;

/// The model.
pub struct Simulator {
    setup: Setup,
    board: Board,
    car: Car,
    time: Instant,
    plug_at: Option<Instant>,
    meter: Meter,
    output: CpOutput,
    probe: Option<Probe>,
}

/// The meter in the board: it shows a new picture every 100 ms.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    microjoules: u64,
    window: u64,
    steps: u32,
    shown: MeterReading,
    at: Option<Instant>,
}

impl Simulator {
    /// A board without a car at the moment `now`.
    pub fn new(setup: Setup, now: Instant) -> Self {
        let mut simulator = Self {
            setup,
            board: Board::new(setup.capabilities),
            car: Car::new(setup.vehicle),
            time: now,
            plug_at: setup.plug_after.map(|after| now + after),
            meter: Meter::default(),
            output: CpOutput::X1,
            probe: None,
        };
        simulator.meter.show(&simulator.car, 0, now);
        simulator
    }

    /// Watches the pilot, for benchmarks and tests.
    pub fn watch(&mut self, probe: Probe) {
        self.probe = Some(probe);
    }

    /// Somebody plugs the car in. A car that is plugged in stays so.
    pub fn plug(&mut self) {
        self.plug_at = None;
        self.car.plug(true);
    }

    /// Somebody unplugs the car.
    pub fn unplug(&mut self) {
        self.plug_at = None;
        self.car.plug(false);
    }

    /// The car, to look at.
    pub fn car(&self) -> &Car {
        &self.car
    }

    /// How often the board had to open the contactor under load.
    pub fn switched_under_load(&self) -> u32 {
        self.board.switched_under_load()
    }

    fn step(&mut self) {
        self.time += STEP;
        if self.plug_at.is_some_and(|at| at <= self.time) {
            self.plug();
        }
        self.board.step(self.car.cp(), STEP);
        self.observe(self.time);
        let closed = self.board.contactor() == ContactorState::Closed;
        let voltage = closed.then_some(VOLTAGE);
        self.car.step(self.board.output(), voltage, STEP * self.setup.speed.max(1));
        self.meter.step(&self.car, self.time);
    }

    fn observe(&mut self, at: Instant) {
        let output = self.board.output();
        if output != self.output {
            self.output = output;
            let change = PilotChange { at, output, offered: self.board.offered() };
            if let Some(probe) = &mut self.probe {
                probe(change);
            }
        }
    }
}

impl EvsePort for Simulator {
    fn capabilities(&self) -> Capabilities {
        self.setup.capabilities
    }

    fn command(&mut self, command: PortCommand, now: Instant) -> Result<(), PortBusy> {
        match command {
            PortCommand::SetLimit(limit) => self.board.set_limit(limit),
        }
        self.observe(now);
        Ok(())
    }

    fn advance(&mut self, now: Instant) {
        while self.time + STEP <= now {
            self.step();
        }
    }

    fn snapshot(&self) -> Option<PortSnapshot> {
        let at = self.time;
        let cp = CpReading { state: self.board.cp(), output: self.board.output() };
        Some(PortSnapshot {
            cp: Stamped { value: cp, at },
            contactor: Stamped { value: self.board.contactor(), at },
            offered: PhaseCurrents::on(self.setup.capabilities.phases, self.board.offered()),
            meter: self.meter.at.map(|at| Stamped { value: self.meter.shown, at }),
        })
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("board", &self.board)
            .field("car", &self.car)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl Meter {
    fn step(&mut self, car: &Car, now: Instant) {
        // Milliwatts times a millisecond are microjoules.
        let power = car.power_mw(VOLTAGE);
        self.microjoules += power;
        self.window += power;
        self.steps += 1;
        if self.steps >= WINDOW {
            let mean = self.window / u64::from(self.steps);
            (self.window, self.steps) = (0, 0);
            self.show(car, mean, now);
        }
    }

    fn show(&mut self, car: &Car, milliwatts: u64, now: Instant) {
        self.shown = MeterReading {
            power: Some(Watts(i32::try_from(milliwatts / 1000).unwrap_or(i32::MAX))),
            current: Some(PhaseCurrents::on(car.phases(), car.current())),
            voltage: Some([VOLTAGE; 3]),
            energy: Some(MilliWattHours(self.microjoules / MICROJOULES)),
        };
        self.at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::core::pilot::CpState;

    fn at(ms: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(ms)
    }

    fn limit(simulator: &mut Simulator, amps: u32, now: Instant) {
        let limit = PhaseCurrents::uniform(MilliAmps::amps(amps));
        simulator.command(PortCommand::SetLimit(limit), now).expect("never busy");
    }

    #[test]
    fn the_car_comes_after_two_seconds_and_charges_with_eleven_kilowatts() {
        let mut simulator = Simulator::new(Setup::default(), at(0));
        limit(&mut simulator, 16, at(0));
        simulator.advance(at(1_999));
        assert_eq!(simulator.snapshot().expect("it reports").cp.value.state, CpState::A);
        simulator.advance(at(60_000));
        let seen = simulator.snapshot().expect("it reports");
        let meter = seen.meter.expect("it has a meter").value;
        assert_eq!(seen.contactor.value, ContactorState::Closed);
        assert_eq!(meter.current, Some(PhaseCurrents::uniform(MilliAmps(15_996))));
        assert!(meter.power.is_some_and(|power| (10_900..11_040).contains(&power.0)), "{meter:?}");
    }

    #[test]
    fn time_comes_in_any_portions() {
        let run = |portion: u64| {
            let mut simulator = Simulator::new(Setup::default(), at(0));
            limit(&mut simulator, 16, at(0));
            for ms in (0..=20_000).step_by(portion as usize) {
                simulator.advance(at(ms));
            }
            simulator.snapshot()
        };
        assert_eq!(run(1), run(20));
        assert_eq!(run(20), run(5_000));
    }

    #[test]
    fn the_probe_sees_a_command_at_its_own_moment() {
        let mut simulator = Simulator::new(Setup::default(), at(0));
        let (seen, changes) = mpsc::channel();
        simulator.watch(Box::new(move |change| seen.send(change).expect("the test listens")));
        limit(&mut simulator, 16, at(0));
        assert!(changes.try_recv().is_err(), "there is no car to offer anything to");
        simulator.advance(at(5_000));
        let first = changes.try_recv().expect("the car is offered a current");
        assert_eq!((first.at, first.offered), (at(2_000), MilliAmps::amps(16)));
        limit(&mut simulator, 10, at(5_003));
        let second = changes.try_recv().expect("the offer was lowered");
        assert_eq!((second.at, second.offered), (at(5_003), MilliAmps::amps(10)));
    }

    #[test]
    fn speed_fills_the_battery_and_not_the_meter() {
        let run = |speed| {
            let mut simulator = Simulator::new(Setup { speed, ..Setup::default() }, at(0));
            limit(&mut simulator, 16, at(0));
            simulator.advance(at(60_000));
            let meter = simulator.snapshot().and_then(|seen| seen.meter).expect("a meter");
            (simulator.car().charge(), meter.value.energy.expect("a register").watt_hours())
        };
        let (slow, fast) = (run(1), run(60));
        assert!(slow.0 < 205 && fast.0 > 320, "{slow:?} {fast:?}");
        assert!(fast.1 < 190 && fast.1 >= slow.1, "{slow:?} {fast:?}");
    }
}
