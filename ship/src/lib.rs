//! SHIP: from a TCP connection to trusted message exchange.
