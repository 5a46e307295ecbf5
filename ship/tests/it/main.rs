//! Stories of nodes: pairing, loss and return, hostile peers.

mod bench;
mod capture;
mod faults;
mod hostile;
mod keys;
mod laws;
mod mdns;
mod pairing;
mod petitions;
mod pins;
mod quirks;
mod raw;
mod redial;
mod rivals;
mod tls;
