//! Small programs that teach, in the folder `examples`; read them in order.
//!
//! | program | shows |
//! |---|---|
//! | `01_read_a_datagram` | what a message looks like, and how one that is not quite right is read |
//! | `02_a_device` | a device of entities, features and functions, and what it tells of itself |
//! | `03_two_devices_in_one_process` | discovery, binding, a write and its answer |
//!
//! Run one with `cargo run -p examples --example 01_read_a_datagram`.
