//! The simulator with a remote control: other threads ask for a plug or an unplug.

use std::sync::mpsc::{self, Receiver, Sender};

use eebus_json::Instant;

use super::Simulator;
use crate::ports::{Capabilities, EvsePort, PortBusy, PortCommand, PortSnapshot};

#[derive(Clone, Copy, Debug)]
enum Order {
    Plug,
    Unplug,
}

/// A simulator that takes orders from its [`Remote`].
#[derive(Debug)]
pub struct Simulated {
    simulator: Simulator,
    orders: Receiver<Order>,
}

impl Simulated {
    /// The simulator and its remote control.
    pub fn new(simulator: Simulator) -> (Self, Remote) {
        let (sender, orders) = mpsc::channel();
        (Self { simulator, orders }, Remote { orders: sender })
    }
}

impl EvsePort for Simulated {
    fn capabilities(&self) -> Capabilities {
        self.simulator.capabilities()
    }

    fn command(&mut self, command: PortCommand, now: Instant) -> Result<(), PortBusy> {
        self.simulator.command(command, now)
    }

    fn advance(&mut self, now: Instant) {
        for order in self.orders.try_iter() {
            match order {
                Order::Plug => self.simulator.plug(),
                Order::Unplug => self.simulator.unplug(),
            }
        }
        self.simulator.advance(now);
    }

    fn snapshot(&self) -> Option<PortSnapshot> {
        self.simulator.snapshot()
    }
}

/// The remote control of a simulator in another thread.
#[derive(Clone, Debug)]
pub struct Remote {
    orders: Sender<Order>,
}

impl Remote {
    /// Somebody plugs the car in. A car that is plugged in stays so.
    pub fn plug(&self) {
        self.order(Order::Plug);
    }

    /// Somebody unplugs the car.
    pub fn unplug(&self) {
        self.order(Order::Unplug);
    }

    fn order(&self, order: Order) {
        // A simulator that is gone took its car with it.
        let _ = self.orders.send(order);
    }
}
