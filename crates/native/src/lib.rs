//! The compiled module `incamera._core`.
use pyo3::prelude::*;

/// The door: typed commands in, typed events out.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    Ok(())
}
