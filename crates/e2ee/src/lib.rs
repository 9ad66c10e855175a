//! What every member of a sitting must get right, without I/O.
