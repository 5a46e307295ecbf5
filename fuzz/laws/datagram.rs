// What holds for the octets of any SPINE datagram. The fuzz target calls this, and so does the test
// that replays its corpus.

use core::time::Duration;

use eebus_json::{Instant, Reader};
use spine::datagram::{self, Datagram};
use spine::device::{EntityPlan, LocalDevice, Operations};
use spine::engine::{Mode, PeerId};
use spine::model::{DeviceType, EntityType, FeatureType, Function, Role, UtcTime};
use spine::{Engine, Now};

/// A datagram is read or refused; what was read is written so that it is read again as the same;
/// and an engine survives it with a bounded answer.
pub(crate) fn holds(octets: &[u8]) {
    reads_what_it_writes(octets);
    for mode in [Mode::Tolerant, Mode::Strict] {
        engine_survives(octets, mode);
    }
}

fn reads_what_it_writes(octets: &[u8]) {
    let tolerant = Reader::tolerant();
    let Ok(datagram) = Datagram::read(&tolerant, octets) else { return };
    let Ok((commands, None)) = datagram.commands(&tolerant) else { return };
    let Some(header) = datagram.header else { return };
    for cmd in commands.cmd {
        let text = datagram::to_raw(header.clone(), cmd.clone());
        let text = text.as_str();
        let again = Datagram::read(&Reader::strict(), text.as_bytes()).expect(text);
        assert_eq!(again.header.as_ref(), Some(&header), "{text}");
        let (commands, fault) = again.commands(&Reader::strict()).expect(text);
        assert_eq!(fault, None, "{text}");
        assert_eq!(commands.cmd, [cmd], "{text}");
    }
}

/// The device that the recorded messages of the corpus are addressed to.
const DEVICE: &str = "d:_n:Demo_GoCharger-0002";
const PEER: PeerId = PeerId(1);
/// No message deserves more than this.
const MOST_OUTPUTS: usize = 64;

fn engine_survives(octets: &[u8], mode: Mode) {
    let mut now = Now { instant: Instant::ORIGIN, utc: UtcTime { seconds: 0, nanos: 0 } };
    let mut engine = Engine::new(LocalDevice::new(DEVICE.into(), DeviceType::Generic), mode);
    let mut entity = EntityPlan::new(EntityType::EVSE);
    let limits = entity.feature(&FeatureType::LoadControl, Role::Server);
    limits.serve(Function::LoadControlLimitListData, Operations::READ_WRITE);
    engine.add_entity(entity).expect("a device has room for one entity");
    engine.connected(PEER, now).expect("one peer is not too many");
    // Once to a peer that is unknown, once to one that is known by what it said.
    for _ in 0..2 {
        while engine.poll().is_some() {}
        engine.datagram(PEER, octets, now);
        let outputs = core::iter::from_fn(|| engine.poll()).take(MOST_OUTPUTS + 1).count();
        assert!(outputs <= MOST_OUTPUTS, "{outputs} outputs for one datagram");
        now = now.plus(Duration::from_secs(60));
        engine.tick(now);
    }
}
