//! The loop around the media core.
