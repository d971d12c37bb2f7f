//! The `echelon` program: parses its arguments, calls the library, returns the exit code.

fn main() -> echelon::cli::Exit {
    echelon::cli::main()
}
