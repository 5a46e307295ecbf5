//! The acting side: an energy guard that curtails vehicles.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Limit, SILENCE, Unwritable};
use crate::device::EntityPlan;
use crate::engine::{Event, Failure, Misuse, RequestId};
use crate::model::{
    DeviceDiagnosisOperatingState, DeviceDiagnosisStateData, ErrorNumber, Function,
};
use crate::units::MilliAmps;
use crate::usecases::client::Client;
use crate::usecases::parts::OBLIGATION;
use crate::usecases::{Partner, entries};
use crate::{Engine, Now};

/// The guard of one entity, for all vehicles.
///
/// It remembers what each vehicle is to keep to, and writes it as soon as the vehicle can take it:
/// the client of the entity has bound its limits, and the descriptions have come.
#[derive(Debug)]
pub struct Guard {
    entity: Vec<u32>,
    orders: Vec<Order>,
    answers: VecDeque<Answer>,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// The vehicle keeps to it: it has said so, and publishes these limits.
    Accepted(Partner),
    /// The vehicle, or whoever speaks for it, refused it or did not answer: reserve its highest
    /// current. Only a new order makes another try.
    Failed(Partner, Failure),
    /// The vehicle, or whoever speaks for it, said yes and publishes other limits all the same, as
    /// some do (interop 22): reserve its highest current.
    NotKept(Partner),
    /// The limits cannot be written at the moment; they are as soon as they can.
    Postponed(Partner, Unwritable),
}

#[derive(Debug)]
struct Order {
    partner: Partner,
    wanted: [Option<MilliAmps>; 3],
    progress: Progress,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Progress {
    /// To be written; the reason why it has not been, if that has been told.
    Due(Option<Unwritable>),
    /// Written, in part or as a whole.
    Sent { request: RequestId, as_whole: bool },
    /// Said to be kept. Unless a notification shows that first, what the vehicle answers to this
    /// question is the truth.
    Acknowledged { question: RequestId },
    /// Answered.
    Done,
}

impl Progress {
    /// Whether this is what the order waits for.
    fn awaits(self, request: RequestId) -> bool {
        match self {
            Self::Sent { request: sent, .. } => sent == request,
            Self::Acknowledged { question } => question == request,
            Self::Due(_) | Self::Done => false,
        }
    }
}

impl Guard {
    /// Plans the guard's part of its entity: heartbeat and state, and what it uses of vehicles.
    pub fn plan(plan: &mut EntityPlan) {
        super::GUARD.plan(plan);
        entries::plan_data(plan, state(DeviceDiagnosisOperatingState::NormalOperation));
    }

    /// The guard on this entity, once it has been added: its heartbeat starts.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if there is no such entity, or it was not planned for this.
    pub fn new(entity: &[u32], engine: &mut Engine, now: Now) -> Result<Self, Misuse> {
        let guard = Self { entity: entity.to_vec(), orders: Vec::new(), answers: VecDeque::new() };
        guard.start_heartbeat(engine, now)?;
        Ok(guard)
    }

    /// Lets a vehicle keep to these limits on its phases, and no longer to earlier ones; `None`
    /// lifts a limit. Every vehicle needs one order after it has been plugged in, even if nothing
    /// has to be curtailed: until then it keeps to its safe current ([OPEV-004]).
    ///
    /// A vehicle that cannot take other currents on its phases takes the lowest on all of them.
    pub fn limit(
        &mut self,
        partner: &Partner,
        wanted: [Option<MilliAmps>; 3],
        client: &Client,
        engine: &mut Engine,
        now: Now,
    ) {
        let order = Order { partner: partner.clone(), wanted, progress: Progress::Due(None) };
        let known = self.orders.iter().position(|known| known.partner == *partner);
        let i = known.unwrap_or(self.orders.len());
        match self.orders.get_mut(i) {
            Some(known) => *known = order,
            None => self.orders.push(order),
        }
        self.write(i, false, client, engine, now);
    }

    /// The engine tells something. Tell the client first.
    pub fn handle(&mut self, event: &Event, client: &mut Client, engine: &mut Engine, now: Now) {
        match event {
            Event::Answered { request, result, .. } => {
                let awaits = |order: &Order| order.progress.awaits(*request);
                if let Some(i) = self.orders.iter().position(awaits) {
                    self.answered(i, result, client, engine, now);
                } else {
                    // A binding, perhaps.
                    self.write_due(client, engine, now);
                }
            }
            Event::Data { .. } | Event::EntityChanged { .. } => {
                self.confirm(engine);
                self.write_due(client, engine, now);
            }
            // The next vehicle gets an order of its own.
            Event::EntityRemoved { peer, entity } => {
                self.orders.retain(|o| o.partner.peer != *peer || o.partner.entity != *entity);
            }
            Event::Gone { peer } => self.orders.retain(|order| order.partner.peer != *peer),
            _ => {}
        }
    }

    /// The next answer.
    pub fn poll(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    /// Announces that the guard works, or that its own meter has failed: the vehicles then keep
    /// to their safe current ([OPEV-007]).
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn set_working(&self, engine: &mut Engine, is_working: bool) -> Result<(), Misuse> {
        let server = entries::server(engine, &self.entity, Function::DeviceDiagnosisStateData)?;
        engine.set(
            &server,
            state(if is_working {
                DeviceDiagnosisOperatingState::NormalOperation
            } else {
                DeviceDiagnosisOperatingState::Failure
            }),
        )
    }

    /// Starts the heartbeat: every 2 s, with the promise of 4 s.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn start_heartbeat(&self, engine: &mut Engine, now: Now) -> Result<(), Misuse> {
        let server = entries::server(engine, &self.entity, Function::DeviceDiagnosisHeartbeatData)?;
        engine.start_heartbeat(&server, SILENCE, now)
    }

    /// Stops the heartbeat: the vehicles take the guard for lost.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn stop_heartbeat(&self, engine: &mut Engine) -> Result<(), Misuse> {
        let server = entries::server(engine, &self.entity, Function::DeviceDiagnosisHeartbeatData)?;
        engine.stop_heartbeat(&server);
        Ok(())
    }

    fn write_due(&mut self, client: &Client, engine: &mut Engine, now: Now) {
        for i in 0..self.orders.len() {
            if matches!(self.orders[i].progress, Progress::Due(_)) {
                self.write(i, false, client, engine, now);
            }
        }
    }

    /// Asks for the limits that a vehicle publishes.
    fn ask(&mut self, i: usize, client: &Client, engine: &mut Engine, now: Now) {
        let function = Function::LoadControlLimitListData;
        let order = &mut self.orders[i];
        let peer = order.partner.peer;
        let addresses = client.addresses(&order.partner, function);
        let asked = addresses.map(|(own, theirs)| engine.read(peer, own, theirs, function, now));
        order.progress = match asked {
            Some(Ok(question)) => Progress::Acknowledged { question },
            // Too much is unanswered, or the vehicle is going.
            _ => {
                self.answers.push_back(Answer::NotKept(order.partner.clone()));
                Progress::Done
            }
        };
    }

    /// Looks whether the vehicles publish what they have said yes to.
    fn confirm(&mut self, engine: &Engine) {
        for order in &mut self.orders {
            if matches!(order.progress, Progress::Acknowledged { .. }) && order.is_kept(engine) {
                order.progress = Progress::Done;
                self.answers.push_back(Answer::Accepted(order.partner.clone()));
            }
        }
    }

    fn write(&mut self, i: usize, as_whole: bool, client: &Client, engine: &mut Engine, now: Now) {
        let function = Function::LoadControlLimitListData;
        let order = &mut self.orders[i];
        let addresses = client
            .addresses(&order.partner, function)
            .filter(|_| client.has_asked_to_bind(&order.partner, function));
        let cmd = OBLIGATION.write(engine, &order.partner, order.wanted, as_whole);
        let (Some((own, theirs)), Ok(cmd)) = (addresses, &cmd) else {
            let why = cmd.err().unwrap_or(Unwritable::Unknown);
            if order.progress != Progress::Due(Some(why)) {
                order.progress = Progress::Due(Some(why));
                self.answers.push_back(Answer::Postponed(order.partner.clone(), why));
            }
            return;
        };
        // With too many unanswered requests, the next answer makes another try.
        order.progress = match engine.write(order.partner.peer, own, theirs, cmd.clone(), now) {
            Ok(request) => Progress::Sent { request, as_whole },
            Err(_) => Progress::Due(None),
        };
    }

    fn answered(
        &mut self,
        i: usize,
        result: &Result<(), Failure>,
        client: &mut Client,
        engine: &mut Engine,
        now: Now,
    ) {
        let order = &mut self.orders[i];
        let partner = order.partner.clone();
        let as_whole = match order.progress {
            Progress::Sent { as_whole, .. } => as_whole,
            Progress::Acknowledged { .. } => {
                order.progress = Progress::Done;
                self.answers.push_back(match result {
                    Ok(()) if order.is_kept(engine) => Answer::Accepted(partner),
                    Ok(()) => Answer::NotKept(partner),
                    Err(failure) => Answer::Failed(partner, failure.clone()),
                });
                return;
            }
            Progress::Due(_) | Progress::Done => return,
        };
        match result {
            Ok(()) if order.is_kept(engine) => {
                order.progress = Progress::Done;
                self.answers.push_back(Answer::Accepted(partner));
            }
            Ok(()) => self.ask(i, client, engine, now),
            Err(Failure::Refused(refusal)) => {
                let function = Function::LoadControlLimitListData;
                let is_unbound = refusal.number == ErrorNumber::BINDING_REQUIRED;
                if is_unbound && client.rebind(&partner, function, engine, now) {
                    self.write(i, as_whole, client, engine, now);
                } else if !is_unbound && !as_whole {
                    // Some take nothing but the whole list, whatever they announce.
                    self.write(i, true, client, engine, now);
                } else {
                    order.progress = Progress::Done;
                    self.answers
                        .push_back(Answer::Failed(partner, Failure::Refused(refusal.clone())));
                }
            }
            Err(failure) => {
                order.progress = Progress::Done;
                self.answers.push_back(Answer::Failed(partner, failure.clone()));
            }
        }
    }
}

impl Order {
    /// Whether the vehicle publishes these limits.
    fn is_kept(&self, engine: &Engine) -> bool {
        OBLIGATION.is_kept(engine, &self.partner, self.wanted)
    }
}

fn state(operating_state: DeviceDiagnosisOperatingState) -> DeviceDiagnosisStateData {
    DeviceDiagnosisStateData { operating_state: Some(operating_state), ..Default::default() }
}

/// The limits that a vehicle has published, on each phase that it uses.
pub fn limits(engine: &Engine, partner: &Partner) -> [Option<Limit>; 3] {
    OBLIGATION.limits(engine, partner)
}
