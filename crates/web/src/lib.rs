//! wasm-bindgen over `incamera-e2ee`.
