//! What is logged of peers: little, short and escaped, whatever they send.

use std::fmt::{self, Display};

use eebus_json::{List, Member};
use ship::Ski;
use ship::net::{Throttle, shown};
use spine::engine::Event;
use spine::model::{LoadControlLimitData, Rounding};
use spine::usecases::opev::Written;
use spine::{Instant, units};
use tracing::{info, warn};

use crate::core::units::MilliAmps;

/// So many limits of a refused write are logged: as many as any vehicle has.
const LIMITS: usize = 6;

/// The log of what peers do.
#[derive(Debug)]
pub(super) struct News {
    faults: Throttle,
    /// Writes of limits are an audit: no fault may crowd them out.
    writes: Throttle,
}

impl News {
    pub(super) fn new(now: Instant) -> Self {
        Self { faults: Throttle::new(now), writes: Throttle::new(now) }
    }

    /// What a peer did wrong, if that is what happened.
    pub(super) fn wrong(&mut self, peer: Option<Ski>, event: &Event, now: Instant) {
        match event {
            Event::Fault { fault, .. } => self.fault(peer, fault, now),
            Event::WriteRefused { function, counter, sent, refusal, .. } => {
                let Some(limits) = List::<LoadControlLimitData>::peel(sent) else {
                    return self.fault(peer, &format_args!("refused {function}: {refusal}"), now);
                };
                if passes(&mut self.writes, now) {
                    let (counter, why) = (counter.0, shown(&refusal.to_string()));
                    let sent = sent_limits(limits);
                    warn!(peer = %Name(peer), counter, "limits refused, {why}: {sent}");
                }
            }
            _ => {}
        }
    }

    /// A peer has written limits of the charging current.
    pub(super) fn written(&mut self, peer: Option<Ski>, written: &Written, now: Instant) {
        if passes(&mut self.writes, now) {
            let (before, after) = (Limits(written.before), Limits(written.after));
            let counter = written.counter.0;
            info!(peer = %Name(peer), counter, "limits written: {before} -> {after}");
        }
    }

    fn fault(&mut self, peer: Option<Ski>, fault: &dyn Display, now: Instant) {
        if passes(&mut self.faults, now) {
            let fault = shown(&fault.to_string());
            warn!(peer = %Name(peer), "{fault}");
        }
    }
}

/// Whether a line may be written; says how many were not before it.
fn passes(throttle: &mut Throttle, now: Instant) -> bool {
    match throttle.pass(now) {
        None => false,
        Some(0) => true,
        Some(dropped) => {
            warn!(dropped, "more of the same");
            true
        }
    }
}

/// Who it is, unless the connection has ended meanwhile.
struct Name(Option<Ski>);

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ski) => ski.fmt(f),
            None => f.write_str("gone"),
        }
    }
}

/// Limits on three phases: `10 A, 10 A, none`.
struct Limits([Option<units::MilliAmps>; 3]);

impl Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, limit) in self.0.into_iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            match limit.map(|limit| u32::try_from(limit.0)) {
                Some(Ok(limit)) => MilliAmps(limit).fmt(f)?,
                // More than any wire carries.
                Some(Err(_)) => f.write_str("any")?,
                None => f.write_str("none")?,
            }
        }
        Ok(())
    }
}

/// What a peer wanted the limits to be: `1 on -5000 mA, 2 off`.
fn sent_limits(limits: &[LoadControlLimitData]) -> String {
    let limit = |limit: &LoadControlLimitData| {
        let id = limit.limit_id.map_or("all".into(), |id| id.0.to_string());
        let active = match limit.is_limit_active {
            Some(true) => " on",
            Some(false) => " off",
            None => "",
        };
        let value =
            limit.value.map(|value| match units::MilliAmps::from_scaled(value, Rounding::Down) {
                Ok(value) => format!(" {value}"),
                Err(error) => format!(" ({error})"),
            });
        format!("{id}{active}{}", value.unwrap_or_default())
    };
    let mut texts: Vec<_> = limits.iter().take(LIMITS).map(limit).collect();
    if limits.len() > LIMITS {
        texts.push(format!("and {} more", limits.len() - LIMITS));
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use spine::Refusal;
    use spine::engine::{Fault, PeerId};
    use spine::model::{Function, LoadControlLimitId, MsgCounter, Payload, ScaledNumber};

    use super::*;

    const PEER: PeerId = PeerId(1);
    const SKI: Option<Ski> = Some(Ski::new([0xab; 20]));

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged meanwhile.
    fn logged(act: impl FnOnce(&mut News)) -> Vec<String> {
        let lines = Lines::default();
        let to = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || act(&mut News::new(Instant::ORIGIN)));
        let text = lines.0.lock().expect("nobody panics").clone();
        String::from_utf8(text).expect("it is text").lines().map(Into::into).collect()
    }

    fn at(ms: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(ms)
    }

    fn refused(sent: Payload, function: Function) -> Event {
        let (counter, refusal) = (MsgCounter(210), Refusal::rejected("a limit below zero"));
        Event::WriteRefused { peer: PEER, function, counter, sent: Box::new(sent), refusal }
    }

    #[test]
    fn the_change_of_a_limit_is_told_with_who_wrote_it() {
        let amps = |amps: i64| [Some(units::MilliAmps(amps * 1_000)); 3];
        let mixed = [Some(units::MilliAmps(6_500)), Some(units::MilliAmps(i64::MAX)), None];
        let lines = logged(|news| {
            for (counter, before, after) in [(7, amps(10), amps(6)), (8, amps(6), mixed)] {
                let counter = MsgCounter(counter);
                let written = Written { peer: PEER, counter, before, after };
                news.written(SKI, &written, at(0));
            }
        });
        let peer = "ab".repeat(20);
        let expected = [
            format!(
                " INFO limits written: 10 A, 10 A, 10 A -> 6 A, 6 A, 6 A peer={peer} counter=7"
            ),
            format!(
                " INFO limits written: 6 A, 6 A, 6 A -> 6.5 A, any, none peer={peer} counter=8"
            ),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_refused_limit_is_told_with_what_was_wanted() {
        let entry = |id, value| LoadControlLimitData {
            limit_id: Some(LoadControlLimitId(id)),
            is_limit_active: Some(true),
            value: Some(value),
            ..Default::default()
        };
        let mut entries = vec![entry(1, ScaledNumber::from_integer(-5))];
        entries.extend((2..=9).map(|id| entry(id, ScaledNumber::new(1, 300))));
        let lines = logged(|news| {
            let sent = List(entries).into();
            news.wrong(SKI, &refused(sent, Function::LoadControlLimitListData), at(0));
        });
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.contains("limits refused"), "{line}");
        assert!(line.contains("a limit below zero"), "{line}");
        assert!(line.contains("1 on -5000 mA, 2 on (") && line.contains("and 3 more"), "{line}");
        assert!(line.contains("counter=210") && line.len() < 500, "{line}");
    }

    #[test]
    fn a_flood_of_faults_becomes_twenty_lines_and_a_count_and_hides_no_write() {
        let written = Written {
            peer: PEER,
            counter: MsgCounter(1),
            before: [None; 3],
            after: [Some(units::MilliAmps(6_000)); 3],
        };
        let long = format!("\u{1b}[31m{}\nINFO limits written", "x".repeat(10_000));
        let fault = Fault::Data { function: None, refusal: Refusal::general(long) };
        let fault = Event::Fault { peer: PEER, fault };
        let lines = logged(|news| {
            (0..5_000).for_each(|ms| news.wrong(SKI, &fault, at(ms)));
            news.written(SKI, &written, at(5_000));
            news.wrong(SKI, &fault, at(10_000));
        });
        assert_eq!(lines.len(), 20 + 1 + 2, "{lines:?}");
        assert!(lines.iter().all(|line| line.len() < 300 && !line.contains('\u{1b}')));
        assert_eq!(lines.iter().filter(|line| line.contains("limits written: none")).count(), 1);
        assert!(lines[21].contains("more of the same dropped=4980"), "{}", lines[21]);
    }

    #[test]
    fn other_writes_that_are_refused_are_told_in_short() {
        let function = Function::MeasurementListData;
        let lines = logged(|news| {
            news.wrong(None, &refused(Payload::empty(function), function), at(0));
        });
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("peer=gone") && lines[0].contains(&function.to_string()));
    }
}
