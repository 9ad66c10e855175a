//! What every member of a sitting must get right, without I/O: bytes and JSON in, typed values and numbered refusals out.
//!
//! No sockets, no threads, no clock (times are passed in; what OpenMLS asks the system's clock for is said in `mls.rs`), no
//! binding: `crates/native` (Python) and `crates/web` (the page) are thin doors to this. Randomness is the MLS provider's.
#![forbid(unsafe_code)]

pub mod chain;
pub mod claims;
pub mod commit;
pub mod committer;
mod crypto;
pub mod error;
pub mod frame_keys;
pub mod group;
pub mod heads;
pub mod heartbeat;
pub mod join;
pub mod json;
mod judgement;
pub mod liveness;
pub mod messages;
pub mod mls;
pub mod sending;
pub mod signature;
mod storage;
pub mod strict;
pub mod words;

pub use chain::{Credential, Trust};
pub use claims::{Claims, Due, Facts, Knock};
pub use commit::{Draft, Plan};
pub use error::{Code, Error, Result};
pub use group::{Advance, Group, Phase, Seat};
pub use heads::{Head, Heads, Ledger};
pub use storage::Blocked;
