//! When limits end that were written with an end (e-mobility 7.2; spine 11.2).

use core::time::Duration;

use crate::model::{AbsoluteOrRelativeTime, LoadControlLimitData};
use crate::usecases::parts::{OBLIGATION, Phase};
use crate::{Instant, Now};

/// What is left of a limit's time is published in steps of this.
const STEP: Duration = Duration::from_secs(1);

/// The ends of the limits on the phases.
#[derive(Debug, Default)]
pub(super) struct Ends {
    ends: [Option<End>; 3],
    /// When what is left is to be published anew.
    count_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct End {
    at: Instant,
    /// It was written as a duration, so that what is left of it is published.
    is_relative: bool,
}

impl Ends {
    /// Limits have been written: `list` is what they are now, `sent` what came.
    ///
    /// A duration counts from the message that carried it, not from later ones that say nothing
    /// of it.
    pub(super) fn written(
        &mut self,
        list: &[LoadControlLimitData],
        sent: &[LoadControlLimitData],
        now: Now,
    ) {
        for phase in Phase::ALL {
            let end = &mut self.ends[phase.index()];
            match OBLIGATION.entry(list, phase).and_then(end_of) {
                None => *end = None,
                Some(stored) if sent_end(sent, phase) == Some(stored) => {
                    *end = stored.until(Some(now.utc)).ok().map(|left| End {
                        at: now.instant + left,
                        is_relative: stored.relative().is_some(),
                    });
                }
                Some(_) => {}
            }
        }
        self.plan(now.instant);
    }

    /// Takes the phases whose limits have ended.
    pub(super) fn take_ended(&mut self, now: Instant) -> Option<[bool; 3]> {
        let ended = self.ends.map(|end| end.is_some_and(|end| end.at <= now));
        if ended == [false; 3] {
            return None;
        }
        for phase in Phase::ALL.into_iter().filter(|phase| ended[phase.index()]) {
            self.ends[phase.index()] = None;
        }
        self.plan(now);
        Some(ended)
    }

    /// Whether it is time to [count down](Self::count_down) what is published.
    pub(super) fn is_to_count(&self, now: Instant) -> bool {
        self.count_at.is_some_and(|at| at <= now)
    }

    /// Puts what is left of the time into the list of limits, in whole seconds.
    pub(super) fn count_down(&mut self, list: &mut [LoadControlLimitData], now: Instant) {
        for phase in Phase::ALL {
            let end = self.ends[phase.index()].filter(|end| end.is_relative);
            let entry = OBLIGATION.entry_mut(list, phase);
            let period = entry.and_then(|entry| entry.time_period.as_mut());
            if let Some((end, period)) = end.zip(period) {
                let left = end.at - now;
                let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                period.end_time = Some(Duration::from_secs(seconds).into());
            }
        }
        self.plan(now);
    }

    /// When something ends or is to be counted.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.ends.iter().flatten().map(|end| end.at).chain(self.count_at).min()
    }

    fn plan(&mut self, now: Instant) {
        let is_counting = self.ends.iter().flatten().any(|end| end.is_relative);
        self.count_at = is_counting.then(|| now + STEP);
    }
}

fn end_of(entry: &LoadControlLimitData) -> Option<&AbsoluteOrRelativeTime> {
    entry.time_period.as_ref()?.end_time.as_ref()
}

/// The end that a message carries for a phase; an entry without identifier is for all.
fn sent_end(sent: &[LoadControlLimitData], phase: Phase) -> Option<&AbsoluteOrRelativeTime> {
    let for_all = || sent.iter().find(|entry| entry.limit_id.is_none());
    OBLIGATION.entry(sent, phase).or_else(for_all).and_then(end_of)
}
