//! The daemon's outer surface: a Unix socket in the data directory, with a versioned protocol of JSON lines.
//!
//! A client connects, writes one [`wire::Request`] as one line, and reads answers, one a line: one for most requests, one
//! for each event for a request that follows. The socket has mode 0600, and the user id of the process at the other end
//! becomes the principal of what it asks for.
//!
//! What a query answers is a pure function of the ledger ([`query`]), so the same commands answer over the socket of a
//! running daemon and directly from a directory without one.

pub mod client;
pub mod export;
pub mod journal;
pub mod query;
pub mod resolve;
pub mod server;
pub mod view;
pub mod wire;
