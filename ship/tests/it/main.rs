//! Stories of nodes: pairing, loss and return, hostile peers.

mod bench;
mod hostile;
mod laws;
mod mdns;
mod pairing;
mod raw;
mod redial;
mod rivals;
mod tls;
