//! The reception pipeline: from octets to a message of one kind (PS 5.2, IG 2.1).

use super::{Engine, Event, Fault, Output, PeerId};
use crate::Now;
use crate::Refusal;
use crate::datagram::Datagram;
use crate::device::is_node_management;
use crate::engine::Mode;
use crate::model::{
    AddressDevice, Cmd, CmdClassifier, FeatureAddress, Function, Header, MsgCounter, Payload,
    ResultData,
};

/// A message whose header can be used for an answer.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) peer: PeerId,
    pub(super) classifier: CmdClassifier,
    pub(super) source: FeatureAddress,
    pub(super) destination: FeatureAddress,
    pub(super) counter: MsgCounter,
    pub(super) reference: Option<MsgCounter>,
    pub(super) wants_ack: bool,
    /// The length of the message.
    pub(super) octets: usize,
}

impl Incoming {
    /// An incomplete header is not answered: the answer would have no reliable destination.
    fn read(peer: PeerId, header: Header, octets: usize) -> Result<Self, &'static str> {
        let complete = |address: &FeatureAddress| {
            !address.entity.is_empty() && address.entity.len() <= 15 && address.feature.is_some()
        };
        let source = header.address_source.filter(complete).ok_or("source address")?;
        let destination =
            header.address_destination.filter(complete).ok_or("destination address")?;
        Ok(Self {
            peer,
            classifier: header.cmd_classifier.ok_or("classifier")?,
            source,
            destination,
            counter: header.msg_counter.ok_or("counter")?,
            reference: header.msg_counter_reference,
            wants_ack: header.ack_request == Some(true),
            octets,
        })
    }

    /// Whether the sender waits for an answer.
    fn is_request(&self) -> bool {
        matches!(self.classifier, CmdClassifier::Read | CmdClassifier::Write | CmdClassifier::Call)
    }
}

impl Engine {
    /// A datagram of a peer has come, as the text that SHIP carried.
    pub fn datagram(&mut self, peer: PeerId, text: &[u8], now: Now) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        // Whatever it is, it costs a token: reading it would cost more.
        let is_calm = state.flood.take(now.instant);
        if state.flood.is_hopeless() {
            self.outputs.push_back(Output::Close { peer });
            return self.disconnected(peer);
        }
        let datagram = match Datagram::read(&self.reader(), text) {
            Ok(datagram) => datagram,
            Err(error) => return self.fault(peer, Fault::Malformed(error)),
        };
        let header = datagram.header.clone().unwrap_or_default();
        let version = header.specification_version.clone();
        let incoming = match Incoming::read(peer, header, text.len()) {
            Ok(incoming) => incoming,
            Err(what) => return self.fault(peer, Fault::Header(what)),
        };
        if let Err(fault) = self.identify(&incoming) {
            return self.fault(peer, fault);
        }
        if let Some(state) = self.peers.get_mut(&peer) {
            // The counter is noted and never judged: a peer may start again at any time.
            state.last_received = Some(incoming.counter.0);
        }
        if !is_calm {
            self.fault(peer, Fault::Flood);
            if incoming.is_request() {
                self.refuse_message(&incoming, None, Refusal::overload("too many messages"));
            }
            return;
        }
        if let Err(refusal) = self.admit(&incoming, version.as_deref()) {
            if incoming.is_request() {
                self.refuse_message(&incoming, None, refusal);
            } else {
                self.fault(peer, Fault::Destination(incoming.destination));
            }
            return;
        }
        match self.command(&datagram, &incoming) {
            Ok(cmd) => self.dispatch(incoming, cmd, now),
            Err(refusal) if incoming.is_request() => self.refuse_message(&incoming, None, refusal),
            Err(refusal) => self.fault(peer, Fault::Data { function: None, refusal }),
        }
    }

    pub(super) fn fault(&mut self, peer: PeerId, fault: Fault) {
        self.tell(Event::Fault { peer, fault });
    }

    /// The first datagram fixes the address of the peer; later ones must come from the same.
    fn identify(&mut self, incoming: &Incoming) -> Result<(), Fault> {
        let own = self.local.address().clone();
        let state = self.peers.get_mut(&incoming.peer).ok_or(Fault::ForeignSource)?;
        let Some(device) = &incoming.source.device else {
            // Tolerated only in the question that opens a conversation.
            let opens = incoming.classifier == CmdClassifier::Read
                && is_node_management(&incoming.source)
                && is_node_management(&incoming.destination);
            return if opens { Ok(()) } else { Err(Fault::Header("source device")) };
        };
        if *device == own {
            return Err(Fault::AddressConflict);
        }
        if !device.is_usable() {
            return Err(Fault::Header("source device"));
        }
        match &state.address {
            None => state.address = Some(device.clone()),
            Some(known) if known == device => {}
            Some(_) => return Err(Fault::ForeignSource),
        }
        Ok(())
    }

    /// Version and destination.
    fn admit(&self, incoming: &Incoming, version: Option<&str>) -> Result<(), Refusal> {
        if incoming.is_request() || version.is_some_and(|v| major(v).is_some_and(|m| m > 1)) {
            check_version(version, self.mode)?;
        }
        let foreign = |device: &AddressDevice| device != self.local.address();
        if incoming.destination.device.as_ref().is_some_and(foreign) {
            return Err(Refusal::destination_unreachable("not this device"));
        }
        if self.local.feature(&incoming.destination).is_none() {
            return Err(Refusal::destination_unknown("no such feature"));
        }
        Ok(())
    }

    /// The one command of a payload.
    fn command(&mut self, datagram: &Datagram, incoming: &Incoming) -> Result<Cmd, Refusal> {
        let (commands, fault) = datagram.commands(&self.reader()).map_err(|error| {
            let why = alloc::format!("{error}");
            self.fault(incoming.peer, Fault::Payload(error));
            Refusal::general(why)
        })?;
        if let Some(error) = fault {
            let why = alloc::format!("{error}");
            self.fault(incoming.peer, Fault::Payload(error));
            // Of data that we only hear of, the rest is still good. A request is all or nothing.
            if incoming.is_request() {
                return Err(Refusal::general(why));
            }
        }
        let mut cmds = commands.cmd.into_iter();
        match (cmds.next(), cmds.next()) {
            (Some(cmd), None) => Ok(cmd),
            (None, _) => Err(Refusal::general("no command")),
            (Some(_), Some(_)) => Err(Refusal::general("more than one command")),
        }
    }

    fn dispatch(&mut self, incoming: Incoming, cmd: Cmd, now: Now) {
        if incoming.classifier == CmdClassifier::Result {
            return self.on_result(&incoming, cmd, now);
        }
        let function = match function_of(&cmd) {
            Ok(function) => function,
            Err(refusal) if incoming.is_request() => {
                return self.refuse_message(&incoming, None, refusal);
            }
            // What we do not know is ignored in silence (PS 4.3.4).
            Err(_) => return self.acknowledge(&incoming),
        };
        let outcome = match incoming.classifier {
            CmdClassifier::Read => return self.on_read(&incoming, function, &cmd, now),
            CmdClassifier::Write => return self.on_write(incoming, function, cmd, now),
            CmdClassifier::Call => self.on_call(&incoming, &cmd, now),
            CmdClassifier::Notify => return self.on_notify(&incoming, function, cmd, now),
            CmdClassifier::Reply | CmdClassifier::Result => {
                return self.on_reply(&incoming, function, cmd, now);
            }
        };
        match outcome {
            Ok(()) => self.acknowledge(&incoming),
            Err(refusal) => self.refuse_message(&incoming, Some(function), refusal),
        }
    }

    /// Reports success, if the sender asked for it (PS 5.2.5).
    pub(super) fn acknowledge(&mut self, incoming: &Incoming) {
        let may_be_acknowledged =
            !matches!(incoming.classifier, CmdClassifier::Read | CmdClassifier::Result);
        if incoming.wants_ack && may_be_acknowledged {
            let done = ResultData { error_number: Some(0.into()), description: None };
            self.answer(incoming, CmdClassifier::Result, Cmd::full(done));
        }
    }

    /// Answers a request with a refusal.
    pub(super) fn refuse_message(
        &mut self,
        incoming: &Incoming,
        function: Option<Function>,
        refusal: Refusal,
    ) {
        self.answer_with(incoming, &refusal);
        self.fault(incoming.peer, Fault::Refused { function, refusal });
    }

    /// Answers with the result that a refusal is on the wire.
    pub(super) fn answer_with(&mut self, incoming: &Incoming, refusal: &Refusal) {
        let result = ResultData {
            error_number: Some(refusal.number),
            description: Some(refusal.why.chars().take(256).collect()),
        };
        self.answer(incoming, CmdClassifier::Result, Cmd::full(result));
    }
}

/// Which function a command is about, if it says so consistently.
fn function_of(cmd: &Cmd) -> Result<Function, Refusal> {
    let name = cmd.function_name().ok_or_else(|| Refusal::general("no function"))?;
    let function = name.known().ok_or_else(|| Refusal::not_supported("unknown function"))?;
    let stated = cmd.function.as_ref().filter(|stated| !stated.as_str().is_empty());
    if cmd.data.as_ref().is_some_and(|data| !matches!(data, Payload::Other(_)))
        && stated.is_some_and(|stated| stated.known() != Some(function))
    {
        return Err(Refusal::not_supported("function and data differ"));
    }
    Ok(function)
}

fn major(version: &str) -> Option<u32> {
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    version.split('.').next()?.parse().ok()
}

/// Every version of our group is taken; what is not a version is refused only in strict mode.
fn check_version(version: Option<&str>, mode: Mode) -> Result<(), Refusal> {
    let Some(version) = version.filter(|v| !v.is_empty()) else {
        return Ok(());
    };
    let text = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let mut parts = text.split('.').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<u32>().ok() } else { None }
    });
    let well_formed = matches!((parts.next(), parts.next(), parts.next(), parts.next()),
            (Some(Some(major)), Some(Some(_)), Some(Some(_)), None) if major >= 1);
    let refused = match major(version) {
        Some(major) if major > 1 => true,
        _ => !well_formed && mode == Mode::Strict,
    };
    if refused { Err(Refusal::general("unsupported specificationVersion")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_our_group_are_taken() {
        for version in [None, Some(""), Some("1.3.0"), Some("1.999.999"), Some("v1.3.0")] {
            assert!(check_version(version, Mode::Strict).is_ok(), "{version:?}");
        }
        for version in ["draft", "...", "1.3", "0.3.0", "1.3.0-RC1", "TS1.3.0"] {
            assert!(check_version(Some(version), Mode::Tolerant).is_ok(), "{version}");
            assert!(check_version(Some(version), Mode::Strict).is_err(), "{version}");
        }
        for version in ["2.0.0", "9.9.9", "V2.1.0"] {
            assert!(check_version(Some(version), Mode::Tolerant).is_err(), "{version}");
        }
    }
}
