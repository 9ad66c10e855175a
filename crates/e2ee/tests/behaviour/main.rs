//! What a member's core does, said as sentences; one binary, since it links the whole MLS library.
mod breaches;
mod forge;
mod joins;
mod messages;
mod races;
mod reload;
mod vectors;
