//! Stories of nodes: pairing, loss and return, hostile peers.

mod bench;
mod hostile;
mod pairing;
mod raw;
mod redial;
mod rivals;
