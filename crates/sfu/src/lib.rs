//! The media core: a sans-I/O selective forwarding unit.
