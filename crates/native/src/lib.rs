//! The compiled module `incamera._core`.

#![forbid(unsafe_code)]

mod e2ee;
mod errors;
mod sfu;

use pyo3::prelude::*;

/// The door: typed commands in, typed events out.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<sfu::MediaCore>()?;
    e2ee::register(module)
}
