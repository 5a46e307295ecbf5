//! What the running session has done so far: the curve behind the overview (CH-092).
//!
//! There is a sample of every second. The last ten minutes are kept as they are, the whole session as
//! means of ten seconds; a session longer than 72 hours as means of a minute, and one of weeks as
//! still longer ones, so that memory is bounded however long a vehicle stays.
//!
//! Whoever draws the curve asks for a number of points. Each interval of time then shows its
//! highest and its lowest known power, so that no peak and no pause is lost.

use core::time::Duration;
use std::collections::VecDeque;

use eebus_json::Instant;

use super::charger::Status;
use super::limits::Reason;
use super::session::Session;
use super::units::{MilliAmps, MilliWattHours, Phase, PhaseCurrents, Watts};

/// How often a sample is to be taken: twice, so that there is one in every second of a session.
pub const SAMPLE: Duration = Duration::from_millis(500);
/// The most points that are asked for at a time.
pub const MOST: usize = 600;

/// The fewest that can be asked for.
pub const LEAST: usize = 4;

/// How many samples are kept as they are.
const FINE: usize = 600;
/// What a mean covers at first, in s.
const STEP: u32 = 10;
/// What it covers in a session that is [`LONG`], in s.
const LONG_STEP: u32 = 60;
/// A session longer than this many seconds is kept as means of a minute.
const LONG: u32 = 72 * 3600;
/// How many means are kept at most: 72 hours of ten seconds, 18 days of minutes. Beyond that the
/// means cover twice the time, as often as need be.
const MEANS: usize = (LONG / STEP) as usize;

/// What was so at a moment of a session, or in the seconds before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Point {
    /// When, in seconds since the vehicle was plugged in; the end of what it covers.
    pub second: u32,
    /// The mean active power; none if it is not known.
    pub power: Option<Watts>,
    /// The energy of the session until then.
    pub energy: MilliWattHours,
    /// The mean current of each phase; none if it is not known.
    pub current: Option<PhaseCurrents>,
    /// What the pilot offered at that moment: its highest phase.
    pub offered: MilliAmps,
    /// The most that could have been offered.
    pub limit: MilliAmps,
    /// Why not more; none while the limits were not trusted.
    pub reason: Option<Reason>,
}

/// The curve of the running session; empty without one.
#[derive(Debug, Default)]
pub struct Curve {
    session: Option<Session>,
    /// Every second of the last ten minutes.
    fine: VecDeque<Point>,
    /// The whole session but for the interval that runs.
    means: Vec<Point>,
    /// What each of `means` covers, in s.
    step: u32,
    /// The interval that runs.
    running: Mean,
}

impl Curve {
    /// Takes a sample. Of several within a second the first one counts.
    pub fn sample(&mut self, status: &Status, now: Instant) {
        let Some(session) = status.session else {
            *self = Self::default();
            return;
        };
        if self.session.is_none_or(|running| running.id != session.id) {
            *self = Self { step: STEP, ..Self::default() };
        }
        self.session = Some(session);
        let second = (now - session.started).as_secs();
        let point = Point {
            // A century.
            second: u32::try_from(second).unwrap_or(u32::MAX),
            power: status.meter.power,
            energy: session.energy,
            current: status.meter.current,
            offered: status.offered.0.into_iter().max().unwrap_or_default(),
            limit: status.limits.current,
            reason: status.limits.reason(),
        };
        if self.fine.back().is_none_or(|last| last.second < point.second) {
            self.push(point);
        }
    }

    /// The session whose curve it is.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// The curve in at most so many points (at least [`LEAST`]), oldest first.
    ///
    /// The first and the last point are always there; in between, equal intervals of time show
    /// the points of lowest and of highest power.
    pub fn points(&self, most: usize) -> Vec<Point> {
        let fine_from = self.fine.front().map_or(u32::MAX, |point| point.second);
        let means = self.means.iter().take_while(|mean| mean.second < fine_from);
        thin(means.chain(&self.fine).copied().collect(), most)
    }

    fn push(&mut self, point: Point) {
        if self.fine.len() == FINE {
            self.fine.pop_front();
        }
        self.fine.push_back(point);

        if point.second >= LONG && self.step < LONG_STEP {
            self.coarsen(LONG_STEP);
        }
        if self.means.len() == MEANS {
            self.coarsen(self.step * 2);
        }
        self.means.extend(self.running.add(point, 1, self.step));
    }

    /// Makes fewer means of those there are.
    fn coarsen(&mut self, step: u32) {
        let weight = core::mem::replace(&mut self.step, step);
        let mut coarse = Mean::default();
        let means = self.means.drain(..).chain(self.running.take());
        self.means = means.filter_map(|mean| coarse.add(mean, weight, step)).collect();
        // It may go on.
        self.running = coarse;
    }
}

/// An interval that is being averaged.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    last: Option<Point>,
    power: Average,
    current: [Average; 3],
}

impl Mean {
    /// Adds a point that stands for so many; returns the interval before, if the point is the
    /// first one after it.
    fn add(&mut self, point: Point, weight: u32, step: u32) -> Option<Point> {
        let begins = self.last.is_some_and(|last| last.second / step != point.second / step);
        let before = begins.then(|| self.take()).flatten();
        self.last = Some(point);
        self.power.add(point.power.map(|power| power.0.into()), weight);
        for phase in Phase::ALL {
            let current = point.current.map(|current| current[phase].0.into());
            self.current[phase as usize].add(current, weight);
        }
        before
    }

    /// The interval so far; it begins anew.
    fn take(&mut self) -> Option<Point> {
        let Self { last, power, current } = core::mem::take(self);
        let power = power.value().and_then(|power| i32::try_from(power).ok()).map(Watts);
        let amps = |average: Average| average.value().and_then(|ma| u32::try_from(ma).ok());
        let current = match current.map(amps) {
            [Some(a), Some(b), Some(c)] => Some(PhaseCurrents([a, b, c].map(MilliAmps))),
            _ => None,
        };
        last.map(|last| Point { power, current, ..last })
    }
}

/// The mean of what is known.
#[derive(Clone, Copy, Debug, Default)]
struct Average {
    sum: i64,
    count: i64,
}

impl Average {
    fn add(&mut self, value: Option<i64>, weight: u32) {
        if let Some(value) = value {
            self.sum += value * i64::from(weight);
            self.count += i64::from(weight);
        }
    }

    fn value(self) -> Option<i64> {
        self.sum.checked_div(self.count)
    }
}

/// At most so many of these points, without losing the extremes of power.
fn thin(points: Vec<Point>, most: usize) -> Vec<Point> {
    let [first, inner @ .., last] = &points[..] else { return points };
    if points.len() <= most {
        return points;
    }
    let intervals = (most.saturating_sub(2) / 2).max(1) as u64;
    let span = u64::from(last.second - first.second) + 1;
    let interval = |point: &Point| u64::from(point.second - first.second) * intervals / span;

    let mut thinned = vec![*first];
    for points in inner.chunk_by(|a, b| interval(a) == interval(b)) {
        let lowest =
            points.iter().min_by_key(|point| point.power.map_or(i32::MAX, |power| power.0));
        // An unknown power is below every known one.
        let highest = points.iter().max_by_key(|point| point.power);
        let mut both: Vec<Point> = lowest.into_iter().chain(highest).copied().collect();
        both.sort_by_key(|point| point.second);
        both.dedup();
        thinned.extend(both);
    }
    thinned.push(*last);
    thinned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::charger::{Charger, Config, Controls};
    use crate::core::pilot;
    use crate::core::session::{Communication, SessionId};
    use crate::core::units::Phases;
    use crate::ports::Capabilities;

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    /// A charger with this power in a session that began at the origin.
    fn status(id: u64, power: Option<i32>, second: u64) -> Status {
        let maximum = MilliAmps::amps(16);
        let config = Config {
            capabilities: Capabilities { maximum, step: MilliAmps(100), phases: Phases::THREE },
            supply: PhaseCurrents::uniform(maximum),
            user_max: None,
            safe_current: pilot::LEAST,
            next_session: SessionId(id),
        };
        let now = at(second);
        let controls = Controls { renewed: now, paused: None, guard_known: false, opev: None };
        let mut status = Charger::new(config, controls, now).status(now);
        status.session = Some(Session {
            id: SessionId(id),
            started: at(0),
            charging: Duration::ZERO,
            energy: MilliWattHours(second * 1000),
            discontinuities: 0,
            communication: Communication::Iec61851,
        });
        status.meter.power = power.map(Watts);
        status.meter.current = power.map(|w| PhaseCurrents::uniform(MilliAmps(w.unsigned_abs())));
        status
    }

    fn point(second: u32, power: Option<i32>) -> Point {
        Point {
            second,
            power: power.map(Watts),
            energy: MilliWattHours(second.into()),
            current: None,
            offered: MilliAmps::ZERO,
            limit: MilliAmps::ZERO,
            reason: None,
        }
    }

    fn curve(powers: impl IntoIterator<Item = i32>) -> Curve {
        let mut curve = Curve::default();
        for (second, power) in (0..).zip(powers) {
            curve.sample(&status(1, Some(power), second), at(second));
        }
        curve
    }

    fn powers(points: &[Point]) -> Vec<i32> {
        points.iter().map(|point| point.power.expect("it is known").0).collect()
    }

    #[test]
    fn the_last_ten_minutes_are_kept_by_the_second_and_the_rest_as_means() {
        let curve = curve(0..1000);
        let all = curve.points(10_000);
        assert_eq!(all.len(), 40 + 600);
        // The mean of 0 to 9 W, stated at its end.
        let first = Point { power: Some(Watts(4)), second: 9, ..all[0] };
        assert_eq!(all[0], first);
        assert_eq!((all[0].energy, all[39].second), (MilliWattHours(9000), 399));
        assert_eq!(powers(&all[40..]), (400..1000).collect::<Vec<_>>());
        assert!((300..=MOST).contains(&curve.points(MOST).len()));
    }

    #[test]
    fn what_is_not_known_is_not_averaged() {
        let mut curve = Curve::default();
        for second in 0..21 {
            let power = (second % 2 == 0 && second < 10).then_some(1000);
            curve.sample(&status(1, power, second), at(second));
        }
        let means: Vec<_> = curve.means.iter().map(|mean| mean.power).collect();
        assert_eq!(means, [Some(Watts(1000)), None]);
        assert_eq!(curve.means[1].current, None);
    }

    #[test]
    fn a_second_is_sampled_once_and_a_gap_is_a_gap() {
        let mut curve = Curve::default();
        for (ms, power) in [(0, 1), (400, 2), (1100, 3), (1900, 4), (60_000, 5)] {
            let now = Instant::ORIGIN + Duration::from_millis(ms);
            curve.sample(&status(1, Some(power), ms / 1000), now);
        }
        assert_eq!(powers(&curve.points(MOST)), [1, 3, 5]);
        assert_eq!(curve.points(MOST)[2].second, 60);
    }

    #[test]
    fn another_session_is_another_curve_and_no_session_has_none() {
        let mut curve = curve(0..30);
        curve.sample(&status(2, Some(7), 0), at(0));
        assert_eq!(powers(&curve.points(MOST)), [7]);
        assert_eq!(curve.session().map(|session| session.id), Some(SessionId(2)));
        curve.sample(&Status { session: None, ..status(2, None, 1) }, at(1));
        assert!(curve.session().is_none() && curve.points(MOST).is_empty());
    }

    #[test]
    fn after_72_hours_means_cover_a_minute_and_memory_stays_bounded_for_weeks() {
        let mut curve = Curve { step: STEP, ..Curve::default() };
        let sample = |second: u32| point(second, (second / 60 % 100).try_into().ok());
        for second in 0..LONG {
            curve.push(sample(second));
        }
        assert_eq!((curve.step, curve.means.len()), (STEP, MEANS - 1));
        curve.push(sample(LONG));
        assert_eq!((curve.step, curve.means.len()), (LONG_STEP, 72 * 60));
        assert_eq!((curve.means[1].second, curve.means[1].power), (119, Some(Watts(1))));

        let weeks = 8 * 7 * 24 * 3600;
        // One sample is enough for an interval.
        for second in (LONG + 60..weeks).step_by(60) {
            curve.push(sample(second));
            assert!(curve.means.len() <= MEANS);
        }
        assert_eq!(curve.step, 4 * LONG_STEP);
        let points = curve.points(MOST);
        assert!((300..=MOST).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by(|a, b| a.second < b.second));
    }

    #[test]
    fn a_peak_of_a_second_and_a_pause_of_a_second_survive_in_a_day() {
        let mut curve = Curve { step: STEP, ..Curve::default() };
        let day = 24 * 3600;
        for second in 0..day {
            let power = match second {
                40_000..40_010 => 11_000,
                50_000..50_010 => 0,
                s if s == day - 100 => 12_000,
                s if s == day - 50 => -5,
                _ => 7_000,
            };
            curve.push(point(second, Some(power)));
        }
        let points = powers(&curve.points(MOST));
        assert!(points.len() <= MOST);
        for extreme in [11_000, 0, 12_000, -5] {
            assert!(points.contains(&extreme), "{extreme}");
        }
    }

    proptest! {
        #[test]
        fn thinning_keeps_order_ends_and_extremes(
            samples in prop::collection::vec((1u32..500, prop::option::of(-50i32..12_000)), 0..3000),
            most in 4usize..700,
        ) {
            let mut second = 0;
            let points: Vec<Point> = samples.into_iter().map(|(gap, power)| {
                second += gap;
                point(second, power)
            }).collect();
            let thinned = thin(points.clone(), most);
            prop_assert!(thinned.len() <= most.max(4));
            prop_assert!(thinned.is_sorted_by(|a, b| a.second < b.second));
            prop_assert_eq!(thinned.first(), points.first());
            prop_assert_eq!(thinned.last(), points.last());
            let extremes = |points: &[Point]| {
                let powers = || points.iter().filter_map(|point| point.power);
                (powers().min(), powers().max())
            };
            prop_assert_eq!(extremes(&thinned), extremes(&points));
        }
    }
}
