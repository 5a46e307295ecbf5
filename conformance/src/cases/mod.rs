//! The cases, one async function each, named as the official documents name them.
//!
//! A case plays the test tool: it takes a connection to the phase that it is about, sends what its
//! document tells it to send, and returns once everything was as expected.

mod e_mobility;
mod ship;
mod spine;

use core::pin::Pin;

use crate::broken::Distortion;
use crate::catalogue::{self, Entry, Suite};
use crate::device::{Action, Look};
use crate::target::{Sheet, Target};
use crate::tester::identity::Identity;
use crate::tester::link::{Link, Refused, Transcript, Wire};
use crate::tester::ship::Ship;
use crate::tester::spine::Spine;
use crate::tester::tool::Tool;
use crate::tester::{Step, Stop};

/// What a case works with.
pub struct Case {
    /// The device under test.
    pub target: Target,
    /// Who the tool is.
    pub identity: Identity,
    transcript: Transcript,
    distortion: Distortion,
    remarks: Vec<String>,
}

impl Case {
    /// Everything for one run of one case. The device trusts the identity already.
    pub fn new(target: Target, identity: Identity, distortion: Distortion) -> Self {
        let transcript = Transcript::default();
        Self { target, identity, transcript, distortion, remarks: Vec::new() }
    }

    /// What went over the wire.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What is worth saying about a case that passed.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    fn remark(&mut self, what: impl Into<String>) {
        self.remarks.push(what.into());
    }

    fn sheet(&self) -> &Sheet {
        self.target.sheet()
    }

    /// The tool dials the device: TLS and WebSocket are open, no SHIP message is exchanged.
    async fn connect(&mut self) -> Step<Ship> {
        let identity = self.identity.clone();
        self.connect_as(&identity).await?.map_err(|refused| Stop::Failed(refused.to_string()))
    }

    /// The tool dials the device under another identity.
    async fn connect_as(&mut self, identity: &Identity) -> Step<Result<Ship, Refused>> {
        let wire = self.target.dial().await?;
        let (bend, transcript) = (self.distortion.bend.clone(), self.transcript.clone());
        Ok(Link::dial(wire, self.shown(identity), bend, transcript).await.map(Ship::new))
    }

    /// The device dials the tool.
    async fn be_dialled(&mut self) -> Step<Ship> {
        let identity = self.identity.clone();
        self.be_dialled_as(&identity).await?.map_err(|refused| Stop::Failed(refused.to_string()))
    }

    /// The device dials the tool, which shows another identity than the device expects.
    async fn be_dialled_as(&mut self, identity: &Identity) -> Step<Result<Ship, Refused>> {
        let wire = self.target.accept(self.identity.ski).await?;
        Ok(self.accept_as(wire, identity).await)
    }

    /// The device dials the tool under this identity: the stream is open, and nothing has been said.
    async fn be_dialled_raw(&mut self, identity: &Identity) -> Step<Box<dyn Wire>> {
        self.target.accept(identity.ski).await
    }

    /// The tool answers a connection of the device.
    fn accept_as(
        &self,
        wire: Box<dyn Wire>,
        identity: &Identity,
    ) -> impl Future<Output = Result<Ship, Refused>> + use<> {
        let (bend, transcript) = (self.distortion.bend.clone(), self.transcript.clone());
        let identity = self.shown(identity).clone();
        async move { Link::accept(wire, &identity, bend, transcript).await.map(Ship::new) }
    }

    /// The identity as a device sees it that is taken in by forgeries.
    fn shown<'a>(&'a self, identity: &'a Identity) -> &'a Identity {
        if self.distortion.takes_forged && identity.is_forged() { &self.identity } else { identity }
    }

    /// A fresh connection in the data phase, on which the tool has sent nothing yet
    /// (`PRE_SPINE_NewConnectionEstablished`).
    async fn fresh_data(&mut self, tool: Tool) -> Step<Spine> {
        let ship = self.connect().await?.up_to_data().await?;
        Ok(Spine::new(ship, tool))
    }

    async fn act(&mut self, action: Action) -> Step {
        if self.distortion.lets_through(&action) { self.target.act(action).await } else { Ok(()) }
    }

    async fn look(&mut self, look: Look) -> Step<Vec<u32>> {
        let seen = self.target.look(look).await?;
        Ok(self.distortion.look(look, seen))
    }
}

/// Which kind of device a case is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Actor {
    /// Any device.
    Any,
    /// A charging station with its vehicles.
    Charger,
    /// An energy manager.
    Manager,
}

/// A case that can be run.
#[derive(Clone, Copy)]
pub struct Procedure {
    name: &'static str,
    run: for<'a> fn(&'a mut Case) -> Pin<Box<dyn Future<Output = Step> + 'a>>,
}

impl Procedure {
    /// The official identifier.
    pub fn id(&self) -> String {
        let name = self.name.to_uppercase();
        if name.starts_with("EM_") { name.replace('_', "-") } else { name }
    }

    /// Its suite and its line in the catalogue.
    ///
    /// # Panics
    ///
    /// It is not in the catalogue, which a test of this module rules out.
    pub fn entry(&self) -> (Suite, &'static Entry) {
        catalogue::find(&self.id()).expect("every case is in the catalogue")
    }

    /// Which kind of device it is about, by the roles in the catalogue.
    pub fn actor(&self) -> Actor {
        let (_, entry) = self.entry();
        match entry.roles[0].as_str() {
            "CEM" | "EnergyGuard" | "EnergyBroker" | "MonitoringAppliance" => Actor::Manager,
            "any" | "client" | "server" => Actor::Any,
            _ => Actor::Charger,
        }
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// Why it did not pass.
    pub async fn run(&self, case: &mut Case) -> Step {
        (self.run)(case).await
    }
}

/// Rows of [`Procedure`]s from the functions themselves, so that the name is said once.
macro_rules! procedures {
    ($($module:ident::$name:ident),* $(,)?) => {
        &[$(Procedure { name: stringify!($name), run: |case| Box::pin($module::$name(case)) }),*]
    };
}
use procedures;

/// All of them, in the order of the catalogue.
pub fn all() -> Vec<Procedure> {
    let mut all = [ship::CASES, spine::CASES, e_mobility::CASES].concat();
    all.sort_by_key(|procedure| {
        let (suite, entry) = procedure.entry();
        (suite, suite.entries().iter().position(|known| known.id == entry.id))
    });
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_case_is_an_official_one_and_exists_once() {
        let mut seen = BTreeSet::new();
        for procedure in [ship::CASES, spine::CASES, e_mobility::CASES].concat() {
            let id = procedure.id();
            assert!(catalogue::find(&id).is_some(), "{id} is not in the catalogue");
            assert!(seen.insert(id.clone()), "{id} twice");
        }
    }
}
