//! The build's own wasm-bindgen: `incamera-bindgen MODULE FOLDER` writes `FOLDER/core.js`, `core.d.ts` and `core_bg.wasm`.
//!
//! The command-line tool of the same library does this too, with a web server and a browser's driver beside it that nobody
//! needs here: installing it took minutes of a fresh machine's first `make`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [module, folder] = arguments.as_slice() else {
        eprintln!("usage: incamera-bindgen MODULE FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    // Without the names of functions the module is half as large.
    bindgen.input_path(module).out_name("core").typescript(true).remove_name_section(true);
    match bindgen.web(true).and_then(|bindgen| bindgen.generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("incamera-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}
