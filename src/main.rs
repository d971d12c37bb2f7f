//! The `echelon` program: parses its arguments, calls the library, returns the exit code.

/// Everything the organisation knows is many small things that come and go, which is what this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> echelon::cli::Exit {
    echelon::cli::main()
}
