//! Runs the official EEBUS test cases against any device on the network.
