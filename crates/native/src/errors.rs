//! Rust's errors as Python's.

use incamera_net::Unbound;
use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyValueError};

/// A port that can't be had: `OSError` with the system's number, the address in its text.
pub(crate) fn unbound(error: &Unbound) -> PyErr {
    PyOSError::new_err((error.source.raw_os_error().unwrap_or(0), error.to_string()))
}

/// An argument that is none: the fault of our own Python.
pub(crate) fn invalid(what: &str, value: &str) -> PyErr {
    PyValueError::new_err(format!("{what}: {value:?}"))
}
